"""What is done to one block of a table: everything that does not need another block.

`check_block` is a pure function of a plan and a block, so it runs on the main thread, on threads, or on another machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from deedbook.checking.cells import REQUIRED, TYPE_ERROR, CellFailure, CheckedCells, Rows, check_cells
from deedbook.checking.explanation import causes_in, explain
from deedbook.checking.findings import Group, Records, Words
from deedbook.checking.free_text import free_text_groups
from deedbook.checking.keys import HashedBlock, Key, hash_blocks
from deedbook.checking.plan import FilePlan
from deedbook.checking.structure import check_structure, fixed, fold_rows
from deedbook.findings import shorten
from deedbook.reading.tables import present
from deedbook.reading.text import TextBlock
from deedbook.types import dtype_of, typed, without_mark

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


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What a block is worth to its table; rows and lines count from the block's start.

    Attributes:
        absent: Records that hold no row: blank ones and comments.
        present: For each column, the cells that hold a value.
        hashes: Those of keys, and of foreign keys whose parent is not complete yet.
        records: Where its rows stand, as far as there are findings.
        skipped: For each rule, the rows that it did not look at.
    """

    height: int
    absent: int
    present: Rows
    newlines: int
    has_return: bool
    has_cell_errors: bool
    hashes: Mapping[Key, HashedBlock]
    groups: list[Group]
    records: Records
    typed: TypedRows | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)


def check_block(plan: FilePlan, block: TextBlock) -> BlockResult:
    """Structure, cells, keys and row-local rules of one block."""
    rules, frame = plan.table.rules, block.frame
    structure = check_structure(block, plan.columns, plan.fields, plan.primary_key)
    cells = check_cells(frame, plan.fields, structure.excused, plan.hashed_names)
    structure, failures = fold_rows(structure, block, plan.columns, cells.failures)
    bad = _bad_rows(structure.excused, failures)
    unread = _bad_rows(structure.excused, [item for item in failures if item.problem in {TYPE_ERROR, REQUIRED}])
    hashed = [*plan.keys, *(item for item in plan.references if not _is_known(plan, item, cells, unread))]
    read = {item.name for key in hashed for item in key.fields} | {item.name for item in plan.typed_fields}
    values = frame.select(present(name, plan.missing[name]) for name in frame.columns if name in read)
    hashes, missing = check_keys(plan, hashed, values, cells, unread)
    typed_rows = _typed_rows(plan, block, values, structure.absent, bad) if plan.typed_fields else None
    found, skipped = run_row_rules(plan, typed_rows)
    groups = [*structure.groups, *map(_cell_group, failures), *free_text_groups(plan, frame, bad)]
    groups += [*_null_parts(plan, values, bad), *missing, *found]
    return BlockResult(
        height=frame.height,
        absent=len(structure.absent),
        present=_count_present(plan, frame, structure.absent, cells.filled),
        newlines=block.newlines,
        has_return=block.has_return,
        has_cell_errors=bool(failures or structure.groups),
        hashes=hashes,
        groups=groups,
        records=Records(
            np.arange(frame.height, dtype=np.int64),
            block.line_numbers if groups else np.empty(0, np.int64),
            frame.select(plan.primary_key if groups else ()),
        ),
        typed=typed_rows if rules.keeps_typed else None,
        skipped=skipped,
    )


def check_keys(
    plan: FilePlan, keys: Sequence[Key], values: pl.DataFrame, cells: CheckedCells, unread: BadRows
) -> tuple[dict[Key, HashedBlock], list[Group]]:
    """The hashes that the whole table needs, and the rows whose foreign key is in no row of a parent that is complete."""
    asked = [(key.fields, _union(unread[name] for name in key.names if name in unread)) for key in keys]
    hashes = dict(zip(keys, hash_blocks(values, asked, cells.numbers), strict=True))
    groups = []
    for key in keys:
        if key.kind == "foreign-key" and (parent := plan.table.parents.get(key.parent)) is not None:
            mine = hashes.pop(key)
            if (places := parent.places(mine.hashes, known=False)) is not None:
                rows = mine.row_numbers(0)[places]
                groups.append(missing_parent_group(plan, key, rows, values[rows.tolist()]))
    return hashes, groups


def run_row_rules(plan: FilePlan, typed_rows: TypedRows | None) -> tuple[list[Group], Mapping[str, int]]:
    """What rules that look at one row find in a block, and the rows that each skipped."""
    if plan.table.rules.row_rules is None or typed_rows is None:
        return [], {}
    found, skipped = plan.table.rules.row_rules(typed_rows.frame, typed_rows.bad)
    numbers = typed_rows.records.numbers
    return [
        replace(group, rows=numbers[group.rows], field_number=plan.positions.get(group.column)) for group in found
    ], skipped


def _count_present(plan: FilePlan, frame: pl.DataFrame, absent: Sequence[int], filled: Set[str]) -> Rows:
    """The cells of each column that hold a value; `filled` columns have no empty text, so that none is looked for."""
    if absent:
        frame = frame.with_row_index("\0row").filter(~pl.col("\0row").is_in(list(absent))).drop("\0row")
    missing = [plan.missing.get(column.name, ("",)) for column in plan.columns]
    if frame.height < _SHORT:
        cells = zip(missing, zip(*frame.rows(), strict=True), strict=True) if frame.height else ()
        return np.array([sum((text or "") not in texts for text in column) for texts, column in cells], np.int64)
    lacking = (
        column.null_count() + (0 if column.name in filled else (column == "").sum())  # as nearly everywhere
        if texts == ("",)
        else column.fill_null("").is_in(list(texts)).sum()
        for texts, column in zip(missing, frame.get_columns(), strict=True)
    )
    return frame.height - np.fromiter(lacking, np.int64, frame.width)


def _is_known(plan: FilePlan, reference: Key, cells: CheckedCells, unread: BadRows) -> bool:
    """Whether a foreign key is seen to have few distinct values, all of which are the parent's."""
    parent, name = plan.table.parents.get(reference.parent), reference.column
    if parent is None or name is None or name not in cells.distinct or name in unread:
        return False
    values = cells.distinct[name].to_frame().select(present(name, plan.missing[name]))
    return parent.places(hash_blocks(values, [(reference.fields, None)])[0].hashes, known=False) is None


def _bad_rows(excused: BadRows, failures: Iterable[CellFailure]) -> BadRows:
    bad = dict(excused)
    for failure in failures:
        name = failure.plan.field.name
        bad[name] = np.union1d(bad[name], failure.rows) if name in bad else failure.rows
    return bad


def _union(parts: Iterable[Rows]) -> Rows | None:
    """All rows, rising, each once; None where there is no part."""
    every = list(parts)
    return np.unique(np.concatenate(every)) if every else None


def _cell_group(failure: CellFailure) -> Group:
    rule, constraint = failure.problem
    plan, texts = failure.plan, failure.texts

    def words(at: int) -> Words:
        text = texts[at] or None
        return replace(explain(plan, failure.problem, text), value=text and without_mark(text))

    return Group(
        rule,
        failure.rows,
        words,
        column=plan.field.name,
        field_number=plan.number,
        constraint=constraint,
        causes=lambda: causes_in(plan, failure.problem, texts),
    )


def _null_parts(plan: FilePlan, values: pl.DataFrame, bad: BadRows) -> list[Group]:
    """The rows that lack a part of their primary key."""
    groups = []
    for name in (name for name in plan.primary_key if values[name].null_count()):
        rows = values[name].is_null().arg_true().cast(pl.Int64).to_numpy()
        rows = rows[~np.isin(rows, bad.get(name, ()))]
        if len(rows):
            words = fixed(f"`{name}` is part of the primary key and is empty", "fill the cell in")
            groups.append(Group("primary-key", rows, words, column=name, field_number=plan.positions[name]))
    return groups


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


def _typed_rows(
    plan: FilePlan, block: TextBlock, values: pl.DataFrame, absent: Sequence[int], bad: BadRows
) -> TypedRows:
    """The rows as values; a field that the file lacks is missing and bad everywhere."""
    rows = np.setdiff1d(np.arange(values.height, dtype=np.int64), absent, assume_unique=True)
    keep = values[rows.tolist()] if absent else values
    held = [item for item in plan.typed_fields if item.name in values.columns]
    frame = keep.lazy().select(typed(item).alias(item.name) for item in held).collect()
    nothing = pl.Series([None] * len(rows))
    columns = {
        item.name: frame[item.name] if item in held else nothing.cast(dtype_of(item)) for item in plan.typed_fields
    }
    is_bad = {
        name: pl.Series(name, np.isin(rows, bad[name]) if name in values.columns else np.ones(len(rows), np.bool_))
        for name in columns
        if name not in values.columns or len(bad.get(name, ()))
    }
    lines = block.line_numbers[rows] if plan.table.rules.keeps_typed else rows[:0]
    return TypedRows(pl.DataFrame(columns), is_bad, Records(rows, lines, keep.select(plan.primary_key)))
