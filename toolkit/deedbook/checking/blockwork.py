"""What is done to one block of a table: everything that does not need another block.

`check_block` is a pure function of a plan and a block, so it runs on the main thread, on threads, or on another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from deedbook.checking.canonical import dtype_of, typed
from deedbook.checking.cells import CellFailure, CheckedCells, FieldPlan, Rows, check_cells
from deedbook.checking.collecting import Collected, Collecting, Group, collect
from deedbook.checking.header import Column
from deedbook.checking.judging import REQUIRED, TYPE_ERROR, explain, shorten
from deedbook.checking.keys import HashedBlock, HashSet, Key, Reference, hash_blocks
from deedbook.checking.structure import check_structure, fixed
from deedbook.reading.native import without_mark
from deedbook.reading.tables import present
from deedbook.reading.text import TextBlock
from deedbook.schema import Field

RowRules = Callable[[pl.DataFrame, Mapping[str, pl.Series]], tuple[list[Group], Mapping[str, int]]]
"""Runs row-local rules on typed rows and a mask of bad cells: groups whose rows count in that frame, and rows skipped by rule."""


@dataclass(frozen=True)
class BlockPlan:
    """All that the blocks of a table share.

    Attributes:
        keys: Keys whose hashes are collected; `references` those that are looked up in `parents` at once, or collected
            when the parent is not complete yet (its entry is None).
        typed_fields: Fields whose typed values rules need, of this block or of the whole table.
        keeps_typed: Whether the typed rows are handed back for rules that need the whole table.
    """

    columns: tuple[Column, ...]
    fields: tuple[FieldPlan, ...]
    settings: Collecting
    missing: Mapping[str, tuple[str, ...]]
    key: Key | None = None
    keys: tuple[Key, ...] = ()
    references: tuple[Reference, ...] = ()
    parents: tuple[HashSet | None, ...] = ()
    typed_fields: tuple[Field, ...] = ()
    keeps_typed: bool = False
    row_rules: RowRules | None = None

    @cached_property
    def hashed_names(self) -> frozenset[str]:
        """Those of which every row is hashed; a foreign key of one field is looked up once for each value, where these are few."""
        whole = (
            reference.key.fields
            for reference, parent in zip(self.references, self.parents, strict=True)
            if parent is None or len(reference.key.fields) > 1
        )
        return frozenset(name for names in (*(key.names for key in self.keys), *whole) for name in names)

    def number_of(self, name: str) -> int | None:
        """The position of a field in the file."""
        return next((column.number for column in self.columns if column.name == name), None)


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
    """What a block is worth to its table; rows and lines count from the block's start."""

    height: int
    absent: int
    newlines: int
    collected: Collected
    hashed: tuple[HashedBlock, ...] = ()
    referring: tuple[HashedBlock | None, ...] = ()
    typed: TypedRows | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)
    has_cell_errors: bool = False
    has_return: bool = False


def check_block(plan: BlockPlan, block: TextBlock) -> BlockResult:
    """Structure, cells, keys and row-local rules of one block."""
    structure = check_structure(block, plan.columns)
    cells = check_cells(block.frame, plan.fields, structure.excused, plan.hashed_names)
    bad = _bad_rows(structure.excused, cells.failures)
    unread = _bad_rows(
        structure.excused, [failure for failure in cells.failures if failure.problem in {TYPE_ERROR, REQUIRED}]
    )
    groups = [*structure.groups, *(_cell_group(failure) for failure in cells.failures)]
    sought = [at for at in range(len(plan.references)) if not _is_known(plan, at, cells, unread)]
    values = _present(block.frame, plan, [plan.references[at] for at in sought])
    for key in (key for key in plan.keys if key.kind == "primary-key"):
        groups += _null_parts(key, values, bad, plan)
    hashed, referring = _hash_keys(plan, sought, values, cells, unread)
    groups += _missing_parents(plan, referring, values)
    typed_rows = _typed_rows(values, structure.absent, block, bad, plan) if plan.typed_fields else None
    skipped: Mapping[str, int] = {}
    if plan.row_rules and typed_rows is not None:
        found, skipped = plan.row_rules(typed_rows.frame, typed_rows.bad)
        groups += [_moved(group, typed_rows.rows, plan) for group in found]
    return BlockResult(
        height=block.frame.height,
        absent=len(structure.absent),
        newlines=block.newlines,
        collected=collect(groups, block.frame, plan.settings, block.line_of) if groups else Collected(),
        hashed=hashed,
        referring=tuple(None if parent else referring.get(at) for at, parent in enumerate(plan.parents)),
        typed=typed_rows if plan.keeps_typed else None,
        skipped=skipped,
        has_cell_errors=bool(cells.failures or structure.groups),
        has_return=block.has_return,
    )


def _is_known(plan: BlockPlan, at: int, cells: CheckedCells, unread: Mapping[str, Rows]) -> bool:
    """Whether a foreign key is seen to have few distinct values, all of which are the parent's."""
    reference, parent = plan.references[at], plan.parents[at]
    name = reference.key.fields[0]
    if parent is None or len(reference.key.fields) > 1 or name not in cells.distinct or name in unread:
        return False
    values = cells.distinct[name].to_frame().select(present(name, plan.missing[name]))
    return parent.places(hash_blocks(values, [(reference.fields, None)])[0].hashes, known=False) is None


def _hash_keys(
    plan: BlockPlan, sought: Sequence[int], values: pl.DataFrame, cells: CheckedCells, unread: Mapping[str, Rows]
) -> tuple[tuple[HashedBlock, ...], dict[int, HashedBlock]]:
    """The hashes of the keys, and of the references of these numbers."""
    keys = [(key.fields, _union(unread, key.names)) for key in plan.keys]
    chosen = (plan.references[at] for at in sought)
    keys += [(reference.fields, _union(unread, reference.key.fields)) for reference in chosen]
    found = hash_blocks(values, keys, cells.numbers)
    return tuple(found[: len(plan.keys)]), dict(zip(sought, found[len(plan.keys) :], strict=True))


def _missing_parents(plan: BlockPlan, referring: Mapping[int, HashedBlock], values: pl.DataFrame) -> list[Group]:
    """The rows whose foreign key is not among the hashes of a parent that is complete."""
    groups = []
    for at, mine in referring.items():
        reference, parent = plan.references[at], plan.parents[at]
        places = parent.places(mine.hashes, known=False) if parent else None
        if places is not None:
            rows = mine.row_numbers(0)[places]
            texts = values[rows.tolist()].select(reference.key.fields)
            groups.append(missing_parent_group(reference, rows, texts, plan))
    return groups


def _present(frame: pl.DataFrame, plan: BlockPlan, references: Sequence[Reference]) -> pl.DataFrame:
    """The columns that keys, these references and rules read, missing values as null."""
    names = {name for key in plan.keys for name in key.names}
    names.update(*(reference.key.fields for reference in references), (item.name for item in plan.typed_fields))
    return frame.select(present(name, plan.missing[name]) for name in frame.columns if name in names)


def _bad_rows(excused: Mapping[str, Rows], failures: Sequence[CellFailure]) -> dict[str, Rows]:
    bad: dict[str, list[Rows]] = {name: [rows] for name, rows in excused.items()}
    for failure in failures:
        bad.setdefault(failure.plan.field.name, []).append(failure.rows)
    return {name: _together(parts) for name, parts in bad.items()}


def _union(bad: Mapping[str, Rows], names: Sequence[str]) -> Rows | None:
    parts = [bad[name] for name in names if name in bad]
    return _together(parts) if parts else None


def _together(parts: Sequence[Rows]) -> Rows:
    """All rows, rising, each once; every part is so already."""
    return np.unique(np.concatenate(parts)) if len(parts) > 1 else parts[0]


def _cell_group(failure: CellFailure) -> Group:
    rule, constraint = failure.problem
    field_, texts = failure.plan.field, failure.texts

    def words(at: int) -> tuple[str, str, str | None]:
        text = texts[at] or None
        message, hint = explain(field_, failure.problem, text)
        return message, hint, None if text is None else without_mark(text)

    return Group(
        rule, failure.rows, words, column=field_.name, field_number=failure.plan.column.number, constraint=constraint
    )


def _null_parts(key: Key, values: pl.DataFrame, bad: Mapping[str, Rows], plan: BlockPlan) -> list[Group]:
    groups = []
    for name in (name for name in key.names if values[name].null_count()):
        rows = values[name].is_null().arg_true().cast(pl.Int64).to_numpy()
        rows = rows[~np.isin(rows, bad.get(name, ()))]
        if len(rows):
            words = fixed(f"`{name}` is part of the primary key and is empty", "fill the cell in")
            groups.append(Group("primary-key", rows, words, column=name, field_number=plan.number_of(name)))
    return groups


def missing_parent_group(reference: Reference, rows: Rows, values: pl.DataFrame, plan: BlockPlan) -> Group:
    """The rows whose foreign key is in no row of the parent; `values` has their key texts, aligned with `rows`."""
    names = reference.key.fields
    target = f"`{reference.parent}`.{', '.join(reference.key.reference)}"  # `suggest` reads it

    def words(at: int) -> tuple[str, str, str | None]:
        value = ", ".join(str(part) for part in values.row(at))
        return f"`{shorten(value)}` is not in {target}", "", value

    column = names[0] if len(names) == 1 else None
    number = plan.number_of(names[0]) if column else None
    return Group("foreign-key", rows, words, column=column, field_number=number)


def _typed_rows(
    values: pl.DataFrame, absent: Sequence[int], block: TextBlock, bad: Mapping[str, Rows], plan: BlockPlan
) -> TypedRows:
    """The rows as values; a field that the file lacks is missing and bad everywhere."""
    rows = np.setdiff1d(np.arange(values.height, dtype=np.int64), absent, assume_unique=True)
    key_names = plan.key.names if plan.key else ()
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
    lines = block.line_numbers[rows] if plan.keeps_typed else rows[:0]
    return TypedRows(frame, rows, lines, masks, keep.select(key_names))


def _moved(group: Group, rows: Rows, plan: BlockPlan) -> Group:
    """A group whose rows count in the typed frame, with rows that count in the block."""
    return replace(group, rows=rows[group.rows], field_number=plan.number_of(group.column or ""))
