"""What needs all rows of a table: repeated keys, and foreign keys into a table that was not complete yet.

The first pass kept a hash a row. Only rows whose hash gives cause are read again, and judged on their values.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from deedbook.checking.blockwork import BlockPlan, missing_parent_group
from deedbook.checking.cells import Rows
from deedbook.checking.collecting import Group, collect
from deedbook.checking.judging import shorten
from deedbook.checking.keys import HashLog, Key, Reference, key_texts
from deedbook.checking.table import FILE_SHIFT, Piece, TableOutcome
from deedbook.errors import ProjectError
from deedbook.findings import Check, NotChecked
from deedbook.reading.blocks import Cutter
from deedbook.reading.header import read_header
from deedbook.reading.opening import dialect_of, open_table
from deedbook.reading.pipeline import Done, run
from deedbook.reading.sequential import read_records, to_text_block
from deedbook.reading.source import ByteStream
from deedbook.reading.tables import present
from deedbook.reading.text import IrregularError, Layout, TextBlock, read_block

_RULES = {
    "primary-key": ("the primary key", "give the row a key of its own, or delete it"),
    "unique-key": ("the unique key", "change one of the two rows"),
    "unique-error": ("the value", "change one of the two values"),
}

Visit = tuple[int, int, BlockPlan, TextBlock, Rows]
"""First record, first line, plan, block, and the wanted rows counted from its start."""


def revisit(outcome: TableOutcome, wanted: Rows) -> Iterator[Visit]:
    """The blocks that hold the wanted records, in order."""
    for number in outcome.plans:
        base = number << FILE_SHIFT
        mine = wanted[(wanted >= base) & (wanted < base + (1 << FILE_SHIFT))] - base
        if len(mine):
            yield from _revisit_file(outcome, number, mine)


def _revisit_file(outcome: TableOutcome, number: int, wanted: Rows) -> Iterator[Visit]:
    task = outcome.task
    plan, layout = outcome.plans[number]
    paths = task.resource.paths
    plan = replace(plan, settings=replace(plan.settings, path=paths[number] if paths else ""))
    with open_table(task.resource, task.resource.sources[number], max_unpacked=task.max_unpacked) as stream:
        starts = np.array([piece.row for piece in outcome.pieces[number]], np.int64)
        held = np.unique(np.searchsorted(starts, wanted, side="right") - 1).tolist()
        pieces = [outcome.pieces[number][at] for at in held]
        if isinstance(stream, io.FileIO) and layout.is_regular and 2 * len(held) < len(starts):
            blocks: Iterator[tuple[int, int, TextBlock]] = (
                (piece.row, piece.line, _read_piece(stream, piece, layout)) for piece in pieces
            )
        else:
            blocks = _read_all(outcome, number, stream)
        for row, line, block in blocks:
            here = wanted[(wanted >= row) & (wanted < row + block.frame.height)] - row
            if len(here):
                yield (number << FILE_SHIFT) + row, line, plan, block, here
            if row + block.frame.height > wanted[-1]:
                break


def _read_piece(stream: io.FileIO, piece: Piece, layout: Layout) -> TextBlock:
    """A piece of a file once more."""
    stream.seek(piece.offset)
    data = stream.read(piece.size)
    try:
        block = read_block(data, layout)
    except IrregularError:
        block = to_text_block(read_records(data, layout.dialect, lambda _size: b"", limit=piece.height), layout)
    if block.frame.height != piece.height:
        raise ProjectError(f"{stream.name}: the file changed while it was read", "validate it again")
    return block


def _read_all(outcome: TableOutcome, number: int, stream: ByteStream) -> Iterator[tuple[int, int, TextBlock]]:
    """The blocks of a file with their first record and line."""
    task, (plan, layout) = outcome.task, outcome.plans[number]
    cutter = Cutter(stream, dialect_of(task.resource), task.block_size)
    first, _ = next(iter(outcome.plans.values()))
    known = None if first is plan else [column.label for column in first.columns]
    _, _, row, line = read_header(cutter, dialect_of(task.resource), known)
    for done in run(cutter, layout, lambda block: block, workers=task.workers):
        if not isinstance(done, Done):
            break
        yield row, line, done.result
        row, line = row + done.result.frame.height, line + done.result.newlines


def list_unenforced(outcome: TableOutcome) -> None:
    """Lists what turned out not to be enforced: patterns that were given up, keys into packages that nobody reads."""
    table = outcome.task.resource.name
    judges = {checks.field.name: checks.judge for plan, _ in outcome.plans.values() for checks in plan.fields}
    for column, judge in judges.items():
        for name, reason in judge.constraints.given_up[:1]:
            outcome.checked = [item for item in outcome.checked if item != Check(table, name, column)]
            outcome.not_checked.append(NotChecked(table, name, reason, column))
    for key in outcome.task.schema.foreign_keys:
        if key.package:
            reason = f"the package {key.package} is not read"
            outcome.not_checked.append(NotChecked(table, "foreign-key", reason, ", ".join(key.fields)))


def settle_unique(outcome: TableOutcome, key: Key) -> None:
    """Reports every row whose key came before."""
    candidates = outcome.logs[key].repeated_rows()
    if not len(candidates):
        return
    parts = []
    for first, _, plan, block, rows in revisit(outcome, candidates):
        values = block.frame[rows.tolist()].select(present(name, plan.missing[name]) for name in key.names)
        texts = values.select(key_texts(key.fields))
        parts.append(texts.with_columns(record=pl.Series(rows + first)))
    if not parts:
        return
    names = [f"k{at}" for at in range(len(key.names))]
    repeated = (
        pl.concat(parts)
        .drop_nulls()
        .with_columns(earliest=pl.col("record").min().over(names))
        .filter(pl.col("record") > pl.col("earliest"))
    )
    if repeated.height:
        _report(
            outcome,
            repeated["record"].to_numpy(),
            lambda plan, rows: _repeated_group(outcome, key, repeated, plan, rows),
        )


def _repeated_group(outcome: TableOutcome, key: Key, repeated: pl.DataFrame, plan: BlockPlan, records: Rows) -> Group:
    mine = repeated.filter(pl.col("record").is_in(pl.Series(records).implode()))
    what, hint = _RULES[key.kind]
    names = [f"k{at}" for at in range(len(key.names))]

    def words(at: int) -> tuple[str, str, str | None]:
        row = mine.row(at, named=True)
        value = ", ".join(row[name] for name in names)
        return f"{what} `{shorten(value)}` was already used in {_place(outcome, row['earliest'])}", hint, value

    column = key.names[0] if len(key.names) == 1 else None
    number = plan.number_of(key.names[0]) if column else None
    return Group(key.kind, records, words, column=column, field_number=number)


def _place(outcome: TableOutcome, record: int) -> str:
    number, row = record >> FILE_SHIFT, record & ((1 << FILE_SHIFT) - 1)
    paths = outcome.task.resource.paths
    return f"row {row}" if len(paths) < 2 else f"row {row} of {paths[number]}"


def settle_references(outcome: TableOutcome, parent_of: Callable[[Reference], HashLog | None]) -> None:
    """Looks up the foreign keys that had to wait in their parents' hashes."""
    for at, log in enumerate(outcome.waiting):
        reference = outcome.task.references[at]
        if log is None or (parent := parent_of(reference)) is None:
            continue
        misses = log.rows_absent_from(parent)
        if not len(misses):
            continue
        for first, line, plan, block, rows in revisit(outcome, misses):
            values = block.frame[rows.tolist()].select(reference.key.fields)
            found = missing_parent_group(reference, rows, values, plan)
            outcome.ledger.add(
                collect([found], block.frame, plan.settings, block.line_of), first & ((1 << FILE_SHIFT) - 1), line
            )
        outcome.has_cell_errors = True


def _report(outcome: TableOutcome, records: Rows, group_of: Callable[[BlockPlan, Rows], Group]) -> None:
    for first, line, plan, block, rows in revisit(outcome, records):
        group = group_of(plan, rows + first)
        local = replace(group, rows=rows)
        outcome.ledger.add(
            collect([local], block.frame, plan.settings, block.line_of), first & ((1 << FILE_SHIFT) - 1), line
        )
