"""One block to text columns, with a proof that every record has the right number of cells.

The fast path lets polars parse the block and proves its structure: polars refuses a record that is too long and pads one that
is too short with nulls, so if no last cell is null, or the delimiters outside quotes are exactly one fewer than the columns in
every record, none is ragged. Only a block that fails the proof is scanned, and only its bad records are read with the csv module.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from typing import Literal

import numpy as np
import polars as pl

from deedbook.dialect import Dialect
from deedbook.reading.blocks import NEWLINE, Positions, count, cut_out, quotes_are_regular, record_ends, scan

_SUSPECTS = 100
"""One record in so many may lack its last cell for each to be read with the csv module, only to find nothing wrong with most."""

_MARKS = ("<<<<<<< ", "|||||||", "=======", ">>>>>>> ")
"""How the lines begin that git writes around the two sides of a conflict (`|||||||` with merge.conflictStyle diff3)."""
_MOST_COLUMNS = 50_000
"""Columns that polars parses: each takes it 4 KB, records that are read one by one a third of that."""


class IrregularError(Exception):
    """The block has quoting or line ends that only a sequential reader understands."""


class CrowdedError(Exception):
    """The block has bad records among so many that it has to be read in parts."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record whose number of cells differs from the number of columns; no cells means a blank record."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is not as it should be inside a cell: its record and its cell (0-based).

    Attributes:
        rule: Bytes that are not UTF-8, text behind a closing quote, or an escape character before what needs none.
        text: The first byte, as `0xff`; of the others the text around it.
    """

    row: int
    column: int
    rule: Literal["encoding-error", "stray-quote", "lost-escape"]
    text: str


@dataclass(frozen=True)
class TextBlock:
    """Consecutive records as columns of text.

    Attributes:
        frame: One String column for each column of the file; null or "" is an empty cell. Short records are padded, long ones
            cut, blank ones empty, so its height is the number of records.
        newlines: Physical line ends inside; that of the last record counts even where the file lacks it.
        lines: The line of each record counted from the block's first line (0), when a scan had to find it out.
        has_return: Whether a record ends in a carriage return.
        with_nul: The records in which a NUL byte occurs.
        comments: The records that the dialect calls comments.
        is_cut: Whether the last record lacks its line end.
    """

    frame: pl.DataFrame
    newlines: int
    ragged: tuple[Ragged, ...] = ()
    faults: tuple[CellFault, ...] = ()
    lines: Positions | None = field(default=None, compare=False)
    has_return: bool = False
    with_nul: tuple[int, ...] = ()
    comments: frozenset[int] = frozenset()
    is_cut: bool = False

    @property
    def absent(self) -> frozenset[int]:
        """The records that hold no row: blank ones and comments."""
        return self.comments | {item.row for item in self.ragged if not item.cells}

    @property
    def marks(self) -> dict[int, str]:
        """The records of one cell that begin like a mark of git."""
        if self.frame.width > 1:
            return {it.row: it.cells[0] for it in self.ragged if it.cells and it.cells[0].startswith(_MARKS)}
        column = self.frame.to_series()
        if not column.str.starts_with(_MARKS[0]).any():
            return {}
        is_mark = pl.select(pl.any_horizontal(column.str.starts_with(mark) for mark in _MARKS)).to_series()
        return dict(zip(is_mark.arg_true(), column.filter(is_mark), strict=True))

    @property
    def conflicts(self) -> list[range]:
        """The rows of each conflict that git left; its marks are records of one cell."""
        marks, found = self.marks, []
        start: int | None = 0 if any(text.startswith(_MARKS[0]) for text in marks.values()) else None
        for row, text in marks.items():
            if text.startswith(_MARKS[0]):
                start = row
            elif text.startswith(_MARKS[3]) and start is not None:
                found.append(range(start, row + 1))
                start = None
        return found if start is None else [*found, range(start, self.frame.height)]

    @property
    def empty(self) -> set[int]:
        """The rows of several cells all of which are empty; it costs nothing where a column has no empty cell."""
        columns = self.frame.get_columns()
        if self.lines is not None:  # read one by one, where an empty cell is an empty text
            columns = [pl.select(pl.when(it != "").then(it).alias(it.name)).to_series() for it in columns]
        if len(columns) < 2 or not all(column.null_count() for column in columns):
            return set()
        is_empty = pl.DataFrame(columns).select(pl.all_horizontal(pl.all().is_null())).to_series()
        return set(is_empty.arg_true()) - {item.row for item in self.ragged} - self.absent

    @cached_property
    def line_numbers(self) -> Positions:
        """The line on which each record starts, counted from the block's first line (0)."""
        if self.lines is not None:
            return self.lines
        rows = np.arange(self.frame.height, dtype=np.int64)
        embedded = np.zeros(self.frame.height, np.int64)
        for item in self.ragged:  # what the frame does not hold
            embedded[item.row] = sum(cell.count("\n") for cell in item.cells[self.frame.width :])
        left = self.newlines - self.frame.height - int(embedded.sum())
        columns = self.frame.get_columns()
        for column in sorted(columns, key=pl.Series.estimated_size, reverse=True):  # the longest most likely has all
            if left <= 0:
                break
            counts = column.str.count_matches("\n", literal=True).fill_null(0).to_numpy()
            embedded += counts
            left -= int(counts.sum())
        return rows + np.cumsum(embedded) - embedded


@dataclass(frozen=True, slots=True)
class Layout:
    """How blocks of a file become columns.

    Attributes:
        names: A name for each column of the file, in order, all different.
    """

    names: tuple[str, ...]
    dialect: Dialect

    @property
    def is_regular(self) -> bool:
        """Whether the dialect is one that polars reads."""
        dialect = self.dialect
        plain = not (dialect.escape_char or dialect.skip_initial_space or dialect.comment_char or dialect.comment_rows)
        single = len(dialect.delimiter.encode()) == 1 and len(dialect.quote_char.encode()) <= 1
        is_narrow = len(self.names) <= _MOST_COLUMNS
        return plain and single and is_narrow and dialect.double_quote and dialect.delimiter not in "\n\r"


def read_block(data: bytes, layout: Layout, *, most: int | None = None) -> TextBlock:
    """The text columns of a block.

    Args:
        data: The block.
        layout: How it becomes columns.
        most: Lines of which many may be bad; None for any number. A bad record takes a hundred times its size.

    Raises:
        IrregularError: when the block has to be read sequentially.
        CrowdedError: when it has bad records and more lines than `most`.
    """
    if not is_regular(data, layout):
        raise IrregularError
    is_cut = not data.endswith(b"\n")
    if is_cut:
        data += b"\n"  # without it polars takes `a,` at the very end for one cell
    frame = parse(data, layout)
    if frame is not None and _is_rectangular(frame, data, layout.dialect):
        return rectangle(frame, data, layout)
    newlines = count(data, NEWLINE)
    if most is not None and newlines > most and (frame is None or not _has_few_suspects(frame)):
        raise CrowdedError
    return replace(_read_exactly(data, layout, frame, newlines), is_cut=is_cut)


def is_regular(data: bytes, layout: Layout) -> bool:
    """Whether quotes and line ends mean for the csv module what they mean for polars and the scan."""
    quote, delimiter = layout.dialect.quote_char.encode(), layout.dialect.delimiter.encode()
    if not layout.is_regular or (quote in data and not quotes_are_regular(data, quote, delimiter)):
        return False
    return b"\r" not in data or data.count(b"\r\n") == data.count(b"\r")


def rectangle(frame: pl.DataFrame, data: bytes, layout: Layout) -> TextBlock:
    """The block of which polars made this frame, and every record has its cells."""
    has_quotes = (
        layout.dialect.quote_char.encode() in data
    )  # else no line end is inside a cell, and blank lines are rows
    newlines = count(data, NEWLINE) if has_quotes else frame.height
    has_return = _ends_in_return(data, frame, newlines)
    return TextBlock(frame, newlines, has_return=has_return, with_nul=_with_nul(data, layout))


def parse(data: bytes, layout: Layout) -> pl.DataFrame | None:
    """The block as polars reads it; None when it refuses."""
    try:
        return pl.scan_csv(
            data,
            has_header=False,
            schema=dict.fromkeys(layout.names, pl.String),
            infer_schema=False,
            separator=layout.dialect.delimiter,
            quote_char=layout.dialect.quote_char or None,
        ).collect(engine="in-memory")  # a seventh less work than `read_csv`, which streams
    except pl.exceptions.PolarsError:
        return None


def _is_rectangular(frame: pl.DataFrame, data: bytes, dialect: Dialect) -> bool:
    """Whether no record lacks a cell, by its last column or by the delimiters outside quotes."""
    if not frame.to_series(-1).null_count():
        return True
    if frame.width == 1 or _has_few_suspects(frame):  # which are looked at one by one
        return False
    view = np.frombuffer(data, np.uint8)
    delimiters = np.flatnonzero(view == ord(dialect.delimiter))
    outside = len(delimiters)
    if dialect.quote_char and dialect.quote_char.encode() in data:
        before = np.searchsorted(delimiters, np.flatnonzero(view == ord(dialect.quote_char)))
        outside -= int(np.sum(before[1::2] - before[0::2]))
    return outside == (frame.width - 1) * frame.height


def _has_few_suspects(frame: pl.DataFrame) -> bool:
    return _SUSPECTS * frame.to_series(-1).null_count() < frame.height


def _ends_in_return(data: bytes, frame: pl.DataFrame, newlines: int, ragged: Sequence[Ragged] = ()) -> bool:
    """Whether a record ends in a carriage return and a line feed, and not only a line inside a cell."""
    if b"\r" not in data:  # an eighth of the time that it takes to count them
        return False
    returns = data.count(b"\r")
    if returns in {0, newlines}:
        return returns > 0
    held = frame.select(pl.all().str.count_matches("\r", literal=True).sum()).row(0)
    beyond = sum(cell.count("\r") for item in ragged for cell in item.cells[frame.width :])
    return bool(returns > sum(held) + beyond)


def _with_nul(data: bytes, layout: Layout, ends: Positions | None = None) -> tuple[int, ...]:
    """The records in which a NUL byte occurs."""
    if b"\0" not in data:
        return ()
    ends = record_ends(data, layout.dialect.quote_char.encode()) if ends is None else ends
    places = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
    return tuple(sorted(set(np.searchsorted(ends, places, side="right").tolist())))


def _read_exactly(data: bytes, layout: Layout, frame: pl.DataFrame | None, newlines: int) -> TextBlock:
    """The block whose bad records are read apart from the others, and what is wrong with them; `frame` is what polars made of it."""
    dialect, quote = layout.dialect, layout.dialect.quote_char.encode()
    marks: list[tuple[int, str]] = []
    if frame is None:
        data, marks = _without_marks(data)
        frame = parse(data, layout) if marks else None
    ends = record_ends(data, quote)
    if frame is not None and _has_few_suspects(frame) and len(ends) == frame.height:
        rows = frame.to_series(-1).is_null().arg_true().cast(pl.Int64).to_numpy()  # none is too long
    else:
        ends, cells = scan(data, dialect)
        rows = np.flatnonzero(cells != len(layout.names))
    odd = list(open_reader(io.StringIO(cut_out(data, ends, rows).decode(), newline=""), dialect))
    if frame is None:
        frame = _joined(data, layout, ends, rows, odd)
    ragged = tuple(
        Ragged(row, tuple(cells))
        for row, cells in zip(rows.tolist(), odd, strict=True)
        if len(cells) != len(layout.names)
    )
    faults = tuple(_place(mark, data, ends, dialect) for mark in marks)
    has_return = _ends_in_return(data, frame, newlines, ragged)
    return TextBlock(frame, newlines, ragged, faults, has_return=has_return, with_nul=_with_nul(data, layout, ends))


def _place(mark: tuple[int, str], data: bytes, ends: Positions, dialect: Dialect) -> CellFault:
    """The record and the cell of a byte that is not UTF-8."""
    (position, byte), quote = mark, dialect.quote_char.encode()
    row = int(np.searchsorted(ends, position, side="right"))
    before = data[ends[row - 1] if row else 0 : position]
    outside = b"".join(before.split(quote)[::2]) if quote else before
    return CellFault(row, outside.count(dialect.delimiter.encode()), "encoding-error", byte)


def _joined(data: bytes, layout: Layout, ends: Positions, rows: Positions, odd: list[list[str]]) -> pl.DataFrame:
    """The good records as polars reads them without the odd ones, and the odd ones between them."""
    good = np.delete(np.arange(len(ends)), rows)
    frame = parse(cut_out(data, ends, good), layout) if len(good) else to_frame([], layout)
    if frame is None or frame.height + len(odd) != len(ends):
        raise IrregularError
    if not odd:
        return frame
    order = np.argsort(np.concatenate([good, rows]))
    return pl.concat([frame, to_frame(odd, layout)]).select(pl.all().gather(order))


def to_frame(records: Sequence[Sequence[str]], layout: Layout) -> pl.DataFrame:
    """Records as text columns: those that are too short are filled up with empty cells, those that are too long cut."""
    width = len(layout.names)
    full = ([*cells[:width], *[""] * (width - len(cells))] for cells in records)
    columns = zip(*full, strict=True) if records else repeat(())
    return pl.DataFrame([pl.Series(name, cells, pl.String) for name, cells in zip(layout.names, columns, strict=False)])


def open_reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """The csv module's reader of a dialect."""
    csv.field_size_limit(1 << 30)
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote_char or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
        doublequote=dialect.double_quote,
        escapechar=dialect.escape_char or None,
        skipinitialspace=dialect.skip_initial_space,
    )


REPLACEMENT = "\ufffd"
MARK = re.compile("[\udc80-\udcff]")
_MARKED = re.compile(b"\xed[\xb2\xb3][\x80-\xbf]")
"""A mark in UTF-8, where it cannot occur otherwise; as long as U+FFFD."""
_PART = 1 << 18
"""Bytes that are decoded at once where one of them is no text: only such parts are gone through in Python."""


def mark(data: bytes) -> str:
    """The text, with one `MARK` for each place that is not UTF-8."""
    return data.decode("utf-8", "deedbook.mark")  # as quick as a strict one where there is none


def marked_byte(mark: str) -> str:
    """The first byte of the place that a mark stands for."""
    return f"0x{ord(mark) - 0xDC00:02x}"


def _without_marks(data: bytes) -> tuple[bytes, list[tuple[int, str]]]:
    """The bytes with U+FFFD for what is not UTF-8, and where that is with its first byte."""
    parts: list[bytes] = []
    marks: list[tuple[int, str]] = []
    size = at = 0
    while at < len(data):
        part = data[at : data.find(b"\n", at + _PART) + 1 or len(data)]
        at += len(part)
        try:
            pl.Series([part]).cast(pl.String)  # ten times as quick as decoding it
        except pl.exceptions.ComputeError:
            part = mark(part).encode("utf-8", "surrogatepass")
            found = ((match.start(), match[0].decode("utf-8", "surrogatepass")) for match in _MARKED.finditer(part))
            marks += [(size + position, marked_byte(text)) for position, text in found]
            part = _MARKED.sub(REPLACEMENT.encode(), part)
        size += len(part)
        parts.append(part)
    return b"".join(parts) if marks else data, marks


def _mark_place(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(0xDC00 + error.object[error.start]), error.end


codecs.register_error("deedbook.mark", _mark_place)
