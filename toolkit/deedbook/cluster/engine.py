"""The tables of a package on a cluster: spans are checked by executors, and put together here in the order of the files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deedbook.checking.batch import SmallFiles
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.table import Reached, TableOutcome, read_files
from deedbook.cluster.keys import HashTable, judge_keys, numbers_of
from deedbook.cluster.portions import Portion, Work, lean
from deedbook.cluster.session import open_session, say_nothing
from deedbook.cluster.spans import SPAN, Span
from deedbook.cluster.tasks import Executors
from deedbook.descriptor import Package, Resource
from deedbook.errors import UsageError
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import is_foreign
from deedbook.reading.source import is_plain, no_file, refuse_changed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from deedbook.changes.row_hashes import Columns, Unmatched
    from deedbook.checking.rules import RuleBook  # pandera takes long to import
    from deedbook.release.rows import Rows, Scratch
    from deedbook.schema import TableSchema


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose header was read, and whose blocks are on the cluster.

    Attributes:
        reached: The first record behind the header.
        span: All that is behind the header.
        is_divisible: Whether it can be read in parts.
        told: How much was listed as not checked before it.
        state: The size and time of the file at `path`; None for inline data.
    """

    plan: FilePlan
    reached: Reached
    span: Span
    is_divisible: bool
    told: int
    path: Path | None
    state: os.stat_result | None

    def refuse_changed(self) -> None:
        """Raises SourceError for a file that is another than when its header was read: its parts were read at several times."""
        if self.path and self.state:
            if not self.path.is_file():
                raise no_file(self.path)
            refuse_changed(self.state, self.path.stat())


@dataclass(frozen=True, slots=True)
class Spark:
    """Checks, sorts and compares tables on a cluster.

    Attributes:
        span: Bytes that one task reads.
    """

    session: SparkSession
    span: int = SPAN

    def narrow(self, book: RuleBook, package: Package) -> RuleBook:
        """The rules, those that it cannot judge with the reason."""
        from deedbook.cluster.rules import narrowed

        return narrowed(book, package)

    @property
    def executors(self) -> Executors:
        """What does the work."""
        return Executors(self.session, self.span)

    def judges_all(self, book: RuleBook, package: Package) -> bool:
        """Whether no rule is left unchecked that this process could judge."""
        counts = [
            sum(bool(rule.unmet) for table in one.tables.values() for rule in table.rules)
            for one in (book, self.narrow(book, package))
        ]
        return counts[0] == counts[1]

    def read_sorted(self, resource: Resource, scratch: Scratch) -> tuple[Rows, set[str]]:
        """A table as a release has it, as `release.derived.read_sorted` gives it."""
        from deedbook.cluster.releases import read_sorted

        return read_sorted(self.executors, resource, scratch)

    def copied_rows(
        self, text: Rows, schema: TableSchema, path: Path, folder: Path
    ) -> tuple[Rows, list[str], Mapping[str, int]]:
        """The rows of a table as CSV and as values, as `release.contents.copied_rows` gives them."""
        from deedbook.cluster.copies import copied_rows

        return copied_rows(self.executors, text, schema, path, folder)

    def unmatched(
        self, tables: tuple[Resource, Resource], columns: tuple[Columns, Columns], *, is_keyed: bool
    ) -> Unmatched:
        """The rows of two tables without an equal on the other side."""
        from deedbook.cluster.comparisons import unmatched

        return unmatched(self.executors, tables, columns, is_keyed=is_keyed)

    def check_tables(
        self, plans: Sequence[TablePlan], found: Callable[[TablePlan], FindingsSoFar]
    ) -> list[TableOutcome]:
        """What is known of each table after its pass, its keys and its foreign keys."""
        numbers = numbers_of(plans)
        executors = self.executors
        bits = executors.bits_for(plan.resource for plan in plans)
        tables: list[HashTable] = []
        for plan in plans:
            work = Work(lean(plan), numbers=numbers[plan.resource.name], bits=bits)
            tables.append(TableCheck(executors, TableOutcome(plan, found(plan))).check(work))
        judge_keys(tables)
        executors.free()
        return [table.outcome for table in tables]


@contextmanager
def open_engine(master: str, say: Callable[[str], None] = say_nothing) -> Iterator[Spark]:
    """The engine on a cluster, as long as it is needed; `say` is told what is waited for."""
    with open_session(master, say) as session:
        yield Spark(session)


@dataclass(slots=True)
class TableCheck:
    """One table on the cluster.

    Attributes:
        files: Those whose rows are read on the cluster.
    """

    executors: Executors
    outcome: TableOutcome
    files: dict[int, OpenFile] = field(default_factory=dict)

    def check(self, work: Work) -> HashTable:
        """Reads the table, which nobody did yet; the hashes of its keys stay on the cluster."""
        outcome = self.outcome
        read_files(outcome, self.open, SmallFiles())
        columns = {number: file.plan.columns for number, file in self.files.items()}
        work = replace(work, waivers=outcome.found.waivers, columns=columns)
        files = {number: (file.span, file.is_divisible) for number, file in self.files.items()}
        frame, portions = self.executors.hashed(self.executors.cut(work.plan.resource, files), work.check)
        starts = self.take(portions)
        outcome.compare_declared()
        outcome.list_unenforced()
        return HashTable(replace(work, pieces=outcome.pieces), frame, outcome, starts)

    def open(self, outcome: TableOutcome, plan: FilePlan, cutter: Cutter, reached: Reached) -> None:
        """Keeps a file for the cluster, unless it has no rows."""
        resource = outcome.plan.resource
        path = resource.sources[plan.number]
        state = path.stat() if path else None
        if cutter.is_empty():
            outcome.read_blocks(plan, cutter, reached)
            return
        if path is not None and not path.is_file():
            raise UsageError(f"{path} is no file that executors can read", "write it to a file first")
        size = state.st_size if state else 0
        span = Span(plan.number, cutter.position, None, size, cutter.records)
        is_text = path is not None and is_plain(resource) and not is_foreign(resource)
        self.files[plan.number] = OpenFile(
            plan, reached, span, is_text and plan.layout.is_regular, len(outcome.not_checked), path, state
        )

    def take(self, portions: Mapping[Span, Portion]) -> dict[int, int]:
        """Adds all portions, file by file; the first record of each span, by its place."""
        starts: dict[int, int] = {}
        by_file: dict[int, list[Span]] = {}
        for span in sorted(portions, key=lambda span: span.place):
            by_file.setdefault(span.file, []).append(span)
        listed = list(self.outcome.not_checked)
        for number, file in self.files.items():
            for span in by_file[number]:
                starts[span.place] = (number << FILE_SHIFT) + file.reached.row
                self.add(file, portions[span])
            behind = len(listed) - file.told
            told = self.outcome.not_checked[len(self.outcome.not_checked) - behind :]
            del self.outcome.not_checked[len(self.outcome.not_checked) - behind :]
            with self.outcome.failing(number):
                self.outcome.end_file(file.plan, file.reached)
                file.refuse_changed()
            self.outcome.not_checked += told
        return starts

    def add(self, file: OpenFile, portion: Portion) -> None:
        """Adds a portion behind those that came before it in its file."""
        outcome, reached, number = self.outcome, file.reached, file.plan.number
        outcome.found.join(portion.found, reached.row, reached.line)
        outcome.rows += portion.rows
        outcome.cells += portion.cells
        outcome.bytes += portion.bytes
        for rule, count in portion.skipped.items():
            outcome.skipped[rule] = outcome.skipped.get(rule, 0) + count
        for at, given_up in portion.given_up.items():
            file.plan.fields[at].constraints.given_up.extend(given_up)
        moved = (replace(it, row=it.row + reached.row, line=it.line + reached.line) for it in portion.pieces)
        outcome.pieces.setdefault(number, []).extend(moved)
        reached.row += portion.reached.row
        reached.line += portion.reached.line
        reached.present += portion.reached.present
        reached.has_return |= portion.reached.has_return
        reached.error = portion.reached.error
        outcome.plan.advance(portion.bytes)
