"""Files that continue each other are one table; others are not."""

from __future__ import annotations

from pathlib import Path

from deedbook import drafts
from deedbook.project import load_project
from deedbook.validation import validate

HEADER = "id,date,size\n"


def put(folder: Path, **texts: str) -> drafts.Draft:
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return drafts.describe([folder])


def rows(year: int) -> str:
    return HEADER + "".join(f"{year}-{at},{year}-01-{at % 28 + 1:02},{at}\n" for at in range(40))


def test_files_of_one_header_whose_names_differ_in_numbers_are_one_table_in_their_order(tmp_path: Path) -> None:
    draft = put(tmp_path, events_10=rows(2010), events_9=rows(2009))
    (table,) = draft.tables
    assert (table.name, table.raw["path"], table.rows) == ("events", ["events_9.csv", "events_10.csv"], 80)
    assert table.schema["primaryKey"] == ["id"]
    assert [guess.todo for guess in table.guesses_of("") if guess.name == "path"] == [""]
    drafts.write(draft)
    report = validate(load_project(tmp_path))
    assert (report.valid, report.findings) == (True, ())


def test_editions_that_repeat_each_other_are_asked_about(tmp_path: Path) -> None:
    (table,) = put(tmp_path, acd_v19=rows(2019), acd_v20=rows(2019)).tables
    (guess,) = (guess for guess in table.todos if guess.name == "path")
    assert "or editions of it?" in guess.todo


def test_other_headers_other_names_and_other_dialects_are_tables_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, a_1=rows(2019), a_2=rows(2019).replace("size", "length"), b_1=rows(2019), plain=rows(2019))
    draft = put(tmp_path, b_2=rows(2020).replace(",", ";"))
    assert sorted(table.name for table in draft.tables) == ["a_1", "a_2", "b_1", "b_2", "plain"]


def test_parts_in_other_formats_are_one_table_too(tmp_path: Path) -> None:
    import polars as pl

    for at in (0, 1):
        pl.DataFrame({"id": range(at * 40, at * 40 + 40)}).write_parquet(tmp_path / f"part-{at}.parquet")
    (table,) = drafts.describe([tmp_path]).tables
    assert (table.name, table.rows, table.schema["fields"][0]["type"]) == ("table", 80, "integer")
