"""One reader a format, to compare what a file holds with the canonical CSV.

A reader gets the table as the CSV has it and gives, piece by piece, what the file should hold and what it does hold: some
thousand rows of a column, or a column where the format stores columns, so that no second copy of a table is in memory. What it
should hold is known from the writer: where a format cannot hold a value as it is (the README of the release names it), both
sides are brought to the form that the format has.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.release.formats import rds, rds_reading, spss, sqlite, stata, xlsx
from deedbook.release.formats.comparing import Pair, UnlikeError, demand_columns, pairs_of, unlike_height
from deedbook.release.formats.parquet import ROW_GROUP
from deedbook.release.formats.statistical import Column, Program, columns_for
from deedbook.release.tables import Table, non_finite_columns, text_of

_SLICE = 50_000
_BYTES = 8 << 20
_FEWEST_PASSES = 10
"""Parts of an SPSS file: each is found by reading all that stands before it."""
_MOST_COLUMNS_OF_STATA = 32_767
_UNDECODED = {"\ufffe": "_xFFFE_", "\uffff": "_xFFFF_"}
"""What calamine leaves as Excel's escape of it."""
_SPSS_EPOCH = (dt.date(1970, 1, 1) - dt.date(1582, 10, 14)).days * 86_400


Reader = Callable[[Table, Path], Iterator[Pair]]
"""Gives nothing where the format could not hold the table, so that it is rightly absent."""


def read_parquet(table: Table, path: Path) -> Iterator[Pair]:
    """The columns of a Parquet file."""
    scan = pl.scan_parquet(path)
    demand_columns(scan.collect_schema().names(), table.rows.columns)
    height = scan.select(pl.len()).collect().item()
    slices = (scan.slice(start, ROW_GROUP).collect() for start in range(0, height, ROW_GROUP))
    yield from pairs_of(table.rows, slices)


def read_jsonl(table: Table, path: Path) -> Iterator[Pair]:
    """The columns of a JSON Lines file."""
    special = non_finite_columns(table.rows)
    expected = table.rows.with_columns(
        text_of(name, dtype) for name, dtype in table.rows.schema.items() if dtype.is_temporal() or name in special
    )
    with path.open("rb") as file:
        first = file.readline()
        if first.strip():
            demand_columns(list(json.loads(first)), expected.columns)
        file.seek(0)
        parts = iter(lambda: file.readlines(_BYTES), [])
        yield from pairs_of(expected, (pl.read_ndjson(b"".join(lines), schema=expected.schema) for lines in parts))


def read_sqlite(table: Table, path: Path) -> Iterator[Pair]:
    """The columns of a table in an SQLite file."""
    if sqlite.reason_to_leave_out(table.schema):
        return
    special = non_finite_columns(table.rows)
    expected = sqlite.plain_rows(table.rows, special).collect()
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        cursor = connection.execute(f"SELECT * FROM {sqlite.quoted(table.name)} ORDER BY rowid")  # noqa: S608  # quoted
        demand_columns([column[0] for column in cursor.description], expected.columns)
        parts = iter(lambda: cursor.fetchmany(_SLICE), [])
        yield from pairs_of(expected, (_frame(expected.schema, rows) for rows in parts))
    finally:
        connection.close()


def read_xlsx(table: Table, path: Path, tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a sheet; an empty text is there no other than a missing one.

    Args:
        table: The table.
        path: The file.
        tables: The names of all tables of the release, which decide how the sheets are called.
    """
    from python_calamine import CalamineWorkbook

    if xlsx.reason_to_leave_out(table.rows):
        return
    expected = xlsx.writable(table)[0].with_columns(pl.col(pl.String).replace("", None).str.replace_many(_UNDECODED))
    with CalamineWorkbook.from_path(str(path)) as book:
        rows = book.get_sheet_by_name(_sheet_of(table, tables or [table.name], book.sheet_names)).iter_rows()
        header = next(rows, [])
        demand_columns([str(name) for name in header], expected.columns)
        kinds = list(expected.schema.values())
        records = ([_spreadsheet_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows)
        parts = iter(lambda: list(itertools.islice(records, _SLICE)), [])
        yield from pairs_of(expected, _filled_up(expected, (_frame(expected.schema, part) for part in parts)))


def _filled_up(expected: pl.DataFrame, slices: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The slices, and at their end the empty rows that a sheet does not have."""
    height = 0
    for found in slices:
        height += found.height
        yield found
    rest = expected.slice(height)
    if rest.height and rest.null_count().sum_horizontal().item() == rest.height * rest.width:
        yield rest


def read_stata(table: Table, path: Path) -> Iterator[Pair]:
    """The variables of a Stata file."""
    import pandas as pd

    columns = _columns(table, stata.PROGRAM)
    if not columns or len(columns) > _MOST_COLUMNS_OF_STATA:
        return
    with pd.io.stata.StataReader(path, convert_categoricals=False) as reader:
        demand_columns(list(reader.variable_labels()), [column.name for column in columns])
        yield from _statistical_pairs(columns, _stata_parts(reader))


def _stata_parts(reader: Any) -> Iterator[dict[str, list[Any]]]:
    """The rows by variable, some thousands at a time; pandas ends with an exception of its own."""
    while True:
        try:
            part = reader.read(_SLICE)
        except StopIteration:
            return
        if not len(part):
            return
        yield {str(name): part[name].to_list() for name in part}


def read_spss(table: Table, path: Path) -> Iterator[Pair]:
    """The variables of an SPSS file; spaces at the end of a text are not in it."""
    import pyreadstat

    columns = _columns(table, spss.PROGRAM)
    if not columns:
        return
    size = max(2 * _SLICE, -(-table.rows.height // _FEWEST_PASSES))

    def parts() -> Iterator[dict[str, list[Any]]]:
        for start in itertools.count(0, size):
            part, _ = pyreadstat.read_sav(
                str(path),
                disable_datetime_conversion=True,
                user_missing=True,
                output_format="dict",
                row_offset=start,
                row_limit=size,
            )
            demand_columns(list(part), [column.name for column in columns])
            if not part[columns[0].name]:
                return
            yield part

    yield from _statistical_pairs(columns, parts(), in_seconds=True)


def read_rds(table: Table, path: Path) -> Iterator[Pair]:
    """The columns of an R file."""
    held = rds.holdable(table)[0]
    frame = rds_reading.Frame(path)
    for position, found in enumerate(frame.columns()):
        if position >= len(held):
            continue  # its name tells
        column = held[position]
        if len(found) != len(column):
            raise unlike_height(len(found), len(column))
        if isinstance(column.dtype, pl.Datetime) and not column.dtype.time_zone:
            found = found.dt.replace_time_zone(None)  # R has no local times, so they are written as UTC
        yield Pair(column.name, column, _narrowed(found, column.dtype), 0, position)
    demand_columns(frame.names(), [column.name for column in held])


READERS: Mapping[str, Reader] = {
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".dta": read_stata,
    ".sav": read_spss,
    ".rds": read_rds,
}
"""The readers of formats with a file a table, by the end of its name."""


def _columns(table: Table, program: Program) -> tuple[Column, ...]:
    return columns_for(table, program)[0]


def _statistical_pairs(
    columns: tuple[Column, ...], parts: Iterable[Mapping[str, list[Any]]], *, in_seconds: bool = False
) -> Iterator[Pair]:
    start, height = 0, len(columns[0].values)
    for part in parts:
        size = len(part[columns[0].name])
        if start + size <= height:
            for position, column in enumerate(columns):
                values = column.values.slice(start, size)
                expected, found = _statistical_pair(values, part[column.name], in_seconds=in_seconds)
                yield Pair(column.name, expected, found, start, position)
        start += size
    if start != height:
        raise unlike_height(start, height)


def _statistical_pair(
    expected: pl.Series, values: list[Any], *, in_seconds: bool = False
) -> tuple[pl.Series, pl.Series]:
    """What should stand in a variable and what does: texts without what cannot be told apart, all else as the doubles there."""
    dtype = expected.dtype
    if isinstance(dtype, pl.String):
        found = pl.Series(values, dtype=pl.String, strict=False).fill_null("")
        return expected.str.strip_chars_end(" "), found.str.strip_chars_end(" ")
    if isinstance(dtype, pl.Date | pl.Datetime):
        moments = expected.cast(pl.Datetime("ms")).to_physical()
        if in_seconds:
            seconds = pl.Series(values, dtype=pl.Float64, strict=False).fill_nan(None)
            found = ((seconds - _SPSS_EPOCH) * 1000).round().cast(pl.Int64)
        else:
            found = pl.Series([_milliseconds(value) for value in values], dtype=pl.Int64)
        return moments.cast(pl.Datetime("ms")), found.cast(pl.Datetime("ms"))
    numbers = pl.Series(values, dtype=pl.Float64, strict=False).fill_nan(None)
    return expected, _narrowed(numbers, dtype)


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


def _sheet_of(table: Table, tables: Sequence[str], names: list[str]) -> str:
    """The sheet of the table: its own name, or what the limits of Excel made of it."""
    wanted = xlsx.sheet_names(tables)[table.name]
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
        return moment.replace(tzinfo=dt.UTC if dtype.time_zone else None)
    return value.date() if isinstance(dtype, pl.Date) and isinstance(value, dt.datetime) else value


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
