"""The rows of a table as a release has them, made by executors: canonical text, sorted by key, in parts on storage that all share.

    FOLDER/read/PLACE-000012.arrow     a part of a span, in the order of the file
    FOLDER/dealt/PLACE-000000.arrow    the rows of a span, a record batch for each range of the order
    FOLDER/sorted/000007-000003.arrow  a part of a range, as it shall stand

Whatever is written has a name of its own first, so that a task may be lost, or done twice.
"""

from __future__ import annotations

import platform
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
import polars as pl

from deedbook.cluster.texts import DoubtError, Text
from deedbook.errors import ProjectError
from deedbook.release import tables
from deedbook.release.rows import Order, Rows, Scratch

if TYPE_CHECKING:
    from deedbook.cluster.spans import Span
    from deedbook.cluster.tasks import Executors
    from deedbook.descriptor import Resource

FOLDER = "spans"
Ranks: TypeAlias = "Callable[[pl.DataFrame], pl.DataFrame]"


@dataclass(slots=True)
class Written:
    """Consecutive rows of a table in files.

    Attributes:
        order: How they stand, as their ranks tell; nothing of a table without a key.
        paths: Of each part.
        heights: How many rows each has.
        bytes: How much they take in memory.
        filled: The columns with values.
    """

    order: Order = field(default_factory=lambda: Order(pl.DataFrame))
    paths: list[Path] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    bytes: int = 0
    filled: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, others: Iterable[Self]) -> Self:
        """Those that follow each other."""
        whole = cls()
        for other in others:
            whole.order.join(other.order)
            whole.paths += other.paths
            whole.heights += other.heights
            whole.bytes += other.bytes
            whole.filled |= other.filled
        return whole

    def rows(self, head: pl.DataFrame, folder: Path) -> Rows:
        """The rows; where there are none, those of a frame."""
        parts = [*map(pl.scan_ipc, self.paths)] or [head.lazy()]
        return Rows(tuple(parts), tuple(self.heights or [0]), dict(head.schema), self.bytes, folder)

    def put(self, part: pl.DataFrame, folder: Path, name: str) -> None:
        """Writes a part into a file that is called so, and by its number."""
        path = folder / f"{name}-{len(self.paths):06}.arrow"
        with named_when_whole(path) as place:
            part.write_ipc(place, compression="lz4")
        self.paths.append(path)
        self.heights.append(part.height)
        self.bytes += int(part.estimated_size())


@contextmanager
def named_when_whole(path: Path) -> Iterator[Path]:
    """Where a file is written that then gets its name, however often it is made.

    Raises:
        ProjectError: when its folder cannot be seen from here.
    """
    if not path.parent.is_dir():
        problem = f"an executor on {platform.node()} has no folder {path.parent}"
        raise ProjectError(
            problem, "keep the project and its dist/ on storage that all executors have at the same path"
        )
    place = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    yield place
    place.replace(path)


def read_sorted(executors: Executors, resource: Resource, scratch: Scratch) -> tuple[Rows, set[str]]:
    """What `release.derived.read_sorted` gives, made by executors on storage that all share."""
    order, folder = (
        Order(partial(tables.ranks_of, schema=tables.schema_of(resource))),
        scratch.folder / FOLDER,
    )
    for name in ("read", "dealt", "sorted"):
        (folder / name).mkdir(parents=True)
    text = Text.of(resource, executors)
    read = executors.worth(text.spans, partial(_read, text, order.ranks, Scratch(folder, scratch.size)))
    whole = Written.of(read.values())
    filled = whole.filled
    if not whole.order.is_kept:
        limits = whole.order.limits(-(-sum(span.weight for span in read) // executors.span))
        spans = [one.paths for one in read.values() if one.paths]
        dealt = executors.each(spans, partial(_deal, order, limits, folder))
        shutil.rmtree(folder / "read", ignore_errors=True)  # a task that was given up may still write
        work = partial(_sort, order, dealt, folder, max(whole.heights))
        whole = Written.of(executors.each(range(limits.height + 1), work))
        shutil.rmtree(folder / "dealt", ignore_errors=True)
    head = next(tables.canonical_parts(resource, scratch.size))
    return whole.rows(head, folder), filled


def _read(text: Text, ranks: Ranks, scratch: Scratch, span: Span) -> Written | None:
    """A span as canonical text; None where it has to be read with what follows."""
    written, is_keyed = Written(), bool(text.resource.described.primary_key)
    try:
        for part in filter(len, tables.canonical_parts(text.resource, scratch.size, partial(text.read, span))):
            written.put(part, scratch.folder / "read", f"{span.place:016}")
            written.filled.update(item.name for item in part.iter_columns() if item.null_count() < len(item))
            if is_keyed:
                written.order.add(ranks(part))
    except DoubtError:
        return None
    return written


def _deal(order: Order, limits: pl.DataFrame, folder: Path, paths: Sequence[Path]) -> Path:
    """The file that has the rows of a span by their range of the order, a record batch for each."""
    import pyarrow as pa

    rows = pl.concat(map(pl.scan_ipc, paths)).collect()
    ranges = order.ranges(rows, limits)
    placed = rows.select(pl.all().gather(pl.Series(np.argsort(ranges, kind="stable"))))
    path, ends = folder / "dealt" / paths[0].name, np.cumsum(np.bincount(ranges, minlength=limits.height + 1)).tolist()
    table = placed.to_arrow(compat_level=pl.CompatLevel.oldest())
    with (
        named_when_whole(path) as place,
        pa.ipc.new_file(place, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file,
    ):
        for start, end in zip([0, *ends], ends, strict=False):
            columns = [column.slice(start, end - start).combine_chunks() for column in table.columns]
            file.write_batch(pa.RecordBatch.from_arrays(columns, schema=table.schema))
    return path


def _sort(order: Order, paths: Sequence[Path], folder: Path, height: int, place: int) -> Written:
    """A range of the order, as its rows shall stand, in parts of at most so many."""
    import pyarrow as pa

    written, parts = Written(), list[pl.DataFrame]()
    for path in paths:
        with pa.ipc.open_file(path) as file:
            parts.append(pl.DataFrame(pl.from_arrow(file.get_batch(place))))
    for part in order.sorted_slices(pl.concat(parts), height):
        written.put(part, folder / "sorted", f"{place:06}")
    return written
