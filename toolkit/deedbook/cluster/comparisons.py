"""The rows of two tables without an equal on the other side: executors hash them, and the engine brings equal hashes together.

Hashes travel as those of keys do: in bundles of a side and a bucket, which one task compares as this machine compares all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from deedbook.changes.row_hashes import Columns, Comparison, Positions, Unmatched, hash_frame
from deedbook.checking.hashes import PAIR
from deedbook.cluster.session import run
from deedbook.cluster.tasks import HELD, ONE_AT_A_TIME, Executors, Hashing, bundled_hashes, bundles_in
from deedbook.cluster.texts import DoubtError, Text

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from deedbook.cluster.spans import Span
    from deedbook.descriptor import Resource

_FOUND = "side int, record long, is_surplus boolean"
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class HashedTable:
    """A table whose rows are hashed on the cluster.

    Attributes:
        heights: The rows of each span, in their order.
        hashes: Bundles, whose key is the side.
    """

    text: Text
    heights: Mapping[Span, int]
    hashes: DataFrame

    @property
    def starts(self) -> dict[int, int]:
        """The number of the first row of each span, by its place."""
        ends = np.cumsum([0, *self.heights.values()]).tolist()
        return {span.place: start for span, start in zip(self.heights, ends, strict=False)}

    def pick(self, executors: Executors, places: Positions) -> pl.DataFrame:
        """The rows of these numbers, which rise, as text."""
        wanted = dict[int, Positions]()
        for span, start in zip(self.heights, self.starts.values(), strict=True):
            first, last = np.searchsorted(places, [start, start + self.heights[span]])
            wanted[span.place] = places[first:last] - start
        spans = [span for span in self.heights if len(wanted[span.place])]
        empty = pl.DataFrame(schema=dict.fromkeys(self.text.resource.described.names, pl.String))
        return pl.concat([empty, *executors.worth(spans, partial(_pick, self.text, wanted)).values()])


def unmatched(
    executors: Executors, tables: Sequence[Resource], columns: Sequence[Columns], *, is_keyed: bool
) -> Unmatched:
    """The rows without an equal, as `changes.row_hashes.Comparison.unmatched` finds them; their numbers come here, and no others."""
    sides, bits = list[HashedTable](), executors.bits_for(tables)
    for side, table in enumerate(tables):
        text = Text.of(table, executors)
        hashes, heights = executors.hashed(text.spans, partial(_hash, text, columns[side], side, bits))
        sides.append(HashedTable(text, heights, hashes))
    work = partial(_compare, [side.starts for side in sides])
    brought = sides[0].hashes.union(sides[1].hashes).repartition(1 << bits, "bucket")
    rows = run(brought.mapInArrow(lambda batches: work(batches), _FOUND).toArrow)
    found = pl.DataFrame(pl.from_arrow(rows)).sort("side", "record")
    alone = found.filter(~pl.col("is_surplus"))
    old, new = (sum(side.heights.values()) for side in sides)
    if is_keyed and old - (alone["side"] == 0).sum() == new - (alone["side"] == 1).sum():
        found = alone
    before, after = (found.filter(pl.col("side") == side)["record"].to_numpy() for side in (0, 1))
    executors.free()
    return Unmatched((old, new), (before, after), lambda side, places: sides[side].pick(executors, places))


def _hash(text: Text, columns: Columns, side: int, bits: int, span: Span) -> Hashing[int | None]:
    """The hashes of the rows of a span, and how many they are; none where it has to be read with what follows."""
    blocks = [np.empty(0, np.uint64)]
    try:
        with ONE_AT_A_TIME:
            blocks += [hash_frame(frame, columns) for frame in text.read(span, text.resource, strict=True)]
    except DoubtError:
        return None
    hashes = np.concatenate(blocks)
    yield from bundled_hashes([(hashes, np.arange(len(hashes)))] if len(hashes) else [], span.place, side, bits)
    return len(hashes)


def _compare(starts: Sequence[Mapping[int, int]], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of whole buckets, which come in any order, the rows without an equal, as rows of `_FOUND`.

    Of more copies of a row than stand on the other side, the last ones have no equal: they are surplus.
    """
    import pyarrow as pa

    with SpooledTemporaryFile(HELD) as file:
        for _, bundles in groupby(bundles_in(batches, file), itemgetter(0)):
            hashes, records = _sides_of(bundles, starts)
            without = Comparison().unmatched(hashes[0], hashes[1], is_keyed=False)
            for side, places in enumerate(without):
                is_surplus = np.isin(hashes[side][places], hashes[1 - side])
                columns = np.full(len(places), side, np.int32), records[side][places], is_surplus
                yield pa.RecordBatch.from_arrays([*map(pa.array, columns)], names=["side", "record", "is_surplus"])


def _sides_of(
    bundles: Iterable[tuple[int, int, int, bytes]], starts: Sequence[Mapping[int, int]]
) -> tuple[list[npt.NDArray[np.uint64]], list[Positions]]:
    """The hashes of both sides in a bucket, and the rows that they belong to, in their order."""
    hashes, records = ([np.empty(0, np.uint64)], [np.empty(0, np.uint64)]), ([_NONE], [_NONE])
    for _, side, place, data in bundles:
        pairs = np.frombuffer(data, PAIR)
        hashes[side].append(pairs["hash"])
        records[side].append(pairs["record"] + starts[side][place])
    return [np.concatenate(parts) for parts in hashes], [np.concatenate(parts) for parts in records]


def _pick(text: Text, wanted: Mapping[int, Positions], span: Span) -> pl.DataFrame:
    """The wanted rows of a span, by their numbers in it."""
    places, frames, first = wanted[span.place], list[pl.DataFrame](), 0
    for frame in text.read(span, text.resource):
        low, high = np.searchsorted(places, [first, first + frame.height])
        frames.append(frame[places[low:high] - first])
        first += frame.height
    return pl.concat(frames)
