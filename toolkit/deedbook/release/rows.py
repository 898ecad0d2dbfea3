"""The rows of a table in parts, on disk or in memory: who works on a table takes one part after the other.

    FOLDER/000012.arrow    rows of a part, as Arrow IPC packed with lz4; the parts stand in the order of the table

A part is what one block of the table's file became, so it holds few rows of a wide table and many of a narrow one. Nothing
that is made of rows may depend on where a part ends.
"""

import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from deedbook.changes.row_hashes import MEMORY

PART_BYTES = 8 << 20
"""Of a part, in its file or in memory. Several are read at once, so that half a block of validation saves 100 MB."""
_KEPT = 4 << 20
"""Bytes of the first parts that stay in memory: files cost a small table more than its rows."""
_RANK = "\0rank"
"""What no field is called."""
_SEED = 0x0DEEDB00


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table.

    Attributes:
        parts: At least one, all of the same columns.
        heights: How many rows each has.
        schema: The columns with what their values are.
        bytes: How much they take in memory, before any column is made of others.
        folder: Where they lie; None in memory.
    """

    parts: tuple[pl.LazyFrame, ...]
    heights: tuple[int, ...]
    schema: Mapping[str, pl.DataType]
    bytes: int
    folder: Path | None = None

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """Those of a frame, which stays in memory."""
        return cls((frame.lazy(),), (frame.height,), frame.schema, int(frame.estimated_size()))

    @classmethod
    def spilled(cls, frames: Iterable[pl.DataFrame], folder: Path) -> Self:
        """Those of consecutive frames, the first of which may be empty, in a new folder."""
        folder.mkdir()
        parts, heights, schema, size = list[pl.LazyFrame](), list[int](), dict[str, pl.DataType](), 0
        for frame in frames:
            schema = schema or dict(frame.schema)
            if parts and not frame.height:
                continue
            if parts and not heights[-1]:  # it was there for its columns
                del parts[-1], heights[-1]
            size += int(frame.estimated_size())
            heights.append(frame.height)
            parts.append(frame.lazy() if size <= _KEPT else _put(frame, folder / f"{len(parts):06}.arrow"))
        return cls(tuple(parts), tuple(heights), schema, size, folder)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(self.heights)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [*self.schema]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.schema)

    @property
    def filled(self) -> dict[str, int]:
        """How many cells of each column hold a value."""
        return self.asked([pl.all().count()])

    def asked(self, exprs: Sequence[pl.Expr]) -> dict[str, Any]:
        """The single values that expressions reckon from all rows, by name."""
        is_small = self.bytes <= _KEPT
        return self.lazy.select(exprs).collect(engine="in-memory" if is_small else "streaming").row(0, named=True)

    @property
    def lazy(self) -> pl.LazyFrame:
        """All of them, for what polars streams."""
        return pl.concat(self.parts)

    def slices(self, most: int | None = None, names: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows in their order, at most so many at a time; nothing of a table without rows.

        Args:
            most: The most rows of a slice; as many as a part has where it is left out.
            names: The columns that are read; all when left out.
        """
        for part, height in zip(self.parts, self.heights, strict=True):
            if height:
                frame = (part if names is None else part.select(names)).collect()
                yield from frame.iter_slices(most or height)

    def column(self, name: str) -> pl.Series:
        """A whole column."""
        return self.lazy.select(name).collect().to_series()

    def whole(self, names: Sequence[str]) -> pl.DataFrame:
        """Whole columns."""
        return self.lazy.select(names).collect()

    def slice(self, start: int, height: int) -> pl.DataFrame:
        """Some rows from one on, as far as there are any."""
        ends = [*accumulate(self.heights)]
        first = min(bisect_right(ends, start), len(ends) - 1)
        last = min(bisect_right(ends, max(start, start + height - 1)), len(ends) - 1)
        before = ends[first] - self.heights[first]
        return pl.concat(self.parts[first : last + 1]).slice(start - before, height).collect()

    def ordered(self, order: pl.Series, folder: Path) -> Self:
        """The same rows in another order, in a new folder: each part is dealt to the parts where its rows go.

        Args:
            order: The numbers of the rows as they shall stand.
            folder: Where to.
        """
        if len(self.parts) == 1:
            return type(self).spilled([self.parts[0].collect().select(pl.all().gather(order))], folder)
        ranks = np.empty(len(order), dtype=np.int64)
        ranks[order.to_numpy()] = np.arange(len(order))
        ends = np.cumsum(self.heights)
        dealt = folder.with_name(f"{folder.name}-dealt")
        dealt.mkdir()
        start = 0
        for number, part in enumerate(self.slices()):
            placed = part.with_columns(pl.Series(_RANK, ranks[start : start + part.height]))
            start += part.height
            targets = np.searchsorted(ends, placed.get_column(_RANK).to_numpy(), side="right")
            for target in np.unique(targets):
                held = placed.filter(pl.Series(targets == target))
                _put(held, dealt / f"{target:06}-{number:06}.arrow")
        merged = (_merged(dealt, target) for target in range(len(ends)) if self.heights[target])
        rows = type(self).spilled(merged, folder)
        dealt.rmdir()
        return rows

    def mapped(self, work: Callable[[pl.DataFrame, int], pl.DataFrame], folder: Path) -> Self:
        """What becomes of each part, given the number of its first row, in a new folder; these are let go of."""
        starts = accumulate(self.heights, initial=0)
        frames = (work(part.collect(), start) for part, start in zip(self.parts, starts, strict=False))
        rows = type(self).spilled(frames, folder)
        self.discard()
        return rows

    def with_columns(self, exprs: Sequence[pl.Expr]) -> Self:
        """The same with some columns made of them, whenever they are read."""
        return self._made([part.with_columns(exprs) for part in self.parts])

    def select(self, exprs: Sequence[pl.Expr]) -> Self:
        """The columns that are made of these, whenever they are read."""
        return self._made([part.select(exprs) for part in self.parts])

    def _made(self, parts: Sequence[pl.LazyFrame]) -> Self:
        return replace(self, parts=tuple(parts), schema=parts[0].collect_schema())

    def discard(self) -> None:
        """Frees their space on disk."""
        if self.folder:
            shutil.rmtree(self.folder)


def _put(frame: pl.DataFrame, path: Path) -> pl.LazyFrame:
    """The rows in a file; lz4 takes a third of the space, and less than a tenth of the time of any writer of a release."""
    frame.write_ipc(path, compression="lz4")
    return pl.scan_ipc(path)


def _merged(dealt: Path, target: int) -> pl.DataFrame:
    """A part from what was dealt to it, which is removed."""
    paths = sorted(dealt.glob(f"{target:06}-*.arrow"))
    found = pl.concat(map(pl.scan_ipc, paths)).collect().sort(_RANK).drop(_RANK)
    for path in paths:
        path.unlink()
    return found


def dealt(frames: Iterable[pl.DataFrame], keys: Sequence[str], count: int, folder: Path) -> list[pl.LazyFrame]:
    """The rows of consecutive frames in buckets by their keys, in a new folder; equal keys go to the same one of so many buckets.

    In a bucket, rows stand as they came. One bucket is in memory.
    """
    if count == 1:
        return [pl.concat(frames).lazy()]
    folder.mkdir()
    buckets: list[list[pl.LazyFrame]] = [[] for _ in range(count)]
    for number, frame in enumerate(frames):
        held = frame.with_columns((frame.select(keys).hash_rows(_SEED) % count).alias(_RANK))
        for bucket in buckets if not number else ():  # it tells the columns of those without rows
            bucket.append(frame.clear().lazy())
        for place, part in held.partition_by(_RANK, as_dict=True, include_key=False, maintain_order=True).items():
            buckets[place[0]].append(_put(part, folder / f"{place[0]:06}-{number:06}.arrow"))
    return [pl.concat(bucket) for bucket in buckets]


def part_bytes(memory: int) -> int:
    """The bytes of a part where so much memory is given: writers hold it as text, as values and as what they write."""
    return max(1, min(PART_BYTES, memory * PART_BYTES // MEMORY))


def parts_of(frame: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """A frame cut into parts of about so many bytes, one at least."""
    rows = max(1, size * max(1, frame.height) // max(1, int(frame.estimated_size())))
    yield from frame.iter_slices(rows) if frame.height else [frame]
