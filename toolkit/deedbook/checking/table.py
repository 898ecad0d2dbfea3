"""One table from its files to findings: opens the files, matches the header, and reads every block once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from deedbook.checking.blockwork import (
    BlockPlan,
    BlockResult,
    RowRules,
    TypedRows,
    check_block,
)
from deedbook.checking.cells import plan_fields
from deedbook.checking.collecting import Collecting, Ledger
from deedbook.checking.declared import check_declared
from deedbook.checking.header import Header, match_header
from deedbook.checking.keys import HashLog, HashSet, Key, Reference, unique_keys
from deedbook.checking.spilling import Shelf
from deedbook.descriptor import Resource, is_remote
from deedbook.findings import Check, Finding, NotChecked, TableStats
from deedbook.reading.blocks import BLOCK_SIZE, Cutter
from deedbook.reading.inputs import dialect_of, is_foreign, open_table
from deedbook.reading.pipeline import run
from deedbook.reading.records import Unclosed, read_header
from deedbook.reading.source import SourceError
from deedbook.reading.text import Layout
from deedbook.schema import TableSchema

SMALLEST_SHARE = 2 << 20
"""Bytes below which a block is not made smaller to give every thread one."""
FILE_SHIFT = 40
"""A record of a table is known by its file's number, shifted by this, plus its record number in the file."""


@dataclass(frozen=True, slots=True)
class TableTask:
    """What to check in one table.

    Attributes:
        references: Foreign keys, with the parents' hashes where the parent is complete.
        referred: Keys that other tables refer to.
        typed_fields: Names of the fields that rules read; all of them are kept when `keeps_typed`.
    """

    resource: Resource
    schema: TableSchema
    settings: Collecting
    shelf: Shelf
    references: tuple[Reference, ...] = ()
    parents: tuple[HashSet | None, ...] = ()
    referred: tuple[Key, ...] = ()
    row_rules: RowRules | None = None
    typed_names: tuple[str, ...] = ()
    keeps_typed: bool = False
    warns_of_bytes: bool = False
    lenient: bool = False
    workers: int | None = None
    block_size: int = BLOCK_SIZE
    max_unpacked: int = 16 << 30
    progress: Callable[[int], None] = lambda _size: None


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
        hashes: For each referred key, its hashes.
        waiting: For each foreign key whose parent was not complete, the hashes to look up later.
        typed: The typed blocks with the first record and line of each, when they are kept.
        plans: How each file was read; `pieces` the pieces that it was read in.
        is_unread: Whether some rows could not be read at all.
    """

    task: TableTask
    ledger: Ledger
    stats: TableStats
    checked: list[Check] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    logs: dict[Key, HashLog] = field(default_factory=dict)
    waiting: list[HashLog | None] = field(default_factory=list)
    typed: list[tuple[int, int, TypedRows]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    plans: dict[int, tuple[BlockPlan, Layout]] = field(default_factory=dict)
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    has_cell_errors: bool = False
    is_unread: bool = False

    def number_of(self, name: str) -> int | None:
        """The position of a field in the first file."""
        return self.plans[0][0].number_of(name) if 0 in self.plans else None


def check_table(task: TableTask, ledger: Ledger) -> TableOutcome:
    """Reads a table once; `settling` does what needs all of its rows."""
    keys = tuple(dict.fromkeys([*unique_keys(task.schema), *task.referred]))
    outcome = TableOutcome(task, ledger, TableStats(task.resource.name, ", ".join(task.resource.paths), 0, 0, 0))
    outcome.logs = {key: HashLog(task.shelf) for key in keys}
    outcome.waiting = [None if parent is not None else HashLog(task.shelf) for parent in task.parents]
    rows = cells = size = 0
    labels: list[str] | None = None
    _refuse_remote(outcome)
    if not task.resource.is_table:
        outcome.is_unread = True
        _judge_file(outcome, None)
        return outcome
    for number, file in enumerate(task.resource.sources):
        try:
            with open_table(task.resource, file, max_unpacked=task.max_unpacked) as stream:
                cutter = Cutter(stream, dialect_of(task.resource), _block_size(task, file))
                opened = _open_file(task, cutter, outcome, number, labels)
                if opened is None:
                    continue
                labels, plan, layout, first_row, first_line = opened
                done = _read_blocks(task, cutter, outcome, plan, layout, number, first_row, first_line)
                rows, cells, size = rows + done[0], cells + done[0] * len(plan.columns), size + done[1]
        except SourceError as error:
            outcome.is_unread = True
            _say(outcome, number, error.rule, error.message, error.hint)
    outcome.stats = replace(outcome.stats, rows=rows, cells=cells, bytes=size)
    _judge_file(outcome, rows)
    return outcome


def _judge_file(outcome: TableOutcome, rows: int | None) -> None:
    """Checks what is declared of the files as a whole."""
    table = outcome.task.resource.name
    declared = check_declared(outcome.task.resource, rows)
    for problem in declared.problems:
        _say(outcome, 0, problem.rule, problem.message, problem.hint)
    outcome.checked += [Check(table, name) for name in declared.checked]
    outcome.not_checked += [NotChecked(table, name, reason) for name, reason in declared.not_checked]


def _block_size(task: TableTask, file: Path | None) -> int:
    """Bytes of a block: small enough that a file of a few megabytes keeps every thread busy."""
    size = file.stat().st_size if file and file.is_file() and not task.resource.compression else task.block_size
    return min(task.block_size, max(SMALLEST_SHARE, size // 16))


def _refuse_remote(outcome: TableOutcome) -> None:
    for number, path in enumerate(outcome.task.resource.paths if not outcome.task.resource.files else ()):
        if is_remote(path):
            outcome.is_unread = True
            message = f"{path} is on another machine, which was not asked"
            _say(outcome, number, "scheme-error", message, "use --allow-network, or download the file")


def _say(outcome: TableOutcome, number: int, rule: str, message: str, hint: str = "", **place: object) -> None:
    """Reports something about a file."""
    paths = outcome.task.resource.paths
    finding = Finding(
        rule=rule,
        severity="error",
        table=outcome.task.resource.name,
        message=message,
        hint=hint,
        path=paths[number] if number < len(paths) else "",
    )
    outcome.ledger.say(replace(finding, **place))  # type: ignore[arg-type]  # fields of Finding


def _open_file(
    task: TableTask, cutter: Cutter, outcome: TableOutcome, number: int, known: list[str] | None
) -> tuple[list[str] | None, BlockPlan, Layout, int, int] | None:
    """Reads the header of a file; None when its rows cannot be read."""
    dialect = dialect_of(task.resource)
    if cutter.has_bom and task.warns_of_bytes:
        _say(
            outcome,
            number,
            "byte-order-mark",
            "the file starts with a byte-order mark",
            "run `deedbook fmt`",
            severity="warning",
        )
    found = read_header(cutter, dialect, known)
    labels, width, first_row, first_line = found.labels, found.width, found.row, found.line
    if width == 0:
        has_rows = not cutter.is_empty()
        if labels is None and not dialect.header:
            return known, *_plan(task, match_header(None, task.schema, 0), outcome), 1, 1
        message = "the header is blank" if has_rows else "the file is empty, not even a header"
        _say(
            outcome,
            number,
            "blank-header" if has_rows else "source-error",
            message,
            "name the columns in the first row",
        )
        outcome.is_unread = True
        return None
    if labels is None and known is not None:
        labels = known
    header = match_header(labels, task.schema, width)
    if number == 0 or labels != known:
        for problem in header.problems:
            _say(
                outcome,
                number,
                problem.rule,
                problem.message,
                problem.hint,
                column=problem.field or problem.label,
                field_number=problem.number,
                value=problem.label,
            )
    if not header.columns:
        outcome.is_unread = True
        return None
    plan, layout = _plan(task, header, outcome)
    outcome.plans[number] = plan, layout
    if number == 0:
        _list_checks(outcome, plan, header)
    return labels, plan, layout, first_row, first_line


def _plan(task: TableTask, header: Header, outcome: TableOutcome) -> tuple[BlockPlan, Layout]:
    """How the blocks under a header are read and checked."""
    schema = task.schema
    where = task.resource.schema_source or task.resource.name
    fields = tuple(plan_fields(header.columns, schema, where, lenient=task.lenient, native=is_foreign(task.resource)))
    held = {plan.field.name for plan in fields}
    primary = next((key for key in unique_keys(schema) if key.kind == "primary-key"), None)
    usable = tuple(key for key in outcome.logs if held.issuperset(key.names))
    references = [
        (reference, parent)
        for reference, parent in zip(task.references, task.parents, strict=True)
        if held.issuperset(reference.key.fields)
    ]
    key_is_here = primary is not None and held.issuperset(primary.names)
    plan = BlockPlan(
        columns=header.columns,
        fields=fields,
        settings=replace(task.settings, key=primary.names if primary and key_is_here else ()),
        missing={item.name: schema.missing_of(item) for item in schema.fields},
        key=primary if key_is_here else None,
        keys=usable,
        references=tuple(reference for reference, _ in references),
        parents=tuple(parent for _, parent in references),
        typed_fields=tuple(item for item in schema.fields if item.name in task.typed_names),
        keeps_typed=task.keeps_typed,
        row_rules=task.row_rules,
    )
    return plan, Layout(tuple(column.name for column in header.columns), dialect_of(task.resource))


def _list_checks(outcome: TableOutcome, plan: BlockPlan, header: Header) -> None:
    """Says what is enforced on the table, and what is not."""
    table = outcome.task.resource.name
    for checks in plan.fields:
        item = checks.field
        if item.type != "any":
            outcome.checked.append(Check(table, "type", item.name))
        unknown = dict(checks.judge.constraints.unknown)
        outcome.not_checked += [NotChecked(table, name, reason, item.name) for name, reason in unknown.items()]
        names = [name for name, value in item.constraints.items() if name not in unknown and value is not False]
        outcome.checked += [Check(table, name, item.name) for name in names]
        if item.categories:
            outcome.checked.append(Check(table, "categories", item.name))
    for key in plan.keys:
        if key.kind in {"primary-key", "unique-key"}:
            outcome.checked.append(Check(table, key.kind, ", ".join(key.names)))
    outcome.checked += [Check(table, "foreign-key", ", ".join(item.key.fields)) for item in plan.references]
    demanded = {problem.field for problem in header.problems}
    absent = [name for name in header.unmatched if name in demanded]
    outcome.not_checked += [NotChecked(table, "column", "no column of the file is this field", name) for name in absent]
    unusable = [key for key in outcome.logs if key not in plan.keys and key.kind != "reference"]
    outcome.not_checked += [
        NotChecked(table, key.kind, "a column of the key is missing", ", ".join(key.names)) for key in unusable
    ]


def _read_blocks(
    task: TableTask,
    cutter: Cutter,
    outcome: TableOutcome,
    plan: BlockPlan,
    layout: Layout,
    number: int,
    row: int,
    line: int,
) -> tuple[int, int]:
    """Checks every block of a file; returns its rows and bytes."""
    base = number << FILE_SHIFT
    rows = size = 0
    has_return = False
    settings = replace(plan.settings, path=task.resource.paths[number] if task.resource.paths else "")
    plan = replace(plan, settings=settings)
    offset = cutter.position
    pieces = outcome.pieces.setdefault(number, [])
    for done in run(cutter, layout, lambda block: check_block(plan, block), workers=task.workers):
        if isinstance(done, Unclosed):
            _say_unclosed(outcome, number, row, line, done)
            break
        result = done.result
        _merge(outcome, plan, result, base + row, line)
        pieces.append(Piece(row, line, result.height, offset, done.size))
        offset += done.size
        row, line = row + result.height, line + result.newlines
        rows, size = rows + result.height - result.absent, size + done.size
        has_return |= result.has_return
        task.progress(done.size)
    if has_return and task.warns_of_bytes:
        _say(
            outcome,
            number,
            "crlf-line-ends",
            "lines end in a carriage return",
            "run `deedbook fmt`",
            severity="warning",
        )
    return rows, size


def _say_unclosed(outcome: TableOutcome, number: int, row: int, line: int, end: Unclosed) -> None:
    message = (
        "the record is longer than 32 MiB: a quote in it is probably never closed"
        if end.is_long
        else "a quote that opens in this record is never closed"
    )
    _say(
        outcome,
        number,
        "unclosed-quote",
        message,
        "close the quote, or double it inside a quoted cell",
        row=row,
        line=line,
    )
    table = outcome.task.resource.name
    outcome.not_checked.append(NotChecked(table, "rows", f"nothing from row {row} on could be read"))
    outcome.is_unread = True


def _merge(outcome: TableOutcome, plan: BlockPlan, result: BlockResult, first: int, line: int) -> None:
    outcome.ledger.add(result.collected, first & ((1 << FILE_SHIFT) - 1), line)
    for key, hashed in zip(plan.keys, result.hashed, strict=True):
        outcome.logs[key].add(first, hashed)
    waiting = dict(zip(plan.references, result.referring, strict=True))
    for at, reference in enumerate(outcome.task.references):
        log, mine = outcome.waiting[at], waiting.get(reference)
        if log is not None and mine is not None:
            log.add(first, mine)
    if result.typed is not None:
        outcome.typed.append((first, line, result.typed))
    for rule, count in result.skipped.items():
        outcome.skipped[rule] = outcome.skipped.get(rule, 0) + count
    outcome.has_cell_errors |= result.has_cell_errors
