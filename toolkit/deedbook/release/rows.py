"""The rows of a table in parts, on disk or in memory: who works on a table takes one part after the other.

    FOLDER/000012.arrow     rows of a part, as Arrow IPC, of a large table packed with lz4; the parts stand in the order of the table
    FOLDER/000012.arrows    rows of a range of the order, or with equal keys, as streams of Arrow IPC one behind the other

A part is what one block of the table's file became, so it holds few rows of a wide table and many of a narrow one. Nothing
that is made of rows may depend on where a part ends.
"""

import shutil
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.changes.row_hashes import MEMORY

PART_BYTES = 8 << 20
"""Of a part, in its file or in memory. Several are read at once, so that half a block of validation saves 100 MB."""
_KEPT = 4 << 20
"""Bytes of the first parts that stay in memory: files cost a small table more than its rows."""
_LOOSE = 0 if sys.platform == "win32" else 1 << 30
"""Bytes of the parts that are not packed, for they are read for each format: of a larger table space comes before time.

Windows deletes no file that somebody has mapped into memory."""
_PACKING: tuple[Literal["uncompressed"], Literal["lz4"]] = ("uncompressed", "lz4")
_RANK = "\0rank"
"""What no field is called."""
_SEED = 0x0DEEDB00
_SORTED, _RANGES = (4, 8), 16
"""Parts that are sorted at once, in 150 MB at most: as few as make so many ranges, since the number of pieces grows with the square."""
_SAMPLED = 100
"""Rows of each part that tell how the order is cut into ranges of about the same number."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where the parts of a table are put, and of about how many bytes of its file one is made."""

    folder: Path
    size: int

    def below(self, name: str) -> Self:
        """A folder in it."""
        return replace(self, folder=self.folder / name)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a table; what was found out about them holds for this very record.

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
            path = folder / f"{len(parts):06}.arrow"
            parts.append(frame.lazy() if size <= _KEPT else _put(frame, path, is_packed=size > _LOOSE))
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
        return self.lazy.select(exprs).collect(engine=self.engine).row(0, named=True)

    @property
    def engine(self) -> Literal["in-memory", "streaming"]:
        """How polars asks all of them: it starts sooner on few."""
        return "in-memory" if self.bytes <= _KEPT else "streaming"

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
                cuts = -(-height // most) if most else 1
                yield from frame.iter_slices(-(-height // cuts))  # of about one height

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

    def sorted_parts(self, order: "Order", folder: Path) -> Iterator[pl.DataFrame]:
        """The same rows as they shall stand, in about as many parts; these are let go of.

        More than some parts are dealt to files in a new folder, each for a range of the order, and one range is sorted at a time.
        """
        height = -(-self.height // len(self.parts))
        count = min(max(_SORTED[0], len(self.parts) // _RANGES), _SORTED[1])
        limits = order.limits(-(-len(self.parts) // count))
        if not limits.height:
            whole = self.lazy.collect()
            self.discard()
            yield from order.sorted_slices(whole, height)
            return
        folder.mkdir()
        for first in range(0, len(self.parts), count):
            self._deal(first, first + count, order, limits, folder)
        self.discard()
        for place in range(limits.height + 1):
            if (path := _range_path(folder, place)).exists():
                yield from order.sorted_slices(_taken(path), height)
        folder.rmdir()

    def _deal(self, first: int, end: int, order: "Order", limits: pl.DataFrame, folder: Path) -> None:
        """Adds the rows of the parts from one on, before another, to the files of their ranges."""
        held = pl.concat(self.parts[first:end]).collect()
        ranges = order.ranges(held, limits)
        for place in np.unique(ranges):
            rows = held.filter(pl.Series(ranges == place))
            _add(rows, _range_path(folder, place), is_packed=self.bytes > _LOOSE)

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


@dataclass(slots=True)
class Order:
    """How the rows of a table shall stand, as parts of it tell one after the other; equal ones stand as they came.

    Attributes:
        ranks: Makes the columns by which rows are sorted.
        is_kept: Whether the parts stand so already.
    """

    ranks: Callable[[pl.DataFrame], pl.DataFrame]
    is_kept: bool = True
    _ends: pl.DataFrame | None = None
    _samples: list[pl.DataFrame] = field(default_factory=list)

    def add(self, part: pl.DataFrame) -> None:
        """Takes a part."""
        ranks = self.ranks(part)
        self._follow(ranks)
        self._samples.append(ranks.gather_every(max(1, ranks.height // _SAMPLED)))

    def join(self, other: Self) -> None:
        """Takes what another one was told, as one part."""
        if other._ends is not None:
            self._follow(other._ends)
        self.is_kept = self.is_kept and other.is_kept
        if other._samples:  # no more of them than of one part
            samples = pl.concat(other._samples)
            self._samples.append(samples.gather_every(max(1, samples.height // _SAMPLED)))

    def _follow(self, ranks: pl.DataFrame) -> None:
        """Takes ranks that come behind all others."""
        joined = ranks if self._ends is None else pl.concat([self._ends.tail(1), ranks])
        self.is_kept = self.is_kept and order_of(joined) is None
        if ranks.height:
            first = ranks if self._ends is None else self._ends
            self._ends = pl.concat([first.head(1), ranks.tail(1)])

    def limits(self, count: int) -> pl.DataFrame:
        """The ranks where a range of the order ends and another begins, of about so many; no rows for one."""
        samples = pl.concat(self._samples)
        placed = samples.sort(samples.columns)
        places = sorted({samples.height * number // count for number in range(1, count)} - {0})
        return placed[places].unique(maintain_order=True)

    def ranges(self, rows: pl.DataFrame, limits: pl.DataFrame) -> npt.NDArray[np.int64]:
        """The range of each row."""
        both = pl.concat([limits, self.ranks(rows)])
        order = both.select(pl.arg_sort_by(both.columns, maintain_order=True)).to_series().to_numpy()
        found = np.empty(len(order), dtype=np.int64)
        found[order] = np.cumsum(order < limits.height)
        return found[limits.height :]

    def sorted_slices(self, rows: pl.DataFrame, height: int) -> Iterator[pl.DataFrame]:
        """Rows as they shall stand, at most so many at a time."""
        order = order_of(self.ranks(rows))
        if order is None:
            yield from rows.iter_slices(height)
            return
        for start in range(0, rows.height, height):
            yield rows.select(pl.all().gather(order.slice(start, height)))


def order_of(ranks: pl.DataFrame) -> pl.Series | None:
    """The numbers of rows in the order of their ranks; None where they stand so."""
    if ranks.width == 1 and ranks.to_series().is_sorted():
        return None
    order = ranks.select(pl.arg_sort_by(ranks.columns, maintain_order=True)).to_series()
    return None if order.is_sorted() else order


def _put(frame: pl.DataFrame, path: Path, *, is_packed: bool = True) -> pl.LazyFrame:
    """The rows in a file; lz4 takes a third of the space, and four times as long to write, half as long again to read."""
    frame.write_ipc(path, compression=_PACKING[is_packed])
    return pl.scan_ipc(path)


def _range_path(folder: Path, place: int) -> Path:
    """The file to which the rows of a range or bucket are added."""
    return folder / f"{place:06}.arrows"


def _add(frame: pl.DataFrame, path: Path, *, is_packed: bool = True) -> None:
    """Puts rows behind those of a file."""
    with path.open("ab") as file:
        frame.write_ipc_stream(file, compression=_PACKING[is_packed])


def _taken(path: Path) -> pl.DataFrame:
    """The rows that were added to a file, which is let go of."""
    frames, size = list[pl.DataFrame](), path.stat().st_size
    with path.open(
        "rb", buffering=0
    ) as file:  # polars reads the file itself, from where it stands to the end of a stream
        while file.tell() < size:
            frames.append(pl.read_ipc_stream(file))
    path.unlink()
    return pl.concat(frames)


def dealt(frames: Iterable[pl.DataFrame], keys: Sequence[str], count: int, folder: Path) -> Iterator[pl.DataFrame]:
    """The rows of consecutive frames in buckets by their keys, in a new folder; equal keys are in the same one of so many buckets.

    In a bucket, rows stand as they came. All are dealt when this returns, and each is let go of on disk when it is taken. One
    bucket is in memory.
    """
    if count == 1:
        return iter([pl.concat(frames)])
    folder.mkdir()
    paths = [_range_path(folder, place) for place in range(count)]
    for number, frame in enumerate(frames):
        held = frame.with_columns((frame.select(keys).hash_rows(_SEED) % count).alias(_RANK))
        for path in paths if not number else ():  # it tells the columns of those without rows
            _add(frame.clear(), path)
        for (place,), part in held.partition_by(_RANK, as_dict=True, include_key=False, maintain_order=True).items():
            _add(part, paths[place])
    return map(_taken, paths)


def part_bytes(memory: int) -> int:
    """The bytes of a part where so much memory is given: writers hold it as text, as values and as what they write."""
    return max(1, min(PART_BYTES, memory * PART_BYTES // MEMORY))


def parts_of(frame: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """A frame cut into parts of about so many bytes, one at least."""
    rows = max(1, size * max(1, frame.height) // max(1, int(frame.estimated_size())))
    yield from frame.iter_slices(rows) if frame.height else [frame]
