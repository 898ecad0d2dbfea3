"""A few lines of code that load a table in each tool as what it is: `NA` a text, ids text, nothing guessed.

A reader that guesses turns Namibia's code `NA` into a missing value, `007` into 7 and `1-2` into a date. Every snippet names
the types, and says that only an empty cell is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import polars as pl

_LINE = 80


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code for one tool, in the language that highlights it."""

    tool: str
    language: str
    code: str


def snippets(table: str, dtypes: Mapping[str, pl.DataType], dataset: str) -> tuple[Snippet, ...]:
    """How to load a table, by tool.

    Args:
        table: The table's name.
        dtypes: The types of its columns in the typed formats.
        dataset: The name of the dataset, which is that of the database.
    """
    return (
        Snippet("R (readr)", "r", _r(table, dtypes)),
        Snippet("Stata", "stata", _stata(table, dtypes)),
        Snippet("Python, pandas", "python", _pandas(table, dtypes)),
        Snippet("Python, polars", "python", _polars(table, dtypes)),
        Snippet("DuckDB", "sql", _duckdb(table, dtypes)),
        Snippet("SQLite", "sh", f"sqlite3 -header -csv {dataset}.sqlite 'SELECT * FROM \"{table}\" LIMIT 5'"),  # noqa: S608  # shown, not run
    )


@dataclass(frozen=True, slots=True)
class Way:
    """The shortest way to load the release with one tool, from one of its files."""

    tool: str
    language: str
    code: str
    file: str


def quick_ways(tables: Sequence[str], dataset: str, names: Set[str]) -> list[Way]:
    """How to load the release with what stands in it.

    Args:
        tables: The names of its tables; `events`, else the first, is the example.
        dataset: The name of the dataset, which is that of the files with all tables.
        names: The files that the release has.
    """
    table = "events" if "events" in tables else (list(tables) or ["TABLE"])[0]
    variable = _variable(table)
    ways = (
        Way("Python", "python", f'from load import load\n{variable} = load("{table}")', "load.py"),
        Way("R", "r", f'source("load.R")\n{variable} <- load_table("{table}", labels = TRUE)', "load.R"),
        Way("Stata", "stata", "do load.do", "load.do"),
        Way("SPSS", "spss", f"GET FILE='{table}.sav'.", f"{table}.sav"),
        Way("DuckDB", "sh", f"duckdb {dataset}.duckdb < load.sql", "load.sql"),
        Way("SQLite", "sh", f"sqlite3 -header -csv {dataset}.sqlite 'SELECT * FROM \"{table}\"'", f"{dataset}.sqlite"),  # noqa: S608  # shown, not run
        Way("Excel", "", f"open {dataset}.xlsx: a sheet for each table", f"{dataset}.xlsx"),
    )
    return [way for way in ways if way.file in names]


def _r(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    kinds = {"integer": "col_double()", "number": "col_double()", "boolean": "col_logical()", "date": "col_date()"}
    kinds["datetime"] = kinds["local datetime"] = "col_datetime()"
    typed = [f"`{name}` = {kinds[kind]}" for name, kind in _kinds(dtypes) if kind in kinds]
    types = _wrapped([".default = col_character()", *typed])
    return f'library(readr)\n{_variable(table)} <- read_csv("{table}.csv", na = "", col_types = cols({types}))'


def _stata(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    texts = [str(place) for place, (_, kind) in enumerate(_kinds(dtypes), 1) if kind not in {"integer", "number"}]
    strings = f" stringcols({' '.join(texts)})" if texts else ""
    lines = [
        f'import delimited "{table}.csv", varnames(1) case(preserve) encoding("UTF-8") ///',
        f"    bindquote(strict) maxquotedrows(unlimited){strings} clear",
    ]
    for name in [name for name, kind in _kinds(dtypes) if kind == "date"][:2]:
        lines += [f'generate {name}_day = daily({name}, "YMD")', f"format {name}_day %td"]
    return "\n".join(lines)


def _pandas(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    kinds = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}
    types = {name: kinds.get(kind, "string") for name, kind in _kinds(dtypes) if kind != "date"}
    variable = _variable(table)
    utc = {"datetime": ", utc=True", "local datetime": ""}
    moments = [
        f'{variable}[{_text(name)}] = pd.to_datetime({variable}[{_text(name)}], format="ISO8601"{utc[kind]})'
        for name, kind in _kinds(dtypes)
        if kind in utc
    ]
    days = [name for name, kind in _kinds(dtypes) if kind == "date"]
    parse = f"    parse_dates=[{_wrapped([_text(name) for name in days], '    ')}],\n" if days else ""
    default = f"{{{_wrapped([f'{_text(name)}: {_text(kind)}' for name, kind in types.items()], '    ')}}}"
    return (
        f'import pandas as pd\n\n{variable} = pd.read_csv(\n    "{table}.csv",\n    keep_default_na=False,\n'
        f'    na_values=[""],\n    dtype={default},\n{parse})' + "\n".join(["", *moments]).rstrip()
    )


def _polars(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    kinds = {"integer": "pl.Int64", "number": "pl.Float64", "boolean": "pl.Boolean", "date": "pl.Date"}
    kinds |= {"datetime": 'pl.Datetime("us", "UTC")', "local datetime": 'pl.Datetime("us")'}
    typed = _wrapped([f"{_text(name)}: {kinds[kind]}" for name, kind in _kinds(dtypes) if kind in kinds])
    name = _variable(table)
    return (
        f'import polars as pl\n\n{name} = pl.read_parquet("{table}.parquet")\n\n# the same from CSV\n'
        f'{name} = pl.read_csv("{table}.csv", infer_schema=False, schema_overrides={{{typed}}})'
    )


def _duckdb(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    kinds = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
    kinds |= {"datetime": "TIMESTAMPTZ", "local datetime": "TIMESTAMP"}
    columns = _wrapped([f"{_sql(name)}: '{kinds.get(kind, 'VARCHAR')}'" for name, kind in _kinds(dtypes)])
    from_csv = f"FROM read_csv(\n    '{table}.csv', header = true, nullstr = '', columns = {{{columns}}})"
    return (
        f"CREATE TABLE \"{table}\" AS FROM '{table}.parquet';\n\n-- the same from CSV\n"
        f'CREATE OR REPLACE TABLE "{table}" AS {from_csv};'
    )


def _kinds(dtypes: Mapping[str, pl.DataType]) -> list[tuple[str, str]]:
    return [(name, _kind(dtype)) for name, dtype in dtypes.items()]


def _kind(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "number"
    if isinstance(dtype, pl.Date):
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "datetime" if dtype.time_zone else "local datetime"
    return "string"


def _variable(table: str) -> str:
    """The table's name as a variable in R and Python."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in table)
    return plain if not plain[0].isdigit() else f"t_{plain}"


def _wrapped(items: Sequence[str], indent: str = "") -> str:
    """Items separated by commas: on one line if they fit, else a few a line, below what stands at `indent`."""
    line = ", ".join(items)
    if len(line) <= _LINE:
        return line
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > _LINE:
            lines.append("")
        lines[-1] += f"{item}, "
    start = f"\n{indent}    "
    return start + start.join(text.rstrip() for text in lines)[:-1] + f"\n{indent}"


def _text(value: str) -> str:
    """A text as a literal of Python; JSON's are the same."""
    return json.dumps(value, ensure_ascii=False)


def _sql(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
