"""Bytes to blocks of whole records.

A block ends at a line end with an even number of quotes before it. That is a record end as long as every quote opens,
closes or doubles inside a quoted cell, which `quotes_are_regular` proves for each block before it is read; where it fails,
`sequential` reads records one by one from the block's start.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.dialect import Dialect
from deedbook.reading.source import BOM, ByteStream, SourceError

if TYPE_CHECKING:
    import numpy.typing as npt

BLOCK_SIZE = 10 << 20
"""Half as much takes a third less memory and a tenth more time."""
MAX_RECORD = 32 << 20
"""Bytes of the longest record that is read; a longer one is a quote that never closes, or no table."""

NEWLINE, RETURN = 10, 13
Bytes: TypeAlias = "npt.NDArray[np.uint8]"
Positions: TypeAlias = "npt.NDArray[np.int64]"


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
        self._buffer = bytearray()
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

    def stop(self) -> None:
        """Ends the stream here."""
        self._rest, self._ended = b"", True

    def next_block(self) -> Block | None:
        """The next block; None at the end."""
        wanted = self._size
        if lines := self._whole_lines(wanted):
            return Block(lines)
        while True:
            data, size = self._window(wanted)
            is_last = self._ended and size >= len(self._rest)
            if is_last and not size:
                return None
            end = size if is_last and not self._is_odd(data, size) else self._last_record_end(data, size)
            view = memoryview(data)[:size]
            if end or is_last or size >= MAX_RECORD or not quotes_are_regular(view, self._quote, b""):
                self._rest = bytes(view[end or size :]) + self._rest[size:]
                return Block(bytes(view[: end or size]), is_open=not end)
            self._rest = bytes(view) + self._rest[size:]
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

    def _window(self, wanted: int) -> tuple[bytes | bytearray, int]:
        """Up to so many bytes, to be looked at only: a buffer and how much of it counts. A file is read without a copy."""
        if not isinstance(self._stream, io.FileIO) or len(self._rest) >= wanted:
            self._fill(wanted)
            return self._rest, min(wanted, len(self._rest))
        if len(self._buffer) < wanted:
            self._buffer = bytearray(wanted)
        size = len(self._rest)
        self._buffer[:size] = self._rest
        with memoryview(self._buffer) as view:
            while size < wanted and not self._ended:
                count = self._stream.readinto(view[size:wanted])
                self._ended = not count
                self._taken += count
                size += count
        return self._buffer, size

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
        return self._is_odd(data, len(data))

    def _is_odd(self, data: bytes | bytearray, size: int) -> bool:
        if not self._quote or data.find(self._quote, 0, size) < 0:
            return False
        return bool(count(data, self._quote[0], size) % 2)

    def _last_record_end(self, data: bytes | bytearray, size: int) -> int:
        """The position after the last line end with an even number of quotes before it; 0 if there is none."""
        end = data.rfind(b"\n", 0, size) + 1
        if not end or not self._is_odd(data, end):
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


def count(data: bytes | bytearray, byte: int, size: int = -1) -> int:
    """How often a byte occurs in the data, or in its first `size` bytes."""
    size = len(data) if size < 0 else size
    if size < _SHORT:
        return data.count(byte, 0, size)
    return int((pl.Series(np.frombuffer(data, np.uint8, size)) == byte).sum())  # four times as quick as numpy


def split(data: bytes, quote: bytes) -> list[bytes] | None:
    """Short data with few quotes between its quotes: from the first, each other part is outside. None where arrays pay."""
    if len(data) >= _SHORT or (quote and data.count(quote) > _FEW_QUOTES):
        return None
    return data.split(quote) if quote else [data]


def quotes_are_regular(data: bytes | memoryview, quote: bytes, delimiter: bytes) -> bool:
    """Whether every quote opens a cell, closes it, or is doubled inside one, reading from a record start.

    An opening quote stands at a cell's start and a closing one at its end; an escaped quote is a closing one with an
    opening one right behind it. Without a delimiter only the start of the data and line ends are taken as known, and
    any byte may be the delimiter.
    """
    if not quote:
        return True
    parts = split(bytes(data), quote) if len(data) < _SHORT else None
    if parts is not None:
        outside, opened = parts[::2], len(parts) // 2  # nothing before a quote: the start of the data, or a doubled one
        before, behind = b"".join(it[-1:] for it in outside[:opened]), b"".join(it[:1] for it in outside[1:])
    else:
        view = pl.Series(np.frombuffer(data, np.uint8))
        is_quote = view == quote[0]
        neighbours = view[:-1].filter(is_quote[1:]).to_numpy()  # before each quote but one that starts the data
        before = neighbours[data[:1] == quote :: 2].tobytes()
        behind = view[1:].filter(is_quote[:-1]).to_numpy()[1::2].tobytes()
    before_opening, behind_closing = _neighbours(quote, delimiter)
    return not (before.translate(None, before_opening) or behind.translate(None, behind_closing))


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


def cut_out(data: bytes, ends: Positions, rows: Positions) -> bytes:
    """The records of these numbers (rising), each with a line end."""
    starts = np.concatenate(([0], ends[:-1]))
    edges = np.flatnonzero(np.diff(rows, prepend=-2, append=len(ends) + 1) != 1)  # what stands together is cut together
    runs = zip(starts[rows[edges[:-1]]].tolist(), ends[rows[edges[1:] - 1]].tolist(), strict=True)
    joined = b"".join(data[start:end] for start, end in runs)
    return joined if not joined or joined.endswith(b"\n") else joined + b"\n"


_SHORT = 3 << 19
"""Bytes of which the interpreter counts and splits sooner than numpy is imported."""
_FEW_QUOTES = 20_000
_TAIL = 1 << 12
"""Bytes before the end of a block in which it most likely ends."""
_STEP = 1 << 20
_FIRST_STEP = 1 << 14
_WORDS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _neighbours(quote: bytes, delimiter: bytes) -> tuple[bytes, bytes]:
    """The bytes that may stand before an opening quote, and those that may stand behind a closing one."""
    places = quote + b"\n" + (delimiter or bytes(range(256)).translate(None, _WORDS))
    return places, places + b"\r"
