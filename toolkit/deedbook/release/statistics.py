"""What a column holds, in numbers that do not depend on the order of threads: counts, order statistics, histograms."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from deedbook.release.rows import Rows
from deedbook.release.tables import Table, text_of, texts_of
from deedbook.schema import Field

Shape = Literal["empty", "keys", "codes", "numbers", "moments", "text"]

_MOST_CODES = 12
_MOST_KEYS = 5
_BINS = 20
_SHORT = 40
_FEW_NUMBERS = 8
_TO_SECONDS = 19
"""Characters of a moment without fractions and zone."""


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
    """Statistics of every column, by field name; one column is in memory at a time."""
    schema, found = table.schema, dict[str, Statistics]()
    keys = {*schema.primary_key, *(name for key in schema.foreign_keys for name in key.fields)}
    keys |= {item.name for item in schema.fields if item.constraints.get("unique")}
    for item in schema.fields:
        known = _summary(table.rows, item.name, is_distinct=schema.primary_key == (item.name,))
        found[item.name] = describe(item, table.rows, known, is_key=item.name in keys)
    return found


def _summary(rows: Rows, name: str, *, is_distinct: bool) -> dict[str, Any]:
    """What is reckoned of a column without sorting; values that validation proved distinct are not counted again."""
    dtype, column = rows.schema[name], pl.col(name)
    # texts are counted by their hashes of 64 bits: ten million texts of a line would take more than a gigabyte
    values = column.hash() if isinstance(dtype, pl.String) else column
    distinct = pl.len() if is_distinct else values.n_unique() - column.has_nulls().cast(pl.UInt32)
    parts = {"missing": column.null_count(), "distinct": distinct}
    parts |= {"minimum": text_of(column.min(), dtype), "maximum": text_of(column.max(), dtype)}
    if isinstance(dtype, pl.String):
        parts |= {"shortest": column.str.len_chars().min(), "longest": column.str.len_chars().max()}
    return rows.asked([part.alias(about) for about, part in parts.items()])


def shape_of(item: Field, dtype: pl.DataType, filled: int, distinct: int, *, is_key: bool) -> tuple[Shape, int]:
    """How a column is best shown, and how many of its most frequent values are, with their counts.

    Args:
        item: The field.
        dtype: What its values are.
        filled: How many there are.
        distinct: How many of them differ.
        is_key: Whether they are keys, here or elsewhere.
    """
    shapes: tuple[tuple[bool, Shape, int], ...] = (
        (not filled, "empty", 0),
        (bool(item.categories or item.constraints.get("enum")) or dtype == pl.Boolean, "codes", _MOST_CODES),
        (is_key and distinct < filled, "keys", _MOST_KEYS),
        (is_key, "keys", 0),
        (dtype.is_integer() and distinct <= _FEW_NUMBERS, "codes", _MOST_CODES),
        (dtype.is_numeric(), "numbers", 0),
        (isinstance(dtype, pl.Date | pl.Datetime), "moments", 0),
        (distinct <= _MOST_CODES and distinct * 2 <= filled, "codes", _MOST_CODES),
        (True, "text", 0),
    )
    return next((shape, most) for is_right, shape, most in shapes if is_right)


def describe(item: Field, rows: Rows, known: Mapping[str, Any], *, is_key: bool) -> Statistics:
    """Statistics of one column.

    Args:
        item: The field.
        rows: Those of its table.
        known: What is reckoned without sorting: `missing`, `distinct`, the ends, and of text the lengths.
        is_key: Whether it is part of a key.
    """
    dtype, filled = rows.schema[item.name], rows.height - known["missing"]
    shape, most = shape_of(item, dtype, filled, known["distinct"], is_key=is_key)
    found = {**known, "minimum": None, "maximum": None}
    if shape in {"numbers", "moments", "keys"} or (shape == "text" and known.get("longest", 0) <= _SHORT):
        found |= {"minimum": _shown(known["minimum"], dtype), "maximum": _shown(known["maximum"], dtype)}
    if shape in {"numbers", "moments"}:
        column = rows.column(item.name)
        middle = column.drop_nulls().sort().slice((filled - 1) // 2, 1)
        found |= {"median": _plain(texts_of(middle).item()), "bins": _bins(column)}
    if shape == "text" and dtype == pl.String:
        found["lengths"] = _bins(rows.select([pl.col(item.name).str.len_chars()]).column(item.name))
    if most:
        labels = code_labels(item)
        texts = rows.lazy.select(text_of(pl.col(item.name), dtype).alias("v")).drop_nulls()
        counts = (
            texts.group_by("v").agg(pl.len()).collect(engine=rows.engine).sort("len", "v", descending=[True, False])
        )
        counts = counts.head(len(labels) or most)
        top: list[Count] = []
        for value, count in counts.iter_rows():
            text = str(_shown(value, dtype))
            top.append(Count(text, labels.get(text, ""), count))
        found["top"], found["other"] = tuple(top), filled - counts.get_column("len").sum()
    return Statistics(shape=shape, rows=rows.height, **found)


def _bins(column: pl.Series) -> tuple[Bin, ...]:
    """Equal intervals between least and greatest value; whole numbers and days get whole bounds."""
    finite = column.drop_nulls()
    if column.dtype.is_float():
        finite = finite.filter(finite.is_finite())
    numbers = finite.to_physical() if column.dtype.is_temporal() else finite
    if not len(numbers) or numbers.min() == numbers.max():
        return ()
    low: Any = numbers.min()
    high: Any = numbers.max()
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


def _bound(dtype: pl.DataType, value: float, *, last: bool = False) -> str:
    """A bound as text; the upper bound of whole numbers and days is the last one inside."""
    if dtype.is_float():
        return _plain(f"{value:.6g}")
    whole = int(value) - last
    if not dtype.is_temporal():
        return str(whole)
    if isinstance(dtype, pl.Date):
        whole = min(whole, (dt.date.max - dt.date(1970, 1, 1)).days)
    bound = pl.Series([whole]).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)
    return str(texts_of(bound).item())[:_TO_SECONDS]


def code_labels(item: Field) -> dict[str, str]:
    """The labels of a field's codes, by the text of a code."""
    return {code_text(code.value): code.label for code in item.categories}


def code_text(value: object) -> str:
    """A value of a code list as the canonical CSV has it: `true`, and `2` for 2.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return _plain(str(value)) if isinstance(value, float) else str(value)


def _shown(text: str | None, dtype: pl.DataType) -> str | None:
    """The text of a value as people write it."""
    return _plain(text) if text is not None and dtype.is_numeric() else text


def _plain(text: str) -> str:
    """A number as people write it: `3.0` is `3`."""
    return text.removesuffix(".0")
