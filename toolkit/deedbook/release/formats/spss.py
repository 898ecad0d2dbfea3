"""SPSS `.sav`: labels, rows compressed, days as SDATE10 and times as DATETIME23, whole numbers without decimals.

Written by pyreadstat, which takes the rows of a polars frame one after the other, so that no second copy of the table is in memory.
It stamps the file with the clock: the stamp in the header is overwritten with the epoch. The file label holds dataset, version
and table. Missing text is empty text, since SPSS has no other; spaces at the end of a text are lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from deedbook.errors import DeedbookError
from deedbook.release.edition import Edition
from deedbook.release.formats.comparison import Pair
from deedbook.release.formats.statistical import (
    MONTHS,
    Program,
    columns_for,
    cut,
    file_label,
    read_pairs,
)
from deedbook.release.tables import Limit, Table

FORMAT = "SPSS"
PROGRAM = Program(
    format=FORMAT,
    first_day=dt.date(1582, 10, 15),
    last_day=dt.date(9999, 12, 31),
    longest_text=32_767,
    longest_name=64,
    reserved=frozenset(["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"]),
    folds_case=True,
    pads_text=True,
    largest_number=1.7e308,
    longest_title=256,
    longest_label=120,
    most_columns=2**31 - 1,
    epoch=dt.date(1582, 10, 14),
    day=1000,
    moment=1000,
)
_LONGEST_FILE_LABEL = 64
_WIDEST_NUMBER = 40
_MAGIC = b"$FL2"
_STAMP = slice(92, 109)
"""Creation date (9 bytes, `22 Nov 26`) and time (8 bytes) in the header of the file."""


def write(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; one without columns is left out and named."""
    import pyreadstat

    columns, limits = columns_for(table, PROGRAM)
    if not columns:
        return (Limit(FORMAT, table.name, "left out: it has no columns"),)
    measures = {True: "scale", False: "nominal"}
    pyreadstat.write_sav(
        pl.DataFrame([_series(column.values).alias(column.name) for column in columns]),
        str(path),
        file_label=file_label(edition, table, _LONGEST_FILE_LABEL),
        column_labels={column.name: cut(column.title, PROGRAM.longest_title) for column in columns},
        variable_value_labels={column.name: column.cut_labels(PROGRAM) for column in columns if column.labels},
        variable_format={column.name: form for column in columns if (form := _format(column.values))},
        variable_measure={column.name: measures[column.is_measured] for column in columns},
        row_compress=True,
    )
    epoch = edition.epoch  # month names are English whatever the locale
    stamp = f"{epoch.day:02} {MONTHS[epoch.month - 1]} {epoch.year % 100:02}{epoch:%H:%M:%S}"
    with path.open("r+b") as file:
        head = file.read(_STAMP.stop)
        if head[:4] != _MAGIC or head[_STAMP][2:3] != b" " or head[_STAMP][11:12] != b":":
            raise DeedbookError(f"{path.name}: pyreadstat wrote a header of another form", "please report this")
        file.seek(_STAMP.start)
        file.write(stamp.encode("ascii"))
    return limits


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's; spaces at the end of a text are not in it."""
    import pyreadstat

    yield from read_pairs(table, path, PROGRAM, pyreadstat.read_sav)


def _format(values: pl.Series) -> str:
    """The print format, which shows every digit; empty for text and for numbers with an exponent."""
    if isinstance(values.dtype, pl.Date):
        return "SDATE10"
    if isinstance(values.dtype, pl.Datetime):
        return "DATETIME23.3"
    if isinstance(values.dtype, pl.String):
        return ""
    texts = values.drop_nulls().cast(pl.String)
    widest = max(texts.str.len_bytes(), default=0 if values.dtype.is_float() else 1)
    if values.dtype == pl.Int64:
        return f"F{widest + 1}.0"
    decimals = max(texts.str.extract(r"\.(\d*[1-9])\d*$").drop_nulls().str.len_bytes(), default=0)
    has_exponent = texts.str.contains("e", literal=True).any()
    return "" if has_exponent or widest + 2 > _WIDEST_NUMBER else f"F{widest + 2}.{decimals}"


def _series(values: pl.Series) -> pl.Series:
    """The column as SPSS stores it: doubles, days and times as seconds since 14 October 1582, or text."""
    if isinstance(values.dtype, pl.String):
        return values
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        seconds = (dt.date(1970, 1, 1) - PROGRAM.epoch).days * 86_400
        values = values.cast(pl.Datetime("ms")).to_physical() / 1000 + seconds
    return values.cast(pl.Float64)
