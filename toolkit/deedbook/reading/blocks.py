"""Bytes to blocks of whole records, and where records and cells lie in a block that is not parsed.

A block ends at a line end with an even number of quotes before it. That is a record end as long as every quote opens,
closes or doubles inside a quoted cell, which `quotes_are_regular` proves for each block before it is read; where it fails,
`records` reads records one by one from the block's start.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.dialect import Dialect
from deedbook.reading.source import BOM, ByteStream, SourceError

BLOCK_SIZE = 10 << 20
"""Half as much takes a third less memory and a tenth more time."""
MAX_RECORD = 32 << 20
"""Bytes of the longest record that is read; a longer one is a quote that never closes, or no table."""
_TAIL = 1 << 12
"""Bytes before the end of a block in which it most likely ends: more are read again for nothing."""
_STEP = 1 << 20
_FIRST_STEP = 1 << 14
"""Bytes that are looked through for a record end from the end of a block, at first: the last one is mostly near."""

NEWLINE, RETURN = 10, 13
Positions: TypeAlias = "npt.NDArray[np.int64]"
_Words: TypeAlias = "npt.NDArray[np.uint64]"


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive whole records.

    Attributes:
        data: Their bytes as UTF-8.
        is_open: There is no record end, as far as the stream or the longest record goes: a quote is never closed, a record is
            too long, or quotes are irregular.
    """

    data: bytes
    is_open: bool = False


class Cutter:
    """Cuts a stream into blocks; `unread` gives back what a reader did not use.

    The whole lines before the place where a stream fails are cut like any other; `failure` says why it ends there. `records`
    is the number of records that readers took one by one; a dialect with `comment_rows` is always read so.

    Args:
        stream: The bytes; a byte-order mark is skipped.
        dialect: Its quote character decides where a record may end.
        block_size: Bytes after which a block is cut at the next record end.
    """

    def __init__(self, stream: ByteStream, dialect: Dialect, block_size: int = BLOCK_SIZE) -> None:
        self._stream = stream
        self._quote = dialect.quote_char.encode()[:1]
        self._size = block_size
        self._rest = b""
        self._taken = 0
        self._ended = False
        self.failure: SourceError | None = None
        self.records = 0
        self._fill(len(BOM))
        self.has_bom = self._rest.startswith(BOM)
        if self.has_bom:
            self._rest = self._rest[len(BOM) :]

    @property
    def position(self) -> int:
        """Bytes of the stream before what comes next."""
        return self._taken - len(self._rest)

    def is_empty(self) -> bool:
        """Whether no byte is left."""
        self._fill(1)
        return not self._rest

    def unread(self, data: bytes) -> None:
        """Puts bytes back in front."""
        self._rest = data + self._rest

    def take(self, size: int) -> bytes:
        """About so many bytes for a reader that needs more than its block; empty at the end.

        Raises:
            SourceError: when the stream failed here.
        """
        self._fill(size)
        if self.failure and not self._rest:
            raise self.failure
        data, self._rest = self._rest, b""
        return data

    def read_at(self, position: int, size: int) -> bytes:
        """So many bytes of the stream from a position that is not behind the present one."""
        if isinstance(self._stream, io.RawIOBase) and self._stream.seekable():
            self._stream.seek(position)
            self._taken, self._rest, self._ended = position, b"", False
        data = b"more"
        while data and (gap := min(position - self.position, BLOCK_SIZE)) > 0:
            data = self.take(gap)
            self.unread(data[gap:])
        data = self.take(size)
        self.unread(data[size:])
        return data[:size]

    def next_block(self) -> Block | None:
        """The next block; None at the end."""
        wanted = self._size
        if lines := self._whole_lines(wanted):
            return Block(lines)
        while True:
            self._fill(wanted)
            data, rest = self._rest, b""
            is_last = self._ended and len(data) <= wanted
            if is_last and not data:
                return None
            if len(data) > wanted:
                data, rest = data[:wanted], data[wanted:]
            end = len(data) if is_last and not self.is_odd(data) else self._last_record_end(data)
            if end or is_last or len(data) >= MAX_RECORD or not quotes_are_regular(data, self._quote, b""):
                self._rest = data[end or len(data) :] + rest
                return Block(data[: end or len(data)], is_open=not end)
            wanted = min(2 * wanted, MAX_RECORD)

    def _whole_lines(self, wanted: int) -> bytes:
        """Nearly so many bytes of a file, read once and up to where a record ends; empty where that takes a closer look."""
        if wanted <= _TAIL or self._ended or not isinstance(self._stream, io.FileIO) or not self._stream.seekable():
            return b""
        start = self.position
        self._stream.seek(start + wanted - _TAIL)
        tail = self._stream.read(_TAIL).rfind(b"\n") + 1
        self._stream.seek(start)
        data = self._stream.read(wanted - _TAIL + tail) if tail else b""
        self._taken, self._rest = start + len(data), b""
        if len(data) < wanted - _TAIL + tail or self.is_odd(data):
            data, self._rest = b"", data
        return data

    def _fill(self, size: int) -> None:
        """Reads until there are so many bytes, the stream ends, or it fails: then its last, cut line is dropped."""
        parts = [self._rest]
        have = len(self._rest)
        while have < size and not self._ended:
            try:
                data = self._stream.read(size - have)
            except SourceError as error:
                self.failure, data = error, b""
            self._ended = not data
            self._taken += len(data)
            parts.append(data)
            have += len(data)
        if len(parts) > 1:
            self._rest = b"".join(parts)
            if self.failure:
                self._rest = self._rest[: self._rest.rfind(b"\n") + 1]

    def is_odd(self, data: bytes) -> bool:
        """Whether a quote that opens in whole records stays open."""
        return bool(self._quote) and self._quote in data and count(data, self._quote[0]) % 2 == 1

    def _last_record_end(self, data: bytes) -> int:
        """The position after the last line end with an even number of quotes before it; 0 if there is none."""
        end = data.rfind(b"\n") + 1
        if not end or not self.is_odd(data[:end]):
            return end
        view = np.frombuffer(data, np.uint8, end)
        step, quotes_behind = _FIRST_STEP, 0
        while end:  # backwards for a line end with an odd number of quotes behind it, mostly a near one
            part = view[max(end - step, 0) : end]
            behind = np.bitwise_xor.accumulate((part == self._quote[0]).view(np.uint8)[::-1])[::-1] ^ quotes_behind
            found = np.flatnonzero((part == NEWLINE) & (behind == 1))
            end -= len(part)
            if len(found):
                return end + int(found[-1]) + 1
            step, quotes_behind = min(4 * step, _STEP), int(behind[0])
        return 0


def count(data: bytes, byte: int) -> int:
    """How often a byte occurs in the data."""
    return int(
        (pl.Series(np.frombuffer(data, np.uint8)) == byte).sum()
    )  # four times as quick as numpy, six as `bytes.count`


_WORDS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def quotes_are_regular(data: bytes, quote: bytes, delimiter: bytes) -> bool:
    """Whether every quote opens a cell, closes it, or is doubled inside one, reading from a record start.

    An opening quote stands at a cell's start and a closing one at its end; an escaped quote is a closing one with an
    opening one right behind it. Without a delimiter only the start of the data and line ends are taken as known, and
    any byte may be the delimiter.
    """
    if not quote:
        return True
    view = pl.Series(np.frombuffer(data, np.uint8))
    is_quote = view == quote[0]
    neighbours = view[:-1].filter(is_quote[1:]).to_numpy()  # before each quote but one that starts the data
    before = neighbours[data[:1] == quote :: 2].tobytes()
    behind = view[1:].filter(is_quote[:-1]).to_numpy()[1::2].tobytes()
    places = quote + b"\n" + (delimiter or bytes(range(256)).translate(None, _WORDS))
    return not (before.translate(None, places) or behind.translate(None, places + b"\r"))


def record_ends(data: bytes, quote: bytes) -> Positions:
    """The position behind each record of a block whose quotes are regular; the last one needs no line end."""
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(view == NEWLINE) + 1
    if len(data) and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    if not quote or not len(ends):
        return ends
    lines = np.concatenate(([0], ends[:-1]))
    is_odd = np.bitwise_xor.reduceat((view == quote[0]).view(np.uint8), lines)
    return np.asarray(ends[np.bitwise_xor.accumulate(is_odd) == 0], np.int64)


def runs(ends: Positions, rows: Positions) -> Iterator[tuple[int, int]]:
    """Where the records of these numbers (rising) begin and end; those that stand together are one run."""
    starts = np.concatenate(([0], ends[:-1]))
    edges = np.flatnonzero(np.diff(rows, prepend=-2, append=len(ends) + 1) != 1)
    return zip(starts[rows[edges[:-1]]].tolist(), ends[rows[edges[1:] - 1]].tolist(), strict=True)


def cut_out(data: bytes, ends: Positions, rows: Positions) -> bytes:
    """The records of these numbers (rising), each with a line end."""
    joined = b"".join(data[start:end] for start, end in runs(ends, rows))
    return joined if not joined or joined.endswith(b"\n") else joined + b"\n"


def scan(data: bytes, dialect: Dialect) -> tuple[Positions, Positions]:
    """The position behind each record of a block whose quotes are regular, and its number of cells: 0 for a blank one.

    No cell is parsed: there is one bit a byte, and quotes are paired 64 bytes at a time.
    """
    view = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(view == NEWLINE)
    delimiters = _words(view == dialect.delimiter.encode()[0])
    if dialect.quote_char:
        quoted = _between(_words(view == dialect.quote_char.encode()[0]))
        delimiters &= ~quoted
        newlines = newlines[(quoted[newlines >> 6] >> _bit(newlines)) & 1 == 0]
    before = np.concatenate(([0], np.cumsum(np.bitwise_count(delimiters), dtype=np.int64)))[newlines >> 6]
    before += np.bitwise_count(delimiters[newlines >> 6] & ((1 << _bit(newlines)) - 1))
    cells = np.diff(before, prepend=0) + 1
    ends = newlines + 1
    starts = np.concatenate(([0], ends[:-1]))
    length = ends - starts
    cells[(length == 1) | ((length == 2) & (view[starts] == RETURN))] = 0
    return ends, cells


def _words(flags: npt.NDArray[np.bool_]) -> _Words:
    """The flags as bits, the first being the lowest of the first word."""
    packed = np.packbits(flags, bitorder="little")
    words = np.zeros(-(-len(packed) // 8), "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    return words


def _between(quotes: _Words) -> _Words:
    """The bits from each first of two set bits up to before the second; it uses up what it is given.

    A bit becomes the parity of all bits up to it, by doubling the reach within a word, as in Langdale and Lemire, "Parsing
    gigabytes of JSON per second" (2019), then by what the words before leave open.
    """
    for reach in (1, 2, 4, 8, 16, 32):
        quotes ^= quotes << reach
    open_ = np.bitwise_xor.accumulate(quotes >> 63)
    quotes[1:] ^= 0 - open_[:-1]
    return quotes


def _bit(positions: Positions) -> _Words:
    """The number of each position's bit in its word."""
    return (positions & 63).astype(np.uint64)
