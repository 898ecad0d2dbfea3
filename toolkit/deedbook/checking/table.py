"""One table from its files to findings: opens the files, matches the header, and reads every block once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deedbook.checking.block import BlockResult, TypedRows, check_block
from deedbook.checking.cells import plan_field
from deedbook.checking.files import FileProblem, Header, check_declared, find_cause, labels_fit, match_header
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar
from deedbook.checking.keys import HashLog, Key
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.descriptor import is_remote
from deedbook.findings import Check, Finding, NotChecked, TableStats
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import dialect_of, is_foreign, open_table
from deedbook.reading.pipeline import run
from deedbook.reading.records import read_header
from deedbook.reading.source import SourceError, UnclosedError

SMALLEST_SHARE = 2 << 20
"""Bytes below which a block is not made smaller to give every thread one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive records of a file that were read together: the first one and its line, how many, and their bytes."""

    row: int
    line: int
    height: int
    offset: int
    size: int


@dataclass(slots=True)
class TableOutcome:
    """What is known of a table after its pass.

    Attributes:
        logs: The hashes of each key, and of each foreign key whose parent is not complete.
        typed: The typed blocks, when they are kept.
        skipped: For each rule that ran on blocks, the rows that it did not look at.
        files: How each file was read; `pieces` the pieces that it was read in.
        is_unread: Whether some rows could not be read at all.
    """

    plan: TablePlan
    found: FindingsSoFar
    rows: int = 0
    cells: int = 0
    bytes: int = 0
    present: dict[str, int] = field(default_factory=dict)
    checked: list[Check] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    logs: dict[Key, HashLog] = field(default_factory=dict)
    typed: list[TypedRows] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    files: dict[int, FilePlan] = field(default_factory=dict)
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    has_cell_errors: bool = False
    is_unread: bool = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.plan.resource.name

    @property
    def stats(self) -> TableStats:
        """The size of what was read."""
        path = ", ".join(self.plan.resource.paths)
        return TableStats(self.name, path, self.rows, self.cells, self.bytes, self.present)

    def number_of(self, name: str) -> int | None:
        """The position of a field in the first file."""
        return self.files[0].positions.get(name) if 0 in self.files else None

    def has_whole(self, key: Key) -> bool:
        """Whether every row of the table was read, and has the fields of a key."""
        return not self.is_unread and all(self.number_of(name) is not None for name in key.names)

    def say(self, file: int, rule: str, message: str, hint: str = "", **place: Any) -> None:
        """Reports something about a file: an error, unless `place`, further fields of the finding, says otherwise."""
        paths = self.plan.resource.paths
        path = paths[file] if file < len(paths) else ""
        values = {"severity": "error", "table": self.name, "path": path, **place}
        if is_foreign(self.plan.resource):
            values["line"] = None
        self.found.say(Finding(rule=rule, message=message, hint=hint, **values))

    def advise(self, file: int, rule: str, message: str) -> None:
        """Warns of what `fmt` changes, where there is a project that it works on."""
        if self.plan.has_project:
            self.say(file, rule, message, "run `deedbook fmt`", severity="warning")

    def cannot_read(self, file: int, rule: str, message: str, hint: str, *, rows: str = "", **place: Any) -> None:
        """Reports why rows of a file could not be read; `rows` why nothing is known of them, where that is another thing."""
        self.is_unread = True
        self.say(file, rule, message, hint, **place)
        if rows:
            self.not_checked.append(NotChecked(self.name, "rows", rows))

    def take(self, result: BlockResult, file: int, row: int, line: int) -> None:
        """Adds a block whose first record and line are these."""
        first = (file << FILE_SHIFT) + row
        self.found.add(result.groups, result.records.from_(first, line) if result.groups else result.records)
        for key, hashed in result.hashes.items():
            self.logs[key].add(first, hashed)
        if result.typed is not None:
            self.typed.append(replace(result.typed, records=result.typed.records.from_(first, line)))
        for rule, count in result.skipped.items():
            self.skipped[rule] = self.skipped.get(rule, 0) + count
        self.has_cell_errors |= result.has_cell_errors
        self.rows += result.height - result.absent


def check_table(plan: TablePlan, found: FindingsSoFar) -> TableOutcome:
    """Reads a table once; the second pass does what needs all of its rows."""
    outcome, resource = TableOutcome(plan, found), plan.resource
    outcome.logs = {key: HashLog(plan.spill) for key in (*plan.keys, *filter(plan.waits, plan.references))}
    for number, path in enumerate(() if resource.files else resource.paths):
        if is_remote(path):
            message = f"{path} is on another machine, which was not asked"
            outcome.cannot_read(number, "scheme-error", message, "use --allow-network, or download the file")
    labels: list[str] | None = None
    for number, file in enumerate(resource.sources if resource.is_table else ()):
        size = plan.options.block_size  # small enough that a file of a few megabytes keeps every thread busy
        if file and file.is_file():  # packed, it most likely holds several times as much
            size = min(size, max(SMALLEST_SHARE, file.stat().st_size // (2 if resource.compression else 16)))
        try:
            with open_table(resource, file, max_unpacked=plan.options.max_unpacked) as stream:
                labels = _read_file(outcome, Cutter(stream, dialect_of(resource), size), number, labels)
        except SourceError as error:
            outcome.cannot_read(number, error.rule, error.message, error.hint)
    outcome.is_unread |= not resource.is_table
    for name, verdict in check_declared(resource, outcome.rows if resource.is_table else None):
        if isinstance(verdict, str):
            outcome.not_checked.append(NotChecked(resource.name, name, verdict))
        else:
            outcome.checked += [Check(resource.name, name)] if name else []
        if isinstance(verdict, FileProblem):
            outcome.say(0, verdict.rule, verdict.message, verdict.hint)
    return outcome


def _read_file(outcome: TableOutcome, cutter: Cutter, number: int, known: list[str] | None) -> list[str] | None:
    """Reads the header of a file and checks its blocks; returns the labels that the next file may repeat."""
    table = outcome.plan
    resource, schema, dialect = table.resource, table.schema, dialect_of(table.resource)
    if cutter.has_bom:
        outcome.advise(number, "byte-order-mark", "the file starts with a byte-order mark")
    first = read_header(cutter, dialect, known)
    if cause := find_cause(first, known, resource, schema):
        rows, at = "the file has to be read otherwise first: see its finding", cause.number
        outcome.cannot_read(number, cause.rule, cause.message, cause.hint, rows=rows, field_number=at)
        return known
    if first.width == 0 and (first.labels is not None or dialect.header):
        said = [("blank-header", "the header is blank"), ("source-error", "the file is empty, not even a header")]
        outcome.cannot_read(number, *said[cutter.is_empty()], "name the columns in the first row")
        return known
    labels = known if first.labels is None else first.labels
    header = match_header(labels, schema, first.width, lambda: labels_fit(first, resource, schema))
    for problem in header.problems if first.width and (number == 0 or labels != known) else ():
        place = {"field_number": problem.number, "value": problem.label}
        outcome.say(number, problem.rule, problem.message, problem.hint, column=problem.field or problem.label, **place)
    if first.width and not header.columns:
        outcome.is_unread = True
        return labels
    where, lenient, native = resource.schema_source or resource.name, table.options.lenient, is_foreign(resource)
    described = [(column.number, column.field) for column in header.columns if column.field is not None]
    fields = [
        plan_field(item, schema.missing_of(item), where, number=position, lenient=lenient, native=native)
        for position, item in described
    ]
    plan = FilePlan(table, number, header.columns, tuple(fields))
    if first.width:
        outcome.files[number] = plan
        if number == 0:
            outcome.checked += [Check(outcome.name, *item) for item in _checked(plan)]
            outcome.not_checked += [NotChecked(outcome.name, *item) for item in _not_checked(plan, header)]
    _read_blocks(outcome, plan, cutter, first.row, first.line)
    return labels


def _checked(plan: FilePlan) -> Iterator[tuple[str, str]]:
    """What is enforced on the table: a name and its columns."""
    for checks in plan.fields:
        item, unknown = checks.field, dict(checks.constraints.unknown)
        if item.type != "any":
            yield "type", item.name
        for name, value in item.constraints.items():
            if name not in unknown and value is not False:
                yield name, item.name
        if item.categories:
            yield "categories", item.name
    yield from ((key.kind, key.columns) for key in plan.keys if key.kind in {"primary-key", "unique-key"})
    yield from (("foreign-key", item.columns) for item in plan.references)


def _not_checked(plan: FilePlan, header: Header) -> Iterator[tuple[str, str, str]]:
    """What is declared and cannot be enforced: a name, why, and its columns."""
    for checks in plan.fields:
        for name, reason in dict(checks.constraints.unknown).items():
            yield name, reason, checks.field.name
    demanded = {problem.field for problem in header.problems} - {column.name for column in header.columns}
    for name in plan.table.schema.names:
        if name in demanded:
            yield "column", "no column of the file is this field", name
    for key in plan.table.keys:
        if key not in plan.keys and key.kind != "reference":
            yield key.kind, "a column of the key is missing", key.columns


def _read_blocks(outcome: TableOutcome, plan: FilePlan, cutter: Cutter, row: int, line: int) -> None:
    """Checks every block of a file, whose first record and line are these."""
    table, offset, has_return = plan.table, cutter.position, False
    present = np.zeros(len(plan.columns), np.int64)
    pieces = outcome.pieces.setdefault(plan.number, [])
    try:
        for done in run(cutter, plan.layout, lambda block: check_block(plan, block), workers=table.options.workers):
            result = done.result
            outcome.take(result, plan.number, row, line)
            pieces.append(Piece(row, line, result.height, offset, done.size))
            outcome.cells += (result.height - result.absent) * len(plan.columns)
            outcome.bytes += done.size
            if result.height > result.absent:
                present += result.present
            offset, row, line = offset + done.size, row + result.height, line + result.newlines
            has_return |= result.has_return
            table.advance(done.size)
    except UnclosedError as error:
        message = "a quote that opens in this record is never closed"
        if error.is_long:
            message = "the record is longer than 32 MiB: a quote in it is probably never closed"
        reason, hint = f"nothing from row {row} on could be read", "close the quote, or double it inside a quoted cell"
        outcome.cannot_read(plan.number, error.rule, message, hint, rows=reason, row=row, line=line)
    for column, count in zip(plan.columns, present.tolist(), strict=True):
        if column.field or table.resource.schema is None:
            name = column.field.name if column.field else column.label
            outcome.present[name] = outcome.present.get(name, 0) + count
    if has_return:
        outcome.advise(plan.number, "crlf-line-ends", "lines end in a carriage return")
