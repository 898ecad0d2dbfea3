"""A span checked where it is read, on an executor: what the table needs to know of it, and the hashes of its keys.

It comes back as rows of `COLUMNS`: one for each key and bucket of hashes, whose data are pairs of a hash and a record, and one for the
span itself, whose key is `WHOLE` and whose data are a `Portion`.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import polars as pl

import deedbook
from deedbook.checking.cells import Rows
from deedbook.checking.findings import ROW_BITS, FindingsSoFar
from deedbook.checking.header import Column
from deedbook.checking.keys import PAIR, Hashes, HashLog, Key, Spill
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.table import Piece, Reached, TableOutcome, checked_blocks
from deedbook.cluster.spans import Slice, Span, Stretch
from deedbook.descriptor import Resource
from deedbook.errors import DeedbookError, ProjectError, UsageError
from deedbook.project import Waiver
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.source import BOM, SourceError, UnclosedError

if TYPE_CHECKING:
    import io
    from pathlib import Path

    import pyarrow as pa

COLUMNS = "place long, key int, bucket int, data binary"
STRETCHES = "number long, is_odd boolean, even long, odd long"
WHOLE = -1
_ROWS = 1 << 20
"""Hashes that are bundled at once."""

Pairs: TypeAlias = "tuple[Hashes, Rows]"
"""Hashes, and the records that they belong to."""


def versions() -> tuple[str, str]:
    """What has to be the same on all machines."""
    return deedbook.__version__, pl.__version__


@dataclass(frozen=True, slots=True)
class Portion:
    """What a span is worth to its table; rows and lines count from its start.

    Attributes:
        outcome: Its findings and counts.
        reached: How far it was read.
        given_up: By the position of the field, the patterns that took too long.
        is_irregular: Whether it has quotes that leave in doubt where it ends.
    """

    found: FindingsSoFar
    reached: Reached
    pieces: Sequence[Piece]
    rows: int
    cells: int
    bytes: int
    skipped: Mapping[str, int]
    given_up: Mapping[int, list[tuple[str, str]]]
    is_irregular: bool


@dataclass(frozen=True, slots=True)
class Work:
    """How the files of one table are checked on an executor.

    Attributes:
        columns: Those of each file.
        numbers: The numbers of its keys among those of all tables.
        bits: How many last bits of a hash name its bucket; sets of hashes go by the first ones.
        pieces: Those in which each file was read, as far as it was.
        installed: The versions of this process.
    """

    plan: TablePlan
    waivers: Sequence[Waiver] = ()
    columns: dict[int, tuple[Column, ...]] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    bits: int = 0
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    installed: tuple[str, str] = field(default_factory=versions)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys in the order of their numbers."""
        return (*self.plan.keys, *self.plan.references)

    def outcome(self) -> TableOutcome:
        """An empty one."""
        plan = self.plan
        return TableOutcome(plan, FindingsSoFar(plan.resource, plan.options.max_findings, self.waivers))

    def check(self, span: Span) -> Iterator[pa.RecordBatch]:
        """The rows that a span comes back as.

        Raises:
            UsageError: when other versions are installed here.
            ProjectError: when the file cannot be seen from here.
            RuleError: when a rule raises.
        """
        if versions() != self.installed:
            raise UsageError(*_other_versions(self.installed))
        plan = FilePlan.of(self.plan, span.file, self.columns[span.file])
        with TemporaryFile() as file:
            outcome, spill = self.outcome(), Spill(self.plan.options.memory, file)
            outcome.logs = {key: HashLog(spill) for key in self.keys}
            reached = Reached(0, 0, np.zeros(len(plan.columns), np.int64))
            is_irregular = self.read(plan, span, outcome, reached)
            for number, key in zip(self.numbers, () if is_irregular else self.keys, strict=not is_irregular):
                yield from bundled_hashes(outcome.logs[key].pairs(), span.place, number, self.bits)
        portion = Portion(
            found=replace(outcome.found, resource=Resource(self.plan.resource.name), waivers=()),
            reached=reached,
            pieces=outcome.pieces[span.file],
            rows=outcome.rows,
            cells=outcome.cells,
            bytes=outcome.bytes,
            skipped=outcome.skipped,
            given_up={at: it.constraints.given_up for at, it in enumerate(plan.fields) if it.constraints.given_up},
            is_irregular=is_irregular,
        )
        if span.size is not None:
            portion = replace(portion, pieces=[replace(it, offset=it.offset + span.offset) for it in portion.pieces])
        yield rows_of([span.place], [WHOLE], [0], [pickle.dumps(portion)])

    def read(self, plan: FilePlan, span: Span, outcome: TableOutcome, reached: Reached) -> bool:
        """Checks a span; whether it has to be read together with what follows."""
        resource, options = self.plan.resource, self.plan.options
        file = resource.sources[span.file]
        demand_file(file)
        is_read = is_doubtful = False
        try:
            with open_table(resource, file, max_unpacked=options.max_unpacked) as stream:
                if span.size is not None:
                    cast("io.RawIOBase", stream).seek(span.offset)
                    stream = Slice(cast("io.RawIOBase", stream), span.size)
                cutter = Cutter(stream, dialect_of(resource), self.plan.block_size(file))
                if span.size is None:
                    cutter.read_at(span.offset, 0)
                elif cutter.has_bom:  # of a file it is a mark, here it is text
                    cutter.unread(BOM)
                cutter.records = span.records
                outcome.take_blocks(plan, checked_blocks(plan, cutter), cutter.position, reached)
                is_doubtful = cutter.records > span.records or isinstance(reached.error, UnclosedError)
                is_read = True
        except SourceError as error:
            if not is_read:  # else the file changed meanwhile, which is said of all of its spans at once
                reached.error = error
        return is_doubtful and span.size is not None


def demand_file(file: Path | None) -> None:
    """Proves that an executor sees a file that was there when the cluster was asked.

    Raises:
        ProjectError: when it does not.
    """
    if file is not None and not file.is_file():
        problem = f"an executor on {platform.node()} cannot read {file}"
        raise ProjectError(problem, "keep the files on storage that all executors have at the same path")


def _other_versions(wanted: tuple[str, str]) -> tuple[str, str]:
    here = versions()
    problem = f"an executor has deedbook {here[0]} with polars {here[1]}, this machine {wanted[0]} with {wanted[1]}"
    return problem, "install the same versions on both"


def rows_of(places: Any, keys: Any, buckets: Any, data: Any) -> pa.RecordBatch:
    """Rows of `COLUMNS`."""
    import pyarrow as pa

    columns = [
        pa.array(places, pa.int64()),
        pa.array(keys, pa.int32()),
        pa.array(buckets, pa.int32()),
        pa.array(data, pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, names=["place", "key", "bucket", "data"])


def bundled_hashes(pairs: Iterable[Pairs], place: int, key: int, bits: int) -> Iterator[pa.RecordBatch]:
    """Hashes of a key in a span, by bucket; records count from its start."""
    for hashes, records in gathered(pairs):
        buckets = (hashes & np.uint64((1 << bits) - 1)).astype(np.uint16)  # of which numpy sorts by digits
        order = np.argsort(buckets, kind="stable")
        bundled = np.empty(len(hashes), PAIR)
        bundled["hash"], bundled["record"] = hashes[order], records[order] & ROW_BITS
        heights = np.bincount(buckets, minlength=1 << bits)
        filled, ends = np.flatnonzero(heights), np.cumsum(heights)
        data = [
            bundled[end - height : end].tobytes() for end, height in zip(ends[filled], heights[filled], strict=True)
        ]
        yield rows_of(np.full(len(filled), place), np.full(len(filled), key), filled, data)


def gathered(pairs: Iterable[Pairs]) -> Iterator[Pairs]:
    """The same hashes and records, many at once."""
    parts: list[Pairs] = []
    for part in chain(pairs, [None]):
        parts += [part] if part else []
        if parts and (part is None or sum(len(records) for _, records in parts) > _ROWS):
            yield np.concatenate([hashes for hashes, _ in parts]), np.concatenate([records for _, records in parts])
            parts.clear()


def check_tasks(
    work: Work, tasks: Sequence[Sequence[Span]], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The rows of all spans of the tasks whose numbers come in; what stops one comes back as its portion."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            for span in tasks[number]:
                try:
                    yield from work.check(span)
                except DeedbookError as error:
                    yield rows_of([span.place], [WHOLE], [0], [pickle.dumps(error)])


def read_stretches(work: Work, parts: Sequence[Span], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The stretches whose numbers come in, as rows of `STRETCHES`."""
    import pyarrow as pa

    resource = work.plan.resource
    quote = dialect_of(resource).quote_char.encode()
    for batch in batches:
        for number in batch.column(0).to_pylist():
            file = cast("Path", resource.sources[parts[number].file])
            read = Stretch.read(file, parts[number], quote) if file.is_file() else Stretch(False, (-1, -1))
            columns = {"number": [number], "is_odd": [read.is_odd], "even": [read.begins[0]], "odd": [read.begins[1]]}
            yield pa.RecordBatch.from_pydict(columns)


def lean(plan: TablePlan) -> TablePlan:
    """A plan that can be sent: what processes share is left out, and files are named wherever an executor works."""
    options = replace(plan.options, workers=1, findings_file=None)
    resource = replace(plan.resource, files=tuple(file.absolute() for file in plan.resource.files))
    return replace(plan, resource=resource, spill=Spill(0), options=options, parents={}, alike={}, advance=_ignore)


def _ignore(_size: int) -> None:
    """Progress that nobody is told."""
