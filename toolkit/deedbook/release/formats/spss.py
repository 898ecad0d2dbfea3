"""SPSS `.sav` and, packed, `.zsav`: labels, rows compressed, days as SDATE10 and times as DATETIME24, whole numbers without decimals.

Written by pyreadstat, which takes the rows of a polars frame one after the other, so that no second copy of the table is in memory but that of the
packed file. It stamps the file with the clock: the stamp in the header is overwritten with the epoch. The file label holds dataset, version
and table. Missing text is empty text, since SPSS has no other; spaces at the end of a text are lost.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl
from polars import selectors

from deedbook.errors import DeedbookError, of_extra
from deedbook.release.edition import Edition
from deedbook.release.formats import statistical
from deedbook.release.formats.cells import Pair
from deedbook.release.formats.statistical import SPSS
from deedbook.release.tables import Table

_WIDEST_NUMBER = 40
_MAGIC, _MAGIC_PACKED = b"$FL2 :", b"$FL3 :"
"""The first letters of a file, and two of the stamp."""
_STAMP = slice(92, 109)
"""Creation date (9 bytes, `22 Nov 26`) and time (8 bytes) in the header of the file."""


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table.

    Raises:
        LeftOutError: when it has no columns.
    """
    with of_extra("spss"):
        import pyreadstat

    columns, notes = statistical.columns_for(table, SPSS)

    def told(what: Callable[[statistical.Column], object]) -> dict[str, Any]:
        """That of each variable which has it."""
        return {column.name: said for column in columns if (said := what(column))}

    is_packed = path.suffix == ".zsav"
    # doubles; days and times are seconds since 14 October 1582
    seconds = selectors.temporal().cast(pl.Datetime("ms")).to_physical() / 1000 + SPSS.before_1970 // 1000
    rows = pl.DataFrame([column.values.alias(column.name) for column in columns])
    with _noticed(path) as place:
        pyreadstat.write_sav(
            rows.with_columns(seconds, selectors.integer().cast(pl.Float64)),
            place,
            file_label=statistical.file_label(edition, table, SPSS),
            column_labels=told(attrgetter("title")),
            variable_value_labels=told(attrgetter("labels")),
            variable_format=told(_format),
            variable_measure=told(attrgetter("measure")),
            missing_ranges=told(attrgetter("missing_range")),
            row_compress=not is_packed,
            compress=is_packed,
        )
    # the stamp of the clock becomes the epoch, with the month in English whatever the locale
    epoch = edition.epoch
    stamp = f"{epoch.day:02} {statistical.MONTHS[epoch.month - 1]} {epoch.year % 100:02}{epoch:%H:%M:%S}"
    with path.open("r+b") as file:
        head = file.read(_STAMP.stop)
        if head[:4] + head[_STAMP][2:12:9] != (_MAGIC_PACKED if is_packed else _MAGIC):
            raise DeedbookError(f"{path.name}: pyreadstat wrote a header of another form", "please report this")
        file.seek(_STAMP.start)
        file.write(stamp.encode("ascii"))
    return notes


@contextmanager
def _noticed(path: Path) -> Iterator[str]:
    """Where pyreadstat, which takes a part that the disk refuses for written, writes to: a file in memory, put in its place by us.

    Only Linux has such files; elsewhere it is the place itself.
    """
    if not hasattr(os, "memfd_create"):
        yield str(path)
        return
    with os.fdopen(os.memfd_create(path.name), "rb") as memory:
        yield f"/proc/self/fd/{memory.fileno()}"
        with path.open("wb") as file:
            shutil.copyfileobj(memory, file)


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's; spaces at the end of a text are not in it."""
    return statistical.read_pairs(table, path, SPSS)


def _format(column: statistical.Column) -> str:
    """The print format, which shows every digit; empty for text and for numbers with an exponent."""
    values = column.values
    if values.dtype.is_temporal():
        return "SDATE10" if values.dtype == pl.Date else "DATETIME24.3"
    if values.dtype == pl.String:
        return ""
    texts = values.drop_nulls().cast(pl.String)
    widest = max(texts.str.len_bytes(), default=0 if values.dtype.is_float() else 1)
    if values.dtype == pl.Int64:
        return f"F{widest + 1}.0"
    decimals = max(texts.str.extract(r"\.(\d*[1-9])\d*$").drop_nulls().str.len_bytes(), default=0)
    has_exponent = texts.str.contains("e", literal=True).any()
    return "" if has_exponent or widest + 2 > _WIDEST_NUMBER else f"F{widest + 2}.{decimals}"
