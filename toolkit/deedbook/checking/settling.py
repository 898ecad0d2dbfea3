"""What needs all rows of a table: repeated keys, and foreign keys into a table that was not complete yet.

The first pass kept a hash a row. Only rows whose hash gives cause are read again, and judged on their values.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

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
from deedbook.reading.blocks import NEWLINE, Cutter, cut_out, record_ends
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.pipeline import Done, in_order, run
from deedbook.reading.records import read_header, read_records, to_text_block
from deedbook.reading.source import ByteStream, SourceError
from deedbook.reading.tables import present
from deedbook.reading.text import IrregularError, Layout, is_regular, read_block

_RULES = {
    "primary-key": ("the primary key", "give the row a key of its own, or delete it"),
    "unique-key": ("the unique key", "change one of the two rows"),
    "unique-error": ("the value", "change one of the two values"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Records of a file that are read again.

    Attributes:
        plan: How the file is checked.
        records: Their numbers, that of the file in the bits above `FILE_SHIFT`.
        frame: Their text columns.
        lines: The lines on which they start.
    """

    plan: BlockPlan
    records: Rows
    frame: pl.DataFrame
    lines: Rows


def revisit(outcome: TableOutcome, wanted: Rows) -> Iterator[Visit]:
    """The wanted records, in order."""
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
        if isinstance(stream, io.FileIO) and layout.is_regular and 2 * len(held) < len(starts):
            pieces = (outcome.pieces[number][at] for at in held)
            asked = ((piece, _within(wanted, piece.row, piece.height)) for piece in pieces)
            path = Path(stream.name)
            found = in_order(asked, lambda item: _read_piece(*item, layout, path), workers=task.workers)
        else:
            found = _read_all(outcome, number, stream, wanted)
        for rows, frame, lines in found:
            yield Visit(plan, rows + (number << FILE_SHIFT), frame, lines)


Found = tuple[Rows, pl.DataFrame, Rows]
"""Rows of a file, their text columns, and their lines."""


def _within(wanted: Rows, row: int, height: int) -> Rows:
    return wanted[(wanted >= row) & (wanted < row + height)]


def _bytes_of(path: Path, piece: Piece) -> bytes:
    with path.open("rb", buffering=0) as stream:
        stream.seek(piece.offset)
        return stream.read(piece.size)


def _read_piece(piece: Piece, wanted: Rows, layout: Layout, path: Path) -> Found:
    """The wanted rows of a piece of the file at a path.

    Raises:
        ProjectError: when the piece is not what it was.
    """
    data, rows = _bytes_of(path, piece), wanted - piece.row
    try:
        ends = (
            record_ends(data, layout.dialect.quote_char.encode()) if is_regular(data, layout) else np.empty(0, np.int64)
        )
        if len(ends) != piece.height:
            raise IrregularError
        frame = read_block(cut_out(data, ends, rows), layout).frame
        starts = np.concatenate(([0], ends[:-1]))[rows]
        is_newline = np.frombuffer(data, np.uint8) == NEWLINE
        lines = np.cumsum([np.count_nonzero(part) for part in np.split(is_newline, starts)[:-1]])
    except IrregularError:
        block = to_text_block(read_records(data, layout.dialect, lambda _size: b"", limit=piece.height), layout)
        if block.frame.height != piece.height:
            raise ProjectError(f"{path}: the file changed while it was read", "validate it again") from None
        frame, lines = block.frame[rows], block.line_numbers[rows]
    return wanted, frame, lines + piece.line


def _read_all(outcome: TableOutcome, number: int, stream: ByteStream, wanted: Rows) -> Iterator[Found]:
    """The wanted rows out of a whole file."""
    task, (plan, layout) = outcome.task, outcome.plans[number]
    cutter = Cutter(stream, dialect_of(task.resource), task.block_size)
    first, _ = next(iter(outcome.plans.values()))
    known = None if first is plan else [column.label for column in first.columns]
    header = read_header(cutter, dialect_of(task.resource), known)
    row, line = header.row, header.line
    blocks = run(cutter, layout, lambda block: block, workers=task.workers)
    while row <= wanted[-1]:
        try:
            done = next(blocks, None)
        except SourceError:  # said when the rows before were read for the first time
            break
        if not isinstance(done, Done):
            break
        block = done.result
        here = _within(wanted, row, block.frame.height)
        if len(here):
            yield here, block.frame[(here - row).tolist()], block.line_numbers[here - row] + line
        row, line = row + block.frame.height, line + block.newlines


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
    if candidates is None:
        return
    parts = []
    visits = revisit(outcome, candidates)
    kept = list(visits) if len(candidates) <= _KEPT else None
    for visit in visits if kept is None else kept:
        values = visit.frame.select(present(name, visit.plan.missing[name]) for name in key.names)
        parts.append(values.select(key_texts(key.fields)).with_columns(record=pl.Series(visit.records)))
    if not parts:
        return
    names = [f"k{at}" for at in range(len(key.names))]
    repeated = (
        pl.concat(parts)
        .drop_nulls()
        .with_columns(earliest=pl.col("record").min().over(names))
        .filter(pl.col("record") > pl.col("earliest"))
    )
    guilty = repeated["record"].to_numpy()
    for visit in (revisit(outcome, guilty) if kept is None else kept) if len(guilty) else ():
        rows = np.flatnonzero(np.isin(visit.records, guilty))
        if len(rows):
            _report(outcome, visit, _repeated_group(outcome, key, repeated, visit, rows))


_KEPT = 100_000
"""Records that are rather kept than read a third time."""


def _repeated_group(outcome: TableOutcome, key: Key, repeated: pl.DataFrame, visit: Visit, rows: Rows) -> Group:
    mine = repeated.filter(pl.col("record").is_in(pl.Series(visit.records[rows]).implode()))
    what, hint = _RULES[key.kind]
    names = [f"k{at}" for at in range(len(key.names))]

    def words(at: int) -> tuple[str, str, str | None]:
        row = mine.row(at, named=True)
        value = ", ".join(row[name] for name in names)
        return f"{what} `{shorten(value)}` was already used in {_place(outcome, row['earliest'])}", hint, value

    column = key.names[0] if len(key.names) == 1 else None
    number = visit.plan.number_of(key.names[0]) if column else None
    return Group(key.kind, rows, words, column=column, field_number=number)


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
        if misses is None:
            continue
        for visit in revisit(outcome, misses):
            values = visit.frame.select(reference.key.fields)
            rows = np.arange(values.height, dtype=np.int64)
            _report(outcome, visit, missing_parent_group(reference, rows, values, visit.plan))
        outcome.has_cell_errors = True


def _report(outcome: TableOutcome, visit: Visit, group: Group) -> None:
    """Puts a group whose rows count in a visit into the ledger."""
    collected = collect([group], visit.frame, visit.plan.settings, lambda row: int(visit.lines[row]))
    outcome.ledger.add(collected.renumbered(visit.records & ((1 << FILE_SHIFT) - 1)), 0, 0)
