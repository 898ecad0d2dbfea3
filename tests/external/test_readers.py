"""Every reader finds the same rows in its format: counts, missing cells, longest text, first and last day, labels.

`python -m tests.external.matrix` prints what each of them finds.
"""

from __future__ import annotations

import csv
import datetime as dt
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyreadstat
import pytest

from deedbook.release.build import build
from tests.external.conftest import ROOT, run, tool
from tests.release.conftest import MakeProject

pytestmark = [pytest.mark.external, pytest.mark.slow]

LONG = "ü" * 2400
ROWS = f"""\
id,kind,since,seen,size,note,first,select
007,visit,1820-05-09,true,-1.25,NA,{LONG},1
008,,,,,,,
ñ,grant,2024-02-29,false,100000,=1+1,{"x" * 300},3000000000
"""
HARD: dict[str, tuple[str, dict[str, Any]]] = {
    "hard": (
        ROWS,
        {
            "fields": [
                {"name": "id", "type": "string", "title": "Id, ñ"},
                {
                    "name": "kind",
                    "type": "string",
                    "title": "Kind",
                    "categories": [{"value": "visit", "label": "Visit (état)"}, {"value": "grant", "label": "Grant"}],
                },
                {"name": "since", "type": "date"},
                {"name": "seen", "type": "boolean"},
                {"name": "size", "type": "number"},
                {"name": "note", "type": "string"},
                {"name": "first", "type": "string"},
                {"name": "select", "type": "integer"},
            ],
            "primaryKey": "id",
        },
    )
}
LABELS = ("Visit (état)", "Grant")


@dataclass(frozen=True, order=True)
class Facts:
    """What a reader found in one column; `longest` is None for what is no text there, days are empty but for dates."""

    table: str
    column: str
    rows: int
    missing: int
    longest: int | None
    first: str
    last: str


def facts(table: str, rows: pl.DataFrame) -> Iterator[Facts]:
    """The facts of every column of a frame; empty text counts as missing, since half of the formats know no other."""
    for column in rows.iter_columns():
        values = column.replace("", None) if column.dtype == pl.String else column
        known = values.drop_nulls()
        days = known.dt.to_string("%Y-%m-%d") if known.dtype.is_temporal() and len(known) else None
        yield Facts(
            table,
            column.name,
            len(values),
            values.null_count(),
            max(known.str.len_chars(), default=0) if known.dtype == pl.String else None,
            str(days.min()) if days is not None else "",
            str(days.max()) if days is not None else "",
        )


def tables_of(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.parquet"))


def from_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    """A frame of pandas, missing being None and whole days dates."""
    columns = []
    for name in frame.columns:
        series = frame[name]
        values = [None if pd.isna(value) else value for value in series.tolist()]
        if any(isinstance(value, dt.date) for value in values):
            values = [value.date() if isinstance(value, dt.datetime) else value for value in values]
        columns.append(pl.Series(str(name), values, strict=False))
    return pl.DataFrame(columns)


def read(reader: str, table: str, folder: Path) -> pl.DataFrame:
    """The table as one reader reads it; JSON Lines without a row have no columns."""
    if reader.startswith("jsonl") and not (folder / f"{table}.jsonl").stat().st_size:
        return pl.read_parquet(folder / f"{table}.parquet")
    if reader.startswith("sqlite"):
        return _sqlite(next(folder.glob("*.sqlite")), table)
    return READERS[reader](folder / f"{table}.{reader.split()[0]}")


def _sqlite(path: Path, table: str) -> pl.DataFrame:
    connection = sqlite3.connect(path)
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
    names = [entry[0] for entry in cursor.description]
    rows = cursor.fetchall()
    connection.close()
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def _csv(path: Path) -> pl.DataFrame:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")


def _duckdb(path: Path) -> pl.DataFrame:
    cursor = duckdb.execute(f"SELECT * FROM '{path}'")  # noqa: S608
    names = [entry[0] for entry in cursor.description or ()]
    return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "csv by polars": lambda path: pl.read_csv(path, infer_schema=False),
    "csv by csv": _csv,
    "parquet by duckdb": _duckdb,
    "parquet by polars": pl.read_parquet,
    "parquet by pandas": lambda path: from_pandas(pd.read_parquet(path, dtype_backend="numpy_nullable")),
    "jsonl by duckdb": _duckdb,
    "dta by pandas": lambda path: from_pandas(pd.read_stata(path, convert_categoricals=False)),
    "dta by pyreadstat": lambda path: from_pandas(pyreadstat.read_dta(str(path))[0]),
    "sav by pyreadstat": lambda path: from_pandas(pyreadstat.read_sav(str(path))[0]),
}


def agree(expected: Iterable[Facts], found: Iterable[Facts]) -> list[str]:
    """Where two readers differ; columns that only a statistics program has, its labelled copies, do not count."""
    known = {entry.column: entry for entry in found}
    faults = []
    for entry in expected:
        other = known.get(entry.column)
        if other is None:
            faults.append(f"{entry.table}.{entry.column} is missing")
            continue
        for name in ("rows", "missing", "longest", "first", "last"):
            one, two = getattr(entry, name), getattr(other, name)
            if one != two and one not in (None, "") and two not in (None, ""):
                faults.append(f"{entry.table}.{entry.column}: {name} is {two}, not {one}")
    return faults


@pytest.fixture
def hard(make_project: MakeProject) -> Path:
    """A release of one table with what breaks formats: long text, old days, labels, big numbers, SQL words."""
    built = build(make_project(HARD))
    assert built.release is not None, built.report.findings
    return built.release.folder


@pytest.mark.parametrize("reader", [*READERS, "sqlite by sqlite3"])
def test_a_python_reader_finds_the_same(reader: str, good: Path, hard: Path) -> None:
    faults = []
    for folder in (good, hard):
        for table in tables_of(folder):
            expected = list(facts(table, pl.read_parquet(folder / f"{table}.parquet")))
            faults += agree(expected, facts(table, read(reader, table, folder)))
    assert faults == []


def in_r(folder: Path) -> dict[tuple[str, str], list[Facts]]:
    """What R finds, by format and table."""
    result: dict[tuple[str, str], list[Facts]] = {}
    for kind, table, column, rows, missing, longest, first, last, *_ in lines_of_r(folder):
        longest_text = int(longest) if longest else None
        found = Facts(table, column, int(rows), int(missing), longest_text, first, last)
        result.setdefault((kind, table), []).append(found)
    return result


def lines_of_r(folder: Path) -> list[list[str]]:
    """What `read_back.R` prints: format, table, column, the facts, value labels joined by `|`, title."""
    dataset = next(folder.glob("*.sqlite")).stem
    script = ROOT / "tests" / "external" / "read_back.R"
    found = run(tool("Rscript"), "--vanilla", script, folder, dataset, *tables_of(folder), folder=folder)
    assert found.returncode == 0, found.stderr
    return [line.split("\t") for line in found.stdout.splitlines()]


def test_r_finds_the_same_in_six_formats(good: Path, hard: Path) -> None:
    faults = []
    for folder in (good, hard):
        found = in_r(folder)
        assert {kind for kind, _ in found} == {"csv", "rds", "dta", "sav", "sqlite", "xlsx"}
        for (kind, table), entries in found.items():
            expected = list(facts(table, pl.read_parquet(folder / f"{table}.parquet")))
            faults += [f"{kind}: {fault}" for fault in agree(expected, entries)]
    assert faults == []


def test_r_shows_the_labels(hard: Path) -> None:
    script = ROOT / "tests" / "external" / "read_back.R"
    found = run(tool("Rscript"), "--vanilla", script, hard, "deeds", "hard", folder=hard).stdout
    shown = {tuple(line.split("\t")[index] for index in (0, 2, 8, 9)) for line in found.splitlines()}
    assert ("dta", "kind_label", "|".join(LABELS), "Kind (label)") in shown
    assert ("sav", "kind_label", "|".join(LABELS), "Kind (label)") in shown
    assert ("rds", "kind", "", "Kind") in shown
    assert ("dta", "seen", "false|true", "seen") in shown


def test_the_loader_for_r_checks_the_hash_and_shows_labels(hard: Path, tmp_path: Path) -> None:
    program = (
        'source("load.R"); rows <- load_table("hard", labels = TRUE); '
        'stopifnot(identical(as.character(rows$kind), c("Visit (\\u00e9tat)", NA, "Grant")), '
        'rows$since[1] == as.Date("1820-05-09"), nchar(rows$first[1]) == 2400, is.na(rows$first[2]), '
        'attr(rows, "dataset_version") == "1.0.0"); writeBin(charToRaw("x"), "hard.rds"); load_table("hard")'
    )
    found = run(tool("Rscript"), "--vanilla", "-e", program, folder=hard)
    assert "hard.rds is not the file of version 1.0.0" in found.stderr


def in_pspp(folder: Path) -> dict[str, list[Facts]]:
    """What PSPP finds in the columns of text, by table: it writes everything else in forms of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for table in tables_of(folder):
            target = Path(scratch) / f"{table}.csv"
            converted = run(tool("pspp-convert"), folder / f"{table}.sav", target, folder=folder)
            assert converted.returncode == 0, converted.stderr
            rows = pl.read_parquet(folder / f"{table}.parquet", n_rows=0)
            texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
            frame = pd.read_csv(target, dtype=str, keep_default_na=False)
            columns = pl.DataFrame(
                {name: frame[name].tolist() for name in texts}, schema=dict.fromkeys(texts, pl.String)
            )
            found[table] = list(facts(table, columns))
    return found


def test_pspp_finds_the_same_rows(good: Path, hard: Path, tmp_path: Path) -> None:
    for folder in (good, hard):
        for table in tables_of(folder):
            target = tmp_path / f"{table}.csv"
            converted = run(tool("pspp-convert"), folder / f"{table}.sav", target, folder=tmp_path)
            assert converted.returncode == 0, converted.stderr
            rows = pl.read_parquet(folder / f"{table}.parquet")
            found = pd.read_csv(target, dtype=str, keep_default_na=False)
            assert len(found) == rows.height
            for name in [name for name, dtype in rows.schema.items() if dtype == pl.String]:
                mine = rows[name].fill_null("").str.replace_all("\n", " ")
                assert [text.replace("\n", " ") for text in found[name]] == mine.to_list(), (table, name)
