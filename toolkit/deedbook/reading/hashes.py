"""A hash of each record of a table, to find those that differ, and these alone as text columns.

Two records of the same bytes have the same cells. Where most records of two files are equal, finding those that are not takes
a third of the time of reading the cells. Only plain files in UTF-8 are taken, whose quotes, line ends and records are regular;
what does not prove right is read as a whole once more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.descriptor import Resource
from deedbook.reading import inputs, pipeline, source
from deedbook.reading.blocks import NEWLINE, RETURN, Block, Cutter, Positions
from deedbook.reading.tables import in_schema, opened
from deedbook.reading.text import IrregularError, Layout, is_regular, read_block

Hashes = npt.NDArray[np.uint64]
_SEED = 0x0DEEDB00
_RETURNED = np.uint64(0x9E3779B97F4A7C15)
"""Changes the hash of a line that ends in a carriage return, which polars does not see; the golden ratio times 2**64."""
_BLOCK_SIZE = 4 << 20
"""Bytes of a block: smaller than where cells are parsed, so that it stays near the processor."""
_PLACED = 1 << 20
"""Records whose places are reckoned from their lengths at once, in 8 MB."""


@dataclass(frozen=True, slots=True)
class PickedRecords:
    """Some records of a file, in its order: where each begins and ends, and its hash."""

    layout: Layout
    starts: Positions
    ends: Positions
    hashes: Hashes

    @property
    def runs(self) -> Iterator[tuple[int, int]]:
        """Where those begin and end that stand together."""
        edges = np.flatnonzero(self.starts[1:] != self.ends[:-1])
        return zip(self.starts[np.append(0, edges + 1)].tolist(), self.ends[np.append(edges, -1)].tolist(), strict=True)


@contextmanager
def _regular(resource: Resource) -> Iterator[tuple[Cutter, Layout]]:
    """The records of a table of one regular CSV file in UTF-8, behind the header."""
    file = resource.sources[0] if len(resource.sources) == 1 else None
    if file is None or resource.schema is None or inputs.is_foreign(resource) or not source.is_plain(resource):
        raise IrregularError
    with opened(resource, file, block_size=_BLOCK_SIZE) as (cutter, _, layout):
        if not layout.is_regular or not layout.names:
            raise IrregularError
        yield cutter, layout


@dataclass(frozen=True, slots=True)
class HashedRecords:
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

    def pick(self, rows: Positions) -> PickedRecords:
        """Those of these numbers, the first being 0, rising."""
        starts, position = np.empty(len(rows), np.int64), self.start
        for first in range(0, len(self.lengths), _PLACED):
            ends = np.cumsum(self.lengths[first : first + _PLACED], dtype=np.int64)
            low, high = np.searchsorted(rows, (first, first + _PLACED))
            starts[low:high] = position + ends[rows[low:high] - first] - self.lengths[rows[low:high]]
            position += int(ends[-1])
        return PickedRecords(self.layout, starts, starts + self.lengths[rows], self.hashes[rows])


def layout_of(resource: Resource) -> Layout:
    """The columns of a table whose records can be told apart by their bytes, as far as its header tells.

    Raises:
        IrregularError: when they cannot.
        ProjectError: when the file cannot be read.
    """
    with _regular(resource) as (_, layout):
        return layout


def hash_records(resource: Resource, advance: Callable[[int], None]) -> HashedRecords:
    """The records of a table.

    Args:
        resource: The table.
        advance: Told how many bytes were read.

    Raises:
        IrregularError: when its records cannot be told apart by their bytes alone.
        ProjectError: when the file cannot be read.
    """
    # they grow where they are: arrays of blocks would be joined in a second place
    hashes, lengths = bytearray(), bytearray()
    with _regular(resource) as (cutter, layout):
        start = cutter.position
        for found, sizes in pipeline.in_order(iter(cutter.next_block, None), lambda block: _hash_block(block, layout)):
            hashes += found.data
            lengths += sizes.data
            advance(int(sizes.sum()))
        if cutter.failure:
            raise cutter.failure
    return HashedRecords(layout, start, np.frombuffer(hashes, np.uint64), np.frombuffer(lengths, np.uint32))


def read_at(resource: Resource, records: PickedRecords) -> pl.DataFrame:
    """Some records as text columns in schema order, missing values null.

    Raises:
        IrregularError: when they are not what they were, or cannot be parsed.
    """
    file, schema = resource.sources[0], resource.schema
    if schema is None or file is None:
        raise IrregularError
    if not len(records.starts):
        return pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))
    frames, hashes = list[pl.DataFrame](), list[Hashes]()
    for piece in _pieces(file, records):
        data = piece if piece.endswith(b"\n") else piece + b"\n"
        hashes.append(_hash_block(Block(data), records.layout)[0])
        block = read_block(data, records.layout)
        if block.ragged or block.faults:
            raise IrregularError
        frames.append(in_schema(block.frame, schema))
    if not (frames and np.array_equal(np.concatenate(hashes), records.hashes)):
        raise IrregularError
    found = pl.concat(frames)
    if found.height != len(records.hashes):
        raise IrregularError
    return found


def _pieces(file: Path, records: PickedRecords) -> Iterator[bytes]:
    """The bytes of records, about as many at a time as a block has."""
    parts, size = list[bytes](), 0
    with file.open("rb") as handle:  # read, and not mapped: a map of a file that is cut short ends the process
        for start, end in records.runs:
            handle.seek(start)
            parts.append(handle.read(end - start))
            size += len(parts[-1])
            if size >= _BLOCK_SIZE:
                yield b"".join(parts)
                parts, size = [], 0
    if size:
        yield b"".join(parts)


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
