"""Rows as a database of SQLite with one table, put together by the column, for SQLite to copy: no cell becomes an object of Python.

Inserting a million rows of 20 columns one by one takes twice as long as this and the copying. The form is that of "Database File
Format" (sqlite.org), as simple as it may be:

    page 1     as SQLite writes it, with the number of pages
    page 2     the root of the table; the pages of rows and, of many, the pages above these are behind it
    cell       the bytes of the record, the number of the row, the record
    record     its header, numbers of eight bytes each, NaN for a missing one, which SQLite reads as NULL, then the texts

Numbers of seven bits a byte are padded to one length, so that all before the texts is as long in every row.
"""

import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deedbook.release.formats.texts import Bytes, Texts
from deedbook.release.rows import Rows

TABLE = "held"
_PAGE = 1 << 16
_RESERVED, _COUNT = 20, 28
"""Where page 1 tells the bytes at the end of a page that are not used, and how many pages there are."""
_ROOT = 2
_LEAF, _ABOVE = struct.Struct(">BHHHB"), struct.Struct(">BHHHBI")
_SLICE = 10_000
"""Rows that are put together at a time."""
_KIND_OF_LEAF, _KIND_ABOVE = 13, 5
_BESIDE = 35
"""Bytes of a page that no record on it alone may take."""
_CHILDREN = 5_000
"""Pages below one: as many fit, with eleven bytes each."""
_OF_ROW, _OF_RECORD, _OF_HEADER, _OF_TEXT = 5, 3, 2, 3
"""Bytes of the number of a row, and of the lengths of a record, its header and a text."""
_INTEGER, _DOUBLE, _TEXT = 6, 7, 13
"""The types of a number, and of an empty text; those of others are two greater for each byte."""
_NAN = np.float64(np.nan)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of rows stand in records: numbers first."""

    numbers: Sequence[str]
    texts: Sequence[str]

    @classmethod
    def of(cls, schema: Mapping[str, pl.DataType]) -> Self:
        """That of whole numbers, doubles and texts."""
        texts = [name for name, dtype in schema.items() if dtype == pl.String]
        return cls([name for name in schema if name not in texts], texts)

    @property
    def header(self) -> int:
        """Bytes of the header of a record."""
        return _OF_HEADER + len(self.numbers) + _OF_TEXT * len(self.texts)

    @property
    def fixed(self) -> int:
        """Bytes of a record before its texts."""
        return self.header + 8 * len(self.numbers)

    def holds(self, widest: int) -> bool:
        """Whether a record with texts of so many bytes has room on a page."""
        return self.fixed + widest <= _PAGE - 256 - _BESIDE  # 255 bytes at the end may not be used

    def select(self, names: Sequence[str]) -> str:
        """The columns of the table of these names, in their order."""
        places = {name: place for place, name in enumerate((*self.numbers, *self.texts))}
        return ", ".join(f"c{places[name]}" for name in names)

    def cells(self, part: pl.DataFrame, first: int) -> tuple[Bytes, NDArray[np.int64]]:
        """The cells of some rows, one after the other, and how many bytes each has; the first row has this number."""
        joined = pl.concat_str([pl.lit(""), *map(pl.col, self.texts)], ignore_nulls=True)
        texts = Texts.of(part.with_columns(joined.alias(TABLE)).get_column(TABLE))
        sizes, rows = self.fixed + texts.lengths, np.arange(first, first + part.height)
        lengths = part.select(pl.col(self.texts).str.len_bytes().cast(pl.Int64) * 2 + _TEXT).fill_null(0)
        numbers = [_number(part.get_column(name)) for name in self.numbers]
        heads = [
            _packed(sizes, _OF_RECORD),
            _packed(rows, _OF_ROW),
            _packed(np.full(part.height, self.header), _OF_HEADER),
            *(kinds for kinds, _ in numbers),
            *(_packed(kinds.to_numpy(), _OF_TEXT) for kinds in lengths.iter_columns()),
            *(values for _, values in numbers),
        ]
        return texts.behind(np.hstack(heads)), sizes + _OF_RECORD + _OF_ROW


def _packed(values: NDArray[np.int64], size: int) -> Bytes:
    """Numbers in so many bytes of seven bits, the highest first; all but the last have the eighth bit."""
    groups = values[:, np.newaxis] >> 7 * np.arange(size)[::-1] & 0x7F
    groups[:, :-1] |= 0x80
    return groups.astype(np.uint8)


def _number(values: pl.Series) -> tuple[Bytes, Bytes]:
    """The types of numbers and the numbers, the highest byte first."""
    missing = values.is_null().to_numpy()
    kind, form = (_DOUBLE, ">f8") if values.dtype.is_float() else (_INTEGER, ">i8")
    held = values.fill_null(0).to_numpy().astype(form).view(">u8").copy()
    held[missing] = _NAN.view(np.uint64)
    types = np.where(missing, _DOUBLE, kind).astype(np.uint8)
    return types[:, np.newaxis], held[:, np.newaxis].view(np.uint8)


def write_database(path: Path, rows: Rows, layout: Layout) -> None:
    """Writes a database with the rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        names = ", ".join(f"c{place}" for place in range(rows.width))
        connection.execute(f"CREATE TABLE {TABLE} ({names})")
    with path.open("r+b") as file:
        usable = _PAGE - file.read(_RESERVED + 1)[_RESERVED]
        file.seek(_ROOT * _PAGE)
        children, row = list[tuple[int, int]](), 1
        for part in rows.slices(_SLICE):
            cells, sizes = layout.cells(part, row)
            for page, count in _leaves(cells, sizes, usable):
                row += count
                children.append((_put(file, page), row - 1))
        while len(children) > _CHILDREN:
            # of about one number: none of them has one alone
            size = -(-len(children) // -(-len(children) // _CHILDREN))
            groups = [children[start : start + size] for start in range(0, len(children), size)]
            children = [(_put(file, _above(group, usable)), group[-1][1]) for group in groups]
        pages = file.tell() // _PAGE
        if len(children) == 1:  # which is the root, since no page may have one alone below
            file.seek(_ROOT * _PAGE)
            root, pages = file.read(_PAGE), _ROOT
        else:
            root = _above(children, usable) if children else b""
        file.seek((_ROOT - 1) * _PAGE)
        file.write(root)
        file.seek(_COUNT)
        file.write(struct.pack(">I", pages))


def _put(file: IO[bytes], page: bytes) -> int:
    """Writes the next page; its number."""
    file.write(page)
    return file.tell() // _PAGE


def _leaves(cells: Bytes, sizes: NDArray[np.int64], usable: int) -> Iterator[tuple[bytes, int]]:
    """Pages of as many cells as have room, and how many these are."""
    ends, taken, start = np.cumsum(sizes), np.cumsum(sizes + 2), 0
    begins = ends - sizes
    while start < len(sizes):
        before = taken[start - 1] if start else 0
        stop = int(np.searchsorted(taken, before + usable - _LEAF.size, side="right"))
        content = cells[begins[start] : ends[stop - 1]].tobytes()
        place = usable - len(content)
        pointers = (begins[start:stop] - begins[start] + place).astype(">u2").tobytes()
        head = _LEAF.pack(_KIND_OF_LEAF, 0, stop - start, place, 0) + pointers
        yield (head.ljust(place, b"\0") + content).ljust(_PAGE, b"\0"), stop - start
        start = stop


def _above(children: Sequence[tuple[int, int]], usable: int) -> bytes:
    """The page above some pages, each with its number and that of its last row."""
    *others, (last, _) = children
    numbers = np.array([number for number, _ in others], dtype=">u4").view(np.uint8).reshape(-1, 4)
    cells = np.hstack([numbers, _packed(np.array([row for _, row in others], dtype=np.int64), _OF_ROW)])
    place = usable - cells.size
    pointers = (place + cells.shape[1] * np.arange(len(others))).astype(">u2").tobytes()
    head: bytes = _ABOVE.pack(_KIND_ABOVE, 0, len(others), place, 0, last) + pointers
    return (head.ljust(place, b"\0") + cells.tobytes()).ljust(_PAGE, b"\0")
