"""Records as they stand in a file: a hash and a length of each, and a few of them read by their place, no cell being parsed.

Two records of the same bytes have the same cells. Where most records of two files are equal, finding those that are not takes
a third of the time of reading the cells. Only a plain file in UTF-8 whose quotes, line ends and records are regular is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading.blocks import NEWLINE, RETURN, Block, Cutter
from deedbook.reading.foreign import is_foreign
from deedbook.reading.header import read_header
from deedbook.reading.opening import dialect_of, open_table
from deedbook.reading.pipeline import in_order
from deedbook.reading.source import SourceError, is_plain
from deedbook.reading.tables import in_schema
from deedbook.reading.text import IrregularError, Layout, is_regular, read_block

Positions = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_SEED = 0x0DEEDB00
_RETURNED = np.uint64(0x9E3779B97F4A7C15)
_BLOCK_SIZE = 4 << 20
"""Bytes of a block: smaller than where cells are parsed, so that it stays near the processor."""
_GAP = 48 << 10
"""Bytes between two wanted records that are rather read than skipped: they take as long as another call."""
_LARGEST_READ = 4 << 20


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a file behind its header.

    Attributes:
        layout: Its columns.
        start: The position of the first record.
        hashes: The hash of each record's bytes.
        lengths: The bytes of each record, its line end among them.
    """

    layout: Layout
    start: int
    hashes: Hashes
    lengths: npt.NDArray[np.uint32]


def layout_of(resource: Resource) -> Layout:
    """The columns of a table whose records can be told apart by their bytes, as far as its header tells.

    Raises:
        IrregularError: when they cannot.
        ProjectError: when the file cannot be read.
    """
    with _opened(resource) as (_, layout):
        return layout


def hash_records(resource: Resource, advance: Callable[[int], None]) -> Records:
    """The records of a table.

    Args:
        resource: The table.
        advance: Told how many bytes were read.

    Raises:
        IrregularError: when its records cannot be told apart by their bytes alone.
        ProjectError: when the file cannot be read.
    """
    hashes: list[Hashes] = [np.empty(0, np.uint64)]
    lengths: list[npt.NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    with _opened(resource) as (cutter, layout):
        for found, sizes in in_order(iter(cutter.next_block, None), lambda block: _hash_block(block, layout)):
            hashes.append(found)
            lengths.append(sizes)
            advance(int(sizes.sum()))
        if cutter.failure:
            raise cutter.failure
    sizes = np.concatenate(lengths)
    start = _file_of(resource).stat().st_size - int(sizes.sum(dtype=np.int64))
    return Records(layout, start, np.concatenate(hashes), sizes)


def read_at(resource: Resource, records: Records, rows: Positions) -> pl.DataFrame:
    """The records of these numbers (the first being 0, rising) as text columns in schema order, missing values null.

    Raises:
        IrregularError: when they are not what they were, or cannot be parsed.
    """
    schema, file = resource.schema, _file_of(resource)
    if schema is None:
        raise IrregularError
    if not len(rows):
        return pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))
    data = _cut_out(file, records, rows)
    known = _hash_block(Block(data), records.layout)[0]
    block = read_block(data, records.layout)
    if (
        block.ragged
        or block.bad_bytes
        or block.frame.height != len(rows)
        or not np.array_equal(known, records.hashes[rows])
    ):
        raise IrregularError
    return in_schema(block.frame, schema)


def _file_of(resource: Resource) -> Path:
    file = resource.sources[0] if len(resource.sources) == 1 else None
    if file is None or is_foreign(resource) or not is_plain(resource):
        raise IrregularError
    return file


@contextmanager
def _opened(resource: Resource) -> Iterator[tuple[Cutter, Layout]]:
    """The records behind the header."""
    file, dialect = _file_of(resource), dialect_of(resource)
    try:
        with open_table(resource, file) as stream:
            cutter = Cutter(stream, dialect, _BLOCK_SIZE)
            labels, _, _, _ = read_header(cutter, dialect, None)
            layout = Layout(tuple(labels or ()), dialect)
            if not labels or not layout.is_regular:
                raise IrregularError
            yield cutter, layout
    except SourceError as error:
        raise ProjectError(f"{file}: {error.message}", error.hint) from None


def _hash_block(block: Block, layout: Layout) -> tuple[Hashes, npt.NDArray[np.uint32]]:
    """The hash and the length of each record.

    A record of several lines has the sum of the hashes of its lines, each times an odd number that tells its place.
    """
    data = block.data
    if block.is_open or not is_regular(data, layout):
        raise IrregularError
    hashes, ends, is_blank = _hash_lines(data)
    starts = np.concatenate(([0], ends[:-1]))
    if not layout.dialect.quote_char:
        is_end = np.ones(len(ends), np.bool_)
    else:
        is_quote = np.frombuffer(data, np.uint8) == ord(layout.dialect.quote_char)
        is_end = np.bitwise_xor.accumulate(np.bitwise_xor.reduceat(is_quote.view(np.uint8), starts)) == 0
    is_first = np.concatenate(([True], is_end[:-1]))
    if (is_blank & is_first & is_end).any():
        raise IrregularError  # no record
    if is_end.all():
        return hashes, (ends - starts).astype(np.uint32)
    firsts, later = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    records = np.searchsorted(firsts, later) - 1
    odd = 2 * (later - firsts[records]).astype(np.uint64) + np.uint64(1)
    whole = hashes[firsts]
    np.add.at(whole, records, hashes[later] * odd)
    return whole, (ends[is_end] - starts[firsts]).astype(np.uint32)


def _hash_lines(data: bytes) -> tuple[Hashes, Positions, npt.NDArray[np.bool_]]:
    """The hash of each line, the position behind it, and whether it is empty."""
    line = pl.col("line")
    try:
        query = pl.scan_lines(data, name="line").select(hash=line.hash(_SEED), size=line.str.len_bytes())
        lines = query.collect(engine="in-memory")
    except pl.exceptions.PolarsError:
        raise IrregularError from None
    hashes, sizes = lines["hash"].to_numpy(), lines["size"].to_numpy()
    ends = np.cumsum(sizes, dtype=np.int64) + np.arange(1, len(sizes) + 1)
    if b"\r" in data:  # which polars takes for a part of the line end
        view = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(view == NEWLINE) + 1
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        if len(ends) == len(hashes):
            is_returned = (view[ends - 2] == RETURN) & (np.diff(ends, prepend=0) > 1)
            hashes = np.where(is_returned, hashes ^ _RETURNED, hashes)
    elif len(ends) and not data.endswith(b"\n"):
        ends[-1] -= 1
    if len(ends) != len(hashes) or (ends[-1] if len(ends) else 0) != len(data):
        raise IrregularError
    return hashes, ends, sizes == 0


def _cut_out(file: Path, records: Records, rows: Positions) -> bytes:
    """The bytes of the wanted records, each with a line end."""
    ends = np.cumsum(records.lengths, dtype=np.int64) + records.start
    last = ends[rows]
    starts = last - records.lengths[rows]
    is_far = (starts[1:] - last[:-1] > _GAP) | (starts[1:] // _LARGEST_READ > starts[:-1] // _LARGEST_READ)
    stops = np.append(np.flatnonzero(is_far) + 1, len(rows))
    parts: list[bytes] = []
    with file.open("rb", buffering=0) as handle:
        low = 0
        for stop in stops.tolist():
            first = int(starts[low])
            handle.seek(first)
            chunk = handle.read(int(last[stop - 1]) - first)
            parts += [
                chunk[start:end]
                for start, end in zip(
                    (starts[low:stop] - first).tolist(), (last[low:stop] - first).tolist(), strict=True
                )
            ]
            low = stop
    if parts and not parts[-1].endswith(b"\n"):
        parts[-1] += b"\n"
    return b"".join(parts)
