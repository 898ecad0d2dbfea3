"""Records one by one: the slow, forgiving reader for dialects and quoting that blocks cannot be proven for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from deedbook.dialect import Dialect
from deedbook.reading.blocks import MAX_RECORD, NEWLINE
from deedbook.reading.source import SourceError
from deedbook.reading.text import (
    MARK,
    REPLACEMENT,
    BadByte,
    Layout,
    Ragged,
    TextBlock,
    mark,
    marked_byte,
    open_reader,
    to_frame,
)
from deedbook.records import record

_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|[\r\n])?+")
RECORDS = 20_000
"""Records of one text block."""
_LEAST = 1 << 16


@record(frozen=True)
class Unclosed:
    """The last record of a table does not end: a quote is never closed, or it is longer than `MAX_RECORD`."""

    is_long: bool


@record(frozen=True)
class Record:
    """The cells of one record, the line it starts on (from 0) and the lines that it spans."""

    cells: list[str]
    line: int
    lines: int


@record(frozen=True)
class Records:
    """Consecutive records.

    Attributes:
        items: The records that end.
        bad: What in them is not UTF-8.
        size: Their bytes.
        rest: Bytes behind them that were read already.
        end: Why nothing behind them can be read, when that is so.
        has_return: Whether a carriage return occurs.
        has_nul: Whether a NUL byte occurs.
    """

    items: list[Record]
    bad: list[BadByte]
    size: int
    rest: bytes
    end: Unclosed | SourceError | None = None
    has_return: bool = False
    has_nul: bool = False


@dataclass
class _Lines:
    """Lines for the csv module, with an account of what was taken for the record in hand."""

    data: bytes
    more: Callable[[int], bytes]
    quote: bytes
    at: int = 0
    lines: int = 0
    bytes_in_record: int = 0
    end: Unclosed | SourceError | None = None
    is_marked: bool = False
    has_return: bool = False
    has_nul: bool = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._take()
        if not line or self.bytes_in_record + len(line) > MAX_RECORD:
            if line or self.bytes_in_record:
                self.end = self.end or Unclosed(is_long=bool(line))
            raise StopIteration
        self.at += len(line)
        self.lines += max(line.count(b"\n") + line.count(b"\r") - line.count(b"\r\n"), 1)
        self.bytes_in_record += len(line)
        self.has_return |= b"\r" in line
        self.has_nul |= b"\0" in line
        if not line.endswith((b"\n", b"\r")):
            line += b"\n"  # the csv module waits for more behind an escaped line end without it
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.is_marked = True
            return mark(line)

    def _take(self) -> bytes:
        """The next line, or the lines up to the next quote inside one; empty at the end."""
        while True:
            end = self._quiet_end() if self.bytes_in_record and self.quote else 0
            end = end or _LINE.match(self.data, self.at).end()  # type: ignore[union-attr]  # it matches no byte, too
            left = len(self.data) - self.at
            is_whole = end > self.at and self.data[end - 1] == NEWLINE
            if is_whole or end < len(self.data) or left > MAX_RECORD:
                break
            try:
                data = self.more(max(left, _LEAST))
            except SourceError as error:
                self.end = error
                return b""
            if not data:
                break
            self.data, self.at = self.data[self.at :] + data, 0
        return self.data[self.at : end]

    def _quiet_end(self) -> int:
        """The end of the last line that ends before the next quote, and before the end of the data; 0 when none does."""
        data, quote_at = self.data, self.data.find(self.quote, self.at)
        stop = len(data) - 1 if quote_at < 0 else quote_at
        end = max(data.rfind(b"\n", self.at, stop), data.rfind(b"\r", self.at, stop)) + 1
        return end + 1 if data[end - 1 : end + 1] == b"\r\n" else end


def read_records(data: bytes, dialect: Dialect, more: Callable[[int], bytes], *, limit: int = RECORDS) -> Records:
    """The records that start in `data`.

    Args:
        data: Bytes that begin with a record.
        dialect: How they are cut into cells.
        more: About so many of the bytes that follow `data`; empty at the end.
        limit: The most records to read.
    """
    # a record goes on behind a line end only inside quotes, or where the line end is escaped
    lines = _Lines(data, more, b"" if dialect.escape_char else dialect.quote_char.encode())
    records: list[Record] = []
    bad: list[BadByte] = []
    size = 0
    has_return = has_nul = False
    reader = open_reader(lines, dialect)
    while len(records) < limit and size < len(data):
        lines.bytes_in_record = 0
        lines.is_marked = lines.has_return = lines.has_nul = False
        first = lines.lines
        cells = next(reader, None)
        if cells is None or lines.end:
            break
        if lines.is_marked:
            bad += _unmark(cells, len(records))
        records.append(Record(cells, first, lines.lines - first))
        size += lines.bytes_in_record
        has_return |= lines.has_return
        has_nul |= lines.has_nul
    return Records(records, bad, size, lines.data[lines.at :], lines.end, has_return, has_nul)


def _unmark(cells: list[str], row: int) -> Iterator[BadByte]:
    """The marks in the cells of a record, which are replaced."""
    for column, cell in enumerate(cells):
        for found in MARK.findall(cell):
            yield BadByte(row, column, marked_byte(found))
        cells[column] = MARK.sub(REPLACEMENT, cell)


def to_text_block(records: Records, layout: Layout, first: int = 1) -> TextBlock:
    """The records, of which the first has the number `first` in its file, as text columns."""
    width, items = len(layout.names), records.items
    comments = frozenset(at for at, item in enumerate(items) if is_comment(item.cells, first + at, layout.dialect))
    ragged = tuple(
        Ragged(row, tuple(record.cells))
        for row, record in enumerate(items)
        if len(record.cells) != width and row not in comments
    )
    return TextBlock(
        to_frame([record.cells for record in items], layout),
        sum(record.lines for record in items),
        ragged,
        tuple(records.bad),
        np.array([record.line for record in items], np.int64),
        records.has_return,
        records.has_nul,
        comments=comments,
    )


def is_comment(cells: list[str], number: int, dialect: Dialect) -> bool:
    """Whether the record of that number in its file is a comment and no row."""
    if number in dialect.comment_rows:
        return True
    return bool(dialect.comment_char) and bool(cells) and cells[0].startswith(dialect.comment_char)
