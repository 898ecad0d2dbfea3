"""Stata `.dta`, release 118 (Stata 14 and later): labels, long texts as strL, days as %td, times as %tc.

The data label holds dataset, version and table; the time stamp is the epoch. Missing text is empty text, since Stata has no
other. Numbers are of the smallest type that holds a column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.comparison import Pair
from deedbook.release.formats.dta import Kind, Variable, write_dta
from deedbook.release.formats.statistical import (
    MILLISECONDS_OF_DAY,
    MONTHS,
    Column,
    Program,
    columns_for,
    cut,
    file_label,
    read_pairs,
)
from deedbook.release.tables import Limit, Table

FORMAT = "Stata"
_RESERVED = """
    NULL _N _all _b _coef _cons _n _pi _pred _rc _se _skip aggregate array boolean break byte case catch class
    colvector complex const continue default delegate delete do double else eltypedef end enum explicit export
    external float for friend function global goto if in inline int local long pragma protected quad rowvector
    short str str# strL typedef typename using virtual with
"""
"""Words that Stata keeps for itself, and more that pandas would not write as they are, such as `end`."""
PROGRAM = Program(
    format=FORMAT,
    first_day=dt.date(100, 1, 1),
    last_day=dt.date(9999, 12, 31),
    longest_text=2_000_000_000,
    longest_name=32,
    reserved=frozenset([*_RESERVED.split(), *(f"str{width}" for width in range(1, 2046))]),
    folds_case=False,
    pads_text=False,
    largest_number=8.9e307,
    longest_title=80,
    longest_label=32_000,
    most_columns=32_767,
    epoch=dt.date(1960, 1, 1),
    day=MILLISECONDS_OF_DAY,
    moment=1,
)
_LONGEST_FILE_LABEL = 80
_WIDEST_FIXED = 244
"""Texts beyond this many bytes are strL: a fixed width would be paid in every row."""
_INTEGERS: tuple[tuple[Kind, int, int], ...] = (
    ("byte", -127, 100),
    ("int", -32_767, 32_740),
    ("long", -2_147_483_647, 2_147_483_620),
)
_FORMATS = {"byte": "%8.0g", "int": "%8.0g", "long": "%12.0g", "double": "%10.0g", "strL": "%9s"}
_DAYS_BEFORE_1970 = (dt.date(1970, 1, 1) - PROGRAM.epoch).days


def write(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; one that Stata cannot hold is left out and named."""
    columns, limits = columns_for(table, PROGRAM)
    if not 0 < len(columns) <= PROGRAM.most_columns:
        return (Limit(FORMAT, table.name, f"left out: it has {len(columns)} columns"),)
    epoch = edition.epoch
    write_dta(
        path,
        [_variable(column) for column in columns],
        file_label(edition, table, _LONGEST_FILE_LABEL),
        f"{epoch.day:02} {MONTHS[epoch.month - 1]} {epoch.year:04} {epoch:%H:%M}",
    )
    return limits


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's."""
    import pyreadstat

    yield from read_pairs(table, path, PROGRAM, pyreadstat.read_dta)


def _variable(column: Column) -> Variable:
    values, dtype = column.values, column.values.dtype
    label = cut(column.title, PROGRAM.longest_title)
    labels = {number: cut(text, PROGRAM.longest_label) for number, text in column.labels.items()}
    if isinstance(dtype, pl.String):
        width = max([1, *values.str.len_bytes().unique()])
        if width > _WIDEST_FIXED:
            return Variable(column.name, "strL", _FORMATS["strL"], values, label)
        return Variable(column.name, "str", f"%{width}s", values, label, width)
    if isinstance(dtype, pl.Date):
        return Variable(column.name, "double", "%td", values.to_physical() + _DAYS_BEFORE_1970, label)
    if isinstance(dtype, pl.Datetime):
        moments = values.dt.epoch("ms") + _DAYS_BEFORE_1970 * MILLISECONDS_OF_DAY
        return Variable(column.name, "double", "%tc", moments, label)
    kind: Kind = "double"
    if dtype == pl.Int64:  # the smallest type that holds the numbers
        low, high = values.min() or 0, values.max() or 0
        kind = next((name for name, least, most in _INTEGERS if least <= low and high <= most), "double")  # type: ignore[operator]  # integers
    return Variable(column.name, kind, _FORMATS[kind], values, label, labels=labels)
