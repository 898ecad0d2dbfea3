"""The fast path: polars expressions that are true only where a cell is certainly fine.

An acceptor may be too strict (what it refuses is judged exactly, once per distinct value) but never too lax: this is what
the differential tests hold. All acceptors of a table go into one select per block, on top of numbers that are parsed once.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from deedbook.checking.patterns import rust_pattern
from deedbook.checking.values import FALSE_VALUES, TRUE_VALUES
from deedbook.schema import Field

_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
_URI_TEXT = "[A-Za-z0-9._~!$&'()*+,;=:@/?-]*"
_URI = (
    r"\Ahttps?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
    rf"(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?(?:\?{_URI_TEXT})?(?:#{_URI_TEXT})?\z"
)
_EMAIL = r"\A[a-z0-9]+(?:[._][a-z0-9]+)*@[a-z0-9]{1,30}(?:\.[a-z0-9]{1,30}){0,3}\.[a-z]{2,6}\z"
_UUID = r"\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z"
_LEXICAL = {
    "date": rf"\A{_DAY}\z",
    "datetime": rf"\A{_DAY}T{_CLOCK}\z",
    "time": rf"\A{_CLOCK}\z",
    "year": r"\A[0-9]{4}\z",
    "yearmonth": r"\A[0-9]{4}-(?:0[1-9]|1[0-2])\z",
}
_STRING_FORMATS = {"uri": _URI, "email": _EMAIL, "uuid": _UUID}

_NUMERIC_OPTIONS = {"bareNumber", "decimalChar", "groupChar"}

PARSED = "\0parsed "
"""Before a field's name: its column of parsed numbers."""
_EXACT_DIGITS = 15
"""Decimals of so many characters are told apart by a 64-bit float."""


def parsed_number(field: Field) -> pl.Expr | None:
    """The column's texts as numbers under a name of its own, for fields whose acceptor reads it; null is no number."""
    if _NUMERIC_OPTIONS & set(field.options):
        return None
    match field.type:
        case "integer":
            return pl.col(field.name).cast(pl.Int64, strict=False).alias(_parsed(field))
        case "number":
            return pl.col(field.name).cast(pl.Float64, strict=False).alias(_parsed(field))
    return None


def _parsed(field: Field) -> str:
    return PARSED + field.name


def acceptor(field: Field, missing: tuple[str, ...]) -> pl.Expr | None:
    """True where a present text is certainly fine, null only where the text is null; None when there is no fast path.

    Args:
        field: The field, whose name is the column's.
        missing: The texts that mean "no value" in it.
    """
    text = pl.col(field.name)
    conditions = _type_conditions(field, text)
    if conditions is None:
        return None
    for name, declared in field.constraints.items():
        condition = _constraint_condition(field, text, name, declared)
        if condition is None:
            return None
        conditions.extend(condition)
    if field.categories:
        conditions.append(_is_written_as(text, [label.value for label in field.categories]))
    if field.required:
        tokens = [token for token in missing if token or field.type in {"any", "boolean", "string"}]
        conditions.extend(text != token for token in tokens)
    if not conditions:
        return text.is_not_null()
    return conditions[0] if len(conditions) == 1 else pl.all_horizontal(conditions)


def _type_conditions(field: Field, text: pl.Expr) -> list[pl.Expr] | None:
    """What makes a text a value of the type; empty when every text is one."""
    match field.type:
        case "any":
            return []
        case "string" if field.format in {"default", ""}:
            return []
        case "string" if field.format in _STRING_FORMATS:
            return [text.str.contains(_STRING_FORMATS[field.format])]
        case "integer" if not _NUMERIC_OPTIONS & set(field.options):
            return [pl.col(_parsed(field)).is_not_null()]
        case "number" if not _NUMERIC_OPTIONS & set(field.options):
            value = pl.col(_parsed(field))  # what is as small as zero may have an exponent that no decimal has
            return [value.is_finite().fill_null(False), (value != 0) | (text.str.len_bytes() <= _EXACT_DIGITS)]
        case "boolean":
            true, false = field.options.get("trueValues", TRUE_VALUES), field.options.get("falseValues", FALSE_VALUES)
            return [text.is_in([*map(str, true), *map(str, false)])]
        case "date" | "datetime" | "time" | "year" | "yearmonth" if field.format in {"default", ""}:
            condition = text.str.contains(_LEXICAL[field.type])
            return [condition, text >= "0001"] if field.type in {"date", "datetime"} else [condition]
    return None


def _constraint_condition(field: Field, text: pl.Expr, name: str, declared: Any) -> list[pl.Expr] | None:
    """The conditions for one constraint; None when only the exact judge can tell."""
    match name:
        case "required" | "unique":
            return []
        case "minLength" | "maxLength" if field.type in {"string", "any"} and isinstance(declared, int):
            length = text.str.len_chars()
            return [length >= declared if name == "minLength" else length <= declared]
        case "pattern":
            pattern = rust_pattern(str(declared))
            return None if pattern is None else [text.str.contains(pattern)]
        case "enum" if isinstance(declared, list):
            return [_is_written_as(text, declared)]
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _bound_condition(field, text, name, declared)
    return None


def _is_written_as(text: pl.Expr, values: list[Any]) -> pl.Expr:
    """Whether a text is one of the declared values as they would be written; other spellings are for the judge."""
    return text.is_in([str(value) for value in values if type(value) in {str, int, float}])


def _bound_condition(field: Field, text: pl.Expr, name: str, declared: Any) -> list[pl.Expr] | None:
    exclusive, below = name.startswith("exclusive"), name.lower().endswith("maximum")
    declared_text = str(declared)
    if field.type in {"date", "year", "yearmonth"}:  # same length and zero-padded: text order is value order
        if not re.fullmatch(_LEXICAL[field.type].removesuffix(r"\z"), declared_text):
            return None
        bound = pl.lit(declared_text)
        value, near = text, text == bound
    elif field.type == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", declared_text):
        value, bound = pl.col(_parsed(field)), pl.lit(int(declared_text))
        near = value == bound
    elif field.type == "number" and re.fullmatch(r"[+-]?[0-9.]{1,15}", declared_text):
        value, bound = pl.col(_parsed(field)), pl.lit(float(declared_text))
        # an exponent may underflow to zero; five characters cannot
        near = (value == bound) & (text.str.len_bytes() <= (_EXACT_DIGITS if float(declared_text) else 5))
    else:
        return None
    inside = value < bound if below else value > bound
    return [inside if exclusive else inside | near]
