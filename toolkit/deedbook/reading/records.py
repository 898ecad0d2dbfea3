"""Records one by one: the slow, forgiving reader for headers, and for dialects and quoting that blocks cannot be proven for."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

import numpy as np

from deedbook.dialect import Dialect
from deedbook.reading import text
from deedbook.reading.blocks import MAX_RECORD, NEWLINE, Cutter
from deedbook.reading.source import SourceError, UnclosedError
from deedbook.reading.text import CellFault, Layout, Ragged, TextBlock

_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|[\r\n])?+")
RECORDS = 20_000
"""Records of one text block."""
_LEAST = 1 << 16
"""Bytes that are asked for at once: a header, and the rest of most records."""
_NEAR = 1 << 10
"""Bytes in which the end of a quoted cell is sought first; eight times as many each time that it is not there."""


class RecordReader:
    """Consecutive records, read one by one as far as they are asked for.

    Attributes:
        cells: The cells of each record that ends.
        lines: The line that each starts on (from 0); `newlines` those that they span.
        faults: What is not as it should be inside their cells.
        size: Their bytes.
        end: Why nothing behind them can be read, when that is so.
        has_return: Whether a record ends in a carriage return.
        is_cut: Whether the last record lacks its line end.

    Args:
        data: Bytes that begin with a record; only records that start in them are read.
        dialect: How they are cut into cells.
        more: About so many of the bytes that follow `data`; empty at the end.
    """

    def __init__(self, data: bytes, dialect: Dialect, more: Callable[[int], bytes]) -> None:
        self.cells: list[list[str]] = []
        self.lines: list[int] = []
        self.faults: list[CellFault] = []
        self.size = self.newlines = 0
        self.end: SourceError | None = None
        self.has_return = self.is_cut = False
        self._data, self._more, self._dialect, self._first = data, more, dialect, len(data)
        marks = (dialect.quote_char, dialect.escape_char, *dialect.pairs)
        self._quote, self._escape, *self._pairs = (mark.encode() for mark in marks)
        self._cell = dialect.cell
        self._at = 0
        self._line, self._text = b"", ""
        """The last line of the record in hand, and all of it that the csv module got."""
        self._span = self._lines = 0
        """Bytes and lines of the record in hand."""
        self._reader = text.open_reader(self, dialect)

    @property
    def rest(self) -> bytes:
        """Bytes behind them that were read already."""
        return self._data[self._at :]

    def read(self, limit: int = RECORDS) -> Self:
        """Reads until there are so many."""
        while len(self.cells) < limit and self.size < self._first:
            self._span, self._lines, self._text, row = 0, 0, "", len(self.cells)
            cells = next(self._reader, None)
            if cells is None or self.end:
                break
            if text.MARK.search(self._text):
                for column, cell in enumerate(cells):
                    bad = map(text.marked_byte, text.MARK.findall(cell))
                    self.faults += [CellFault(row, column, "encoding-error", byte) for byte in bad]
                    cells[column] = text.MARK.sub(text.REPLACEMENT, cell)
            self.faults += _odd_marks(self._text, self._cell, row, self._dialect)
            self.cells.append(cells)
            self.lines.append(self.newlines)
            self.newlines += self._lines
            self.size += self._span
            self.has_return |= self._line.endswith((b"\r", b"\r\n"))
        return self

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """Lines for the csv module."""
        line = self._take()
        if not line or self._span + len(line) > MAX_RECORD:
            if line or self._span:
                self.end = self.end or UnclosedError(is_long=bool(line))
            raise StopIteration
        self._line = line
        self._at += len(line)
        self._lines += max(line.count(b"\n") + line.count(b"\r") - line.count(b"\r\n"), 1)
        self._span += len(line)
        if not line.endswith((b"\n", b"\r")):
            self.is_cut = True
            line += b"\n"  # the csv module waits for more behind an escaped line end without it
        decoded = text.mark(line)
        self._text += decoded
        return decoded

    def _take(self) -> bytes:
        """The next line, or all lines that end inside the same quoted cell; empty at the end.

        A quoted cell that is never closed is not handed over: the csv module would take several times its size for it. Behind an
        escape character a line end may go on with the record outside quotes; otherwise only a quoted cell does.
        """
        is_escaped = bool(self._escape) and self._line.rstrip(b"\r\n").endswith(self._escape)
        is_inside = bool(self._quote) and self._span > 0 and not is_escaped
        while True:
            end, is_whole = self._quoted_end() if is_inside else self._line_end()
            left = len(self._data) - self._at
            if is_whole or left > MAX_RECORD:
                return self._data[self._at : end if is_whole else len(self._data)]
            try:
                data = self._more(max(left, _LEAST))
            except SourceError as error:
                self.end = error
                return b""
            if not data and is_inside and self._closing_quote() == len(self._data):
                self.end = UnclosedError(is_long=self._span + left >= MAX_RECORD)
                return b""
            if not data:
                return self.rest
            self._data, self._at = self.rest + data, 0

    def _line_end(self) -> tuple[int, bool]:
        """The end of the next line, and whether more data could not move it."""
        end = _LINE.match(self._data, self._at).end()  # type: ignore[union-attr]  # it matches no byte, too
        return end, end < len(self._data) or (end > self._at and self._data[end - 1] == NEWLINE)

    def _quoted_end(self) -> tuple[int, bool]:
        """The end of the last line before the closing quote, or of the line with it; not whole where it may still come."""
        closing = self._closing_quote()
        if closing + 2 * len(self._quote) > len(self._data):  # what follows a quote tells whether it closes
            return closing, False
        end = max(self._data.rfind(b"\n", self._at, closing), self._data.rfind(b"\r", self._at, closing)) + 1
        return (end, True) if end else self._line_end()

    def _closing_quote(self) -> int:
        """The position of the quote that closes the cell; the length of the data where none does."""
        size = _NEAR
        while True:
            part = self._data[self._at : self._at + size]
            for pair in self._pairs:
                part = part.replace(pair, bytes(len(pair)))
            found, is_all = part.find(self._quote), self._at + size >= len(self._data)
            if found >= 0 and (is_all or found + 2 * len(self._quote) <= len(part)):
                return self._at + found
            if is_all:
                return len(self._data)
            size *= 8


def _odd_marks(record: str, cell: re.Pattern[str], row: int, dialect: Dialect) -> Iterator[CellFault]:
    """Text behind a closing quote, and escape characters that eat a letter."""
    escape = dialect.escape_char
    if not any(map(record.__contains__, dialect.quote_char + escape)):
        return
    meant = {dialect.delimiter, dialect.quote_char, escape, "\n", "\r"}
    at = column = 0
    while at < len(record) and (found := cell.match(record, at)):
        quoted, behind, plain = found.groups()
        shown = text.MARK.sub(text.REPLACEMENT, found[0].strip("\r\n"))
        if behind:
            yield CellFault(row, column, "stray-quote", shown)
        elif escape and escape in found[0]:
            eaten = re.findall(re.escape(escape) + "(.)", quoted or plain or "", re.DOTALL)
            if not meant.issuperset(eaten):
                yield CellFault(row, column, "lost-escape", shown)
        at, column = max(found.end(), at + 1), column + 1


def to_text_block(records: RecordReader, layout: Layout, first: int = 1) -> TextBlock:
    """The records, of which the first has the number `first` in its file, as text columns."""
    width, numbered = len(layout.names), list(enumerate(records.cells))
    comments = comments_in(records.cells, layout.dialect, first)
    return TextBlock(
        text.to_frame(records.cells, layout),
        records.newlines,
        tuple(Ragged(at, tuple(cells)) for at, cells in numbered if len(cells) != width and at not in comments),
        tuple(item for item in records.faults if item.rule == "encoding-error" or item.row not in comments),
        np.array(records.lines, np.int64),
        records.has_return,
        with_nul=tuple(at for at, cells in numbered if "\0" in "".join(cells)),
        comments=comments,
        is_cut=records.is_cut,
    )


def comments_in(records: Sequence[Sequence[str]], dialect: Dialect, first: int = 1) -> frozenset[int]:
    """Which records, of which the first has that number in its file, are comments and no rows."""
    mark, known = dialect.comment_char, dialect.comment_rows
    starts = (cells[0] if cells else "" for cells in records if mark)
    found = {at for at, text in enumerate(starts) if text.startswith(mark)}
    return frozenset(found | {number - first for number in known if 0 <= number - first < len(records)})


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What stands above the data of a file.

    Attributes:
        labels: The names of the columns; None where a file has no header.
        width: The number of columns; 0 where nothing tells it.
        row: The number of the first data record; `line` its line.
        faults: What in the labels is not UTF-8.
        head: The first bytes of the file, the header among them.
    """

    labels: list[str] | None
    width: int
    row: int = 1
    line: int = 1
    faults: tuple[CellFault, ...] = ()
    head: bytes = b""


def read_header(cutter: Cutter, dialect: Dialect, known: list[str] | None) -> FileHeader:
    """The header of a file; what is read beyond it is given back.

    A second file of a table may repeat the header (`known`) or go on without one. Comments above the header are no part of
    it, and one above the first record of a file without a header says nothing of its width.

    Raises:
        SourceError: when the header or the first record does not end.
    """
    taken = [cutter.take(_LEAST)]

    def more(size: int) -> bytes:
        taken.append(cutter.take(size))
        return taken[-1]

    first, wanted = min(dialect.header_rows, default=1) - 1, max(dialect.header_rows, default=1)
    records, above = RecordReader(taken[0], dialect, more).read(wanted), 0
    while comments_in(records.cells[first + above :][:1], dialect, first + above + 1):
        above += 1
        records.read(wanted + above)
    if isinstance(records.end, UnclosedError):
        message = "a quote that opens in the first record is never closed"
        raise SourceError(records.end.rule, message, "close the quote, or double it")
    if records.end:
        raise records.end
    rows, head = records.cells[above:], b"".join(taken)
    labels = header_labels(rows, dialect)
    if not labels or (known is not None and sorted(labels) != sorted(known)):
        cutter.unread(head)
        own = len(rows[0]) if rows and not dialect.header_rows else 0
        return FileHeader(None, own if known is None else len(known), head=head)
    cutter.unread(records.rest)
    cutter.records = len(records.cells)
    faults = tuple(item for item in records.faults if item.row >= above and item.rule == "encoding-error")
    return FileHeader(labels, len(labels), cutter.records + 1, records.newlines + 1, faults, head)


def header_labels(rows: Sequence[Sequence[str]], dialect: Dialect) -> list[str]:
    """The labels that the first records of a file make, in the schema's spelling where their case says nothing."""
    chosen = [rows[at - 1] for at in dialect.header_rows if at <= len(rows)]
    labels = []
    for column in zip_longest(*chosen):
        parts = [part for part in column if part is not None]
        distinct = [part for part, before in zip(parts, ("", *parts), strict=False) if part and part != before]
        label = dialect.header_join.join(distinct)
        labels.append(dialect.spelling.get(label.casefold(), label))
    return labels
