"""What a column holds, in numbers that do not depend on the order of threads: counts, order statistics, histograms."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from deedbook.release.tables import Table, text_of
from deedbook.schema import Field

Shape = Literal["empty", "keys", "codes", "numbers", "moments", "text"]

_MOST_CODES = 12
_MOST_KEYS = 5
_BINS = 20
_SHORT = 40
_FEW_NUMBERS = 8


@dataclass(frozen=True, slots=True)
class Count:
    """How often one value occurs."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie from `low` to `high`, both included."""

    low: str
    high: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A column in numbers.

    Attributes:
        shape: How the column is best shown.
        rows: All rows; `missing` of them have no value.
        minimum: Least value as text: of numbers and moments by size, of short text by code point.
        median: The lower median, a value that occurs; only for numbers and moments.
        shortest: Characters of the shortest text; None for other types.
        top: The most frequent values with labels: all of a code list, five of keys that repeat, else at most twelve; `other`
            cells hold others.
        bins: Twenty or fewer equal intervals; only for numbers and moments.
        lengths: The same of the characters of text.
    """

    shape: Shape
    rows: int
    missing: int
    distinct: int
    minimum: str | None = None
    median: str | None = None
    maximum: str | None = None
    shortest: int | None = None
    longest: int | None = None
    top: tuple[Count, ...] = ()
    other: int = 0
    bins: tuple[Bin, ...] = ()
    lengths: tuple[Bin, ...] = ()


def describe_columns(table: Table) -> dict[str, Statistics]:
    """Statistics of every column, by field name."""
    rows = table.rows
    if not rows.width:
        return {}
    only_key = table.schema.primary_key[0] if len(table.schema.primary_key) == 1 else ""
    summary = rows.lazy().select(
        expr
        for position, (name, dtype) in enumerate(rows.schema.items())
        for expr in _summaries(name, position, dtype, is_distinct=name == only_key)
    )
    values = _as_text(summary.collect()).row(0, named=True)
    keys = {*table.schema.primary_key, *(name for key in table.schema.foreign_keys for name in key.fields)}
    return {
        item.name: _describe(item, rows.get_column(item.name), position, values, is_key=item.name in keys)
        for position, item in enumerate(table.schema.fields)
    }


def _summaries(name: str, position: int, dtype: pl.DataType, *, is_distinct: bool) -> list[pl.Expr]:
    """What one pass over a column tells; values that validation proved distinct are not counted again."""
    column = pl.col(name)
    distinct = pl.len() if is_distinct else column.n_unique() - column.has_nulls().cast(pl.UInt32)
    exprs = [column.null_count().alias(f"{position}:missing"), distinct.alias(f"{position}:distinct")]
    if isinstance(dtype, pl.String):
        lengths = column.str.len_chars()
        exprs += [lengths.min().alias(f"{position}:shortest"), lengths.max().alias(f"{position}:longest")]
    if not dtype.is_nested():
        exprs += [column.min().alias(f"{position}:min"), column.max().alias(f"{position}:max")]
    return exprs


def _as_text(summary: pl.DataFrame) -> pl.DataFrame:
    """The summary with its extremes as text."""
    return summary.with_columns(
        text_of(name, dtype) for name, dtype in summary.schema.items() if name.endswith((":min", ":max"))
    )


def _describe(item: Field, column: pl.Series, position: int, values: dict[str, Any], *, is_key: bool) -> Statistics:
    def read(name: str) -> Any:
        return values.get(f"{position}:{name}")

    filled = len(column) - read("missing")
    shape = _shape(item, column.dtype, filled, read("distinct"), is_key=is_key)
    shows_range = shape in {"keys", "numbers", "moments"} or (shape == "text" and (read("longest") or 0) <= _SHORT)
    repeats = shape == "keys" and read("distinct") < filled
    top, other = (
        _top(item, column, filled, _MOST_KEYS if repeats else _MOST_CODES) if shape == "codes" or repeats else ((), 0)
    )
    has_size = shape in {"numbers", "moments"}
    return Statistics(
        shape=shape,
        rows=len(column),
        missing=read("missing"),
        distinct=read("distinct"),
        minimum=_shown(least, column.dtype) if shows_range and (least := read("min")) is not None else None,
        median=_median(column) if has_size else None,
        maximum=_shown(most, column.dtype) if shows_range and (most := read("max")) is not None else None,
        shortest=read("shortest"),
        longest=read("longest"),
        top=top,
        other=other,
        bins=_bins(column) if has_size else (),
        lengths=_bins(column.str.len_chars()) if shape == "text" and column.dtype == pl.String else (),
    )


def _shape(item: Field, dtype: pl.DataType, filled: int, distinct: int, *, is_key: bool) -> Shape:
    if not filled:
        return "empty"
    if item.categories or item.constraints.get("enum") or dtype == pl.Boolean:
        return "codes"
    if is_key or item.constraints.get("unique"):
        return "keys"
    if dtype.is_numeric():
        return "codes" if dtype.is_integer() and distinct <= _FEW_NUMBERS else "numbers"
    if isinstance(dtype, pl.Date | pl.Datetime):
        return "moments"
    return "codes" if distinct <= _MOST_CODES and distinct * 2 <= filled and not dtype.is_nested() else "text"


def _top(item: Field, column: pl.Series, filled: int, most: int) -> tuple[tuple[Count, ...], int]:
    labels = {code_text(label.value): label.label for label in item.categories}
    shown = len(labels) or most
    counts = (
        column.drop_nulls()
        .to_frame("v")
        .select(text_of("v", column.dtype))
        .group_by("v")
        .len()
        .sort("len", "v", descending=[True, False])
        .head(shown)
    )
    found = ((_shown(value, column.dtype), count) for value, count in counts.iter_rows())
    top = tuple(Count(value, labels.get(value, ""), count) for value, count in found)
    return top, filled - sum(entry.count for entry in top)


def _median(column: pl.Series) -> str | None:
    values = column.drop_nulls().sort()
    middle = values.slice((len(values) - 1) // 2, 1).to_frame("v")
    return _plain(middle.select(text_of("v", column.dtype)).item()) if len(values) else None


def _bins(column: pl.Series) -> tuple[Bin, ...]:
    """Equal intervals between least and greatest value; whole numbers and days get whole bounds."""
    finite = column.drop_nulls()
    if column.dtype.is_float():
        finite = finite.filter(finite.is_finite())
    numbers = finite.to_physical() if column.dtype.is_temporal() else finite
    if not len(numbers) or numbers.min() == numbers.max():
        return ()
    low, high = _number(numbers.min()), _number(numbers.max())
    if column.dtype.is_float():
        step: float = high / _BINS - low / _BINS  # their difference may be beyond a double
        count = _BINS
    else:
        step = max(1, -(-(high - low + 1) // _BINS))
        count = int(-(-(high - low + 1) // step))
    places = ((numbers.cast(pl.Float64) - low) / step).floor().clip(0, count - 1).cast(pl.Int64)
    found = dict(places.value_counts().iter_rows())
    bounds = [(low + step * number, low + step * (number + 1)) for number in range(count)]
    return tuple(
        Bin(_bound(column.dtype, below), _bound(column.dtype, above, last=True), found.get(number, 0))
        for number, (below, above) in enumerate(bounds)
    )


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return value
    raise TypeError(value)


def _bound(dtype: pl.DataType, value: float, *, last: bool = False) -> str:
    """A bound as text; the upper bound of whole numbers and days is the last one inside."""
    if dtype.is_float():
        return _plain(f"{value:.6g}")
    whole = int(value) - (1 if last else 0)
    if isinstance(dtype, pl.Date):
        epoch = dt.date(1970, 1, 1)
        return (epoch + dt.timedelta(days=min(whole, (dt.date.max - epoch).days))).isoformat()
    if isinstance(dtype, pl.Datetime):
        return str(pl.Series([whole]).cast(dtype).dt.to_string("%Y-%m-%dT%H:%M:%S").item())
    return str(whole)


def code_text(value: object) -> str:
    """A value of a code list as the canonical CSV has it: `true`, and `2` for 2.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return _plain(str(value)) if isinstance(value, float) else str(value)


def _shown(text: str, dtype: pl.DataType) -> str:
    """The text of a value as people write it."""
    return _plain(text) if dtype.is_numeric() else text


def _plain(text: str) -> str:
    """A number as people write it: `3.0` is `3`."""
    return text.removesuffix(".0")
