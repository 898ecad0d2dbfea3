"""Code that loads a table as what it is, `NA` a text, ids text, nothing guessed: the release's own programs, and a few lines a tool.

A reader that guesses turns Namibia's code `NA` into a missing value, `007` into 7 and `1-2` into a date. Every snippet names
the types, and says that only an empty cell is missing.

`load.py`, `load.sql`, `load.R` and `load.do` load the tables of the release after they have checked their hashes. Each reads the files
beside it, or, told a folder or an address, those there: the hashes prove that they are the ones of this release. The one for Python has
the hash of `datapackage.json`, which has those of the tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import polars as pl

from deedbook.integrity.digests import DigestOf, sha256_of
from deedbook.release.edition import Edition
from deedbook.release.formats import FORMATS, Format, Usage
from deedbook.release.pages import render
from deedbook.release.tables import Outline

_LINE = 80


def loader_names(formats: Iterable[Format]) -> tuple[str, ...]:
    """The programs that a release with these formats has."""
    return tuple(item.loader for item in formats if item.loader)


def loaders(
    edition: Edition,
    outlines: Sequence[Outline],
    folder: Path,
    formats: Iterable[Format],
    descriptor: str,
    digest: DigestOf = sha256_of,
) -> Mapping[str, str]:
    """The programs by name.

    Args:
        edition: The release.
        outlines: Its tables.
        folder: Where its data files stand.
        formats: Those of the release.
        descriptor: The content of `datapackage.json`.
        digest: Tells the sha256 of a data file.
    """
    described = hashlib.sha256(descriptor.encode()).hexdigest()
    found = {}
    for item in (item for item in formats if item.loader):
        files = [(outline, folder / item.file_name(outline.name, edition.name)) for outline in outlines]
        tables = [
            {"outline": outline, "file": file.name, "sha256": digest(file), "frame": _plain(outline.name)[:32]}
            for outline, file in files
            if file.is_file()
        ]
        found[item.loader] = render(f"{item.loader}.j2", descriptor=described, edition=edition, tables=tables)
    return found


def usages(tables: Sequence[str], dataset: str, names: Set[str]) -> list[Usage]:
    """The shortest way to load the release with each tool.

    Args:
        tables: The names of its tables; `events`, else the first, is the example.
        dataset: The name of the dataset, which is that of the files with all tables.
        names: The files that the release has.
    """
    table = "events" if "events" in tables else (list(tables) or ["TABLE"])[0]
    found = []
    for item in FORMATS:
        file = item.file_name(table, dataset)
        if item.usage and file in names:
            code = item.usage.code.format(table=table, variable=_variable(table), dataset=dataset)
            found.append(replace(item.usage, code=code, file=item.loader or file))
    return found


def snippets(table: str, dtypes: Mapping[str, pl.DataType]) -> tuple[Usage, ...]:
    """How to load a table without the loaders, by tool.

    Args:
        table: The table's name.
        dtypes: The types of its columns in the typed formats.
    """
    return (
        Usage("R (readr)", "r", _r(table, dtypes)),
        Usage("Stata", "stata", _stata(table, dtypes)),
        Usage("Python, pandas", "python", _pandas(table, dtypes)),
        Usage("Python, polars", "python", _polars(table, dtypes)),
        Usage("DuckDB", "sql", _duckdb(table, dtypes)),
    )


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
    return _plain(table) if not table[0].isdigit() else f"t_{_plain(table)}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


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
