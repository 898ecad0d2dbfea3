"""What executors do: of each item, such as a span, what it is worth comes back here, and hashes of its rows stay on the cluster.

Both are rows of `COLUMNS`: one for each key and bucket of hashes, whose data are pairs of a hash and a record, and one for the item
itself, whose key is `WHOLE` and whose data are a pickle.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import numpy as np
import polars as pl

import deedbook
from deedbook.checking.cells import Rows
from deedbook.checking.findings import ROW_BITS
from deedbook.checking.hashes import PAIR, Hashes
from deedbook.cluster.session import on_executors, run
from deedbook.cluster.spans import Span, Stretch, bundled, cut, stretches_of
from deedbook.errors import DeedbookError, UsageError
from deedbook.reading.inputs import dialect_of

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from deedbook.descriptor import Resource

COLUMNS = "place long, key int, bucket int, data binary"
WHOLE = -1
_ROWS = 1 << 20
"""Hashes that are bundled at once."""
MAX_BITS = 10
"""Buckets are at most 1,024: at a billion rows one then has a million hashes of each key, 16 MB."""
HELD = 64 << 20
"""Bytes of bundles that a task has in memory; more are on its disk."""
_BUCKET = 2
"""How many spans have a bucket of hashes more: at 10 bytes a row, as few as there may be, it has 200 MB of each key."""
Pairs: TypeAlias = "tuple[Hashes, Rows]"
"""Hashes, and the records that they belong to."""
ONE_AT_A_TIME = Lock()
"""Held where rows become canonical text, for which polars calls Python: some engines run several tasks in one process, and there queries
that do so have waited for each other for ever. Those of Spark have a process each."""
S = TypeVar("S")
T = TypeVar("T")
Hashing: TypeAlias = "Generator[pa.RecordBatch, None, T]"
"""The hashes of an item, then what it is worth."""


@dataclass(frozen=True, slots=True)
class Executors:
    """Those of a session.

    Attributes:
        span: Bytes that one task reads.
        kept: The hashes that stay on the cluster until `free`.
    """

    session: SparkSession
    span: int
    kept: list[DataFrame] = field(default_factory=list)

    def bits_for(self, resources: Iterable[Resource]) -> int:
        """How many last bits of a hash are to name its bucket, where those of these tables are looked at together."""
        size = sum(file.stat().st_size for one in resources for file in one.files if file.is_file())
        return min((size // (_BUCKET * self.span)).bit_length(), MAX_BITS)

    def free(self) -> None:
        """Lets the cluster forget all hashes."""
        while self.kept:
            self.kept.pop().unpersist()

    def each(self, items: Sequence[S], work: Callable[[S], T], together: int = 1) -> list[T]:
        """What each item is worth, of which so many share a task."""
        pairs = [*enumerate(items)]
        tasks = [pairs[start : start + together] for start in range(0, len(pairs), together)]
        worth = _worth_in(self._done(tasks, partial(_without_hashes, work))) if tasks else {}
        return [worth[number] for number in range(len(items))]

    def worth(self, spans: Iterable[Span], work: Callable[[Span], T | None]) -> dict[Span, T]:
        """What each span is worth, in their order; see `hashed`."""
        return self.hashed(spans, partial(_without_hashes, work))[1]

    def hashed(
        self, spans: Iterable[Span], work: Callable[[Span], Hashing[T | None]]
    ) -> tuple[DataFrame, dict[Span, T]]:
        """The hashes of spans, and what each is worth, in their order.

        A span that is worth nothing cannot be told from what follows: the rest of its file is read as one.
        """
        frame, worth = self._spans(spans, work)
        doubtful = dict[int, Span]()
        for span in (span for span, it in worth.items() if it is None):
            doubtful.setdefault(span.file, replace(span, size=None))
        if doubtful:
            good = {span: it for span, it in worth.items() if not span.is_behind(doubtful.get(span.file))}
            more, again = self._spans(doubtful.values(), work)
            places = ", ".join(str(span.place) for span in good) or "null"
            frame, worth = frame.where(f"place in ({places})").union(more), good | again
        return frame, {span: cast("T", worth[span]) for span in sorted(worth, key=lambda span: span.place)}

    def _spans(self, spans: Iterable[Span], work: Callable[[Span], Hashing[T]]) -> tuple[DataFrame, dict[Span, T]]:
        spans = tuple(spans)
        tasks = [[(span.place, span) for span in task] for task in bundled(spans, self.span)]
        rows = self._done(tasks, work).persist()
        self.kept.append(rows)
        worth = _worth_in(rows)
        hashes = rows.where(f"key <> {WHOLE}").select("place", "key", "bucket", "data")
        return hashes, {span: worth[span.place] for span in spans}

    def _done(self, tasks: Sequence[Sequence[tuple[int, S]]], work: Callable[[S], Hashing[T]]) -> DataFrame:
        """What becomes of items, which have a place each, in so many tasks."""
        return on_executors(self.session, len(tasks), partial(_do, versions(), tasks, work), COLUMNS)

    def cut(self, resource: Resource, files: Mapping[int, tuple[Span, bool]]) -> list[Span]:
        """All files of a table as spans, those that can be read in parts, and are large, cut where records end.

        Args:
            resource: The table.
            files: By number what is behind the header, and whether it can be read in parts.
        """
        parts: list[Span] = []
        cuts: dict[int, range] = {}
        wholes = {number: replace(it, size=it.weight - it.offset) for number, (it, _) in files.items()}
        for number, whole in wholes.items():
            if files[number][1] and (whole.size or 0) > self.span:
                mine = stretches_of(whole, self.span)
                cuts[number] = range(len(parts), len(parts) + len(mine))
                parts += mine
        stretches = self.each(parts, partial(_read_stretch, resource))
        spans: list[Span] = []
        for number, (span, _) in files.items():
            if number in cuts:
                spans += cut(wholes[number], (stretches[at] for at in cuts[number]))
            else:
                spans.append(span)
        return spans


def _worth_in(rows: DataFrame) -> dict[int, Any]:
    """What the items are worth, by their places."""
    worth = dict[int, Any]()
    for place, data in run(rows.where(f"key = {WHOLE}").select("place", "data").collect):
        worth[place] = pickle.loads(data)  # noqa: S301  # made by this code on an executor
        if isinstance(worth[place], DeedbookError):
            raise worth[place]
    return worth


def versions() -> tuple[str, str]:
    """What has to be the same on all machines."""
    return deedbook.__version__, pl.__version__


def _do(
    wanted: tuple[str, str],
    tasks: Sequence[Sequence[tuple[int, S]]],
    work: Callable[[S], Hashing[T]],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """The rows of all items of the tasks whose numbers come in; what stops one comes back as its worth."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            for place, item in tasks[number]:
                worth: object
                try:
                    _demand_same(wanted)
                    worth = yield from work(item)
                except DeedbookError as error:
                    worth = error
                yield _rows_of([place], [WHOLE], [0], [pickle.dumps(worth)])


def _demand_same(wanted: tuple[str, str]) -> None:
    here = versions()
    if here != wanted:
        problem = f"an executor has deedbook {here[0]} with polars {here[1]}, this machine {wanted[0]} with {wanted[1]}"
        raise UsageError(problem, "install the same versions on both")


def _without_hashes(work: Callable[[S], T], item: S) -> Hashing[T]:
    yield from ()
    with ONE_AT_A_TIME:
        return work(item)


def _rows_of(places: Any, keys: Any, buckets: Any, data: Any) -> pa.RecordBatch:
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
        yield _rows_of(np.full(len(filled), place), np.full(len(filled), key), filled, data)


def gathered(pairs: Iterable[Pairs]) -> Iterator[Pairs]:
    """The same hashes and records, many at once."""
    parts: list[Pairs] = []
    for part in chain(pairs, [None]):
        parts += [part] if part else []
        if parts and (part is None or sum(len(records) for _, records in parts) > _ROWS):
            yield np.concatenate([hashes for hashes, _ in parts]), np.concatenate([records for _, records in parts])
            parts.clear()


def _read_stretch(resource: Resource, part: Span) -> Stretch:
    """What the bytes of a part of a file say; nothing where this machine does not have it, as whoever reads it will say."""
    file = cast("Path", resource.sources[part.file])
    quote = dialect_of(resource).quote_char.encode()
    return Stretch.read(file, part, quote) if file.is_file() else Stretch(False, (-1, -1))


def bundles_in(batches: Iterable[pa.RecordBatch], file: IO[bytes]) -> Iterator[tuple[int, int, int, bytes]]:
    """Bucket, key, span and content of each bundle, in this order; the content is in a file meanwhile."""
    index = []
    for batch in batches:
        columns = (batch.column(name).to_pylist() for name in ("bucket", "key", "place", "data"))
        for *names, data in zip(*columns, strict=True):
            index.append((*names, file.tell(), len(data)))
            file.write(data)
    for bucket, key, place, start, size in sorted(index):
        file.seek(start)
        yield bucket, key, place, file.read(size)
