"""What one block is worth to its table: structure, cells, keys and rules of single rows, in one pure function of a plan and a block.

It runs on the main thread, on threads, or on another machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from deedbook.checking.cells import REQUIRED, TYPE_ERROR, CellFailure, CheckedCells, Problem, Rows, check_cells
from deedbook.checking.findings import Group, Records, Words
from deedbook.checking.hashes import HashedBlock
from deedbook.checking.keys import Key, hash_blocks
from deedbook.checking.plan import FilePlan
from deedbook.checking.spellings import free_text_groups
from deedbook.checking.structure import check_structure, fixed, fold_rows
from deedbook.findings import shorten
from deedbook.reading.text import TextBlock
from deedbook.schema import Field
from deedbook.types import dtype_of, typed

_SHORT = 64
"""Rows below which values are sooner counted in Python: a record may have 100,000 columns."""
BadRows = Mapping[str, Rows]
"""For each column with bad cells, their rows, rising."""


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Rows as values, without the blank records.

    Attributes:
        frame: Typed columns; a missing cell and one of the wrong type are null.
        bad: For each column with bad cells, where they are.
    """

    frame: pl.DataFrame
    bad: Mapping[str, pl.Series]
    records: Records

    @classmethod
    def of(
        cls, plan: FilePlan, block: TextBlock, texts: pl.DataFrame, absent: Sequence[int], bad: BadRows
    ) -> TypedRows:
        """The rows of a block whose texts these are; a field that the file lacks is missing and bad everywhere."""
        rows, held = np.setdiff1d(np.arange(texts.height, dtype=np.int64), absent, assume_unique=True), texts.columns
        keep = texts[rows.tolist()] if absent else texts
        columns = [
            (typed(item) if item.name in held else pl.repeat(None, len(rows)).cast(dtype_of(item))).alias(item.name)
            for item in plan.typed_fields
        ]
        is_bad = {
            item.name: pl.Series(item.name, np.isin(rows, bad[item.name] if item.name in held else rows))
            for item in plan.typed_fields
            if item.name not in held or len(bad.get(item.name, ()))
        }
        lines = block.line_numbers[rows] if plan.table.keeps_typed else rows[:0]
        return cls(keep.lazy().select(columns).collect(), is_bad, Records(rows, lines, keep.select(plan.primary_key)))


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What a block is worth to its table; rows and lines count from the block's start.

    Attributes:
        absent: Records that hold no row: blank ones and comments.
        present: For each column, the cells that hold a value.
        hashes: Those of keys, and of foreign keys whose parent is not complete yet.
        failures: The cells that break a rule, of which groups are made one by one: of 100,000 columns they would take 100 MB.
        records: Where its rows stand; None where there is no finding.
        skipped: For each rule, the rows that it did not look at.
    """

    height: int
    absent: int
    present: Rows
    newlines: int
    has_return: bool
    hashes: Mapping[Key, HashedBlock]
    groups: list[Group]
    failures: list[CellFailure]
    records: Records | None
    typed: TypedRows | None
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a block that was looked at together with others; None where it was not.

    Attributes:
        suspected: The columns of which a cell has to be judged, with a mask of those cells.
        signed: The columns of free text that may have a text that was not meant.
    """

    suspected: Mapping[str, pl.Series] | None = None
    signed: Set[str] | None = None


NOTHING_SEEN = Seen()


def check_block(plan: FilePlan, block: TextBlock, seen: Seen = NOTHING_SEEN) -> BlockResult:
    """Structure, cells, keys and row-local rules of one block."""
    frame, typed_rows = block.frame, None
    skipped: Mapping[str, int] = {}
    structure = check_structure(block, plan.columns, plan.fields, plan.primary_key)
    cells = check_cells(frame, plan.fields, structure.excused, plan.hashed_names, seen.suspected)
    structure, failures = fold_rows(structure, block, plan.columns, cells.failures)
    bad = _bad_rows(structure.excused, failures)
    unread = _bad_rows(structure.excused, failures, only={TYPE_ERROR, REQUIRED})
    hashed = [*plan.keys, *_open_references(plan, cells, unread)]
    needed = {item.name for key in hashed for item in key.fields}.union(plan.table.typed)
    texts = plan.texts(frame, needed, cells.filled)
    hashes, missing = _check_keys(plan, hashed, texts, cells, unread)
    groups = [
        *structure.groups,
        *free_text_groups(plan, frame, bad, seen.signed),
        *_null_part_groups(plan, texts, bad),
        *missing,
    ]
    if plan.typed_fields:
        typed_rows = TypedRows.of(plan, block, texts, structure.absent, bad)
        found, skipped = plan.table.row_rules(typed_rows.frame, typed_rows.bad)
        rows = typed_rows.records.numbers
        groups += [replace(it, rows=rows[it.rows], field_number=plan.positions.get(it.column)) for it in found]
    records = None
    if groups or failures:
        rows = np.arange(frame.height, dtype=np.int64)
        records = Records(rows, block.line_numbers, frame.select(plan.primary_key))
    return BlockResult(
        height=frame.height,
        absent=len(structure.absent),
        present=_count_present(plan, frame, structure.absent, cells.filled),
        newlines=block.newlines,
        has_return=block.has_return,
        hashes=hashes,
        groups=groups,
        failures=failures,
        records=records,
        typed=typed_rows if plan.table.keeps_typed else None,
        skipped=skipped,
    )


def _bad_rows(excused: BadRows, failures: Iterable[CellFailure], only: Set[Problem] = frozenset()) -> BadRows:
    """The rows with bad cells; `only` those with one of these problems."""
    bad = dict(excused)
    for failure in failures:
        name = failure.plan.name
        if not only or failure.problem in only:
            bad[name] = np.union1d(bad[name], failure.rows) if name in bad else failure.rows
    return bad


def _open_references(plan: FilePlan, cells: CheckedCells, unread: BadRows) -> Iterator[Key]:
    """The foreign keys, without those that are seen to have few distinct values, all of which are the parent's."""
    for reference in plan.references:
        parent, name = plan.table.parents.get(reference.parent), reference.column
        if parent is not None and name in cells.distinct and name not in unread:
            texts = plan.texts(cells.distinct[name].to_frame(), {name})
            if parent.places(hash_blocks(texts, [(reference.fields, None)])[0].hashes, known=False) is None:
                continue
        yield reference


def _check_keys(
    plan: FilePlan, keys: Sequence[Key], texts: pl.DataFrame, cells: CheckedCells, unread: BadRows
) -> tuple[dict[Key, HashedBlock], list[Group]]:
    """The hashes that the whole table needs, and the rows whose foreign key is in no row of a parent that is complete."""
    asked: list[tuple[Sequence[Field], Rows | None]] = []
    for key in keys:
        parts = [unread[name] for name in key.names if name in unread]
        asked.append((key.fields, np.unique(np.concatenate(parts)) if parts else None))
    hashes = dict(zip(keys, hash_blocks(texts, asked, cells.numbers), strict=True))
    groups = []
    for key in keys:
        if key.kind == "foreign-key" and (parent := plan.table.parents.get(key.parent)) is not None:
            mine = hashes.pop(key)
            if (places := parent.places(mine.hashes, known=False)) is not None:
                rows = mine.row_numbers(0)[places]
                groups.append(missing_parent_group(plan, key, rows, texts[rows.tolist()]))
    return hashes, groups


def missing_parent_group(plan: FilePlan, reference: Key, rows: Rows, values: pl.DataFrame) -> Group:
    """The rows whose foreign key is in no row of the parent; `values` has their texts, aligned with `rows`."""
    texts, (parent, target) = values.select(reference.names), reference.parent
    place = f"`{parent}`.{', '.join(item.name for item in target)}"

    def words(at: int) -> Words:
        value = ", ".join(str(part) for part in texts.row(at))
        return Words(f"`{shorten(value)}` is not in {place}", value=value)

    column = reference.column
    number = plan.positions.get(column)
    return Group("foreign-key", rows, words, column=column, field_number=number, reference=reference)


def _null_part_groups(plan: FilePlan, texts: pl.DataFrame, bad: BadRows) -> Iterator[Group]:
    """The rows that lack a part of their primary key."""
    for name in (name for name in plan.primary_key if texts[name].null_count()):
        rows = texts[name].is_null().arg_true().cast(pl.Int64).to_numpy()
        rows = rows[~np.isin(rows, bad.get(name, ()))]
        if len(rows):
            words = fixed(f"`{name}` is part of the primary key and is empty", "fill the cell in")
            yield Group("primary-key", rows, words, column=name, field_number=plan.positions[name])


def _count_present(plan: FilePlan, frame: pl.DataFrame, absent: Sequence[int], filled: Set[str]) -> Rows:
    """The cells of each column that hold a value; `filled` columns have no empty text, so that none is looked for."""
    if absent:
        frame = frame.with_row_index("\0row").filter(~pl.col("\0row").is_in(list(absent))).drop("\0row")
    missing = [plan.table.schema.missing.get(column.name, ("",)) for column in plan.columns]
    if 0 < frame.height < _SHORT:
        cells = zip(missing, zip(*frame.rows(), strict=True), strict=True)
        return np.array([sum((text or "") not in texts for text in column) for texts, column in cells], np.int64)
    lacking = (
        column.null_count() + (0 if column.name in filled else (column == "").sum())  # as nearly everywhere
        if texts == ("",)
        else column.fill_null("").is_in(list(texts)).sum()
        for texts, column in zip(missing, frame.get_columns(), strict=True)
    )
    return frame.height - np.fromiter(lacking, np.int64, frame.width)
