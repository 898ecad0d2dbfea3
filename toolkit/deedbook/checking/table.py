"""One table from its files to findings: opens the files, matches the header, and checks every block once.

`check_block` does everything that does not need another block. It is a pure function of a plan and a block, so it runs on the main
thread, on threads, or on another machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import polars as pl

from deedbook.checking.cells import REQUIRED, TYPE_ERROR, CellFailure, CheckedCells, Rows, check_cells, plan_field
from deedbook.checking.explanation import causes_in, explain
from deedbook.checking.files import Beginning, check_declared
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar, Group, Records, Words
from deedbook.checking.header import FileProblem, Header, match_header
from deedbook.checking.keys import HashedBlock, HashLog, Key, hash_blocks
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.spellings import free_text_groups
from deedbook.checking.structure import check_structure, fixed, fold_rows
from deedbook.descriptor import is_remote
from deedbook.findings import Check, Finding, NotChecked, Severity, TableStats, shorten
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import dialect_of, is_foreign, open_table
from deedbook.reading.pipeline import run
from deedbook.reading.records import read_header
from deedbook.reading.source import SourceError, UnclosedError
from deedbook.reading.tables import present
from deedbook.reading.text import TextBlock
from deedbook.schema import Field
from deedbook.types import dtype_of, typed, without_mark

SMALLEST_SHARE = 2 << 20
"""Bytes below which a block is not made smaller to give every thread one."""
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
        failures: The cells that break a rule, of which groups are made one by one: of 100,000 columns they would take 100 MB.
        records: Where its rows stand, as far as there are findings.
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
    records: Records
    typed: TypedRows | None
    skipped: Mapping[str, int]


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
        if result.groups or result.failures:
            groups = chain(result.groups, map(_cell_group, result.failures))
            self.found.add(groups, result.records.from_(first, line))
        for key, hashed in result.hashes.items():
            self.logs[key].add(first, hashed)
        if result.typed is not None:
            self.typed.append(replace(result.typed, records=result.typed.records.from_(first, line)))
        for rule, count in result.skipped.items():
            self.skipped[rule] = self.skipped.get(rule, 0) + count
        self.rows += result.height - result.absent


def check_table(plan: TablePlan, found: FindingsSoFar) -> TableOutcome:
    """Reads a table once; the second pass does what needs all of its rows."""
    outcome, resource = TableOutcome(plan, found), plan.resource
    outcome.logs = {key: HashLog(plan.spill) for key in (*plan.keys, *filter(plan.waits, plan.references))}
    for number, path in enumerate(() if resource.files else resource.paths):
        if is_remote(path):
            message = f"{path} is on another machine, which was not asked"
            hint = "use --allow-network, or download the file"
            outcome.not_read(number, FileProblem("scheme-error", message, hint))
    labels: list[str] | None = None
    for number, file in enumerate(resource.sources if resource.is_table else ()):
        size = plan.options.block_size  # small enough that a file of a few megabytes keeps every thread busy
        if file and file.is_file():  # packed, it most likely holds several times as much
            size = min(size, max(SMALLEST_SHARE, file.stat().st_size // (2 if resource.compression else 16)))
        try:
            with open_table(resource, file, max_unpacked=plan.options.max_unpacked) as stream:
                labels = _read_file(outcome, Cutter(stream, dialect_of(resource), size), number, labels)
        except SourceError as error:
            outcome.not_read(number, FileProblem(error.rule, error.message, error.hint))
    outcome.is_unread |= not resource.is_table
    for name, verdict in check_declared(resource, outcome.rows if resource.is_table else None):
        if isinstance(verdict, str):
            outcome.not_checked.append(NotChecked(resource.name, name, verdict))
            continue
        outcome.checked += [Check(resource.name, name)] if name else []
        if verdict is not None:
            outcome.say(0, verdict)
    return outcome


def _read_file(outcome: TableOutcome, cutter: Cutter, number: int, known: list[str] | None) -> list[str] | None:
    """Reads the header of a file and checks its blocks; returns the labels that the next file may repeat."""
    resource, schema, options = outcome.plan.resource, outcome.plan.schema, outcome.plan.options
    if cutter.has_bom:
        outcome.advise(number, "byte-order-mark", "the file starts with a byte-order mark")
    first = read_header(cutter, dialect_of(resource), known)
    beginning = Beginning(first, resource, schema)
    if cause := beginning.cause(known):
        outcome.not_read(number, cause, "the file has to be read otherwise first: see its finding")
        return known
    if first.width == 0 and (first.labels is not None or dialect_of(resource).header):
        said = [("blank-header", "the header is blank"), ("source-error", "the file is empty, not even a header")]
        outcome.not_read(number, FileProblem(*said[cutter.is_empty()], "name the columns in the first row"))
        return known
    labels = known if first.labels is None else first.labels
    header = match_header(labels, schema, first.width, beginning.fits)
    for problem in header.problems if first.width and (number == 0 or labels != known) else ():
        outcome.say(number, problem)
    if first.width and not header.columns:
        outcome.is_unread = True
        return labels
    where, native = resource.schema_source or resource.name, is_foreign(resource)
    fields = [
        plan_field(
            it.field, schema.missing_of(it.field), where, number=it.number, lenient=options.lenient, native=native
        )
        for it in header.columns
        if it.field is not None
    ]
    plan = FilePlan(outcome.plan, number, header.columns, tuple(fields))
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
        names = ["type"] * (item.type != "any")
        names += [name for name, value in item.constraints.items() if name not in unknown and value is not False]
        yield from ((name, item.name) for name in names + ["categories"] * bool(item.categories))
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


def list_unenforced(outcome: TableOutcome) -> None:
    """Lists what turned out not to be enforced: patterns that a file gave up, keys into packages that nobody reads."""
    paths, plans = outcome.plan.resource.paths, outcome.files.values()
    lost = [
        NotChecked(outcome.name, name, f"{reason} in {paths[plan.number]}" if len(plans) > 1 else reason, checks.name)
        for plan in plans
        for checks in plan.fields
        for name, reason in checks.constraints.given_up[:1]
    ]
    times = Counter((item.column, item.name) for item in lost)
    outcome.checked = [item for item in outcome.checked if times[item.column, item.name] < max(len(plans), 1)]
    outcome.not_checked += lost
    parents = {item.parent[0] for item in outcome.plan.references}
    for key in outcome.plan.schema.foreign_keys:
        if key.package or (key.resource or outcome.name) not in parents:
            reason = f"it needs the table `{key.resource}`: validate the descriptor that has both"
            if key.package:
                reason = f"the package {key.package} is not read"
            outcome.not_checked.append(NotChecked(outcome.name, "foreign-key", reason, ", ".join(key.fields)))


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
        problem = FileProblem(error.rule, message, "close the quote, or double it inside a quoted cell")
        outcome.not_read(plan.number, problem, f"nothing from row {row} on could be read", row, line)
    for column, count in zip(plan.columns, present.tolist(), strict=True):
        if column.field or table.resource.schema is None:
            name = column.field.name if column.field else column.label
            outcome.present[name] = outcome.present.get(name, 0) + count
    if has_return:
        outcome.advise(plan.number, "crlf-line-ends", "lines end in a carriage return")


def check_block(plan: FilePlan, block: TextBlock) -> BlockResult:
    """Structure, cells, keys and row-local rules of one block."""
    table, frame = plan.table, block.frame
    structure = check_structure(block, plan.columns, plan.fields, plan.primary_key)
    cells = check_cells(frame, plan.fields, structure.excused, plan.hashed_names)
    structure, failures = fold_rows(structure, block, plan.columns, cells.failures)
    bad = _bad_rows(structure.excused, failures)
    unread = _bad_rows(structure.excused, [item for item in failures if item.problem in {TYPE_ERROR, REQUIRED}])
    hashed = [*plan.keys, *(item for item in plan.references if not _is_known(plan, item, cells, unread))]
    read = {item.name for key in hashed for item in key.fields} | {item.name for item in plan.typed_fields}
    values = frame.select(present(name, plan.missing[name]) for name in frame.columns if name in read)
    hashes, missing = _check_keys(plan, hashed, values, cells, unread)
    groups = [*structure.groups, *free_text_groups(plan, frame, bad)]
    groups += [*_null_parts(plan, values, bad), *missing]
    typed_rows = _typed_rows(plan, block, values, structure.absent, bad) if plan.typed_fields else None
    skipped: Mapping[str, int] = {}
    if table.row_rules is not None and typed_rows is not None:
        found, skipped = table.row_rules(typed_rows.frame, typed_rows.bad)
        rows = typed_rows.records.numbers
        groups += [replace(it, rows=rows[it.rows], field_number=plan.positions.get(it.column)) for it in found]
    return BlockResult(
        height=frame.height,
        absent=len(structure.absent),
        present=_count_present(plan, frame, structure.absent, cells.filled),
        newlines=block.newlines,
        has_return=block.has_return,
        hashes=hashes,
        groups=groups,
        failures=failures,
        records=Records(
            np.arange(frame.height, dtype=np.int64),
            block.line_numbers if groups or failures else np.empty(0, np.int64),
            frame.select(plan.primary_key if groups or failures else ()),
        ),
        typed=typed_rows if table.keeps_typed else None,
        skipped=skipped,
    )


def _bad_rows(excused: BadRows, failures: Iterable[CellFailure]) -> BadRows:
    bad = dict(excused)
    for failure in failures:
        name = failure.plan.name
        bad[name] = np.union1d(bad[name], failure.rows) if name in bad else failure.rows
    return bad


def _is_known(plan: FilePlan, reference: Key, cells: CheckedCells, unread: BadRows) -> bool:
    """Whether a foreign key is seen to have few distinct values, all of which are the parent's."""
    parent, name = plan.table.parents.get(reference.parent), reference.column
    if parent is None or name is None or name not in cells.distinct or name in unread:
        return False
    values = cells.distinct[name].to_frame().select(present(name, plan.missing[name]))
    return parent.places(hash_blocks(values, [(reference.fields, None)])[0].hashes, known=False) is None


def _check_keys(
    plan: FilePlan, keys: Sequence[Key], values: pl.DataFrame, cells: CheckedCells, unread: BadRows
) -> tuple[dict[Key, HashedBlock], list[Group]]:
    """The hashes that the whole table needs, and the rows whose foreign key is in no row of a parent that is complete."""
    asked: list[tuple[Sequence[Field], Rows | None]] = []
    for key in keys:
        parts = [unread[name] for name in key.names if name in unread]
        asked.append((key.fields, np.unique(np.concatenate(parts)) if parts else None))
    hashes = dict(zip(keys, hash_blocks(values, asked, cells.numbers), strict=True))
    groups = []
    for key in keys:
        if key.kind == "foreign-key" and (parent := plan.table.parents.get(key.parent)) is not None:
            mine = hashes.pop(key)
            if (places := parent.places(mine.hashes, known=False)) is not None:
                rows = mine.row_numbers(0)[places]
                groups.append(missing_parent_group(plan, key, rows, values[rows.tolist()]))
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


def _null_parts(plan: FilePlan, values: pl.DataFrame, bad: BadRows) -> Iterator[Group]:
    """The rows that lack a part of their primary key."""
    for name in (name for name in plan.primary_key if values[name].null_count()):
        rows = values[name].is_null().arg_true().cast(pl.Int64).to_numpy()
        rows = rows[~np.isin(rows, bad.get(name, ()))]
        if len(rows):
            words = fixed(f"`{name}` is part of the primary key and is empty", "fill the cell in")
            yield Group("primary-key", rows, words, column=name, field_number=plan.positions[name])


def _cell_group(failure: CellFailure) -> Group:
    (rule, constraint), plan, texts = failure.problem, failure.plan, failure.texts

    def words(at: int) -> Words:
        text = texts[at] or None
        return replace(explain(plan, failure.problem, text), value=text and without_mark(text))

    def causes() -> frozenset[str]:
        return causes_in(plan, failure.problem, texts)

    return Group(rule, failure.rows, words, "error", plan.name, plan.number, constraint, causes=causes)


def _count_present(plan: FilePlan, frame: pl.DataFrame, absent: Sequence[int], filled: Set[str]) -> Rows:
    """The cells of each column that hold a value; `filled` columns have no empty text, so that none is looked for."""
    if absent:
        frame = frame.with_row_index("\0row").filter(~pl.col("\0row").is_in(list(absent))).drop("\0row")
    missing = [plan.missing.get(column.name, ("",)) for column in plan.columns]
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


def _typed_rows(
    plan: FilePlan, block: TextBlock, values: pl.DataFrame, absent: Sequence[int], bad: BadRows
) -> TypedRows:
    """The rows as values; a field that the file lacks is missing and bad everywhere."""
    rows, held = np.setdiff1d(np.arange(values.height, dtype=np.int64), absent, assume_unique=True), values.columns
    keep = values[rows.tolist()] if absent else values
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
    return TypedRows(keep.lazy().select(columns).collect(), is_bad, Records(rows, lines, keep.select(plan.primary_key)))
