"""One table from its files to findings: opens the files, matches the header, and reads every block once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deedbook.checking.block import BlockResult, TypedRows, check_block
from deedbook.checking.cells import plan_fields
from deedbook.checking.files import check_declared, find_cause, labels_fit
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar, Records
from deedbook.checking.hashes import HashLog
from deedbook.checking.header import Header, match_header
from deedbook.checking.keys import Key
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.references import Reference
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
        typed: The typed blocks with the first record and line of each, when they are kept.
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
    logs: dict[Key | Reference, HashLog] = field(default_factory=dict)
    typed: list[tuple[int, int, TypedRows]] = field(default_factory=list)
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
        return TableStats(
            self.name, ", ".join(self.plan.resource.paths), self.rows, self.cells, self.bytes, self.present
        )

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


def check_table(plan: TablePlan, found: FindingsSoFar) -> TableOutcome:
    """Reads a table once; the second pass does what needs all of its rows."""
    outcome, resource = TableOutcome(plan, found), plan.resource
    waiting = (item for item in plan.references if plan.parent_of(item) is None)
    hashed: list[Key | Reference] = [*plan.keys, *waiting]
    outcome.logs = {key: HashLog(plan.spill) for key in hashed}
    for number, path in enumerate(() if resource.files else resource.paths):
        if is_remote(path):
            outcome.is_unread = True
            message = f"{path} is on another machine, which was not asked"
            outcome.say(number, "scheme-error", message, "use --allow-network, or download the file")
    labels: list[str] | None = None
    for number, file in enumerate(resource.sources if resource.is_table else ()):
        size = plan.options.block_size  # small enough that a file of a few megabytes keeps every thread busy
        if file and file.is_file() and not resource.compression:
            size = min(size, max(SMALLEST_SHARE, file.stat().st_size // 16))
        try:
            with open_table(resource, file, max_unpacked=plan.options.max_unpacked) as stream:
                labels = _read_file(outcome, Cutter(stream, dialect_of(resource), size), number, labels)
        except SourceError as error:
            outcome.is_unread = True
            outcome.say(number, error.rule, error.message, error.hint)
    outcome.is_unread |= not resource.is_table
    declared = check_declared(resource, outcome.rows if resource.is_table else None)
    for problem in declared.problems:
        outcome.say(0, problem.rule, problem.message, problem.hint)
    outcome.checked += [Check(resource.name, name) for name in declared.checked]
    outcome.not_checked += [NotChecked(resource.name, name, reason) for name, reason in declared.not_checked]
    return outcome


def _read_file(outcome: TableOutcome, cutter: Cutter, number: int, known: list[str] | None) -> list[str] | None:
    """Reads the header of a file and checks its blocks; returns the labels that the next file may repeat."""
    table = outcome.plan
    dialect = dialect_of(table.resource)
    if cutter.has_bom and table.has_project:
        message = "the file starts with a byte-order mark"
        outcome.say(number, "byte-order-mark", message, "run `deedbook fmt`", severity="warning")
    first = read_header(cutter, dialect, known)
    labels, width = first.labels, first.width
    if cause := find_cause(first, known, table.resource, table.schema):
        outcome.say(number, cause.rule, cause.message, cause.hint, field_number=cause.number)
        reason = "the file has to be read otherwise first: see its finding"
        outcome.not_checked.append(NotChecked(table.resource.name, "rows", reason))
        outcome.is_unread = True
        return known
    if width == 0 and (labels is not None or dialect.header):
        is_empty = cutter.is_empty()
        message = "the file is empty, not even a header" if is_empty else "the header is blank"
        rule = "source-error" if is_empty else "blank-header"
        outcome.say(number, rule, message, "name the columns in the first row")
        outcome.is_unread = True
        return known
    if labels is None:
        labels = known
    header = match_header(labels, table.schema, width, lambda: labels_fit(first, table.resource, table.schema))
    if (number == 0 or labels != known) and width:
        for problem in header.problems:
            outcome.say(
                number,
                problem.rule,
                problem.message,
                problem.hint,
                column=problem.field or problem.label,
                field_number=problem.number,
                value=problem.label,
            )
    if not header.columns and width:
        outcome.is_unread = True
        return labels
    fields = plan_fields(
        header.columns,
        table.schema,
        table.resource.schema_source or table.resource.name,
        lenient=table.options.lenient,
        native=is_foreign(table.resource),
    )
    plan = FilePlan(table, number, header.columns, tuple(fields))
    if width:
        outcome.files[number] = plan
    if number == 0 and width:
        _list_checks(outcome, plan, header)
    _read_blocks(outcome, plan, cutter, first.row, first.line)
    return labels


def _list_checks(outcome: TableOutcome, plan: FilePlan, header: Header) -> None:
    """Says what is enforced on the table, and what is not."""
    checked: list[tuple[str, str]] = []
    not_checked: list[tuple[str, str, str]] = []
    for checks in plan.fields:
        item, unknown = checks.field, dict(checks.constraints.unknown)
        checked += [("type", item.name)] if item.type != "any" else []
        not_checked += [(name, reason, item.name) for name, reason in unknown.items()]
        names = [name for name, value in item.constraints.items() if name not in unknown and value is not False]
        checked += [(name, item.name) for name in (*names, *(["categories"] if item.categories else []))]
    checked += [(key.kind, ", ".join(key.names)) for key in plan.keys if key.kind in {"primary-key", "unique-key"}]
    checked += [("foreign-key", item.columns) for item in plan.references]
    demanded = {problem.field for problem in header.problems}
    not_checked += [
        ("column", "no column of the file is this field", name) for name in header.unmatched if name in demanded
    ]
    not_checked += [
        (key.kind, "a column of the key is missing", ", ".join(key.names))
        for key in plan.table.keys
        if key not in plan.keys and key.kind != "reference"
    ]
    outcome.checked += [Check(outcome.name, *item) for item in checked]
    outcome.not_checked += [NotChecked(outcome.name, *item) for item in not_checked]


def _read_blocks(outcome: TableOutcome, plan: FilePlan, cutter: Cutter, row: int, line: int) -> None:
    """Checks every block of a file, whose first record and line are these."""
    table = plan.table
    offset = cutter.position
    has_return = False
    present = np.zeros(len(plan.columns), np.int64)
    pieces = outcome.pieces.setdefault(plan.number, [])
    try:
        for done in run(cutter, plan.layout, lambda block: check_block(plan, block), workers=table.options.workers):
            result = done.result
            _merge(outcome, result, (plan.number << FILE_SHIFT) + row, line)
            pieces.append(Piece(row, line, result.height, offset, done.size))
            rows = result.height - result.absent
            outcome.rows += rows
            outcome.cells += rows * len(plan.columns)
            outcome.bytes += done.size
            if rows:
                present += result.present
            offset, row, line = offset + done.size, row + result.height, line + result.newlines
            has_return |= result.has_return
            table.advance(done.size)
    except UnclosedError as error:
        message = (
            "the record is longer than 32 MiB: a quote in it is probably never closed"
            if error.is_long
            else "a quote that opens in this record is never closed"
        )
        hint = "close the quote, or double it inside a quoted cell"
        outcome.say(plan.number, error.rule, message, hint, row=row, line=line)
        reason = f"nothing from row {row} on could be read"
        outcome.not_checked.append(NotChecked(outcome.name, "rows", reason))
        outcome.is_unread = True
    for column, count in zip(plan.columns, present.tolist(), strict=True):
        if column.field or table.resource.schema is None:
            name = column.field.name if column.field else column.label
            outcome.present[name] = outcome.present.get(name, 0) + count
    if has_return and table.has_project:
        message = "lines end in a carriage return"
        outcome.say(plan.number, "crlf-line-ends", message, "run `deedbook fmt`", severity="warning")


def _merge(outcome: TableOutcome, result: BlockResult, first: int, line: int) -> None:
    """Adds a block, whose first record and line are these, to what is known of the table."""
    if result.groups:
        numbers = np.arange(first, first + result.height, dtype=np.int64)
        outcome.found.add(result.groups, Records(numbers, result.lines + line, result.keys))
    for key, hashed in result.hashes.items():
        outcome.logs[key].add(first, hashed)
    if result.typed is not None:
        outcome.typed.append((first, line, result.typed))
    for rule, count in result.skipped.items():
        outcome.skipped[rule] = outcome.skipped.get(rule, 0) + count
    outcome.has_cell_errors |= result.has_cell_errors
