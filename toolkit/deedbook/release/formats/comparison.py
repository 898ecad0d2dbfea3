"""Pieces of what a file holds beside what it should hold, and the first cells in which they differ."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Pair:
    """A piece of a column of a file: what it should hold and what it holds, row by row.

    Attributes:
        start: The number of its first row, that of the table being 0.
        position: The place of the column.
    """

    name: str
    expected: pl.Series
    found: pl.Series
    start: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that a file holds otherwise; the first row is 0."""

    row: int
    name: str
    expected: object
    found: object


class UnlikeError(ValueError):
    """A file holds no such table, other columns, or cannot be read; the text says what."""


class LeftOutError(Exception):
    """The format cannot hold the table, so no file has it; the text says why."""


def pairs_of(expected: pl.DataFrame, slices: Iterable[pl.DataFrame]) -> Iterator[Pair]:
    """The columns of consecutive rows beside what they should be.

    Raises:
        UnlikeError: when there are more or fewer rows.
    """
    start = 0
    for found in slices:
        if start + found.height <= expected.height:
            for position, name in enumerate(expected.columns):
                piece = expected.get_column(name).slice(start, found.height)
                yield Pair(name, piece, found.get_column(name), start, position)
        start += found.height
    if start != expected.height:
        raise unlike_height(start, expected.height)


def unlike_height(found: int, expected: int) -> UnlikeError:
    """What is said of another number of rows."""
    return UnlikeError(f"has {found:,} rows where the CSV has {expected:,}")


def demand_columns(found: list[str], expected: list[str]) -> None:
    """Refuses other columns, or the same in another order.

    Raises:
        UnlikeError: naming the first that is not the expected one.
    """
    for one, other in itertools.zip_longest(found, expected):
        if one != other:
            raise UnlikeError(f"has the column {one!r} where the CSV has {other!r}")


def frame_of(schema: Mapping[str, pl.DataType], rows: list[Any]) -> pl.DataFrame:
    """Rows as columns of the expected types where their values allow it; a column of other values stays text."""
    columns = itertools.zip_longest(*rows) if rows else ([] for _ in schema)
    series = []
    for (name, dtype), values in zip(schema.items(), columns, strict=True):
        try:
            series.append(pl.Series(name, list(values), dtype=dtype, strict=True))
        except (TypeError, pl.exceptions.PolarsError, OverflowError):
            texts = [None if value is None else str(value) for value in values]
            series.append(pl.Series(name, texts, dtype=pl.String))
    return pl.DataFrame(series)


def narrowed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Whole doubles and narrow integers as the integers that they stand for; everything else as it is."""
    if not dtype.is_integer() or not values.dtype.is_numeric():
        return values
    known = values.drop_nulls()
    return values.cast(dtype) if values.dtype.is_integer() or bool((known == known.round()).all()) else values


def first_differences(pairs: Iterable[Pair], most: int) -> tuple[int, list[Difference]]:
    """How many cells differ, and the first ones by row and column.

    Raises:
        UnlikeError: when the number of rows differs.
    """
    count = 0
    first: list[tuple[int, int, Difference]] = []
    for pair in pairs:
        expected, found = pair.expected, pair.found
        if expected.dtype != found.dtype:
            expected, found = expected.cast(pl.String), found.cast(pl.String)
        rows = expected.ne_missing(found).arg_true()
        count += len(rows)
        cells = (
            (
                pair.start + row,
                pair.position,
                Difference(pair.start + row, pair.name, pair.expected[row], pair.found[row]),
            )
            for row in rows.head(most)
        )
        first = heapq.nsmallest(most, [*first, *cells], key=lambda cell: cell[:2])
    return count, [difference for _, _, difference in first]
