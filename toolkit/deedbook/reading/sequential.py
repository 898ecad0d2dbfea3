"""Records one by one: the slow, forgiving reader for dialects and quoting that blocks cannot be proven for."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from deedbook.descriptor import Dialect
from deedbook.reading.blocks import MAX_RECORD
from deedbook.reading.text import BadByte, Layout, Ragged, TextBlock, csv_options, decode

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
RECORDS = 20_000
"""Records of one text block."""


class UnclosedError(Exception):
    """A record does not end: a quote is never closed, or the record is longer than `MAX_RECORD`."""

    def __init__(self, records: list[Record], *, is_long: bool) -> None:
        super().__init__()
        self.records, self.is_long = records, is_long


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, the line it starts on (from 0) and the lines that it spans."""

    cells: list[str]
    line: int
    lines: int


@dataclass
class _Lines:
    """Lines for the csv module, with an account of what was taken for the record in hand."""

    data: bytes
    more: Callable[[], bytes]
    at: int = 0
    lines: int = 0
    in_record: int = 0
    bytes_in_record: int = 0
    ran_out: bool = False
    too_long: bool = False
    bad: list[tuple[int, int]] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._take()
        if not line:
            self.ran_out = self.in_record > 0
            raise StopIteration
        self.at += len(line)
        self.lines += 1
        self.in_record += 1
        self.bytes_in_record += len(line)
        if self.bytes_in_record > MAX_RECORD:
            self.too_long = True
            raise StopIteration
        text, positions = decode(line)
        self.bad += [(self.lines - 1, line[position]) for position in positions]
        return text

    def _take(self) -> bytes:
        while True:
            match = _LINE.match(self.data, self.at)
            complete = match is not None and match.end() < len(self.data)
            if not complete and len(self.data) - self.at <= MAX_RECORD and (data := self.more()):
                self.data = self.data[self.at :] + data
                self.at = 0
                continue
            return match[0] if match else b""


def read_records(
    data: bytes, dialect: Dialect, more: Callable[[], bytes], *, limit: int | None = None
) -> tuple[list[Record], bytes, list[tuple[int, int]]]:
    """The records that start in `data`, what was read too much, and the (line, byte) of what is not UTF-8.

    Args:
        data: Bytes that begin with a record.
        dialect: How they are cut into cells.
        more: The bytes that follow `data`, in pieces; empty at the end.
        limit: The most records to read.

    Raises:
        UnclosedError: when a record does not end; it carries the records before it and the open one.
    """
    csv.field_size_limit(1 << 30)
    size = len(data)
    lines = _Lines(data, more)
    records: list[Record] = []
    consumed = 0
    reader = csv.reader(lines, **csv_options(dialect))  # type: ignore[arg-type]  # the options are those of csv.reader
    while limit is None or len(records) < limit:
        lines.in_record = lines.bytes_in_record = 0
        first = lines.lines
        try:
            cells = next(reader)
        except StopIteration:
            break
        records.append(Record(cells, first, lines.lines - first))
        consumed += lines.bytes_in_record
        if lines.ran_out or lines.too_long:
            raise UnclosedError(records, is_long=lines.too_long)
        if consumed >= size:
            break
    return records, lines.data[lines.at :], lines.bad


def to_text_block(records: list[Record], layout: Layout, bad: list[tuple[int, int]]) -> TextBlock:
    """The records as text columns."""
    width = len(layout.names)
    comments = frozenset(row for row, record in enumerate(records) if _is_comment(record, layout.dialect))
    ragged = tuple(
        Ragged(row, tuple(record.cells))
        for row, record in enumerate(records)
        if len(record.cells) != width and row not in comments
    )
    columns: list[list[str]] = [
        [record.cells[position] if position < len(record.cells) else "" for record in records]
        for position in range(width)
    ]
    schema = dict.fromkeys(layout.names, pl.String)
    frame = pl.DataFrame(dict(zip(layout.names, columns, strict=True)), schema=schema)
    first = records[0].line if records else 0
    lines = np.array([record.line - first for record in records], np.int64)
    return TextBlock(
        frame,
        sum(record.lines for record in records),
        ragged,
        tuple(_bad_byte(line, byte, records, width) for line, byte in bad),
        lines,
        comments=comments,
    )


def _is_comment(record: Record, dialect: Dialect) -> bool:
    return bool(dialect.comment_char) and bool(record.cells) and record.cells[0].startswith(dialect.comment_char)


def _bad_byte(line: int, byte: int, records: list[Record], width: int) -> BadByte:
    starts = [record.line for record in records]
    row = int(np.searchsorted(starts, line, side="right")) - 1
    column = next((at for at, cell in enumerate(records[row].cells[:width]) if "\ufffd" in cell), None)
    return BadByte(row, column, byte)
