"""What a format cannot hold is kept in another form or named; it is never lost in silence."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pytest

from deedbook.project import load_project
from deedbook.release import formats as listed
from deedbook.release.edition import Edition
from deedbook.release.formats import FORMATS, rds, spss, sqlite, stata, xlsx
from deedbook.release.formats.cells import first_differences
from deedbook.release.rows import Rows
from deedbook.release.tables import Outline, Table, type_rows
from deedbook.release.verification import verify
from deedbook.schema import read_schema
from tests.release.conftest import MakeProject, write_project
from tests.release.releases import problems, release_of, repair_everything

EPOCH = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
EDITION = Edition(name="deeds", title="Deeds", description="", version="1.0.0", created=EPOCH, epoch=EPOCH)


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def table_of(rows: dict[str, list[str | None]], *fields: dict[str, Any], name: str = "t") -> Table:
    """A table of canonical texts; fields that are not described are text."""
    described = {item["name"]: item for item in fields}
    schema = read_schema({"fields": [described.get(key, {"name": key, "type": "string"}) for key in rows]}, name)
    text = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))
    return Table(Outline(name, schema), Rows.of(type_rows(text, schema)[0]))


def workbook_of(path: Path, *tables: Table) -> list[str]:
    """Writes a workbook, and returns what it cannot hold."""
    book = xlsx.open_book(path, EDITION, [table.name for table in tables])
    limits = [note for table in tables for note in book.add(table)]
    book.close(["README"])
    return limits


def test_tables_alike_in_31_characters_have_sheets_of_their_own_and_are_verified(make_project: MakeProject) -> None:
    schema = {"fields": [{"name": "id", "type": "string"}], "primaryKey": "id"}
    names = ["a-table-with-a-very-long-name-of-events", "a-table-with-a-very-long-name-of-actors", "Readme"]
    folder = release_of(make_project({name: (f"id\n{name[-6:]}\n", schema) for name in names}))
    sheets = {"a-table-with-a-very-long-name-o", "a-table-with-a-very-long-name_2", "Readme_2"}
    assert sheets <= set(openpyxl.load_workbook(folder / "deeds.xlsx").sheetnames)
    assert verify(folder).problems == []
    readme = (folder / "README.md").read_text()
    for sheet, name in zip(
        ("a-table-with-a-very-long-name-o", "a-table-with-a-very-long-name_2", "Readme_2"), names, strict=True
    ):
        assert f"XLSX, `{name}`: its sheet is called `{sheet}`" in readme


def test_a_table_that_can_have_its_name_as_a_sheet_has_it() -> None:
    long = "x" * 33
    names = xlsx.sheet_names([long, "x" * 31, "x" * 29 + "_2", "codebook", "Codebook_2"])
    assert names["x" * 31] == "x" * 31
    assert names["Codebook_2"] == "Codebook_2"
    assert len({name.lower() for name in names.values()}) == 5
    assert all(len(name) <= 31 for name in names.values())


def test_numbers_keep_all_their_digits_in_a_workbook(tmp_path: Path) -> None:
    texts: list[str | None] = [
        "0.30000000000000004",
        "123456789.12345679",
        "-1.7976931348623157e+308",
        "5e-324",
        None,
        "2.5",
    ]
    table = table_of({"x": texts}, {"name": "x", "type": "number"})
    workbook_of(tmp_path / "t.xlsx", table)
    cells = [row[0] for row in openpyxl.load_workbook(tmp_path / "t.xlsx")["t"].iter_rows(min_row=2, values_only=True)]
    assert cells == table.rows.column("x").to_list()
    assert first_differences(xlsx.read(table, tmp_path / "t.xlsx"), 3) == (0, [])


def test_empty_rows_at_the_end_of_a_sheet_are_no_difference_and_lost_rows_are_one(tmp_path: Path) -> None:
    table = table_of({"a": ["x", None, "y", None, None], "b": ["1", None, None, None, None]})
    workbook_of(tmp_path / "t.xlsx", table)
    assert first_differences(xlsx.read(table, tmp_path / "t.xlsx"), 3) == (0, [])
    longer = table_of({"a": ["x", None, "y", None, "z"], "b": ["1", None, None, None, None]})
    with pytest.raises(ValueError, match="has 3 rows where the CSV has 5"):
        first_differences(xlsx.read(longer, tmp_path / "t.xlsx"), 3)


def test_titles_and_labels_that_are_cut_are_named(tmp_path: Path) -> None:
    label = "ü" * 70
    codes = {"name": "kind", "type": "string", "title": "t" * 300, "categories": [{"value": "a", "label": label}]}
    table = table_of({"kind": ["a"]}, codes)
    of_stata = stata.write(table, EDITION, tmp_path / "t.dta")
    of_spss = spss.write(table, EDITION, tmp_path / "t.sav")
    assert of_stata == ["the title of `kind` is cut or put on one line (80 bytes)"]
    assert of_spss == [
        "the title of `kind` is cut or put on one line (256 bytes)",
        "1 labels of `kind_label` are cut or put on one line (120 bytes)",
    ]
    with pd.io.stata.StataReader(tmp_path / "t.dta") as reader:
        assert reader.value_labels() == {"kind_label": {1: label}}


def test_a_text_beyond_the_longest_of_spss_is_left_out_and_named(tmp_path: Path) -> None:
    table = table_of({"id": ["a", "b"], "text": ["x" * 32_768, "y"], "edge": ["z" * 32_767, ""]})
    limits = spss.write(table, EDITION, tmp_path / "t.sav")
    assert "`text` is left out: it has texts of more than 32,767 bytes" in limits
    assert [pair.name for pair in spss.read(table, tmp_path / "t.sav")] == ["id", "edge"]
    assert first_differences(spss.read(table, tmp_path / "t.sav"), 3) == (0, [])


def test_names_of_any_length_and_likeness_become_names_that_programs_take(tmp_path: Path) -> None:
    names = ["x" * 70, "x" * 70 + "y", "1st", "str12", "a b", "a_b", "Ж"]
    table = table_of({name: [str(at)] for at, name in enumerate(names)})
    for write, read, suffix, longest in ((stata.write, stata.read, "dta", 32), (spss.write, spss.read, "sav", 64)):
        limits = set(write(table, EDITION, tmp_path / f"t.{suffix}"))
        pairs = list(read(table, tmp_path / f"t.{suffix}"))
        assert first_differences(pairs, 3) == (0, [])
        assert len({pair.name.lower() for pair in pairs}) == len(names)
        assert all(len(pair.name) <= longest and pair.name.isidentifier() for pair in pairs)
        assert {
            f"`{name}` is called `{pair.name}`" for name, pair in zip(names, pairs, strict=True) if name != pair.name
        } == limits


def test_a_character_that_ends_texts_is_named(tmp_path: Path) -> None:
    table = table_of({"id": ["a"], "text": ["x\0y"]})
    named = "`text` holds the character U+0000, where a text ends"
    assert named in stata.write(table, EDITION, tmp_path / "t.dta")
    assert named in spss.write(table, EDITION, tmp_path / "t.sav")
    assert rds.write(table, EDITION, tmp_path / "t.rds") == ["`text` loses the character U+0000"]
    assert first_differences(rds.read(table, tmp_path / "t.rds"), 3) == (0, [])


def test_an_rds_that_unpacks_to_far_more_than_its_table_is_not_read(tmp_path: Path) -> None:
    table = table_of({"id": ["a"]})
    rds.write(table, EDITION, tmp_path / "t.rds")
    content = gzip.decompress((tmp_path / "t.rds").read_bytes())
    start = content.index(b"\0\0\0\x10") + 4
    texts = b"\0\4\0\x09" + (40 << 20).to_bytes(4) + b"9" * (40 << 20)
    (tmp_path / "t.rds").write_bytes(gzip.compress(content[:start] + (1).to_bytes(4) + texts, 1))
    with pytest.raises(ValueError, match="unpacks to far more"):
        first_differences(rds.read(table, tmp_path / "t.rds"), 3)


def test_days_before_the_first_of_excel_and_wide_numbers_are_text_in_a_workbook(tmp_path: Path) -> None:
    days: list[str | None] = ["1900-02-28", "2024-01-01", None]
    wide: list[str | None] = ["9007199254740993", "1", None]
    table = table_of({"day": days, "wide": wide}, {"name": "day", "type": "date"}, {"name": "wide", "type": "integer"})
    assert workbook_of(tmp_path / "t.xlsx", table) == [
        "`day` is text (dates before March 1900)",
        "`wide` is text (numbers beyond 2^53)",
    ]
    rows = list(openpyxl.load_workbook(tmp_path / "t.xlsx")["t"].iter_rows(min_row=2, max_row=3, values_only=True))
    assert rows == [("1900-02-28", "9007199254740993"), ("2024-01-01", "1")]


def test_a_text_of_the_codebook_beyond_a_cell_says_where_the_rest_is(tmp_path: Path) -> None:
    codes = [{"value": f"code{number:05}", "label": "a label"} for number in range(3000)]
    table = table_of({"kind": ["code00001"]}, {"name": "kind", "type": "string", "categories": codes})
    workbook_of(tmp_path / "t.xlsx", table)
    texts = [
        row[6] for row in openpyxl.load_workbook(tmp_path / "t.xlsx")["codebook"].iter_rows(min_row=2, values_only=True)
    ]
    assert len(str(texts[0])) <= 32_767
    assert str(texts[0]).endswith("(cut: the whole text is in CODEBOOK.md)")


@pytest.mark.parametrize("asked", [False, True])
def test_a_long_table_is_in_the_workbook_only_when_that_is_asked_for(tmp_path: Path, *, asked: bool) -> None:
    rows = "".join(f"{number}\n" for number in range(100_001))
    schema = {"fields": [{"name": "id", "type": "integer"}], "primaryKey": "id"}
    project = write_project(tmp_path, {"long": (f"id\n{rows}", schema), "short": ("id\n1\n", schema)}, formats=["xlsx"])
    if not asked:
        (tmp_path / "deedbook.toml").write_text('package = "datapackage/datapackage.json"\nschemas = "schemas"\n')
        project = load_project(tmp_path)
    folder = release_of(project)
    sheets = openpyxl.load_workbook(folder / "deeds.xlsx", read_only=True).sheetnames
    assert ("long" in sheets, "short" in sheets) == (asked, True)
    said = "XLSX, `long`: left out: it has more than 100,000 rows; `formats` under [release] can ask for xlsx"
    assert (said in (folder / "README.md").read_text()) is not asked
    verified = verify(folder)
    assert not verified.problems
    assert any("Excel does not hold long" in line for line in verified.not_checked) is not asked


def test_large_json_lines_and_spss_files_are_packed_where_that_is_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "FORMATS", [replace(item, large=1000) if item.packed else item for item in FORMATS])
    rows = "".join(f"{number},same\n" for number in range(1000))
    fields = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
    schema = {"fields": fields, "primaryKey": "id"}
    tables = {"large": (f"id,text\n{rows}", schema), "small": ("id,text\n1,x\n", schema)}
    folder = release_of(write_project(tmp_path, tables, formats=["jsonl", "spss"]))
    named = {path.name for path in folder.iterdir() if path.stem.partition(".")[0] in tables and path.suffix != ".csv"}
    assert named == {"large.jsonl.gz", "large.zsav", "small.jsonl", "small.sav"}
    assert "GET FILE='large.zsav'." in (folder / "README.md").read_text()
    entries = {entry["name"]: entry for entry in json.loads((folder / "release.json").read_text())["files"]}
    assert [(entries[name]["table"], entries[name]["media_type"]) for name in ("large.jsonl.gz", "large.zsav")] == [
        ("large", "application/gzip"),
        ("large", "application/x-spss-sav"),
    ]
    verified = verify(folder)
    assert not verified.problems
    assert any("2 tables equal in csv and jsonl, sav" in line for line in verified.checked)
    packed = folder / "large.jsonl.gz"
    packed.write_bytes(gzip.compress(gzip.decompress(packed.read_bytes()).replace(b"same", b"sane", 1)))
    repair_everything(folder)
    assert ("format-differs", "large.jsonl.gz") in problems(folder)


def test_sqlite_is_asked_for_codes_that_are_not_certain(tmp_path: Path) -> None:
    codes = {"name": "kind", "type": "string", "categories": ["a", "b"]}
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        sqlite.open_book(tmp_path / "t.sqlite", EDITION, {"t": None}).add(table_of({"kind": ["a", "c"]}, codes))
    certain = table_of({"kind": ["a", None, "b"]}, codes)
    book = sqlite.open_book(tmp_path / "u.sqlite", EDITION, {"t": certain.schema})
    book.add(certain)
    assert book.close([]) == {}
    with sqlite3.connect(tmp_path / "u.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
