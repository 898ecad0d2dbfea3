"""What is done to one block of a table: everything that does not need another block.

`check_block` is a pure function of a plan and a block, so it runs on the main thread, on threads, or on another machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from deedbook.checking.cells import REQUIRED, TYPE_ERROR, CellFailure, CheckedCells, Rows, check_cells
from deedbook.checking.explanation import causes_in, explain
from deedbook.checking.free_text import free_text_groups
from deedbook.checking.group import Group, Words
from deedbook.checking.keys import HashedBlock, Key, hash_blocks
from deedbook.checking.plan import FilePlan
from deedbook.checking.references import Reference
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
    """The rows of a block as values.

    Attributes:
        frame: Typed columns; a missing cell and one of the wrong type are null. Blank records are left out.
        rows: Their positions in the block; `lines` their lines, counted from the block's start.
        bad: For each column with bad cells, where they are.
    """

    frame: pl.DataFrame
    rows: Rows
    lines: Rows
    bad: Mapping[str, pl.Series]
    keys: pl.DataFrame


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What a block is worth to its table; rows and lines count from the block's start.

    Attributes:
        absent: Records that hold no row: blank ones and comments.
        present: For each column, the cells that hold a value.
        lines: The line of each record, and `keys` its primary key's columns, where there are findings that name them.
        hashes: Those of keys, and of foreign keys whose parent is not complete yet.
        skipped: For each rule, the rows that it did not look at.
    """

    height: int
    absent: int
    present: Rows
    newlines: int
    has_return: bool
    has_cell_errors: bool
    groups: list[Group]
    lines: Rows
    keys: pl.DataFrame
    hashes: Mapping[Key | Reference, HashedBlock]
    typed: TypedRows | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)


def check_block(plan: FilePlan, block: TextBlock) -> BlockResult:
    """Structure, cells, keys and row-local rules of one block."""
    structure = check_structure(block, plan.columns, plan.fields, plan.primary_key)
    cells = check_cells(block.frame, plan.fields, structure.excused, plan.hashed_names)
    structure, failures = fold_rows(structure, block, plan.columns, cells.failures)
    bad = _bad_rows(structure.excused, failures)
    unread = _bad_rows(structure.excused, [item for item in failures if item.problem in {TYPE_ERROR, REQUIRED}])
    groups = [*structure.groups, *(_cell_group(failure) for failure in failures)]
    groups += free_text_groups(plan, block.frame, bad)

    sought = [item for item in plan.references if not _is_known(plan, item, cells, unread)]
    hashed: list[Key | Reference] = [*plan.keys, *sought]
    names = {item.name for part in hashed for item in part.fields}
    names.update(item.name for item in plan.typed_fields)
    values = block.frame.select(present(name, plan.missing[name]) for name in block.frame.columns if name in names)
    groups += _null_parts(plan, values, bad)
    asked = [(item.fields, _union(unread, [part.name for part in item.fields])) for item in hashed]
    hashes = dict(zip(hashed, hash_blocks(values, asked, cells.numbers), strict=True))
    for reference in sought:
        if (parent := plan.table.parent_of(reference)) is not None:
            mine = hashes.pop(reference)
            if (places := parent.places(mine.hashes, known=False)) is not None:
                rows = mine.row_numbers(0)[places]
                groups.append(missing_parent_group(plan, reference, rows, values[rows.tolist()]))

    typed_rows = _typed_rows(plan, block, values, structure.absent, bad) if plan.typed_fields else None
    skipped: Mapping[str, int] = {}
    if plan.table.rules.row_rules and typed_rows is not None:
        found, skipped = plan.table.rules.row_rules(typed_rows.frame, typed_rows.bad)
        for group in found:
            number = plan.positions.get(group.column or "")
            groups.append(replace(group, rows=typed_rows.rows[group.rows], field_number=number))
    return BlockResult(
        height=block.frame.height,
        absent=len(structure.absent),
        present=_count_present(plan, block.frame, structure.absent),
        newlines=block.newlines,
        has_return=block.has_return,
        has_cell_errors=bool(failures or structure.groups),
        groups=groups,
        lines=block.line_numbers if groups else np.empty(0, np.int64),
        keys=block.frame.select(plan.primary_key if groups else ()),
        hashes=hashes,
        typed=typed_rows if plan.table.rules.keeps_typed else None,
        skipped=skipped,
    )


def _count_present(plan: FilePlan, frame: pl.DataFrame, absent: Sequence[int]) -> Rows:
    """The cells of each column that hold a value."""
    if absent:
        frame = frame.with_row_index("\0row").filter(~pl.col("\0row").is_in(list(absent))).drop("\0row")
    missing = [plan.missing.get(column.name, ("",)) for column in plan.columns]
    if frame.height < _SHORT:
        cells = zip(missing, zip(*frame.rows(), strict=True), strict=True) if frame.height else ()
        return np.array([sum((text or "") not in texts for text in column) for texts, column in cells], np.int64)
    lacking = (
        column.null_count() + (column == "").sum()  # as nearly everywhere, and a third of the time
        if texts == ("",)
        else column.fill_null("").is_in(list(texts)).sum()
        for texts, column in zip(missing, frame.get_columns(), strict=True)
    )
    return frame.height - np.fromiter(lacking, np.int64, frame.width)


def _is_known(plan: FilePlan, reference: Reference, cells: CheckedCells, unread: BadRows) -> bool:
    """Whether a foreign key is seen to have few distinct values, all of which are the parent's."""
    parent, name = plan.table.parent_of(reference), reference.key.fields[0]
    if parent is None or len(reference.fields) > 1 or name not in cells.distinct or name in unread:
        return False
    values = cells.distinct[name].to_frame().select(present(name, plan.missing[name]))
    return parent.places(hash_blocks(values, [(reference.fields, None)])[0].hashes, known=False) is None


def _bad_rows(excused: BadRows, failures: Sequence[CellFailure]) -> BadRows:
    bad: dict[str, list[Rows]] = {name: [rows] for name, rows in excused.items()}
    for failure in failures:
        bad.setdefault(failure.plan.field.name, []).append(failure.rows)
    return {name: _together(parts) for name, parts in bad.items()}


def _union(bad: BadRows, names: Sequence[str]) -> Rows | None:
    parts = [bad[name] for name in names if name in bad]
    return _together(parts) if parts else None


def _together(parts: Sequence[Rows]) -> Rows:
    """All rows, rising, each once; every part is so already."""
    return np.unique(np.concatenate(parts)) if len(parts) > 1 else parts[0]


def _cell_group(failure: CellFailure) -> Group:
    rule, constraint = failure.problem
    plan, texts = failure.plan, failure.texts

    def words(at: int) -> Words:
        text = texts[at] or None
        said = explain(plan, failure.problem, text)
        return Words(said.message, said.hint, None if text is None else without_mark(text), said.proposal)

    return Group(
        rule,
        failure.rows,
        words,
        column=plan.field.name,
        field_number=plan.column.number,
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


def missing_parent_group(plan: FilePlan, reference: Reference, rows: Rows, values: pl.DataFrame) -> Group:
    """The rows whose foreign key is in no row of the parent; `values` has their texts, aligned with `rows`."""
    texts = values.select(reference.key.fields)
    target = f"`{reference.parent}`.{', '.join(reference.key.reference)}"

    def words(at: int) -> Words:
        value = ", ".join(str(part) for part in texts.row(at))
        return Words(f"`{shorten(value)}` is not in {target}", value=value)

    column = reference.key.fields[0] if len(reference.fields) == 1 else None
    number = plan.positions.get(column or "")
    return Group("foreign-key", rows, words, column=column, field_number=number, reference=reference)


def _typed_rows(
    plan: FilePlan, block: TextBlock, values: pl.DataFrame, absent: Sequence[int], bad: BadRows
) -> TypedRows:
    """The rows as values; a field that the file lacks is missing and bad everywhere."""
    rows = np.setdiff1d(np.arange(values.height, dtype=np.int64), absent, assume_unique=True)
    keep = values if not absent else values[rows.tolist()]
    held = set(values.columns)
    frame = (
        keep.lazy()
        .select(
            typed(item).alias(item.name) if item.name in held else pl.lit(None, dtype_of(item)).alias(item.name)
            for item in plan.typed_fields
        )
        .collect()
    )
    if frame.height != len(rows):  # no column of the file is read
        frame = pl.DataFrame({name: pl.Series(name, [None] * len(rows), dtype) for name, dtype in frame.schema.items()})
    masks = {
        name: pl.Series(name, np.isin(rows, where))
        for name, where in bad.items()
        if name in frame.columns and len(where)
    }
    masks.update({name: pl.Series(name, np.ones(len(rows), np.bool_)) for name in frame.columns if name not in held})
    lines = block.line_numbers[rows] if plan.table.rules.keeps_typed else rows[:0]
    return TypedRows(frame, rows, lines, masks, keep.select(plan.primary_key))
