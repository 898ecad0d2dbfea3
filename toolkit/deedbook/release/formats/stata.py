"""Stata `.dta`, release 118 (Stata 14 and later): labels, long texts as strL, days as %td, times as %tc.

Written by pandas: pyreadstat would write release 119, whose long texts R's haven reads back as empty. The data label holds
dataset, version and table; the time stamp is the epoch. Missing text is empty text, since Stata has no other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.statistical import Column, Program, columns_for, cut, file_label
from deedbook.release.tables import Limit, Table

FORMAT = "Stata"
_RESERVED = """
    NULL _N _all _b _coef _cons _n _pi _pred _rc _se _skip aggregate array boolean break byte case catch class
    colvector complex const continue default delegate delete do double else eltypedef end enum explicit export
    external float for friend function global goto if in inline int local long pragma protected quad rowvector
    short str str# strL typedef typename using virtual with
"""
"""Words that Stata keeps for itself, and those that pandas would prefix with an underscore in silence, such as `end`."""
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
)
_MOST_COLUMNS = 32_767
_LONGEST_LABEL = 80
_LONGEST_VALUE_LABEL = 32_000
_WIDEST_FIXED = 244
"""Texts beyond this many bytes are strL: a fixed width would be paid in every row."""
_RANGES = (("Int8", -127, 100), ("Int16", -32_767, 32_740), ("Int32", -2_147_483_647, 2_147_483_620))


def write_stata(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; one that Stata cannot hold is left out and named."""
    columns, limits = columns_for(table, PROGRAM)
    if not columns or len(columns) > _MOST_COLUMNS:
        return (Limit(FORMAT, table.name, f"left out: it has {len(columns)} columns"),)
    frame = pd.DataFrame({column.name: _series(column.values) for column in columns})
    frame.to_stata(
        path,
        write_index=False,
        version=118,
        time_stamp=edition.epoch.replace(tzinfo=None),
        data_label=file_label(edition, table, _LONGEST_LABEL),
        variable_labels={column.name: cut(column.title, _LONGEST_LABEL) for column in columns},
        value_labels={
            column.name: {number: cut(text, _LONGEST_VALUE_LABEL) for number, text in column.labels.items()}
            for column in columns
            if column.labels
        },
        convert_dates=_date_formats(columns),
        convert_strl=[column.name for column in columns if _is_long(column.values)],
    )
    return limits


def _date_formats(columns: Sequence[Column]) -> dict[Any, Any]:
    formats: dict[Any, Any] = {}
    for column in columns:
        if isinstance(column.values.dtype, pl.Date):
            formats[column.name] = "td"
        elif isinstance(column.values.dtype, pl.Datetime):
            formats[column.name] = "tc"
    return formats


def _is_long(values: pl.Series) -> bool:
    return isinstance(values.dtype, pl.String) and bool((values.str.len_bytes() > _WIDEST_FIXED).any())


def _series(values: pl.Series) -> pd.Series[Any]:
    """The column as pandas turns it into the smallest type of Stata that holds it."""
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        moments = values.cast(pl.Datetime("ms")).to_numpy()
        return pd.Series(moments).astype("datetime64[ms]")
    if values.dtype == pl.Int64:
        low, high = values.min() or 0, values.max() or 0
        fitting = [kind for kind, least, most in _RANGES if least <= low and high <= most]  # type: ignore[operator]
        if fitting:
            return pd.Series(values.to_list(), dtype=fitting[0])
        return pd.Series(values.cast(pl.Float64).to_numpy())
    if values.dtype.is_float():
        return pd.Series(values.to_numpy())
    return pd.Series(values.to_list(), dtype=object)
