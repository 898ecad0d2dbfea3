"""What a column holds, in numbers that do not depend on the order of threads: counts, order statistics, histograms.

No column is in memory: what differs is counted in buckets on disk, and the median is looked for where it can lie.
"""

import datetime as dt
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.release.rows import Rows, dealt
from deedbook.release.tables import Table, text_of, texts_of
from deedbook.schema import Field

Shape = Literal["empty", "keys", "codes", "numbers", "moments", "text"]

_MOST_CODES = 12
_MOST_KEYS = 5
_BINS = 20
_SHORT = 40
_FEW_NUMBERS = 8
_COUNTED = 4_000_000
"""Values that are told apart at once: numbers or hashes of 8 bytes, in some 100 MB."""
_SORTED = 1_000_000
"""Numbers that are sorted to find the one in the middle."""
_DIGIT = 16
"""Bits of a number that are looked at in one pass while more of them than that are left."""
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
    """Statistics of every column, by field name."""
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
    parts = {"missing": column.null_count()}
    parts |= {"minimum": text_of(column.min(), dtype), "maximum": text_of(column.max(), dtype)}
    if isinstance(dtype, pl.String):
        parts |= {"shortest": column.str.len_chars().min(), "longest": column.str.len_chars().max()}
    elif dtype.is_numeric() or dtype.is_temporal():
        numbers = _finite(column, dtype)
        parts |= {"low": numbers.min(), "high": numbers.max()}
    # texts are told apart by their hashes of 64 bits: ten million texts of a line would take more than a gigabyte
    value = column.drop_nulls().hash() if isinstance(dtype, pl.String) else column.drop_nulls()
    is_long = rows.height > _COUNTED and not is_distinct
    parts["distinct"] = pl.len() if is_distinct or is_long else value.n_unique()
    known = rows.asked([part.alias(about) for about, part in parts.items()])
    return known | ({"distinct": _distinct(rows, name, value)} if is_long else {})


def _distinct(rows: Rows, name: str, value: pl.Expr) -> int:
    """How many values differ that are made of a column, of more rows than are counted at once."""
    with_nothing = [pl.DataFrame(schema={name: rows.select([value]).schema[name]})]

    def found() -> Iterator[pl.DataFrame]:
        """What each part has, in fewer pieces than parts, since each piece is cut for every bucket."""
        held = with_nothing
        for part in rows.slices(names=[name]):
            held = [*held, part.select(value.unique())]
            if sum(one.height for one in held) > _SORTED:
                yield pl.concat(held)
                held = with_nothing
        yield pl.concat(held)

    with _buckets(rows, found(), name) as buckets:
        return sum(bucket.get_column(name).n_unique() for bucket in buckets)


@contextmanager
def _buckets(rows: Rows, frames: Iterable[pl.DataFrame], name: str) -> Iterator[Iterator[pl.DataFrame]]:
    """Frames of one column of a table in buckets, beside its parts; equal values are in the same one."""
    folder = (rows.folder or Path()) / "buckets"
    yield dealt(frames, [name], 1 + rows.height // _COUNTED if rows.folder else 1, folder)
    shutil.rmtree(folder, ignore_errors=True)


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
    found = {about: value for about, value in known.items() if about not in {"low", "high"}}
    found |= {"minimum": None, "maximum": None}
    if shape in {"numbers", "moments", "keys"} or (shape == "text" and known.get("longest", 0) <= _SHORT):
        found |= {"minimum": _shown(known["minimum"], dtype), "maximum": _shown(known["maximum"], dtype)}
    if shape in {"numbers", "moments"}:
        middle = texts_of(_ranked(rows, item.name, (filled - 1) // 2)).item()
        found |= {"median": _plain(middle), "bins": _bins(rows, item.name, known["low"], known["high"])}
    if shape == "text" and dtype == pl.String:
        lengths = rows.select([pl.col(item.name).str.len_chars()])
        found["lengths"] = _bins(lengths, item.name, known["shortest"], known["longest"])
    if most:
        labels = code_labels(item)
        counts = _most_frequent(rows, item.name, known["distinct"], len(labels) or most)
        top: list[Count] = []
        for value, count in counts.iter_rows():
            text = str(_shown(value, dtype))
            top.append(Count(text, labels.get(text, ""), count))
        found["top"], found["other"] = tuple(top), filled - counts.get_column("len").sum()
    return Statistics(shape=shape, rows=rows.height, **found)


def _most_frequent(rows: Rows, name: str, distinct: int, most: int) -> pl.DataFrame:
    """The texts of the values that occur most often, with their counts; of equally many, the least text comes first."""
    text = text_of(pl.col(name), rows.schema[name]).alias(name)

    def most_of(counts: pl.DataFrame) -> pl.DataFrame:
        return counts.sort("len", name, descending=[True, False]).head(most)

    def counted(texts: pl.LazyFrame) -> pl.DataFrame:
        return most_of(texts.drop_nulls().group_by(name).agg(pl.len()).collect(engine=rows.engine))

    if distinct <= _COUNTED:
        return counted(rows.lazy.select(text))
    with _buckets(rows, (part.select(text) for part in rows.slices(names=[name])), name) as buckets:
        return most_of(pl.concat(counted(bucket.lazy()) for bucket in buckets))


def _ranked(rows: Rows, name: str, rank: int) -> pl.Series:
    """The value with a rank among those of a column of numbers or moments, 0 being that of the least one.

    In each pass the numbers are counted by their next bits, and only those with the bits of the wanted one are looked at further,
    until they are few enough to be sorted.
    """
    dtype, low, width, left = rows.schema[name], -(1 << 63), 64, rows.height

    def numbers() -> Iterator[npt.NDArray[np.int64]]:
        """Whole numbers in the order of the values, those that are still looked at."""
        for part in rows.slices(names=[name]):
            found = _in_order(part.to_series().drop_nulls().to_physical())
            yield found[(found >= low) & (found <= low + (1 << width) - 1)]

    while left > _SORTED and width:
        bits, counts = width - _DIGIT, np.zeros(1 << _DIGIT, np.int64)
        for found in numbers():
            counts += np.bincount((found >> bits) - (low >> bits), minlength=1 << _DIGIT)
        ends = counts.cumsum()
        place = int(np.searchsorted(ends, rank, side="right"))
        left, rank = int(counts[place]), rank - int(ends[place] - counts[place])
        low, width = low + (place << bits), bits
    value = np.sort(np.concatenate([*numbers()]))[rank] if width else low
    return _value_of(np.array([value], np.int64), dtype)


def _in_order(values: pl.Series) -> npt.NDArray[np.int64]:
    """Whole numbers that stand in the order of numbers: doubles by their bits, those of negative ones reversed."""
    if not values.dtype.is_float():
        return values.cast(pl.Int64).to_numpy()
    bits = (values.cast(pl.Float64) + 0.0).to_numpy().view(np.int64)
    return bits ^ ((bits >> 63) & np.int64(2**63 - 1))


def _value_of(numbers: npt.NDArray[np.int64], dtype: pl.DataType) -> pl.Series:
    """What `_in_order` made numbers of."""
    if dtype.is_float():
        return pl.Series((numbers ^ ((numbers >> 63) & np.int64(2**63 - 1))).view(np.float64))
    return pl.Series(numbers).cast(pl.Int32 if dtype == pl.Date else pl.Int64).cast(dtype)


def _finite(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values of a column that have a place among intervals, as numbers."""
    return (column.filter(column.is_finite()) if dtype.is_float() else column.drop_nulls()).to_physical()


def _bins(rows: Rows, name: str, low: Any, high: Any) -> tuple[Bin, ...]:
    """Equal intervals between the ends of a column's finite values; whole numbers and days get whole bounds."""
    dtype = rows.schema[name]
    if low is None or low == high:
        return ()
    if dtype.is_float():
        step: float = high / _BINS - low / _BINS  # their difference may be beyond a double
        count = _BINS
    else:
        step = max(1, -(-(high - low + 1) // _BINS))
        count = int(-(-(high - low + 1) // step))
    places = ((_finite(pl.col(name), dtype).cast(pl.Float64) - low) / step).floor().clip(0, count - 1).cast(pl.Int64)
    found = dict(rows.lazy.select(places).group_by(name).agg(pl.len()).collect(engine=rows.engine).iter_rows())
    bounds = [(low + step * number, low + step * (number + 1)) for number in range(count)]
    return tuple(
        Bin(_bound(dtype, below), _bound(dtype, above, last=True), found.get(number, 0))
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
