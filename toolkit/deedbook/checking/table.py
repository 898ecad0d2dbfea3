"""One table from its files to findings: opens the files, matches the header, and checks every block once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import polars as pl

from deedbook.checking.batch import ReadFile, SmallFiles
from deedbook.checking.block import BlockResult, TypedRows, check_block
from deedbook.checking.cells import Rows
from deedbook.checking.explanation import group_of
from deedbook.checking.files import Beginning, check_declared
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar, Records
from deedbook.checking.hashes import HashLog
from deedbook.checking.header import FileProblem, Header, match_header
from deedbook.checking.keys import Key
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.descriptor import is_remote
from deedbook.findings import Check, Finding, NotChecked, Severity, TableStats
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import dialect_of, is_foreign, open_table
from deedbook.reading.pipeline import Done, run
from deedbook.reading.records import read_header
from deedbook.reading.source import SourceError, UnclosedError
from deedbook.types import dtype_of


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive records of a file that were read together: the first one and its line, how many, and their bytes."""

    row: int
    line: int
    height: int
    offset: int
    size: int


@dataclass(slots=True)
class Reached:
    """How far the blocks of a file, or of a part of one, are checked.

    Attributes:
        row: The record that comes next, and `line` where it starts.
        present: For each column, the cells that hold a value.
        has_return: Whether a line ends in a carriage return.
        error: What kept the rest from being read; None where everything was.
    """

    row: int
    line: int
    present: Rows
    has_return: bool = False
    error: SourceError | None = None


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

    @property
    def lacking(self) -> set[str]:
        """The fields of the schema that no file of the table has; none where no file could be read."""
        held = {name for file in self.files.values() for name in file.positions}
        return {*self.plan.schema.names} - held if held else set()

    def whole(self) -> TypedRows:
        """The typed blocks of the table as one; a table that could not be read has no rows."""
        schema, blocks = {item.name: dtype_of(item) for item in self.plan.schema.fields}, self.typed
        bad = {}
        for name in sorted({name for rows in blocks for name in rows.bad}):
            good = pl.Series(name, [False])
            bad[name] = pl.concat([it.bad.get(name, good.new_from_index(0, it.frame.height)) for it in blocks])
        frame = pl.concat([pl.DataFrame(schema=schema), *(rows.frame for rows in blocks)])
        return TypedRows(frame, bad, Records.joined([rows.records for rows in blocks]))

    def reason_lost(self, whole: TypedRows) -> str:
        """Why nothing can be said of rules that look into the table; empty when something can."""
        if self.is_unread:
            return f"`{self.name}` could not be read"
        keyed = {name for key in (*self.plan.keys, *self.plan.references) for name in key.names}
        empty = next((name for name, mask in whole.bad.items() if name in keyed and mask.all()), "")
        return f"`{self.name}` has no good cell in `{empty}`" if empty else ""

    def has_whole(self, key: Key) -> bool:
        """Whether every row of the table was read, and has the fields of a key."""
        return not self.is_unread and all(self.number_of(name) is not None for name in key.names)

    def say(
        self,
        file: int,
        problem: FileProblem,
        severity: Severity = "error",
        row: int | None = None,
        line: int | None = None,
    ) -> None:
        """Reports something about a file."""
        finding = Finding(
            rule=problem.rule,
            severity=severity,
            table=self.name,
            message=problem.message,
            path=self.plan.resource.paths[file] if self.plan.resource.paths else "",
            row=row,
            line=None if is_foreign(self.plan.resource) else line,
            column=problem.field or problem.label,
            field_number=problem.number,
            value=problem.label,
            hint=problem.hint,
        )
        self.found.say(finding)

    def advise(self, file: int, rule: str, message: str) -> None:
        """Warns of what `fmt` changes, where there is a project that it works on."""
        if self.plan.has_project:
            self.say(file, FileProblem(rule, message, "run `deedbook fmt`"), severity="warning")

    def not_read(self, file: int, problem: FileProblem, why: str = "", *place: int) -> None:
        """Reports what kept rows of a file from being read, and why nothing is known of them, where that is another thing."""
        self.is_unread = True
        self.say(file, problem, "error", *place)
        if why:
            self.not_checked.append(NotChecked(self.name, "rows", why))

    def take(self, result: BlockResult, file: int, row: int, line: int) -> None:
        """Adds a block whose first record and line are these."""
        first = (file << FILE_SHIFT) + row
        if result.records is not None:
            groups = chain(result.groups, map(group_of, result.failures))
            self.found.add(groups, result.records.from_(first, line))
        for key, hashed in result.hashes.items():
            self.logs[key].add(first, hashed)
        if result.typed is not None:
            self.typed.append(replace(result.typed, records=result.typed.records.from_(first, line)))
        for rule, count in result.skipped.items():
            self.skipped[rule] = self.skipped.get(rule, 0) + count
        self.rows += result.height - result.absent

    @contextmanager
    def failing(self, number: int) -> Iterator[None]:
        """Reports what keeps a file from being read to its end."""
        try:
            yield
        except SourceError as error:
            self.not_read(number, FileProblem(error.rule, error.message, error.hint))

    def read_file(self, cutter: Cutter, number: int, known: list[str] | None, read: Read) -> list[str] | None:
        """Reads the header of a file and has its blocks checked; returns the labels that the next file may repeat."""
        resource = self.plan.resource
        if cutter.has_bom:
            self.advise(number, "byte-order-mark", "the file starts with a byte-order mark")
        first = read_header(cutter, dialect_of(resource), known)
        beginning = Beginning(first, resource, self.plan.schema)
        if cause := beginning.cause(known):
            self.not_read(number, cause, "the file has to be read otherwise first: see its finding")
            return known
        if first.width == 0 and (first.labels is not None or dialect_of(resource).header):
            said = [("blank-header", "the header is blank"), ("source-error", "the file is empty, not even a header")]
            self.not_read(number, FileProblem(*said[cutter.is_empty()], "name the columns in the first row"))
            return known
        if known is not None and not first.head and dialect_of(resource).header:
            message = "the file is empty, while others of the table hold rows"
            problem = FileProblem("source-error", message, "get the file again, or leave it out of `path`")
            self.say(number, problem, "warning")
        labels, header = self.match_labels(beginning, number, known)
        if first.width and not header.columns:
            self.is_unread = True
            return labels
        plan = FilePlan.of(self.plan, number, header.columns)
        if first.width:
            self.begin(plan, header)
        read(self, plan, cutter, Reached(first.row, first.line, np.zeros(len(plan.columns), np.int64)))
        return labels

    def read_small(self, read: ReadFile) -> list[str]:
        """Checks a small file that was read already; returns the labels that the next file may repeat."""
        plan = read.file.plan
        self.begin(plan, plan.table.header)
        done = Done(check_block(plan, read.block, read.seen), len(read.file.data))
        reached = Reached(2, 2, np.zeros(len(plan.columns), np.int64))
        self.take_blocks(plan, [done], read.file.offset, reached)
        self.end_file(plan, reached)
        return list(plan.table.schema.names)

    def begin(self, plan: FilePlan, header: Header) -> None:
        """Notes how a file is read; the first one says what is enforced on the table."""
        self.files[plan.number] = plan
        if plan.number == 0:
            self.checked += plan.checks()
            self.not_checked += plan.unenforced(header)

    def match_labels(
        self, beginning: Beginning, number: int, known: list[str] | None
    ) -> tuple[list[str] | None, Header]:
        """The labels of a file and their columns; what is wrong with them is said, but for those of a header that is repeated."""
        first = beginning.header
        labels = known if first.labels is None else first.labels
        header = match_header(labels, self.plan.schema, first.width, beginning.fits)
        if first.width and (number == 0 or labels != known):
            for problem in header.problems:
                self.say(number, problem)
        return labels, header

    def read_blocks(self, plan: FilePlan, cutter: Cutter, reached: Reached) -> None:
        """Checks every block of a file, whose header was read so far."""
        self.take_blocks(plan, checked_blocks(plan, cutter), cutter.position, reached)
        self.end_file(plan, reached)

    def take_blocks(self, plan: FilePlan, blocks: Iterable[Done[BlockResult]], offset: int, reached: Reached) -> None:
        """Takes every block of a file, or of a part of one, that begins at this byte; an error is left in `reached`."""
        table = plan.table
        pieces = self.pieces.setdefault(plan.number, [])
        try:
            for done in blocks:
                result = done.result
                self.take(result, plan.number, reached.row, reached.line)
                pieces.append(Piece(reached.row, reached.line, result.height, offset, done.size))
                self.cells += (result.height - result.absent) * len(plan.columns)
                self.bytes += done.size
                if result.height > result.absent:
                    reached.present += result.present
                offset, reached.has_return = offset + done.size, reached.has_return or result.has_return
                reached.row, reached.line = reached.row + result.height, reached.line + result.newlines
                table.advance(done.size)
        except SourceError as error:
            reached.error = error

    def end_file(self, plan: FilePlan, reached: Reached) -> None:
        """Says what is known of a file once its blocks are checked.

        Raises:
            SourceError: when something else than a quote that is never closed kept the rest from being read.
        """
        if isinstance(reached.error, UnclosedError):
            message = "a quote that opens in this record is never closed"
            if reached.error.is_long:
                message = "the record is longer than 32 MiB: a quote in it is probably never closed"
            problem = FileProblem(reached.error.rule, message, "close the quote, or double it inside a quoted cell")
            why = f"nothing from row {reached.row} on could be read"
            self.not_read(plan.number, problem, why, reached.row, reached.line)
        elif reached.error is not None:
            raise reached.error
        for column, count in zip(plan.columns, reached.present.tolist(), strict=True):
            if column.field or plan.table.resource.schema is None:
                name = column.field.name if column.field else column.label
                self.present[name] = self.present.get(name, 0) + count
        if reached.has_return:
            self.advise(plan.number, "crlf-line-ends", "lines end in a carriage return")

    def compare_declared(self) -> None:
        """Compares the files with what the descriptor declares of them: their hash, bytes and rows."""
        resource = self.plan.resource
        for name, verdict in check_declared(resource, self.rows if resource.is_table else None):
            if isinstance(verdict, str):
                self.not_checked.append(NotChecked(self.name, name, verdict))
                continue
            self.checked += [Check(self.name, name)] if name else []
            if verdict is not None:
                self.say(0, verdict)

    def list_unenforced(self) -> None:
        """Lists what turned out not to be enforced: patterns that a file gave up, keys into packages that nobody reads."""
        paths, plans = self.plan.resource.paths, self.files.values()
        lost = [
            NotChecked(self.name, name, f"{reason} in {paths[plan.number]}" if len(plans) > 1 else reason, checks.name)
            for plan in plans
            for checks in plan.fields
            for name, reason in checks.constraints.given_up[:1]
        ]
        times = Counter((item.column, item.name) for item in lost)
        self.checked = [item for item in self.checked if times[item.column, item.name] < max(len(plans), 1)]
        self.not_checked += [*lost, *self.plan.unread_references()]


Read = Callable[[TableOutcome, FilePlan, Cutter, Reached], None]
"""Checks the blocks of a file whose header was read, or sees to it that they will be."""


def checked_blocks(plan: FilePlan, cutter: Cutter) -> Iterator[Done[BlockResult]]:
    """The blocks of a file, or of a part of one, each checked."""
    return run(cutter, plan.layout, lambda block: check_block(plan, block), workers=plan.table.options.workers)


def check_table(plan: TablePlan, found: FindingsSoFar, small: SmallFiles) -> TableOutcome:
    """Reads a table once, those of its files that are small together with others; the second pass does what needs all of its rows."""
    outcome = TableOutcome(plan, found)
    outcome.logs = {key: HashLog(plan.spill) for key in (*plan.keys, *filter(plan.waits, plan.references))}
    read_files(outcome, TableOutcome.read_blocks, small)
    outcome.compare_declared()
    return outcome


def read_files(outcome: TableOutcome, read: Read, small: SmallFiles) -> None:
    """Opens every file of a table, matches its header, and has its blocks checked."""
    plan, resource, names = outcome.plan, outcome.plan.resource, sorted(outcome.plan.schema.names)
    for number, path in enumerate(() if resource.files else resource.paths):
        if is_remote(path):
            message = f"{path} is on another machine, which was not asked"
            hint = "use --allow-network, or download the file"
            outcome.not_read(number, FileProblem("scheme-error", message, hint))
    for name, question in plan.schema.questions:
        hint = "correct the schema where it is wrong, and delete this `todo` from its `deedbook.guess`"
        outcome.say(0, FileProblem("open-question", question, hint, field=name or None), severity="warning")
    labels: list[str] | None = None
    for number, file in enumerate(resource.sources if resource.is_table else ()):
        if (labels is None or sorted(labels) == names) and (whole := small.take(plan, number)):
            labels = outcome.read_small(whole)
            continue
        with outcome.failing(number), open_table(resource, file, max_unpacked=plan.options.max_unpacked) as stream:
            cutter = Cutter(stream, dialect_of(resource), plan.block_size(file))
            labels = outcome.read_file(cutter, number, labels, read)
    outcome.is_unread |= not resource.is_table
