"""The rows of two tables that have no equal on the other side: eight bytes a row and side, one pass over each.

A row is a hash of all its compared cells, key included, so the hashes that stand on one side only are the rows that are
added, removed or changed, wherever they stand in the file. A changed row is overlooked when its 64-bit hash equals that of
another row of the other side: for 10 million rows, one in 10^12 of the changed ones.

Where both files have the same columns, records are hashed by their bytes, and only those that differ are parsed: of two
versions of a million rows with 2 % changed that takes 1.9 s, and hashing their cells 3.2 s (`python -m benchmarks.diff`).
Else, or where many records differ, every cell of both is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import polars as pl

from deedbook.changes.declarations import Alignment
from deedbook.descriptor import Resource
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.reading.hashes import hash_records, layout_of, read_at
from deedbook.reading.pipeline import default_workers
from deedbook.reading.tables import pick_rows, read_each
from deedbook.reading.text import IrregularError
from deedbook.schema import Field
from deedbook.types import canonical_text

if TYPE_CHECKING:
    import numpy.typing as npt

Positions: TypeAlias = "npt.NDArray[np.int64]"
Hashes: TypeAlias = "npt.NDArray[np.uint64]"
Marks: TypeAlias = "npt.NDArray[np.bool_]"
Columns = Sequence[pl.Expr]

_SEED = 0x0DEEDB00
_WINDOW = 1 << 18
"""Rows that are first looked up in the same place of the other side: their hashes, 2 MB, fit into a processor's cache."""
MEMORY = 512 << 20
"""What `--memory` is by default."""
_LOOKED_UP = 128
"""Bytes of a row that is looked up anywhere on the other side: those of both sides, and a table of them."""
MOST_LISTED = 3_000_000
"""Differing rows beyond which representation changes are counted, not listed: their cells would take gigabytes."""
_MOST_PARSED = 0.5
"""Of the memory, in bytes of differing records that are parsed at once; beyond it, hashing all cells block by block needs less."""
_SHARE = 32
"""A block of rows has this part of the memory at most: they are read on several threads, as text, as columns and as hashes."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The rows of two tables that have no equal on the other side, by their hashes.

    Attributes:
        heights: The rows of the whole tables.
        places: The numbers of those without an equal, rising.
        pick: Reads such rows of the old (0) or the new (1) table as text.
    """

    heights: tuple[int, int]
    places: tuple[Positions, Positions]
    pick: Callable[[int, Positions], pl.DataFrame]


class Matcher(Protocol):
    """What hashes the rows of two tables in place of this process."""

    def unmatched(
        self, tables: tuple[Resource, Resource], columns: tuple[Columns, Columns], *, is_keyed: bool
    ) -> Unmatched:
        """What `Comparison.unmatched` finds."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """How tables are compared.

    Attributes:
        literal: Compare texts as they stand in the files, so that another way to write a value is reported as a
            representation change; else compare canonical texts.
        everything: Also compare fields that one side lacks, and give every text as it stands in the files: for a patch.
        advance: Told about how many bytes were read.
        memory: Bytes; with less of it, less is read and looked up at a time.
        matcher: What hashes rows; this process when None.
    """

    literal: bool = True
    everything: bool = False
    advance: Callable[[int], None] = lambda _bytes: None
    memory: int = MEMORY
    matcher: Matcher | None = None

    @property
    def block_size(self) -> int:
        """Bytes of a block of rows."""
        return max(1, min(BLOCK_SIZE, self.memory // _SHARE))

    def unmatched(self, old: Hashes, new: Hashes, *, is_keyed: bool) -> tuple[Positions, Positions]:
        """The places of the hashes that have no equal on the other side, rising.

        Without a key a row may stand there more than once; of two copies against one, the second is without an equal.
        """
        at_once = max(1, self.memory // _LOOKED_UP)
        if is_keyed:
            found = _unmatched(old, new, at_once)
            if len(old) - len(found[0]) == len(new) - len(found[1]):
                return found
        return _unmatched(_numbered(old), _numbered(new), at_once)


@dataclass(frozen=True, slots=True)
class DifferingRows:
    """The rows without an equal on the other side.

    Attributes:
        old: Those of the old side, as text columns in schema order, in the order of the file.
        new: Those of the new side.
        at_old: The numbers of the old ones, the first row of the table being 0.
        heights: The rows of the whole tables.
        rewritten: Rows that are only written otherwise and were not kept.
        unlisted: Whether any such rows were not kept.
    """

    old: pl.DataFrame
    new: pl.DataFrame
    at_old: Positions
    heights: tuple[int, int]
    rewritten: int = 0
    unlisted: bool = False


def differing_rows(old: Resource, new: Resource, alignment: Alignment, how: Comparison) -> DifferingRows:
    """Compares every row of two tables; the old one has a schema."""

    def is_same_text(before: Field | None, after: Field | None) -> bool:
        """Whether equal texts in these columns of one name are equal cells."""
        if before is None or after is None or before.name != after.name:
            return False
        forms = [(item.type, item.format, dict(item.options)) for item in (before, after)]
        return how.literal or forms[0] == forms[1]

    if alignment.pairs and all(is_same_text(*pair) for pair in alignment.pairs):
        with suppress(IrregularError):
            if (found := _by_records(old, new, alignment, how)) is not None:
                return found
    return _by_cells(old, new, alignment, how)


def _by_records(old: Resource, new: Resource, alignment: Alignment, how: Comparison) -> DifferingRows | None:
    """The same by the bytes of the records; None where that would not help."""
    forms = []
    for resource, layout in ((old, layout_of(old)), (new, layout_of(new))):
        missing = [(item.name, resource.described.missing_of(item)) for item in resource.described.fields]
        forms.append((layout.names, layout.dialect.delimiter, layout.dialect.quote_char, missing))
    if how.matcher or forms[0] != forms[1]:
        return None
    is_keyed = bool(alignment.key)
    records = hash_records(old, how.advance), hash_records(new, how.advance)
    differing = how.unmatched(records[0].hashes, records[1].hashes, is_keyed=is_keyed)
    sizes = [side.lengths[rows].sum(dtype=np.int64) for side, rows in zip(records, differing, strict=True)]
    if max(sizes) > _MOST_PARSED * how.memory:
        return None
    heights = len(records[0].hashes), len(records[1].hashes)
    picked = [side.pick(rows) for side, rows in zip(records, differing, strict=True)]
    del records  # the hashes of all rows take more than those that differ
    with ThreadPoolExecutor(2, thread_name_prefix="deedbook") as pool:
        rows = list(pool.map(read_at, (old, new), picked))
    columns = [_columns(alignment, side, literal=how.literal) for side in (0, 1)]
    left, right = how.unmatched(hash_frame(rows[0], columns[0]), hash_frame(rows[1], columns[1]), is_keyed=is_keyed)
    return DifferingRows(rows[0][left], rows[1][right], differing[0][left], heights)


def _by_cells(old: Resource, new: Resource, alignment: Alignment, how: Comparison) -> DifferingRows:
    """The same by every cell of both tables."""

    def pick(side: int, places: Positions) -> pl.DataFrame:
        return pick_rows((old, new)[side], places, block_size=how.block_size)

    def compare(*, literal: bool) -> Unmatched:
        columns = _columns(alignment, 0, literal=literal), _columns(alignment, 1, literal=literal)
        is_keyed = bool(alignment.key)
        if how.matcher:
            return how.matcher.unmatched((old, new), columns, is_keyed=is_keyed)
        before, after = (hash_cells(*one, how) for one in zip((old, new), columns, strict=True))
        places = how.unmatched(before, after, is_keyed=is_keyed)
        return Unmatched((len(before), len(after)), places, pick)

    found = compare(literal=how.literal)
    many, unlisted = len(found.places[1]), how.literal and sum(map(len, found.places)) > MOST_LISTED
    if unlisted:
        found = compare(literal=False)
    before, after = (found.pick(side, places) for side, places in enumerate(found.places))
    rewritten = max(0, many - len(found.places[1]))
    return DifferingRows(before, after, found.places[0], found.heights, rewritten, unlisted)


def _columns(alignment: Alignment, side: int, *, literal: bool) -> Columns:
    """What is hashed of the rows of a side; the names of the columns do not matter, their order does."""
    return [text_of(pair[side], literal=literal).alias(str(at)) for at, pair in enumerate(alignment.pairs)]


def text_of(item: Field | None, *, literal: bool) -> pl.Expr:
    """The column of a field as it stands in the file, or as canonical text; nothing where a side lacks it."""
    if item is None:
        return pl.lit(None, pl.String)
    return pl.col(item.name) if literal else canonical_text(item)


def hash_cells(resource: Resource, columns: Columns, how: Comparison) -> Hashes:
    """The hash of every row of a table over these columns."""
    found = bytearray()
    for hashes in read_each(resource, lambda frame: hash_frame(frame, columns), block_size=how.block_size, strict=True):
        found += hashes.data
        how.advance(how.block_size)
    return np.frombuffer(found, np.uint64)


def hash_frame(frame: pl.DataFrame, columns: Columns) -> Hashes:
    """The hash of every row of some over these columns."""
    return frame.select(columns).hash_rows(_SEED).to_numpy()


def _unmatched(old: Hashes, new: Hashes, at_once: int) -> tuple[Positions, Positions]:
    """First within windows of the same place, which is where most rows of two versions stand; then what that left, by parts of the hashes."""

    def compare(start: int) -> tuple[Marks, Marks]:
        ours, theirs = old[start : start + _WINDOW], new[start : start + _WINDOW]
        return ~_is_in(ours, theirs), ~_is_in(theirs, ours)

    starts = range(0, max(len(old), len(new)), _WINDOW)
    with ThreadPoolExecutor(default_workers(), thread_name_prefix="deedbook") as pool:
        left = list(pool.map(compare, starts)) if len(starts) > 1 else [compare(start) for start in starts]
    marks = [np.concatenate([np.empty(0, np.bool_), *(parts[side] for parts in left)]) for side in (0, 1)]
    count = np.uint64(1 + sum(int(side.sum()) for side in marks) // at_once)
    found: tuple[list[Positions], list[Positions]] = [], []
    for part in range(int(count)):
        places = [
            np.flatnonzero(side & (hashes % count == part) if count > 1 else side)
            for side, hashes in zip(marks, (old, new), strict=True)
        ]
        ours, theirs = old[places[0]], new[places[1]]
        found[0].append(places[0][~_is_in(ours, theirs)])
        found[1].append(places[1][~_is_in(theirs, ours)])
    return np.sort(np.concatenate(found[0])), np.sort(np.concatenate(found[1]))


def _is_in(values: Hashes, others: Hashes) -> Marks:
    if np.array_equal(values, others):
        return np.ones(len(values), np.bool_)
    return pl.Series(values).is_in(pl.Series(others).implode()).to_numpy()


def _numbered(hashes: Hashes) -> Hashes:
    """The hashes, those of the second and later copies of a row changed by the number of the copy."""
    frame = pl.DataFrame({"hash": hashes}).with_columns(copy=pl.int_range(pl.len(), dtype=pl.UInt32).over("hash"))
    again = frame.select(pl.struct("hash", "copy").hash(_SEED)).to_series()
    return frame.select(pl.when(pl.col("copy") > 0).then(again).otherwise("hash")).to_series().to_numpy()
