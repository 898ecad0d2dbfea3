"""What the cells of a format can hold, and what a file of it holds beside what it should.

A column that a format cannot hold as what it is becomes the text of the canonical CSV, and is named.
"""

import datetime as dt
import heapq
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import polars as pl

from deedbook.release.rows import Rows
from deedbook.release.tables import text_of
from deedbook.schema import Field

LONGEST_SHEET_NAME = 31
NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys(r"[]:*?/\'", "_"))
"""The characters that Excel takes in no name of a sheet, and what stands for them."""
_LARGEST_EXACT = 2**53
"""The whole numbers up to here are doubles, of which no two are the same."""
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class Extent:
    """What the values of a column reach; 0 and False without any.

    Attributes:
        least: The least value; of days and moments the number of the day from 1970 on.
        greatest: The greatest.
        widest: Bytes of the longest text.
        has_nan: Whether NaN is among them.
        has_fraction: Whether a moment is not a whole number of milliseconds.
        has_empty: Whether a text is empty.
        has_zero: Whether U+0000 stands in a text.
        has_space: Whether a text ends in a space.
    """

    least: Any = 0
    greatest: Any = 0
    widest: int = 0
    has_nan: bool = False
    has_fraction: bool = False
    has_empty: bool = False
    has_zero: bool = False
    has_space: bool = False

    @property
    def largest(self) -> Any:
        """The largest number, apart from its sign."""
        return max(-self.least, self.greatest)

    @property
    def has_special(self) -> bool:
        """Whether NaN or infinity are among numbers."""
        return self.has_nan or math.isinf(self.largest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a format holds.

    Attributes:
        days: The first and the last day; None where any day is held, to the microsecond.
        beyond: What is said of other days.
        is_finite: Whether there is neither NaN nor infinity.
        largest: The largest number.
        texts: What an `Extent` tells of texts that are not held as they are, and what is said of them.
        pattern: That of other such texts, and what is said of them; empty without others.
        dropped: A character that texts lose.
    """

    days: tuple[dt.date, dt.date] | None = None
    beyond: str = ""
    is_finite: bool = True
    largest: float = math.inf
    texts: Mapping[str, str] = field(default_factory=dict)
    pattern: tuple[str, str] = ("", "")
    dropped: str = ""

    def held(self, rows: Rows) -> tuple[Rows, dict[str, list[str]]]:
        """The rows as they are held, and by column what must be said of it; every row is looked at."""
        exprs, notes, patterned = list[pl.Expr](), dict[str, list[str]](), self._patterned(rows)
        for name, extent in extents_of(rows).items():
            dtype, column = rows.schema[name], pl.col(name)
            if dtype != pl.String:
                reasons = (words for words, is_met in self._reasons(extent, dtype).items() if is_met)
                notes[name] = [f"is text ({words})" for words in itertools.islice(reasons, 1)]
                exprs += [text_of(column, dtype)] * len(notes[name])
                continue
            notes[name] = [words for fact, words in self.texts.items() if getattr(extent, fact)]
            notes[name] += [self.pattern[1]] * (name in patterned)
            if self.dropped and notes[name]:
                exprs.append(column.str.replace_all(self.dropped, "", literal=True))
        return rows.with_columns(exprs) if exprs else rows, {name: said for name, said in notes.items() if said}

    def _patterned(self, rows: Rows) -> set[str]:
        """The columns with texts of its pattern."""
        texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
        if not (self.pattern[0] and texts and rows.height):
            return set()
        found = rows.asked([pl.col(texts).str.contains(self.pattern[0]).any()])
        return {name for name, is_found in found.items() if is_found}

    def _reasons(self, extent: Extent, dtype: pl.DataType) -> dict[str, bool]:
        """What may keep a column of numbers or moments from being held as it is, and whether it does."""
        if dtype.is_float():
            is_beyond = extent.has_nan or extent.largest > self.largest
            return {
                "NaN or infinity": self.is_finite and extent.has_special,
                f"numbers beyond {self.largest:.2g}": is_beyond,
            }
        if dtype.is_integer():
            return {"numbers beyond 2^53": extent.largest > _LARGEST_EXACT}
        if self.days and dtype.is_temporal():
            first, last = ((day - dt.date(1970, 1, 1)).days for day in self.days)
            is_beyond = extent.least < first or extent.greatest > last
            return {self.beyond: is_beyond, "fractions below a millisecond": extent.has_fraction}
        return {}


def said_of(notes: Mapping[str, Sequence[str]]) -> list[str]:
    """What must be said of columns, with their names."""
    return [f"`{name}` {note}" for name, said in notes.items() for note in said]


@lru_cache(maxsize=4)
def extents_of(rows: Rows) -> Mapping[str, Extent]:
    """Those of all columns, by name, in one pass; the formats ask for the same rows one after the other."""
    if not rows.height:
        return dict.fromkeys(rows.schema, Extent())
    asked = []
    for name, dtype in rows.schema.items():
        facts = {about: fact.alias(about) for about, fact in _facts(pl.col(name), dtype).items()}
        asked.append(pl.struct(facts.values()).alias(name))
    found = rows.asked(asked)
    known: dict[str, dict[str, Any]] = {
        name: {about: value or 0 for about, value in ends.items()} for name, ends in found.items()
    }
    return {name: Extent(**ends) for name, ends in known.items()}


def _facts(column: pl.Expr, dtype: pl.DataType) -> dict[str, pl.Expr]:
    """What makes an `Extent` of a column."""
    if isinstance(dtype, pl.String):
        size = column.str.len_bytes()
        has = {"zero": column.str.contains("\0", literal=True), "space": column.str.ends_with(" ")}
        facts = {"widest": size.max(), "has_empty": size.min() == 0}
        return facts | {f"has_{about}": is_found.any() for about, is_found in has.items()}
    if dtype.is_temporal():
        days = column.cast(pl.Date).to_physical()
        fraction = column.cast(pl.Datetime("us")).to_physical() % _MILLISECOND != 0
        return {"least": days.min(), "greatest": days.max(), "has_fraction": fraction.any()}
    ends = {"least": column.min(), "greatest": column.max()}
    return ends | {"has_nan": column.is_nan().any()} if dtype.is_float() else ends


def number_labels(item: Field, largest: int) -> dict[int | float, str]:
    """The labels of a field's codes that are whole numbers up to a size."""
    labelled = (code for code in item.categories if code.label and isinstance(code.value, int))
    return {code.value: code.label for code in labelled if abs(code.value) <= largest}


def special_numbers(rows: Rows) -> list[str]:
    """The columns in which NaN or infinity stand."""
    extents = extents_of(rows)
    return [name for name, dtype in rows.schema.items() if dtype.is_float() and extents[name].has_special]


def fitted_names(
    names: Sequence[str], longest: int, plain: Callable[[str, int], str], reserved: str, *, folds_case: bool
) -> list[str]:
    """The names as a format allows them, each once; a name that is allowed is kept, whatever stands before it.

    Args:
        names: What the columns or tables are called.
        longest: The most characters of a name.
        plain: A name in allowed characters, of a length; a name that stays the same may stand as it is.
        reserved: A pattern of the names that nothing may have.
        folds_case: Whether names that differ only in case are the same.
    """

    def folded(name: str) -> str:
        return name.lower() if folds_case else name

    def allows(name: str) -> bool:
        return plain(name, longest) == name and not re.fullmatch(reserved, folded(name))

    used = {folded(name) for name in names if allows(name)}
    fitted, taken = [], set[str]()
    for name in names:
        candidate, number = name, 1
        if not allows(name) or folded(name) in taken:
            candidate = plain(name, longest)
            while not allows(candidate) or folded(candidate) in used | taken:
                number += 1
                candidate = f"{plain(name, longest - len(str(number)) - 1)}_{number}"
        taken.add(folded(candidate))
        fitted.append(candidate)
    return fitted


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

    @property
    def texts(self) -> tuple[str | None, ...]:
        """What was expected and what was found, as text."""
        return tuple(None if value is None else str(value) for value in (self.expected, self.found))


class UnlikeError(ValueError):
    """A file holds no such table, other columns, or cannot be read; the text says what."""


class LeftOutError(Exception):
    """The format cannot hold the table, so no file has it; the text says why."""


def pairs_of(
    expected: Rows,
    slices: Iterable[pl.DataFrame],
    is_next: Callable[[pl.DataFrame], bool] = lambda _part: False,
    most: int | None = None,
) -> Iterator[Pair]:
    """The columns of consecutive rows beside what they should be.

    Args:
        expected: The rows that should be there.
        slices: The rows of the file; they are asked for only behind those of which `is_next` is sure.
        is_next: Whether the next rows of the file are certainly these, which then are not made into columns. It is asked
            from the first row on until it is not sure.
        most: The most rows that it is asked of at once; as many as a part has where it is left out.

    Raises:
        UnlikeError: when there are more or fewer rows.
    """
    start, held, parts = 0, pl.DataFrame(), expected.slices(most)
    for first in parts:
        if not is_next(first):
            held = first
            break
        start += first.height
    for found in slices:
        while held.height < found.height and (part := next(parts, None)) is not None:
            held = pl.concat([held, part]) if held.height else part
        if found.height and found.height <= held.height:
            for position, piece in enumerate(held.head(found.height).iter_columns()):
                yield Pair(piece.name, piece, found.get_column(piece.name), start, position)
        held = held.slice(found.height)
        start += found.height
    if start != expected.height:
        raise unlike_height(start, expected.height)


def unlike_height(found: int, expected: int) -> UnlikeError:
    """What is said of another number of rows."""
    return UnlikeError(f"has {found:,} rows where the CSV has {expected:,}")


def demand_columns(found: Iterable[str], expected: Iterable[str]) -> None:
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
    count, first = 0, list[tuple[int, int, Difference]]()
    for pair in pairs:
        expected, found = pair.expected, pair.found
        if expected is found:  # its bytes were compared
            continue
        if expected.dtype != found.dtype:
            expected, found = expected.cast(pl.String), found.cast(pl.String)
        rows = expected.ne_missing(found).arg_true()
        count += len(rows)
        for place in rows.head(most):
            row = pair.start + place
            first.append((row, pair.position, Difference(row, pair.name, pair.expected[place], pair.found[place])))
        first = heapq.nsmallest(most, first, key=lambda cell: cell[:2])
    return count, [difference for _, _, difference in first]


def sheet_names(tables: Sequence[str], reserved: str) -> dict[str, str]:
    """By table a name of a sheet such as every program takes: at most 31 characters, each once whatever the case.

    A table that can have its own name has it, whatever stands before it; `reserved` is a pattern of those that none may have.
    """

    def plain(name: str, longest: int) -> str:
        return name.translate(NOT_IN_SHEET_NAMES)[:longest]

    return dict(zip(tables, fitted_names(tables, LONGEST_SHEET_NAME, plain, reserved, folds_case=True), strict=True))
