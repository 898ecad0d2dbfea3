"""The tables of a package on a cluster: spans are checked by executors, and put together here in the order of the files."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deedbook.checking.batch import SmallFiles
from deedbook.checking.findings import FILE_SHIFT, FindingsSoFar
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.table import Reached, TableOutcome, read_files
from deedbook.cluster.keys import MAX_BITS, HashTable, judge_keys, numbers_of
from deedbook.cluster.portions import (
    COLUMNS,
    STRETCHES,
    WHOLE,
    Portion,
    Work,
    check_tasks,
    lean,
    read_stretches,
)
from deedbook.cluster.session import on_executors, open_session, run, say_nothing
from deedbook.cluster.spans import SPAN, Span, Stretch, bundled, cut, stretches_of
from deedbook.descriptor import Package
from deedbook.errors import DeedbookError, UsageError
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import is_foreign
from deedbook.reading.source import is_plain, no_file, refuse_changed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from deedbook.checking.rules import RuleBook  # pandera takes long to import

_BUCKET = 2
"""How many spans have a bucket of hashes more: at 10 bytes a row, as few as there may be, it has 200 MB of each key."""


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
    """Checks tables on a cluster.

    Attributes:
        span: Bytes that one task reads.
    """

    session: SparkSession
    span: int = SPAN

    def narrow(self, book: RuleBook, package: Package) -> RuleBook:
        """The rules, those that it cannot judge with the reason."""
        from deedbook.cluster.rules import narrowed

        return narrowed(book, package)

    def check_tables(
        self, plans: Sequence[TablePlan], found: Callable[[TablePlan], FindingsSoFar]
    ) -> list[TableOutcome]:
        """What is known of each table after its pass, its keys and its foreign keys."""
        numbers = numbers_of(plans)
        size = sum(file.stat().st_size for plan in plans for file in plan.resource.files if file.is_file())
        bits = min((size // (_BUCKET * self.span)).bit_length(), MAX_BITS)
        kept: list[DataFrame] = []
        tables: list[HashTable] = []
        for plan in plans:
            work = Work(lean(plan), numbers=numbers[plan.resource.name], bits=bits)
            tables.append(TableCheck(self, TableOutcome(plan, found(plan)), kept).check(work))
        judge_keys(tables)
        for frame in kept:
            frame.unpersist()
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
        kept: What the cluster is to keep for later steps; more is added.
        files: Those whose rows are read on the cluster.
    """

    engine: Spark
    outcome: TableOutcome
    kept: list[DataFrame]
    files: dict[int, OpenFile] = field(default_factory=dict)

    def check(self, work: Work) -> HashTable:
        """Reads the table, which nobody did yet; the hashes of its keys stay on the cluster."""
        outcome = self.outcome
        read_files(outcome, self.open, SmallFiles())
        columns = {number: file.plan.columns for number, file in self.files.items()}
        work = replace(work, waivers=outcome.found.waivers, columns=columns)
        frame, portions = self.portions(work, self.spans(work))
        doubtful = {}
        for span, portion in portions.items():
            if portion.is_irregular and span.file not in doubtful:
                doubtful[span.file] = replace(span, size=None)
        if doubtful:  # the rest of such a file is read by one task
            good = {span: it for span, it in portions.items() if not _is_behind(span, doubtful.get(span.file))}
            more, again = self.portions(work, list(doubtful.values()))
            frame = self.only(frame, good).union(more)
            portions = good | again
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

    def spans(self, work: Work) -> list[Span]:
        """All files as spans; a large one that can be read in parts is cut where records end."""
        size = self.engine.span
        parts: list[Span] = []
        cuts: dict[int, range] = {}
        for number, file in self.files.items():
            if file.is_divisible and file.span.weight - file.span.offset > size:
                mine = stretches_of(replace(file.span, size=file.span.weight - file.span.offset), size)
                cuts[number] = range(len(parts), len(parts) + len(mine))
                parts += mine
        stretches: dict[int, Stretch] = {}
        if parts:
            rows = on_executors(self.engine.session, len(parts), partial(read_stretches, work, parts), STRETCHES)
            stretches = {at: Stretch(is_odd, (even, odd)) for at, is_odd, even, odd in run(rows.collect)}
        spans: list[Span] = []
        for number, file in self.files.items():
            if number in cuts:
                whole = replace(file.span, size=file.span.weight - file.span.offset)
                spans += cut(whole, (stretches[at] for at in cuts[number]))
            else:
                spans.append(file.span)
        return spans

    def portions(self, work: Work, spans: Sequence[Span]) -> tuple[DataFrame, dict[Span, Portion]]:
        """The hashes of spans, and what they are worth in their order."""
        tasks = bundled(spans, self.engine.span)
        rows = on_executors(self.engine.session, len(tasks), partial(check_tasks, work, tasks), COLUMNS).persist()
        self.kept.append(rows)
        found: dict[int, Portion] = {}
        for place, data in run(rows.where(f"key = {WHOLE}").select("place", "data").collect):
            portion = pickle.loads(data)  # noqa: S301  # made by this code on an executor
            if isinstance(portion, DeedbookError):
                raise portion
            found[place] = portion
        frame = rows.where(f"key <> {WHOLE}").select("place", "key", "bucket", "data")
        return frame, {span: found[span.place] for span in spans}

    def only(self, frame: DataFrame, portions: Mapping[Span, Portion]) -> DataFrame:
        """The hashes of these spans."""
        return frame.where(f"place in ({', '.join(str(span.place) for span in portions) or 'null'})")

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


def _is_behind(span: Span, doubtful: Span | None) -> bool:
    """Whether a span is read again with the rest of its file."""
    return doubtful is not None and span.offset >= doubtful.offset
