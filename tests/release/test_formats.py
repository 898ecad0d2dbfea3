"""Every format gives back the rows of the canonical CSV, in the hands of its own readers."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pytest
from openpyxl.utils.escape import unescape

from deedbook.project import Project
from deedbook.release.build import build
from tests.release.conftest import ACTORS_SCHEMA, MakeProject

CANONICAL_EVENTS = """\
event_id,actor_id,kind,day,note,amount,code,first_release,last_changed_in
E000001,A000001,grant,1820-05-09,NA,,1-2,1.0.0,1.0.0
E000002,A000010,visit,2024-02-29,,9007199254740993,+49,1.0.0,1.0.0
E000003,A000002,visit,2025-07-01,=1+1,12,007,1.0.0,1.0.0
"""
CANONICAL_ACTORS = """\
actor_id,name,country,since,is_state,share,first_release,last_changed_in
A000001,Namibia,NA,1990-03-21,true,0.25,1.0.0,1.0.0
A000002,"Laos, Lao PDR",LA,1953-10-22,true,1.5,1.0.0,1.0.0
A000010,"The ""Legion""
of two lines",,,false,,1.0.0,1.0.0
"""


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


@pytest.fixture
def folder(small_release: Path) -> Path:
    """The release of the small project."""
    return small_release


def released(project: Project) -> Path:
    built = build(project)
    assert built.release is not None, built.report.findings
    return built.release.folder


def expected(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of the Parquet file, which another test holds against the CSV."""
    return pl.read_parquet(folder / f"{table}.parquet").to_dicts()


def test_the_csv_is_canonical(folder: Path) -> None:
    assert (folder / "events.csv").read_bytes() == CANONICAL_EVENTS.encode()
    assert (folder / "actors.csv").read_bytes() == CANONICAL_ACTORS.encode()


def test_parquet_is_typed_and_knows_its_version(folder: Path) -> None:
    rows = pl.read_parquet(folder / "events.parquet")
    assert rows.schema["day"] == pl.Date
    assert rows["day"][0] == dt.date(1820, 5, 9)
    assert rows["amount"].to_list() == [None, 9007199254740993, 12]
    assert rows["note"].to_list() == ["NA", None, "=1+1"]
    assert rows["code"].to_list() == ["1-2", "+49", "007"]
    metadata = pl.read_parquet_metadata(folder / "events.parquet")
    assert (metadata["dataset"], metadata["version"], metadata["table"]) == ("deeds", "1.0.0", "events")


@pytest.mark.parametrize("table", ["actors", "events"])
def test_csv_read_by_polars_equals_parquet(folder: Path, table: str) -> None:
    rows = pl.read_parquet(folder / f"{table}.parquet")
    assert pl.read_csv(folder / f"{table}.csv", infer_schema=False, schema_overrides=dict(rows.schema)).equals(rows)


@pytest.mark.parametrize("table", ["actors", "events"])
def test_csv_read_by_pandas_as_text_equals_the_file(folder: Path, table: str) -> None:
    frame = pd.read_csv(folder / f"{table}.csv", dtype="string", keep_default_na=False, na_values=[""])
    text = pl.read_csv(folder / f"{table}.csv", infer_schema=False)
    assert frame.astype(object).where(frame.notna(), None).to_dict("records") == text.to_dicts()


@pytest.mark.parametrize("table", ["actors", "events"])
def test_jsonl_equals_parquet_but_for_dates_as_text(folder: Path, table: str) -> None:
    lines = [json.loads(line) for line in (folder / f"{table}.jsonl").read_text().splitlines()]
    plain = [
        {key: str(v) if isinstance(v, dt.date) else v for key, v in row.items()} for row in expected(folder, table)
    ]
    assert lines == plain


@pytest.mark.parametrize("table", ["actors", "events"])
def test_sqlite_equals_parquet(folder: Path, table: str) -> None:
    with sqlite3.connect(folder / "deeds.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608
    connection.close()
    plain = [
        {key: str(v) if isinstance(v, dt.date) else v for key, v in row.items()} for row in expected(folder, table)
    ]
    assert rows == plain


def test_sqlite_enforces_keys_codes_and_describes_itself(folder: Path) -> None:
    connection = sqlite3.connect(folder / "deeds.sqlite")
    connection.execute("PRAGMA foreign_keys = ON")
    for row, reason in (
        (("E000001", "A000001", "visit"), "UNIQUE"),
        (("E000009", "A000001", "waltz"), "CHECK"),
        (("E000009", "A999999", "visit"), "FOREIGN KEY"),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=reason):
            connection.execute("INSERT INTO events (event_id, actor_id, kind) VALUES (?, ?, ?)", row)
    assert connection.execute("SELECT value FROM _metadata WHERE key = 'version'").fetchone() == ("1.0.0",)
    assert connection.execute("SELECT code, label FROM _code_lists").fetchall() == [
        ("visit", "Visit"),
        ("grant", "Grant"),
    ]
    reference = connection.execute("SELECT refers_to FROM _codebook WHERE table_name = 'events' AND field = 'actor_id'")
    assert reference.fetchone() == ("actors.actor_id",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_xlsx_keeps_ids_formulas_and_old_dates_as_text(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "deeds.xlsx")
    assert book.sheetnames == ["README", "actors", "events", "codebook"]
    events = list(book["events"].iter_rows(values_only=True))
    assert events[1:] == [
        ("E000001", "A000001", "grant", "1820-05-09", "NA", None, "1-2", "1.0.0", "1.0.0"),
        ("E000002", "A000010", "visit", "2024-02-29", None, "9007199254740993", "+49", "1.0.0", "1.0.0"),
        ("E000003", "A000002", "visit", "2025-07-01", "=1+1", "12", "007", "1.0.0", "1.0.0"),
    ]
    assert [cell.data_type for cell in book["events"]["E"]] == ["s", "s", "n", "s"]
    actors = list(book["actors"].iter_rows(values_only=True))
    assert actors[1] == ("A000001", "Namibia", "NA", dt.datetime(1990, 3, 21), True, 0.25, "1.0.0", "1.0.0")  # noqa: DTZ001
    assert actors[3][1] == 'The "Legion"\nof two lines'
    readme = "\n".join(str(row[0]) for row in book["README"].iter_rows(values_only=True) if row[0])
    assert "version 1.0.0" in readme
    assert "`day` is text (dates before March 1900)" in readme


def test_xlsx_read_by_pandas_equals_parquet(folder: Path) -> None:
    frame = pd.read_excel(
        folder / "deeds.xlsx", sheet_name="actors", keep_default_na=False, na_values=[""], engine="openpyxl"
    )
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert [{**row, "since": row["since"] and row["since"].date()} for row in found] == expected(folder, "actors")


def test_a_table_beyond_the_limits_of_excel_is_left_out_and_named(make_project: MakeProject) -> None:
    schema = {"fields": [{"name": "id", "type": "string"}, {"name": "text", "type": "string"}], "primaryKey": "id"}
    astral = "\U0001f600" * 16_384  # two UTF-16 units each: one more than fits
    project = make_project(
        {"long": (f"id,text\na,{'x' * 40_000}\n", schema), "wide": (f"id,text\na,{astral}\n", schema)}
    )
    folder = released(project)
    assert openpyxl.load_workbook(folder / "deeds.xlsx").sheetnames == ["README", "codebook"]
    readme = (folder / "README.md").read_text()
    assert "* XLSX, `long`: left out: a cell of `text` has more than 32,767 characters." in readme
    assert "* XLSX, `wide`: left out" in readme
    assert len(pl.read_parquet(folder / "long.parquet")["text"][0]) == 40_000


def test_odd_texts_survive_every_format(make_project: MakeProject) -> None:
    texts = ["a\r\nb", "\tx ", "_x0041_", "ünï\u2028z", "'q'", '""', "-1", "1e5", "TRUE", "@cmd", "http://a.b", "{=1}"]
    quoted = "\n".join(f'k{place:02},"{text.replace(chr(34), chr(34) * 2)}"' for place, text in enumerate(texts))
    schema = {"fields": [{"name": "id", "type": "string"}, {"name": "text", "type": "string"}], "primaryKey": "id"}
    folder = released(make_project({"odd": (f"id,text\n{quoted}\n", schema)}))
    assert pl.read_csv(folder / "odd.csv", infer_schema=False)["text"].to_list() == texts
    assert pl.read_parquet(folder / "odd.parquet")["text"].to_list() == texts
    assert [json.loads(line)["text"] for line in (folder / "odd.jsonl").read_text().split("\n")[:-1]] == texts
    connection = sqlite3.connect(folder / "deeds.sqlite")
    assert [row[0] for row in connection.execute("SELECT text FROM odd ORDER BY id")] == texts
    connection.close()
    sheet = openpyxl.load_workbook(folder / "deeds.xlsx")["odd"]
    assert [unescape(str(row[1])) for row in sheet.iter_rows(min_row=2, values_only=True)] == texts
    assert "* XLSX, `odd`: `text` holds characters that are written as _xHHHH_" in (folder / "README.md").read_text()


def test_an_empty_table_has_a_header_in_every_format(make_project: MakeProject) -> None:
    folder = released(make_project({"actors": ("actor_id,name,country,since,is_state,share\n", ACTORS_SCHEMA)}))
    assert (
        folder / "actors.csv"
    ).read_text() == "actor_id,name,country,since,is_state,share,first_release,last_changed_in\n"
    assert pl.read_parquet(folder / "actors.parquet").shape == (0, 8)
    assert openpyxl.load_workbook(folder / "deeds.xlsx")["actors"].max_row == 1


def test_numbers_that_a_type_cannot_hold_stay_whole_and_are_named(make_project: MakeProject) -> None:
    schema = {
        "fields": [
            {"name": "id", "type": "integer"},
            {"name": "big", "type": "integer"},
            {"name": "fine", "type": "number"},
        ],
        "primaryKey": "id",
    }
    project = make_project(
        {"n": ("id,big,fine\n10,123456789012345678901234567890,0.12345678901234567891\n9,1,2.50\n", schema)}
    )
    folder = released(project)
    assert (folder / "n.csv").read_text().splitlines()[1:] == [
        "9,1,2.5,1.0.0,1.0.0",
        "10,123456789012345678901234567890,0.12345678901234567891,1.0.0,1.0.0",
    ]
    assert pl.read_parquet(folder / "n.parquet")["big"].to_list() == ["1", "123456789012345678901234567890"]
    readme = (folder / "README.md").read_text()
    assert "`big` is text: a value does not fit integer exactly" in readme
    assert "`fine` is rounded to double precision in 1 cells" in readme


def test_own_formats_of_the_edited_text_become_canonical_and_so_does_the_schema(make_project: MakeProject) -> None:
    schema = {
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "01.01.2000"}},
            {"name": "sum", "type": "number", "decimalChar": ",", "groupChar": "."},
            {"name": "ok", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]},
            {"name": "at", "type": "datetime"},
        ],
        "primaryKey": "id",
        "missingValues": ["", {"value": "-99", "label": "refused"}],
    }
    project = make_project(
        {"t": ('id,day,sum,ok,at\na,31.12.2024,"1.234,50",ja,2024-01-01T01:00:00+02:00\nb,-99,,nein,\n', schema)}
    )
    folder = released(project)
    assert (folder / "t.csv").read_text().splitlines()[1:] == [
        "a,2024-12-31,1234.5,true,2023-12-31T23:00:00Z,,1.0.0,1.0.0",
        "b,,,false,,refused,1.0.0,1.0.0",
    ]
    fields = json.loads((folder / "datapackage.json").read_text())["resources"][0]["schema"]["fields"]
    assert fields[1] == {"name": "day", "type": "date", "constraints": {"minimum": "2000-01-01"}}
    assert fields[2] == {"name": "sum", "type": "number"}
    assert fields[5]["name"] == "day_missing"  # no other field has such a cell
    frictionless_passes(folder)


def frictionless_passes(folder: Path) -> None:
    from frictionless import validate

    report = validate(str(folder / "datapackage.json"))
    assert report.valid, report.to_summary()


@pytest.mark.filterwarnings("ignore")
def test_frictionless_accepts_the_descriptor_with_hashes_and_keys(folder: Path) -> None:
    frictionless_passes(folder)
    descriptor = json.loads((folder / "datapackage.json").read_text())
    assert "deedbook" not in descriptor
    events = descriptor["resources"][1]
    assert events["hash"] == "sha256:" + hashlib.sha256((folder / "events.csv").read_bytes()).hexdigest()
    assert events["rows"] == 3
    assert events["schema"]["fields"][2]["categories"][0] == {"value": "visit", "label": "Visit"}
    assert events["schema"]["fields"][-1]["derived"] is True


SQL = """
import duckdb
duckdb.sql({code!r})
notes = [row[0] for row in duckdb.sql("SELECT note FROM events").fetchall()]
"""


def test_the_snippets_of_the_readme_run(folder: Path) -> None:
    blocks = re.findall(r"```(python|sql)\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert [language for language, _ in blocks] == ["python", "python", "python", "sql"]
    for language, code in blocks:
        run = SQL.format(code=code) if language == "sql" else code + "\nnotes = list(events['note'])\n"
        check = "assert notes[0] == 'NA' and notes[2] == '=1+1', notes\n"
        subprocess.run([sys.executable, "-W", "error", "-c", run + check], cwd=folder, check=True)
