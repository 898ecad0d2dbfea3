"""The rows of two tables that have no equal on the other side, with their cells.

Where both files have the same columns, records are compared by their bytes first, and only those that differ are parsed.
Else, or where many differ, every cell of both is read and rows are compared by what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import polars as pl

from deedbook.changes.aligning import Alignment
from deedbook.changes.screening import Advance, Positions, Screened, differing, hash_rows, screen, unmatched
from deedbook.descriptor import Resource
from deedbook.reading.rows import HashedRecords, hash_records, layout_of, pick_rows, read_at
from deedbook.reading.text import IrregularError
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_text

MOST_LISTED = 3_000_000
"""Differing rows beyond which representation changes are counted, not listed."""
_MOST_PARSED = 256 << 20
"""Bytes of differing records that are parsed at once."""
_Texts = tuple[list[pl.Expr], list[pl.Expr]]


@dataclass(frozen=True, slots=True)
class Comparing:
    """How tables are compared.

    Attributes:
        literal: Compare texts as they stand in the files, so that another way to write a value is reported as a
            representation change; else compare canonical texts.
        everything: Also compare fields that one side lacks, and give every text as it stands in the files: for a patch.
        advance: Told about how many bytes were read.
    """

    literal: bool = True
    everything: bool = False
    advance: Advance = lambda _rows: None


@dataclass(frozen=True, slots=True)
class Found:
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


def find(old: Resource, new: Resource, alignment: Alignment, comparing: Comparing) -> Found:
    """Compares every row of two tables.

    Args:
        old: The table before; it has a schema.
        new: The table after.
        alignment: Which columns are compared.
        comparing: As texts or as values.
    """
    texts = _texts(alignment, literal=comparing.literal)
    found = None
    if _is_alike(alignment, comparing):
        with suppress(IrregularError):
            found = _by_records(old, new, texts, comparing.advance, is_keyed=bool(alignment.key))
    return found or _by_cells(old, new, alignment, texts, comparing)


def _is_alike(alignment: Alignment, comparing: Comparing) -> bool:
    """Whether equal texts in columns of the same name are equal cells."""
    for pair in alignment.pairs:
        if pair.old is None or pair.new is None or pair.old.name != pair.new.name:
            return False
        if not comparing.literal and _form(pair.old) != _form(pair.new):
            return False
    return bool(alignment.pairs)


def _form(item: Field) -> tuple[object, ...]:
    return item.type, item.format, dict(item.options)


def _by_records(old: Resource, new: Resource, texts: _Texts, advance: Advance, *, is_keyed: bool) -> Found | None:
    """The same by the bytes of the records; None where that would not help."""
    one, other = layout_of(old), layout_of(new)
    same_form = (one.names, one.dialect.delimiter, one.dialect.quote_char) == (
        other.names,
        other.dialect.delimiter,
        other.dialect.quote_char,
    )
    if not same_form or _missing(old) != _missing(new):
        return None
    before, after = hash_records(old, advance), hash_records(new, advance)
    at_old, at_new = unmatched(before.hashes, after.hashes, is_keyed=is_keyed)
    if max(_size(before, at_old), _size(after, at_new)) > _MOST_PARSED:
        return None
    with ThreadPoolExecutor(2, thread_name_prefix="deedbook") as pool:
        rows = list(pool.map(read_at, (old, new), (before, after), (at_old, at_new)))
    hashes = [hash_rows(frame, columns) for frame, columns in zip(rows, texts, strict=True)]
    left, right = unmatched(hashes[0], hashes[1], is_keyed=is_keyed)
    heights = len(before.hashes), len(after.hashes)
    return Found(rows[0][left], rows[1][right], at_old[left], heights)


def _missing(resource: Resource) -> list[tuple[str, tuple[str, ...]]]:
    schema = resource.schema or TableSchema(())
    return [(item.name, schema.missing_of(item)) for item in schema.fields]


def _size(records: HashedRecords, rows: Positions) -> int:
    return int(records.lengths[rows].sum(dtype=np.int64))


def _by_cells(old: Resource, new: Resource, alignment: Alignment, texts: _Texts, comparing: Comparing) -> Found:
    """The same by every cell of both tables."""
    rewritten, unlisted = 0, False
    before, after = screen(old, texts[0], comparing.advance), screen(new, texts[1], comparing.advance)
    at_old, at_new = differing(before, after, is_keyed=bool(alignment.key))
    if comparing.literal and len(at_old) + len(at_new) > MOST_LISTED:
        texts = _texts(alignment, literal=False)
        before, after = screen(old, texts[0], comparing.advance), screen(new, texts[1], comparing.advance)
        many = len(at_new)
        at_old, at_new = differing(before, after, is_keyed=bool(alignment.key))
        rewritten, unlisted = max(0, many - len(at_new)), True
    rows = _pick(old, at_old, before, texts[0]), _pick(new, at_new, after, texts[1])
    return Found(rows[0], rows[1], at_old, (before.rows, after.rows), rewritten, unlisted)


def _texts(alignment: Alignment, *, literal: bool) -> _Texts:
    """What is hashed of each side's rows; the names of the columns do not matter, their order does."""

    def text(item: Field | None, at: int) -> pl.Expr:
        if item is None:
            return pl.lit(None, pl.String).alias(str(at))
        return (pl.col(item.name) if literal else canonical_text(item)).alias(str(at))

    pairs = list(enumerate(alignment.pairs))
    return [text(pair.old, at) for at, pair in pairs], [text(pair.new, at) for at, pair in pairs]


def _pick(resource: Resource, rows: Positions, screened: Screened, columns: Sequence[pl.Expr]) -> pl.DataFrame:
    """The differing rows of one side, proven by their hashes to be those."""
    known = screened.hashes[rows]
    return pick_rows(resource, rows, screened.heights, lambda frame: np.array_equal(hash_rows(frame, columns), known))
