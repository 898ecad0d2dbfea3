"""Texts as typed values, and as the one canonical text of each value.

Both assume texts that validation accepted: null stays null, a text that is no value of the type becomes null.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

import polars as pl

from deedbook.checking.values import FALSE_VALUES, TRUE_VALUES, is_custom_format, parser
from deedbook.schema import Field

_CANONICAL_NUMBER = r"\A(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])\z"
_CANONICAL_INTEGER = r"\A(?:0|-?[1-9][0-9]*)\z"
_CANONICAL_MOMENT = r"\A[0-9T:-]{19}(?:\.[0-9]*[1-9])?Z\z"
_USUAL_MOMENT = r"\A(?:[1-9][0-9]{3}|0[0-9]{2}[1-9])-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6})?Z\z"
_NUMERIC_OPTIONS = {"bareNumber", "decimalChar", "groupChar"}


def dtype_of(field: Field) -> pl.DataType:
    """The polars type of a field's values; what has no type of its own stays text."""
    match field.type:
        case "integer" | "year":
            return pl.Int64()
        case "number":
            return pl.Float64()
        case "boolean":
            return pl.Boolean()
        case "date":
            return pl.Date()
        case "datetime":
            return pl.Datetime("us", "UTC")
    return pl.String()


def typed(field: Field) -> pl.Expr:
    """The column of the field's name as values of `dtype_of`. An integer beyond 64 bits becomes null."""
    text = pl.col(field.name)
    is_plain = not (_NUMERIC_OPTIONS & set(field.options))
    match field.type:
        case "integer" | "year" if is_plain:
            return text.cast(pl.Int64, strict=False)
        case "number" if is_plain:
            return text.cast(pl.Float64, strict=False)
        case "boolean":
            true = [str(value) for value in field.options.get("trueValues", TRUE_VALUES)]
            return text.is_in(true)
        case "date" if not is_custom_format(field) and field.format != "any":
            return text.str.to_date("%Y-%m-%d", strict=False)
        case "datetime" if not is_custom_format(field) and field.format != "any":
            return _moments(field)
    dtype = dtype_of(field)
    if dtype == pl.String():
        return text
    return text.map_batches(_mapped(_to_value(field), dtype), return_dtype=dtype)


def _moments(field: Field) -> pl.Expr:
    """Times in UTC: those in the usual form at once, the others one by one."""
    text, dtype = pl.col(field.name), dtype_of(field)
    usual = text.str.contains(_USUAL_MOMENT)
    plain = pl.when(usual).then(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
    others = pl.when(~usual).then(text).map_batches(_mapped(_to_value(field), dtype), return_dtype=dtype)
    return plain.dt.replace_time_zone("UTC").fill_null(others).alias(field.name)


def canonical_text(field: Field) -> pl.Expr:
    """The column of the field's name as canonical text: equal values have equal texts.

    Numbers are the shortest decimal without an exponent or trailing zeros, booleans `true` or `false`, dates ISO 8601,
    moments UTC with a `Z`. Types without a canonical form keep their text.
    """
    text = pl.col(field.name)
    match field.type:
        case "integer" | "number":
            pattern = _CANONICAL_INTEGER if field.type == "integer" else _CANONICAL_NUMBER
            return text.map_batches(_rewritten(pattern, _to_text(field)), return_dtype=pl.String)
        case "boolean":
            true = [str(value) for value in field.options.get("trueValues", TRUE_VALUES)]
            false = [str(value) for value in field.options.get("falseValues", FALSE_VALUES)]
            if true == ["true"] and false == ["false"]:
                return text
            return pl.when(text.is_in(true)).then(pl.lit("true")).when(text.is_in(false)).then(pl.lit("false"))
        case "datetime":
            return text.map_batches(_rewritten(_CANONICAL_MOMENT, _to_text(field)), return_dtype=pl.String)
        case "date" | "time" if field.format not in {"default", ""}:
            return text.map_batches(_rewritten(r"\A\z", _to_text(field)), return_dtype=pl.String)
    return text


def key_text(field: Field) -> pl.Expr:
    """The column of the field's name as text that is equal where the values are, of the types too that keep their text."""
    if field.type not in _KEYED:
        return canonical_text(field)
    parse = parser(field)
    plain = (
        r"\A[0-9]{2}:[0-9]{2}:[0-9]{2}\z" if field.type == "time" and field.format in {"default", ""} else r"[^\s\S]"
    )
    rewrite = _rewritten(plain, lambda text: _key(parse(text)))
    return pl.col(field.name).map_batches(rewrite, return_dtype=pl.String)


_KEYED = {"array", "duration", "geojson", "geopoint", "list", "object", "time"}


def _key(value: Any) -> str:
    """The text of a value in a key: object members in order, numbers by value, times in UTC."""
    match value:
        case Mapping():
            return "{" + ",".join(f"{json.dumps(name)}:{_key(value[name])}" for name in sorted(value)) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_key, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return format_value(Decimal(str(value)))
        case dt.time():
            since = dt.datetime.combine(dt.date(2000, 1, 2), value) - dt.datetime(2000, 1, 2, tzinfo=dt.UTC)
            minutes, rest = divmod(since // dt.timedelta(microseconds=1), 60_000_000)
            text = f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1_000_000:02d}"
            return f"{text}.{rest % 1_000_000:06d}".rstrip("0") if rest % 1_000_000 else text
    return format_value(value)


def _to_value(field: Field) -> Callable[[str], Any]:
    parse = parser(field)
    if field.type == "number":
        return lambda text: float(parse(text))
    return parse


def _to_text(field: Field) -> Callable[[str], str]:
    parse = parser(field)
    if field.type == "integer":  # an int has no text beyond 4,300 digits
        return lambda text: _format_decimal(Decimal(parse(text)))
    return lambda text: format_value(parse(text))


def format_value(value: Any) -> str:
    """The canonical text of a parsed value."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return _format_decimal(value)
        case dt.datetime():
            moment = value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()
            return (moment.rstrip("0") if "." in moment else moment) + "Z"
        case dt.date() | dt.time():
            return value.isoformat()
    return str(value)


_LONGEST_PLAIN = 400
"""Characters of a number that is written without an exponent."""


def _format_decimal(value: Decimal) -> str:
    if not value.is_finite() or (value and abs(value.adjusted()) > _LONGEST_PLAIN):
        exact = Context(prec=max(1, len(value.as_tuple().digits)), Emax=MAX_EMAX, Emin=MIN_EMIN)
        return str(value.normalize(exact))
    value = value or Decimal(0)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _rewritten(canonical: str, rewrite: Callable[[str], str]) -> Callable[[pl.Series], pl.Series]:
    """A function that rewrites the distinct texts that are not canonical yet."""

    text = pl.first()
    is_odd = ~text.str.contains(canonical) | (text.str.len_bytes() > _LONGEST_PLAIN)

    def run(texts: pl.Series) -> pl.Series:
        odd = texts.to_frame().select(text.filter(is_odd).unique()).to_series()  # one query, not one for each step
        if odd.is_empty():
            return texts
        return texts.replace(odd, pl.Series([_or_none(rewrite, text) for text in odd], dtype=pl.String))

    return run


def _mapped(convert: Callable[[str], Any], dtype: pl.DataType) -> Callable[[pl.Series], pl.Series]:
    """A function that converts the distinct texts."""

    def run(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        values = pl.Series([_or_none(convert, text) for text in distinct], dtype=dtype)
        return texts.replace_strict(distinct, values, default=None, return_dtype=dtype)

    return run


def _or_none(convert: Callable[[str], Any], text: str) -> Any:
    try:
        return convert(text)
    except (ValueError, TypeError, ArithmeticError):
        return None
