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
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.dialect import Dialect
from deedbook.reading.blocks import NEWLINE, RETURN, quotes_are_regular
from deedbook.records import record

if TYPE_CHECKING:
    import numpy.typing as npt

Positions: TypeAlias = "npt.NDArray[np.int64]"


class IrregularError(Exception):
    """The block has quoting or line ends that only a sequential reader understands."""


class CrowdedError(Exception):
    """The block has bad records among so many that it has to be read in parts."""


@record(frozen=True)
class Ragged:
    """A record whose number of cells differs from the number of columns; no cells means a blank record."""

    row: int
    cells: tuple[str, ...]


@record(frozen=True)
class BadByte:
    """A place that is not UTF-8: its record, its cell (0-based), and its first byte."""

    row: int
    column: int
    byte: int


@record(frozen=True)
class TextBlock:
    """Consecutive records as columns of text.

    Attributes:
        frame: One String column for each column of the file; null or "" is an empty cell. Short records are padded, long ones
            cut, blank ones empty, so its height is the number of records.
        newlines: Physical line ends inside; that of the last record counts even where the file lacks it.
        lines: The line of each record counted from the block's first line (0), when a scan had to find it out.
        has_return: Whether a carriage return occurs.
        has_nul: Whether a NUL byte occurs.
        comments: The records that the dialect calls comments.
    """

    frame: pl.DataFrame
    newlines: int
    ragged: tuple[Ragged, ...] = ()
    bad_bytes: tuple[BadByte, ...] = ()
    lines: Positions | None = field(default=None, compare=False)
    has_return: bool = False
    has_nul: bool = False
    comments: frozenset[int] = frozenset()

    @property
    def absent(self) -> frozenset[int]:
        """The records that hold no row: blank ones and comments."""
        return self.comments | {item.row for item in self.ragged if not item.cells}

    def line_of(self, row: int) -> int:
        """The line on which a record starts, counted from the block's first line (0)."""
        return int(self.line_numbers[row])

    @cached_property
    def line_numbers(self) -> Positions:
        """The line on which each record starts, counted from the block's first line (0)."""
        if self.lines is not None:
            return self.lines
        rows = np.arange(self.frame.height, dtype=np.int64)
        if self.newlines == self.frame.height:
            return rows
        embedded = self.frame.select(
            pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0)).cast(pl.Int64)
        ).to_series()
        return np.asarray(rows + np.cumsum(embedded.to_numpy()) - embedded.to_numpy(), np.int64)


@record(frozen=True)
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
        return plain and single and dialect.double_quote and dialect.delimiter not in "\n\r"


def read_block(data: bytes, layout: Layout, *, most: int | None = None) -> TextBlock:
    """The text columns of a block.

    Args:
        data: The block.
        layout: How it becomes columns.
        most: Lines of which some may be bad; None for any number. A bad record takes a hundred times its size.

    Raises:
        IrregularError: when the block has to be read sequentially.
        CrowdedError: when it has bad records and more lines than `most`.
    """
    if not is_regular(data, layout):
        raise IrregularError
    has_return = b"\r" in data
    if not data.endswith(b"\n"):
        data += b"\n"  # without it polars takes `a,` at the very end for one cell
    view = np.frombuffer(data, np.uint8)
    newlines = int(np.count_nonzero(view == NEWLINE))
    frame = _parse(data, layout)
    if frame is not None and _is_rectangular(frame, view, layout.dialect):
        return TextBlock(frame, newlines, has_return=has_return, has_nul=b"\0" in data)
    if most is not None and newlines > most:
        raise CrowdedError
    return _read_exactly(data, layout, frame, newlines, has_return=has_return)


def is_regular(data: bytes, layout: Layout) -> bool:
    """Whether quotes and line ends mean for the csv module what they mean for polars and the scan."""
    dialect = layout.dialect
    if not layout.is_regular or not quotes_are_regular(data, dialect.quote_char.encode(), dialect.delimiter.encode()):
        return False
    return b"\r" not in data or data.count(b"\r\n") == data.count(b"\r")


def _parse(data: bytes, layout: Layout, *, cuts: bool = False) -> pl.DataFrame | None:
    """The block as polars reads it, with `cuts` without what is too much in a record; None when it refuses."""
    try:
        return pl.scan_csv(
            data,
            has_header=False,
            schema=dict.fromkeys(layout.names, pl.String),
            infer_schema=False,
            separator=layout.dialect.delimiter,
            quote_char=layout.dialect.quote_char or None,
            truncate_ragged_lines=cuts,
        ).collect(engine="in-memory")  # a seventh less work than `read_csv`, which streams
    except pl.exceptions.PolarsError:
        return None


def _is_rectangular(frame: pl.DataFrame, view: npt.NDArray[np.uint8], dialect: Dialect) -> bool:
    if frame.to_series(-1).null_count() == 0:
        return True
    delimiters = np.flatnonzero(view == ord(dialect.delimiter))
    outside = len(delimiters)
    if dialect.quote_char:
        before = np.searchsorted(delimiters, np.flatnonzero(view == ord(dialect.quote_char)))
        outside -= int(np.sum(before[1::2] - before[0::2]))
    return frame.width > 1 and outside == (frame.width - 1) * frame.height


@record(frozen=True)
class _Scan:
    """Where records and their cells end, by the quotes' parity.

    Attributes:
        ends: Position after each record's line end.
        cells: The number of cells of each record; 0 for a blank one.
        delimiters: Positions of the delimiters outside quotes.
    """

    ends: Positions
    cells: Positions
    delimiters: Positions

    def place(self, position: int) -> tuple[int, int]:
        """The record and the cell (0-based) that a byte belongs to."""
        row = int(np.searchsorted(self.ends, position, side="right"))
        start = self.ends[row - 1] if row else 0
        first, here = np.searchsorted(self.delimiters, [start, position])
        return row, int(here - first)


def scan(data: bytes, dialect: Dialect) -> _Scan:
    """The records of a block whose quotes are regular and whose last record ends."""
    view = np.frombuffer(data, np.uint8)
    delimiter = dialect.delimiter.encode()[0]
    quote = dialect.quote_char.encode()[0] if dialect.quote_char else -1
    positions = np.flatnonzero((view == delimiter) | (view == NEWLINE) | (view == quote))
    kinds = view[positions]
    outside = (np.cumsum(kinds == quote, dtype=np.uint8) % 2 == 0) & (kinds != quote)
    positions, kinds = positions[outside], kinds[outside]
    is_end = kinds == NEWLINE
    ends, delimiters = positions[is_end] + 1, positions[~is_end]
    starts = np.concatenate(([0], ends[:-1]))
    cells = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    length = ends - starts
    cells[(length == 1) | ((length == 2) & (view[starts] == RETURN))] = 0
    return _Scan(ends, cells, delimiters)


def _read_exactly(
    data: bytes, layout: Layout, frame: pl.DataFrame | None, newlines: int, *, has_return: bool
) -> TextBlock:
    """The block whose bad records are read apart from the others, and what is wrong with them; `frame` is what polars made of it."""
    marks: list[tuple[int, int]] = []
    if frame is None:
        frame = _parse(data, layout, cuts=True)
    if frame is None:
        data, marks = _without_marks(data)
    found = scan(data, layout.dialect)
    bad_bytes = tuple(BadByte(*found.place(position), byte) for position, byte in marks)
    starts = np.concatenate(([0], found.ends[:-1]))
    is_odd = found.cells != len(layout.names)
    cut_out = _cut(data, starts, found.ends, is_odd)
    odd = list(open_reader(io.StringIO(cut_out.decode(), newline=""), layout.dialect))
    if frame is None or frame.height != len(starts) or cut_out.count(b"\n") != len(odd):  # polars cuts at a line end
        frame = _joined(data, layout, starts, found.ends, is_odd, odd)
    rows = np.flatnonzero(is_odd)
    line_ends = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    return TextBlock(
        frame,
        newlines,
        tuple(Ragged(row, tuple(cells)) for row, cells in zip(rows.tolist(), odd, strict=True)),
        bad_bytes,
        np.searchsorted(line_ends, starts).astype(np.int64),
        has_return,
        has_nul=b"\0" in data,
    )


def _joined(
    data: bytes, layout: Layout, starts: Positions, ends: Positions, is_odd: npt.NDArray[np.bool_], odd: list[list[str]]
) -> pl.DataFrame:
    """The good records as polars reads them without the odd ones, and the odd ones between them."""
    frame = _parse(_cut(data, starts, ends, ~is_odd), layout) if not is_odd.all() else to_frame([], layout)
    if frame is None or frame.height + len(odd) != len(starts):
        raise IrregularError
    if not odd:
        return frame
    order = np.argsort(np.concatenate([np.flatnonzero(~is_odd), np.flatnonzero(is_odd)]))
    return pl.concat([frame, to_frame(odd, layout)]).select(pl.all().gather(order))


def _cut(data: bytes, starts: Positions, ends: Positions, chosen: npt.NDArray[np.bool_]) -> bytes:
    """The chosen records, joined."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], chosen, [0]))))
    runs = zip(starts[edges[0::2]].tolist(), ends[edges[1::2] - 1].tolist(), strict=True)
    return b"".join(data[start:end] for start, end in runs)


def to_frame(records: Sequence[Sequence[str]], layout: Layout) -> pl.DataFrame:
    """Records as text columns: those that are too short are filled up with empty cells, those that are too long cut."""
    columns = {
        name: [cells[at] if at < len(cells) else "" for cells in records] for at, name in enumerate(layout.names)
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(layout.names, pl.String))


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
_MARKED = re.compile(
    b"\xed[\xb2\xb3][\x80-\xbf]"
)  # a mark in UTF-8, where it cannot occur otherwise; as long as U+FFFD


def mark(data: bytes) -> str:
    """The text, with one `MARK` for each place that is not UTF-8."""
    return data.decode("utf-8", "deedbook.mark")


def _without_marks(data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes with U+FFFD for what is not UTF-8, and where that is with its first byte."""
    try:
        pl.Series([data]).cast(pl.String)  # ten times as quick as decoding it
    except pl.exceptions.ComputeError:
        data = mark(data).encode("utf-8", "surrogatepass")
        found = [(match.start(), match[0].decode("utf-8", "surrogatepass")) for match in _MARKED.finditer(data)]
        return _MARKED.sub(REPLACEMENT.encode(), data), [(position, marked_byte(text)) for position, text in found]
    return data, []


def marked_byte(mark: str) -> int:
    """The first byte of the place that a mark stands for."""
    return ord(mark) - 0xDC00


def _mark_place(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(0xDC00 + error.object[error.start]), error.end


codecs.register_error("deedbook.mark", _mark_place)
