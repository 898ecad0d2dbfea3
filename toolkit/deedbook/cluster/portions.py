"""A span checked where it is read, on an executor: what the table needs to know of it, and the hashes of its keys."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, cast

import numpy as np

from deedbook.checking.findings import FindingsSoFar
from deedbook.checking.hashes import HashLog, Spill
from deedbook.checking.header import Column
from deedbook.checking.keys import Key
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.table import Piece, Reached, TableOutcome, checked_blocks
from deedbook.cluster.spans import Slice, Span
from deedbook.cluster.tasks import Hashing, bundled_hashes
from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.project import Waiver
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.source import BOM, MAX_UNPACKED, SourceError, UnclosedError

if TYPE_CHECKING:
    import io


@dataclass(frozen=True, slots=True)
class Portion:
    """What a span is worth to its table; rows and lines count from its start.

    Attributes:
        outcome: Its findings and counts.
        reached: How far it was read.
        given_up: By the position of the field, the patterns that took too long.
    """

    found: FindingsSoFar
    reached: Reached
    pieces: Sequence[Piece]
    rows: int
    cells: int
    bytes: int
    skipped: Mapping[str, int]
    given_up: Mapping[int, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Work:
    """How the files of one table are checked on an executor.

    Attributes:
        columns: Those of each file.
        numbers: The numbers of its keys among those of all tables.
        bits: How many last bits of a hash name its bucket; sets of hashes go by the first ones.
        pieces: Those in which each file was read, as far as it was.
    """

    plan: TablePlan
    waivers: Sequence[Waiver] = ()
    columns: dict[int, tuple[Column, ...]] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    bits: int = 0
    pieces: dict[int, list[Piece]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys in the order of their numbers."""
        return (*self.plan.keys, *self.plan.references)

    def outcome(self) -> TableOutcome:
        """An empty one."""
        plan = self.plan
        return TableOutcome(plan, FindingsSoFar(plan.resource, plan.options.max_findings, self.waivers))

    def check(self, span: Span) -> Hashing[Portion | None]:
        """The hashes of the keys of a span, and its portion; None where quotes leave in doubt where it ends.

        Raises:
            ProjectError: when the file cannot be seen from here.
            RuleError: when a rule raises.
        """
        plan = FilePlan.of(self.plan, span.file, self.columns[span.file])
        with TemporaryFile() as file:
            outcome, spill = self.outcome(), Spill(self.plan.options.memory, file)
            outcome.logs = {key: HashLog(spill) for key in self.keys}
            reached = Reached(0, 0, np.zeros(len(plan.columns), np.int64))
            if self.read(plan, span, outcome, reached):
                return None
            for number, key in zip(self.numbers, self.keys, strict=True):
                yield from bundled_hashes(outcome.logs[key].pairs(), span.place, number, self.bits)
        pieces = outcome.pieces[span.file]
        if span.size is not None:
            pieces = [replace(it, offset=it.offset + span.offset) for it in pieces]
        return Portion(
            found=replace(outcome.found, resource=Resource(self.plan.resource.name), waivers=()),
            reached=reached,
            pieces=pieces,
            rows=outcome.rows,
            cells=outcome.cells,
            bytes=outcome.bytes,
            skipped=outcome.skipped,
            given_up={at: it.constraints.given_up for at, it in enumerate(plan.fields) if it.constraints.given_up},
        )

    def read(self, plan: FilePlan, span: Span, outcome: TableOutcome, reached: Reached) -> bool:
        """Checks a span; whether it has to be read together with what follows."""
        resource, options = self.plan.resource, self.plan.options
        is_read = is_doubtful = False
        try:
            size = self.plan.block_size(resource.sources[span.file])
            with opened(resource, span, size, options.max_unpacked) as cutter:
                outcome.take_blocks(plan, checked_blocks(plan, cutter), cutter.position, reached)
                is_doubtful = cutter.records > span.records or isinstance(reached.error, UnclosedError)
                is_read = True
        except SourceError as error:
            if not is_read:  # else the file changed meanwhile, which is said of all of its spans at once
                reached.error = error
        return is_doubtful and span.size is not None


@contextmanager
def opened(resource: Resource, span: Span, block_size: int, max_unpacked: int = MAX_UNPACKED) -> Iterator[Cutter]:
    """A span of a file of a table.

    Raises:
        ProjectError: when the file cannot be seen from here.
        SourceError: when it cannot be read.
    """
    file = resource.sources[span.file]
    if file is not None and not file.is_file():
        problem = f"an executor on {platform.node()} cannot read {file}"
        raise ProjectError(problem, "keep the files on storage that all executors have at the same path")
    with open_table(resource, file, max_unpacked=max_unpacked) as stream:
        if span.size is not None:
            cast("io.RawIOBase", stream).seek(span.offset)
            stream = Slice(cast("io.RawIOBase", stream), span.size)
        cutter = Cutter(stream, dialect_of(resource), block_size)
        if span.size is None:
            cutter.read_at(span.offset, 0)
        elif cutter.has_bom:  # of a file it is a mark, here it is text
            cutter.unread(BOM)
        cutter.records = span.records
        yield cutter


def placed(resource: Resource) -> Resource:
    """A table whose files are named wherever an executor works."""
    return replace(resource, files=tuple(file.absolute() for file in resource.files))


def lean(plan: TablePlan) -> TablePlan:
    """A plan that can be sent: what processes share is left out, and files are named wherever an executor works."""
    options = replace(plan.options, workers=1, findings_file=None)
    return replace(
        plan, resource=placed(plan.resource), spill=Spill(0), options=options, parents={}, alike={}, advance=_ignore
    )


def _ignore(_size: int) -> None:
    """Progress that nobody is told."""
