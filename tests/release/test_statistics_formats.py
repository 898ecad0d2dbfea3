"""Stata, SPSS and R get the same rows with titles, labels, dates and the version; what they cannot hold is named."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyreadr
import pyreadstat
import pytest

from deedbook.release.build import build
from tests.release.conftest import MakeProject

LONG = "ü" * 2400
ROWS = f"""\
id,kind,since,at,seen,size,note,first,count,if
007,visit,1820-05-09,2024-01-01T01:02:03.5Z,true,-1.25,NA,{LONG},1,a
008,,,,,,,,,
009,grant,2024-02-29,1700-01-01T00:00:00Z,false,100000,=1+1,x,3000000000,b
"""
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "string", "title": "Number of the file"},
    {
        "name": "kind",
        "type": "string",
        "title": "Kind",
        "categories": [{"value": "visit", "label": "Visit (état)"}, {"value": "grant", "label": "Grant"}],
    },
    {"name": "since", "type": "date", "title": "Since"},
    {"name": "at", "type": "datetime"},
    {"name": "seen", "type": "boolean"},
    {"name": "size", "type": "number"},
    {"name": "note", "type": "string"},
    {"name": "first", "type": "string"},
    {"name": "count", "type": "integer"},
    {"name": "if", "type": "string"},
]
SCHEMA = {"title": "Hard", "fields": FIELDS, "primaryKey": "id"}
DAYS = [dt.date(1820, 5, 9), None, dt.date(2024, 2, 29)]
MOMENTS = [dt.datetime(2024, 1, 1, 1, 2, 3, 500000), None, dt.datetime(1700, 1, 1)]  # noqa: DTZ001
LABELS = {1: "Visit (état)", 2: "Grant"}


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def plain(series: pd.Series[Any]) -> list[Any]:
    return [None if pd.isna(value) else value for value in series.tolist()]


@pytest.fixture
def release(make_project: MakeProject) -> Callable[..., Path]:
    """Builds the release of one table, the hard one unless another is given."""

    def make(text: str = ROWS, schema: dict[str, Any] = SCHEMA, **options: Any) -> Path:
        built = build(make_project({"hard": (text, schema)}, **options))
        assert built.release is not None, built.report.findings
        return built.release.folder

    return make


def test_stata_reads_the_same_rows(release: Callable[..., Path]) -> None:
    frame = pd.read_stata(release() / "hard.dta", convert_categoricals=False)
    assert frame["id"].tolist() == ["007", "008", "009"]
    assert frame["kind"].tolist() == ["visit", "", "grant"]
    assert [value and value.date() for value in plain(frame["since"])] == DAYS
    assert [value and value.to_pydatetime() for value in plain(frame["at"])] == MOMENTS
    assert plain(frame["seen"]) == [1, None, 0]
    assert plain(frame["size"]) == [-1.25, None, 100000]
    assert frame["note"].tolist() == ["NA", "", "=1+1"]
    assert frame["first"].tolist() == [LONG, "", "x"]
    assert plain(frame["count"]) == [1, None, 3000000000]
    assert frame["if_2"].tolist() == ["a", "", "b"]


def test_stata_has_titles_labels_version_and_no_clock(release: Callable[..., Path]) -> None:
    with pd.io.stata.StataReader(release() / "hard.dta") as reader:
        assert reader.data_label == "deeds 1.0.0 hard"
        assert getattr(reader, "time_stamp") == "22 Nov 2026 00:00"  # noqa: B009  # the stubs do not know it
        assert reader.value_labels() == {"kind_label": LABELS, "seen": {0: "false", 1: "true"}}
        titles = reader.variable_labels()
    assert (titles["id"], titles["kind"], titles["kind_label"]) == ("Number of the file", "Kind", "Kind (label)")


def test_spss_reads_the_same_rows_titles_labels_and_version(release: Callable[..., Path]) -> None:
    frame, about = pyreadstat.read_sav(str(release() / "hard.sav"))
    assert frame["id"].tolist() == ["007", "008", "009"]
    assert plain(frame["since"]) == DAYS
    assert [value and pd.Timestamp(value).to_pydatetime() for value in plain(frame["at"])] == MOMENTS
    assert plain(frame["seen"]) == [1, None, 0]
    assert plain(frame["size"]) == [-1.25, None, 100000]
    assert frame["first"].tolist() == [LONG, "", "x"]
    assert plain(frame["count"]) == [1, None, 3000000000]
    assert (about.file_label, about.creation_time) == ("deeds 1.0.0 hard", dt.datetime(2026, 11, 22))  # noqa: DTZ001
    assert about.variable_value_labels == {"kind_label": LABELS, "seen": {0: "false", 1: "true"}}
    assert about.column_names_to_labels["kind_label"] == "Kind (label)"
    assert about.original_variable_types["size"] == "F10.2"


def test_r_reads_the_same_rows(release: Callable[..., Path]) -> None:
    frame = pyreadr.read_r(str(release() / "hard.rds"))[None]
    assert frame["id"].tolist() == ["007", "008", "009"]
    assert frame["kind"].cat.categories.tolist() == ["visit", "grant"]
    assert plain(frame["kind"]) == ["visit", None, "grant"]
    assert plain(frame["since"]) == DAYS
    assert [value and value.to_pydatetime() for value in plain(frame["at"])] == MOMENTS
    assert plain(frame["size"]) == [-1.25, None, 100000]
    assert plain(frame["first"]) == [LONG, None, "x"]
    assert plain(frame["count"]) == [1, None, 3000000000]


def test_what_a_program_cannot_hold_is_named(release: Callable[..., Path]) -> None:
    fields = [
        {"name": "id", "type": "string"},
        {"name": "day", "type": "date"},
        {"name": "big", "type": "integer"},
        {"name": "odd", "type": "number"},
        {"name": "end", "type": "string"},
        {"name": "End", "type": "string"},
        {"name": "a name with spaces that goes on and on", "type": "string"},
    ]
    text = (
        "id,day,big,odd,end,End,a name with spaces that goes on and on\n"
        "a,0044-03-15,9007199254740993,1E308,x ,y,z\nb,9999-12-31,1,2.5,,,\n"
    )
    folder = release(text, {"fields": fields, "primaryKey": "id"})
    stata = pd.read_stata(folder / "hard.dta")
    assert stata["day"].tolist() == ["0044-03-15", "9999-12-31"]
    assert stata["big"].tolist() == ["9007199254740993", "1"]
    assert stata["odd"].tolist() == ["1e+308", "2.5"]
    assert pyreadr.read_r(str(folder / "hard.rds"))[None]["big"].tolist() == ["9007199254740993", "1"]
    assert list(pyreadstat.read_sav(str(folder / "hard.sav"))[0])[4:6] == ["end", "End_2"]
    readme = (folder / "README.md").read_text()
    for line in (
        "Stata, `hard`: `day` is text (days before 0100-01-01 or after 9999-12-31)",
        "SPSS, `hard`: `day` is text (days before 1582-10-15 or after 9999-12-31)",
        "Stata, `hard`: `big` is text (numbers beyond 2^53)",
        "R, `hard`: `big` is text (numbers beyond 2^53)",
        "Stata, `hard`: `odd` is text (numbers beyond 8.9e+307)",
        "SPSS, `hard`: `end` loses the spaces at the end of its texts",
        "SPSS, `hard`: `End` is called `End_2`",
        "Stata, `hard`: `a name with spaces that goes on and on` is called `a_name_with_spaces_that_goes_on`",
    ):
        assert line in readme, line


def test_an_empty_table_has_its_variables(release: Callable[..., Path]) -> None:
    folder = release(ROWS.splitlines()[0] + "\n")
    assert list(pd.read_stata(folder / "hard.dta"))[:4] == ["id", "kind", "kind_label", "since"]
    assert list(pyreadstat.read_sav(str(folder / "hard.sav"))[0])[:4] == ["id", "kind", "kind_label", "since"]
    assert list(pyreadr.read_r(str(folder / "hard.rds"))[None])[:3] == ["id", "kind", "since"]


def test_the_loader_for_python_sets_types_and_checks_the_hash(release: Callable[..., Path]) -> None:
    folder = release()
    load = runpy.run_path(str(folder / "load.py"))["load"]
    frame = load("hard")
    assert frame["note"].tolist()[0] == "NA"
    assert [value and value.date() for value in plain(frame["since"])] == DAYS
    assert frame["kind"].cat.categories.tolist() == ["visit", "grant"]
    assert frame.attrs["labels"]["kind"] == {"visit": "Visit (état)", "grant": "Grant"}
    assert frame["count"].dtype == "Int64"
    (folder / "hard.csv").write_text(ROWS.replace("007", "070"))
    with pytest.raises(ValueError, match=r"is not the file of version 1\.0\.0"):
        load("hard")


def test_the_loader_for_duckdb_sets_keys_and_comments_and_checks_the_hash(
    release: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = release()
    monkeypatch.chdir(folder)
    program = (folder / "load.sql").read_text()
    with duckdb.connect() as connection:
        connection.execute(program)
        assert connection.execute("SELECT since, kind FROM hard ORDER BY id").fetchall()[0] == (DAYS[0], "visit")
        comments = connection.execute("SELECT comment FROM duckdb_columns() WHERE column_name = 'id'").fetchall()
        assert ("Number of the file",) in comments
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO hard SELECT * FROM hard LIMIT 1")
    shutil.copy(folder / "hard.parquet", folder / "copy")
    (folder / "hard.parquet").write_bytes((folder / "copy").read_bytes() + b" ")
    with duckdb.connect() as connection, pytest.raises(duckdb.Error, match=r"is not the file of version 1\.0\.0"):
        connection.execute(program)


def test_the_loader_for_stata_names_every_table(release: Callable[..., Path]) -> None:
    folder = release()
    program = (folder / "load.do").read_text()
    assert 'copy "`base\'/hard.dta" "`file\'"' in program
    assert "frame hard: use" in program
    assert hashlib.sha256((folder / "hard.dta").read_bytes()).hexdigest() in program


def test_formats_that_are_not_wanted_are_not_there(make_project: MakeProject) -> None:
    project = make_project()
    (project.root / "deedbook.toml").write_text(
        'package = "datapackage/datapackage.json"\nschemas = "schemas"\n[release]\nformats = ["csv", "stata"]\n'
    )
    from deedbook.project import load_project

    built = build(load_project(project.root))
    assert built.release is not None
    suffixes = {path.suffix for path in built.release.folder.iterdir()}
    assert ".dta" in suffixes
    assert not {".sav", ".rds", ".sqlite", ".xlsx", ".parquet", ".R", ".sql"} & suffixes
    names = [entry["name"] for entry in json.loads((built.release.folder / "release.json").read_text())["files"]]
    assert "load.do" in names


def test_python_runs_the_loader_as_a_program(release: Callable[..., Path]) -> None:
    found = subprocess.run([sys.executable, "load.py"], cwd=release(), capture_output=True, text=True, check=True)
    assert found.stdout == "hard 3 12\n"
