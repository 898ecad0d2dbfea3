"""One reader a format, to compare what a file holds with the canonical CSV.

A reader gets the table as the CSV has it and returns, column by column, what the file should hold and what it does hold. What it
should hold is known from the writer: where a format cannot hold a value as it is (the README of the release names it), both
sides are brought to the form that the format has.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.release.formats import rds, rds_reading, spss, sqlite, stata, xlsx
from deedbook.release.formats.statistical import Column, Program, columns_for
from deedbook.release.tables import Table, non_finite_columns, text_of

_SLICE = 50_000
_MOST_COLUMNS_OF_STATA = 32_767
_UNDECODED = {"\ufffe": "_xFFFE_", "\uffff": "_xFFFF_"}
"""What calamine leaves as Excel's escape of it."""
_SPSS_EPOCH = (dt.date(1970, 1, 1) - dt.date(1582, 10, 14)).days * 86_400


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of a file: what it should hold and what it holds, row by row."""

    name: str
    expected: pl.Series
    found: pl.Series


class UnlikeError(ValueError):
    """A file holds no such table, other columns, or cannot be read; the text says what."""


Reader = Callable[[Table, Path], list[Pair] | None]
"""Gives None where the format could not hold the table, so that it is rightly absent."""


def read_parquet(table: Table, path: Path) -> list[Pair] | None:
    """The columns of a Parquet file."""
    found = pl.read_parquet(path)
    _demand_columns(found.columns, table.rows.columns)
    return _pairs(table.rows, found)


def read_jsonl(table: Table, path: Path) -> list[Pair] | None:
    """The columns of a JSON Lines file."""
    special = non_finite_columns(table.rows)
    expected = table.rows.with_columns(
        text_of(name, dtype) for name, dtype in table.rows.schema.items() if dtype.is_temporal() or name in special
    )
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    if first.strip():
        _demand_columns(list(json.loads(first)), expected.columns)
        found = pl.read_ndjson(path, schema=expected.schema)
    else:
        found = expected.clear()
    return _pairs(expected, found)


def read_sqlite(table: Table, path: Path) -> list[Pair] | None:
    """The columns of a table in an SQLite file."""
    if sqlite.reason_to_leave_out(table.schema):
        return None
    special = non_finite_columns(table.rows)
    expected = sqlite.plain_rows(table.rows, special).collect()
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        cursor = connection.execute(f"SELECT * FROM {sqlite.quoted(table.name)} ORDER BY rowid")  # noqa: S608  # quoted
        _demand_columns([column[0] for column in cursor.description], expected.columns)
        slices = [_frame(expected.schema, rows) for rows in iter(lambda: cursor.fetchmany(_SLICE), [])]
    finally:
        connection.close()
    return _pairs(expected, pl.concat(slices) if slices else expected.clear())


def read_xlsx(table: Table, path: Path) -> list[Pair] | None:
    """The columns of a sheet; an empty text is there no other than a missing one, numbers have 16 digits."""
    from python_calamine import CalamineWorkbook

    if xlsx.reason_to_leave_out(table.rows):
        return None
    expected = xlsx.writable(table)[0].with_columns(
        pl.col(pl.String).replace("", None).str.replace_many(_UNDECODED),
        pl.col(pl.Float64).map_batches(_sixteen_digits, return_dtype=pl.Float64),
    )
    with CalamineWorkbook.from_path(str(path)) as book:
        sheet = book.get_sheet_by_name(_sheet_of(table, book.sheet_names))
        rows = iter(sheet.to_python(skip_empty_area=False))
    header = next(rows, [])
    _demand_columns([str(name) for name in header], expected.columns)
    kinds = list(expected.schema.values())
    records = [[_spreadsheet_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]
    return _pairs(expected, _frame(expected.schema, records))


def read_stata(table: Table, path: Path) -> list[Pair] | None:
    """The variables of a Stata file."""
    import pandas as pd

    columns = _columns(table, stata.PROGRAM)
    if not columns or len(columns) > _MOST_COLUMNS_OF_STATA:
        return None
    frame = pd.read_stata(path, convert_categoricals=False)
    _demand_columns([str(name) for name in frame.columns], [column.name for column in columns])
    return [_statistical_pair(column, frame[column.name].to_list()) for column in columns]


def read_spss(table: Table, path: Path) -> list[Pair] | None:
    """The variables of an SPSS file; spaces at the end of a text are not in it."""
    import pyreadstat

    columns = _columns(table, spss.PROGRAM)
    if not columns:
        return None
    frame, _ = pyreadstat.read_sav(str(path), disable_datetime_conversion=True, user_missing=True)
    _demand_columns([str(name) for name in frame.columns], [column.name for column in columns])
    return [_statistical_pair(column, frame[column.name].to_list(), in_seconds=True) for column in columns]


def read_rds(table: Table, path: Path) -> list[Pair] | None:
    """The columns of an R file."""
    held = rds.holdable(table)[0]
    found = rds_reading.read_rds(path)
    _demand_columns(list(found), [column.name for column in held])
    return [Pair(column.name, column, _narrowed(found[column.name], column.dtype)) for column in held]


READERS: Mapping[str, Reader] = {
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".dta": read_stata,
    ".sav": read_spss,
    ".rds": read_rds,
}
"""The readers of formats with a file a table, by the end of its name."""
SHARED_READERS: Mapping[str, Reader] = {".sqlite": read_sqlite, ".xlsx": read_xlsx}
"""The readers of formats with all tables in one file."""


def _columns(table: Table, program: Program) -> tuple[Column, ...]:
    return columns_for(table, program)[0]


def _statistical_pair(column: Column, values: list[Any], *, in_seconds: bool = False) -> Pair:
    """A variable: texts without what cannot be told apart in such a file, all else as the doubles that it is there."""
    expected, dtype = column.values, column.values.dtype
    if isinstance(dtype, pl.String):
        found = pl.Series(values, dtype=pl.String, strict=False).fill_null("")
        return Pair(column.name, expected.str.strip_chars_end(" "), found.str.strip_chars_end(" "))
    if isinstance(dtype, pl.Date | pl.Datetime):
        moments = expected.cast(pl.Datetime("ms")).to_physical()
        if in_seconds:
            seconds = pl.Series(values, dtype=pl.Float64, strict=False).fill_nan(None)
            found = ((seconds - _SPSS_EPOCH) * 1000).round().cast(pl.Int64)
        else:
            found = pl.Series([_milliseconds(value) for value in values], dtype=pl.Int64)
        return Pair(column.name, moments.cast(pl.Datetime("ms")), found.cast(pl.Datetime("ms")))
    numbers = pl.Series(values, dtype=pl.Float64, strict=False).fill_nan(None)
    return Pair(column.name, expected, _narrowed(numbers, dtype))


def _narrowed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Whole doubles and narrow integers as the integers that they stand for; everything else as it is."""
    if not dtype.is_integer() or not values.dtype.is_numeric():
        return values
    known = values.drop_nulls()
    return values.cast(dtype) if values.dtype.is_integer() or bool((known == known.round()).all()) else values


def _milliseconds(value: Any) -> int | None:
    """A pandas time stamp, or the datetime that it becomes outside its range, as milliseconds since 1970."""
    if value is None or value != value:  # NaT differs from itself
        return None
    moment: dt.datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return round((moment - dt.datetime(1970, 1, 1)) / dt.timedelta(milliseconds=1))  # noqa: DTZ001  # has no zone either


def _sheet_of(table: Table, names: list[str]) -> str:
    """The sheet of the table: its own name, or what the limits of Excel made of it."""
    wanted = xlsx.sheet_name(table.name, set(xlsx.OWN_SHEETS))
    if wanted not in names:
        raise UnlikeError(f"has no sheet `{wanted}`")
    return wanted


def _spreadsheet_value(value: Any, dtype: pl.DataType) -> Any:
    if value is None or value == "":
        return None
    if isinstance(dtype, pl.String):
        return value if isinstance(value, str) else str(value)
    if isinstance(value, float) and dtype.is_integer():
        return int(value) if value.is_integer() else value
    if isinstance(value, int) and not isinstance(value, bool) and dtype.is_float():
        return float(value)
    if isinstance(dtype, pl.Datetime) and isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        return moment.replace(tzinfo=dt.UTC)
    return value.date() if isinstance(dtype, pl.Date) and isinstance(value, dt.datetime) else value


def _sixteen_digits(numbers: pl.Series) -> pl.Series:
    """The numbers as XlsxWriter spells them."""
    return pl.Series([None if number is None else float(f"{number:.16G}") for number in numbers], dtype=pl.Float64)


def _frame(schema: Mapping[str, pl.DataType], rows: list[Any]) -> pl.DataFrame:
    """Rows as columns of the expected types where their values allow it; a column of other values stays text."""
    columns = itertools.zip_longest(*rows) if rows else ([] for _ in schema)
    series = []
    for (name, dtype), values in zip(schema.items(), columns, strict=True):
        try:
            series.append(pl.Series(name, list(values), dtype=dtype, strict=True))
        except (TypeError, pl.exceptions.PolarsError, OverflowError):
            texts = [None if value is None else str(value) for value in values]
            series.append(pl.Series(name, texts, dtype=pl.String))
    return pl.DataFrame(series)


def _pairs(expected: pl.DataFrame, found: pl.DataFrame) -> list[Pair]:
    return [Pair(name, expected.get_column(name), found.get_column(name)) for name in expected.columns]


def _demand_columns(found: list[str], expected: list[str]) -> None:
    """Refuses other columns, or the same in another order.

    Raises:
        UnlikeError: naming the first that is not the expected one.
    """
    for one, other in itertools.zip_longest(found, expected):
        if one != other:
            raise UnlikeError(f"has the column {one!r} where the CSV has {other!r}")


def first_differences(pairs: list[Pair], most: int) -> tuple[int, list[tuple[int, Pair]]]:
    """How many cells differ, and the first ones by row and column, rows counted from 0.

    Raises:
        UnlikeError: when the number of rows differs.
    """
    count = 0
    places: list[tuple[int, int]] = []
    for position, pair in enumerate(pairs):
        if len(pair.expected) != len(pair.found):
            raise UnlikeError(f"has {len(pair.found):,} rows where the CSV has {len(pair.expected):,}")
        rows = _differing_rows(pair)
        count += len(rows)
        places += [(row, position) for row in itertools.islice(rows, most)]
    return count, [(row, pairs[position]) for row, position in sorted(places)[:most]]


def _differing_rows(pair: Pair) -> pl.Series:
    expected, found = pair.expected, pair.found
    if expected.dtype != found.dtype:
        expected, found = expected.cast(pl.String), found.cast(pl.String)
    return expected.ne_missing(found).arg_true()
