"""SPSS `.sav`: labels, rows compressed, days as SDATE10 and times as DATETIME23, whole numbers without decimals.

Written by pyreadstat, which takes the rows of a polars frame one after the other, so that no second copy of the table is in memory.
It stamps the file with the clock: the stamp in the header is overwritten with the epoch. The file label holds dataset, version
and table. Missing text is empty text, since SPSS has no other; spaces at the end of a text are lost.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from deedbook.errors import DeedbookError
from deedbook.release.edition import Edition
from deedbook.release.formats.statistical import Column, Program, columns_for, cut, file_label
from deedbook.release.tables import Limit, Table

FORMAT = "SPSS"
_SECONDS_BEFORE_1970 = (dt.date(1970, 1, 1) - dt.date(1582, 10, 14)).days * 86_400
"""SPSS counts seconds from 14 October 1582, without a zone."""
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
)
_LONGEST_FILE_LABEL = 64
_WIDEST_NUMBER = 40
_MAGIC = b"$FL2"
_STAMP = slice(92, 109)
"""Creation date (9 bytes, `22 Nov 26`) and time (8 bytes) in the header of the file."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_spss(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; one without columns is left out and named."""
    import pyreadstat  # imports pandas: only where the format is wanted

    columns, limits = columns_for(table, PROGRAM)
    if not columns:
        return (Limit(FORMAT, table.name, "left out: it has no columns"),)
    pyreadstat.write_sav(
        pl.DataFrame([_series(column.values).alias(column.name) for column in columns]),
        str(path),
        file_label=file_label(edition, table, _LONGEST_FILE_LABEL),
        column_labels={column.name: cut(column.title, PROGRAM.longest_title) for column in columns},
        variable_value_labels={
            column.name: {number: cut(text, PROGRAM.longest_label) for number, text in column.labels.items()}
            for column in columns
            if column.labels
        },
        variable_format={column.name: form for column in columns if (form := _format(column))},
        variable_measure={column.name: _measure(column) for column in columns},
        row_compress=True,
    )
    _stamp(path, edition.epoch)
    return limits


def _stamp(path: Path, epoch: dt.datetime) -> None:
    """Overwrites the creation time in the header; month names are English whatever the locale."""
    text = f"{epoch.day:02} {_MONTHS[epoch.month - 1]} {epoch.year % 100:02}{epoch:%H:%M:%S}"
    with path.open("r+b") as file:
        head = file.read(_STAMP.stop)
        if head[:4] != _MAGIC or head[_STAMP][2:3] != b" " or head[_STAMP][11:12] != b":":
            raise DeedbookError(f"{path.name}: pyreadstat wrote a header of another form", "please report this")
        file.seek(_STAMP.start)
        file.write(text.encode("ascii"))


def _format(column: Column) -> str:
    """The print format, which shows every digit; empty for text and for numbers with an exponent."""
    values = column.values
    if isinstance(values.dtype, pl.Date):
        return "SDATE10"
    if isinstance(values.dtype, pl.Datetime):
        return "DATETIME23.3"
    if values.dtype.is_float():
        return _decimal_format(values)
    if values.dtype != pl.Int64:
        return ""
    digits = values.cast(pl.String).str.len_bytes()
    return f"F{max(digits.drop_nulls(), default=1) + 1}.0"


def _decimal_format(values: pl.Series) -> str:
    texts = values.drop_nulls().cast(pl.String)
    decimals = max(texts.str.extract(r"\.(\d*[1-9])\d*$").drop_nulls().str.len_bytes(), default=0)
    widest = max(texts.str.len_bytes(), default=0) + 2
    has_exponent = texts.str.contains("e", literal=True).any()
    return "" if has_exponent or widest > _WIDEST_NUMBER else f"F{widest}.{decimals}"


def _measure(column: Column) -> str:
    return "nominal" if column.labels or isinstance(column.values.dtype, pl.String) else "scale"


def _series(values: pl.Series) -> pl.Series:
    """The column as SPSS stores it: doubles, days and times as seconds since 14 October 1582, or text."""
    if isinstance(values.dtype, pl.String):
        return values
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        values = values.cast(pl.Datetime("ms")).to_physical() / 1000 + _SECONDS_BEFORE_1970
    return values.cast(pl.Float64)
