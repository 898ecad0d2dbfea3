"""SPSS `.sav` and, packed, `.zsav`: labels, rows compressed, days as SDATE10 and times as DATETIME24, whole numbers without decimals.

pyreadstat writes the dictionary, the rows are written here, a slice at a time, as pyreadstat would write them: it takes them one by one,
as objects of Python. The file label holds dataset, version and table; the time stamp is the epoch. Missing text is empty text, since SPSS
has no other; spaces at the end of a text are lost. What follows the dictionary ("System File Format", PSPP Developers Guide):

    row       for each element of eight bytes a code, and behind eight codes those of their elements that no code stands for
    .zsav     the same in zlib streams of four megabytes, between a header and a trailer with their places
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars import selectors

from deedbook.errors import DeedbookError, of_extra
from deedbook.release.edition import Edition
from deedbook.release.formats import cells, statistical
from deedbook.release.formats.cells import Pair
from deedbook.release.formats.sav import (
    BIAS,
    BLOCK,
    BLOCK_OF_PACKED,
    END,
    HEADER_OF_PACKED,
    MAGIC,
    MAGIC_PACKED,
    PLAIN,
    SavFile,
    Variable,
)
from deedbook.release.formats.statistical import SPSS
from deedbook.release.rows import Rows
from deedbook.release.tables import Table

_WIDEST_NUMBER = 40
_COMPRESSION, _CASES, _STAMP = 72, 80, slice(92, 109)
"""Where the header has how the rows are compressed, how many there are, and the creation date (`22 Nov 26`) and time."""
_BYTES = 4 << 20
"""Bytes of the rows that are written at a time, before they are compressed."""


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table.

    Raises:
        LeftOutError: when it has no columns.
    """
    held = statistical.variables_of(table, SPSS)
    extents = held.extents
    formats = _formats(held, extents)

    def told(what: Callable[[statistical.Column], object]) -> dict[str, Any]:
        """That of each variable which has it."""
        return {column.name: said for column in held.columns if (said := what(column))}

    variables = [
        Variable(one.name, max(1, extents[one.name].widest) if one.dtype == pl.String else 0) for one in held.columns
    ]
    widest = [pl.Series([" " * one.width if one.width else 0.0]).alias(one.name) for one in variables]
    head = _dictionary(
        path,
        pl.DataFrame(widest),
        8 * sum(one.elements for one in variables),
        file_label=statistical.file_label(edition, table, SPSS),
        column_labels=told(attrgetter("title")),
        variable_value_labels=told(attrgetter("labels")),
        variable_format={name: said for name, said in formats.items() if said},
        variable_measure=told(attrgetter("measure")),
        missing_ranges=told(attrgetter("missing_range")),
    )
    # the stamp of the clock becomes the epoch, with the month in English whatever the locale
    epoch = edition.epoch
    stamp = f"{epoch.day:02} {statistical.MONTHS[epoch.month - 1]} {epoch.year % 100:02}{epoch:%H:%M:%S}"
    head[_STAMP] = stamp.encode("ascii")
    struct.pack_into("<i", head, _COMPRESSION, 1)
    struct.pack_into("<i", head, _CASES, held.rows.height)
    head[-len(_end_of_dictionary(1)) :] = _end_of_dictionary(held.rows.height)
    # doubles; days and times are seconds since 14 October 1582; a text ends before U+0000
    seconds = selectors.temporal().cast(pl.Datetime("ms")).to_physical() / 1000 + SPSS.before_1970 // 1000
    ends = [pl.col(name).str.replace("(?s)\0.*", "") for name, extent in extents.items() if extent.has_zero]
    with path.open("wb") as file:
        file.write(head)
        file.writelines(
            _rows(variables, held.rows.with_columns([seconds, selectors.integer().cast(pl.Float64), *ends]))
        )
    return held.notes


def pack(path: Path, packed: Path) -> None:
    """Writes the same file with its rows packed."""
    with path.open("rb") as plain, packed.open("wb") as file:
        head = plain.read(BLOCK)
        end = _end_of_dictionary(*struct.unpack_from("<i", head, _CASES))
        while end not in head:
            head += plain.read(BLOCK)
        plain.seek(place := head.index(end) + len(end))
        file.write(MAGIC_PACKED + head[len(MAGIC_PACKED) : _COMPRESSION] + struct.pack("<i", 2))
        file.write(head[_COMPRESSION + 4 : place] + bytes(HEADER_OF_PACKED.size))
        places, read, written = [], place, place + HEADER_OF_PACKED.size
        while block := plain.read(BLOCK):
            size = file.write(zlib.compress(block))
            places.append(BLOCK_OF_PACKED.pack(read, written, len(block), size))
            read, written = read + len(block), written + size
        trailer = BLOCK_OF_PACKED.pack(-BIAS, 0, BLOCK, len(places)) + b"".join(places)
        file.write(trailer)
        file.seek(place)
        file.write(HEADER_OF_PACKED.pack(place, written, len(trailer)))


def _end_of_dictionary(rows: int) -> bytes:
    """The last record but one, which has the number of rows, and the last."""
    return struct.pack("<iiiiqqii", 7, 16, 8, 2, 1, rows, 999, 0)


def _dictionary(path: Path, rows: pl.DataFrame, size: int, **said: Any) -> bytearray:
    """What stands before the rows in a file that pyreadstat writes of one row of so many bytes.

    It takes what the disk refuses for written, so where there are files in memory, on Linux, it writes to one.

    Raises:
        DeedbookError: when it is of another form.
    """
    with of_extra("spss"):
        import pyreadstat

    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create(path.name), "rb") as memory:
            pyreadstat.write_sav(rows, f"/proc/self/fd/{memory.fileno()}", **said)
            head = bytearray(memory.read()[:-size])
    else:
        pyreadstat.write_sav(rows, str(path), **said)
        head = bytearray(path.read_bytes()[:-size])
    if head[:4] + head[_STAMP][2:12:9] != MAGIC + b" :" or not head.endswith(_end_of_dictionary(1)):
        raise DeedbookError(f"{path.name}: pyreadstat wrote a dictionary of another form", "please report this")
    return head


def _rows(variables: Sequence[Variable], rows: Rows) -> Iterator[bytes]:
    """The rows as they are compressed, some megabytes at a time."""
    width, left = sum(one.elements for one in variables), rows.height
    groups = width // 8 + 1  # the last one has a place for the end
    for part in rows.slices(max(1, _BYTES // (8 * width))):
        count = part.height
        units = np.zeros((count, groups, 9), dtype=np.uint64)
        codes, elements = np.zeros((count, groups * 8), dtype=np.uint8), np.zeros((count, groups * 8), dtype=np.uint64)
        place = 0
        for one in variables:
            held = slice(place, place + one.elements)
            elements[:, held], codes[:, held] = one.coded(part.get_column(one.name))
            place = held.stop
        left -= count
        if not left:
            codes[-1, width] = END
        units[:, :, 0] = codes.view(np.uint64)
        units[:, :, 1:] = elements.reshape(count, groups, 8)
        is_there = np.ones(units.shape, dtype=bool)
        is_there[:, :, 1:] = (codes == PLAIN).reshape(count, groups, 8)
        yield units[is_there].tobytes()


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's; spaces at the end of a text are not in it."""
    return statistical.read_pairs(table, path, SPSS, SavFile)


def _formats(held: statistical.Variables, extents: Mapping[str, cells.Extent]) -> dict[str, str]:
    """By variable the print format, which shows every digit; empty for text and for numbers with an exponent."""
    asked = []
    for one in held.columns:
        if one.dtype.is_float():
            text = pl.col(one.name).cast(pl.String)
            # of the shortest text, whose only zero at the end is that of `3.0`
            behind = text.str.len_bytes().cast(pl.Int64) - text.str.find(".", literal=True) - 1
            decimals = pl.when(~text.str.ends_with(".0")).then(behind).max()
            has_exponent = text.str.contains("e", literal=True).any()
            digits = {"widest": text.str.len_bytes().max(), "decimals": decimals, "exponent": has_exponent}
            asked.append(pl.struct(digit.alias(about) for about, digit in digits.items()).alias(one.name))
    found = held.rows.asked(asked) if asked and held.rows.height else {}
    return {one.name: _format(one, extents[one.name], found.get(one.name, {})) for one in held.columns}


def _format(column: statistical.Column, extent: cells.Extent, digits: Mapping[str, int | bool | None]) -> str:
    """The print format of a variable whose doubles have at most so many digits, and decimals among them."""
    if column.dtype.is_temporal():
        return "SDATE10" if column.dtype == pl.Date else "DATETIME24.3"
    if column.dtype == pl.String:
        return ""
    if column.dtype == pl.Int64:
        return f"F{max(len(str(int(end))) for end in (extent.least, extent.greatest)) + 1}.0"
    widest = digits.get("widest") or 0
    return (
        "" if digits.get("exponent") or widest + 2 > _WIDEST_NUMBER else f"F{widest + 2}.{digits.get('decimals') or 0}"
    )
