"""Files that exist become CSV tables that a person can edit; no cell is lost, and every verb of a maintainer takes them."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from deedbook import drafts
from deedbook.edits import reason_to_leave, rewrite
from deedbook.project import Reading, load_project
from deedbook.scaffold import create
from deedbook.validation import Options, validate
from deedbook.workbooks.export import export_workbook
from tests.workbooks.books import brought_back

ROWS = "id;name;share\n" + "".join(f"{at:03};Müller {at};1,{at}\n" for at in range(1, 41))


def adopted(tmp_path: Path, *sources: Path) -> drafts.Draft:
    """The drafts of these files as CSV files in a folder of their own."""
    place = tmp_path / "own"
    place.mkdir()
    return drafts.adopt(sources or [tmp_path / "from"], place)


def as_text(draft: drafts.Draft, name: str) -> str:
    (table,) = (table for table in draft.tables if table.name == name)
    return (draft.root / table.paths[0]).read_text("utf-8")


def save_workbook(file: Path) -> Path:
    """A workbook with ids that begin with zeros, a day that is none, a formula, numbers among texts, and a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Events"
    sheet.append(["id", "day", "seen", "deaths", "note"])
    sheet.append(["007", dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 13, 30), 3, 5])  # noqa: DTZ001
    sheet.append(["008", "spring 2024", dt.datetime(2024, 3, 1), "about 5", " two  spaces "])  # noqa: DTZ001
    sheet.append([9, dt.datetime(2024, 3, 1), None, 4.0, "=1+1"])  # noqa: DTZ001
    sheet["E4"].data_type = "s"
    book.create_sheet("Actors").append(["actor", "name"])
    book["Actors"].append(["A1", 'Ada, "the"\nfirst'])
    book.save(file)
    return file


def test_a_workbook_becomes_a_csv_file_for_each_sheet_without_losing_a_cell(tmp_path: Path) -> None:
    draft = adopted(tmp_path, save_workbook(tmp_path / "book.xlsx"))
    assert as_text(draft, "events").splitlines() == [
        "id,day,seen,deaths,note",
        "007,2024-02-29,2024-02-29T13:30:00,3,5",
        "008,spring 2024,2024-03-01T00:00:00,about 5, two  spaces ",
        "9,2024-03-01,,4,=1+1",
    ]
    assert as_text(draft, "actors") == 'actor,name\nA1,"Ada, ""the""\nfirst"\n'
    assert [table.origin for table in draft.tables] == ["book.xlsx, sheet Events", "book.xlsx, sheet Actors"]


def test_an_ods_is_read_alike(tmp_path: Path) -> None:
    ezodf = pytest.importorskip("ezodf")
    book = ezodf.newdoc("ods", str(tmp_path / "book.ods"))
    sheet = ezodf.Sheet("Events", size=(3, 3))
    rows: list[list[object]] = [["id", "day", "n"], ["007", "2024-02-29", 3.0], ["008", "soon", "x"]]
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            is_day = (row, column) == (1, 1)
            sheet[row, column].set_value(value, "date" if is_day else None)
    book.sheets += sheet
    book.save()
    draft = adopted(tmp_path, tmp_path / "book.ods")
    assert as_text(draft, "book") == "id,day,n\n007,2024-02-29,3\n008,soon,x\n"


@pytest.mark.parametrize("kind", ["cp1252", "utf-16", "gz", "tsv"])
def test_a_text_file_that_nobody_could_edit_is_written_in_utf_8_with_every_text_as_it_was(
    tmp_path: Path, kind: str
) -> None:
    file = tmp_path / {"gz": "people.csv.gz", "tsv": "people.tsv"}.get(kind, "people.csv")
    content = {"gz": gzip.compress(ROWS.encode()), "tsv": ROWS.replace(";", "\t").encode()}
    file.write_bytes(content.get(kind) or ROWS.encode(kind))
    draft = adopted(tmp_path, file)
    (table,) = draft.tables
    rows = [line.split(";") for line in ROWS.splitlines()]
    read = pl.read_csv(draft.root / table.paths[0], infer_schema=False, separator="\t" if kind == "tsv" else ",")
    assert [read.columns, *map(list, read.iter_rows())] == rows
    asked = [guess.todo for guess in table.todos if guess.name == "encoding"]
    assert len(asked) == (kind == "cp1252")
    assert {item["name"]: item.get("decimalChar") for item in table.schema["fields"]}["share"] == ","


def test_a_file_that_is_one_already_is_copied_to_the_byte(tmp_path: Path) -> None:
    content = b'id,"name"\r\n1,"A  "\r\n'
    (tmp_path / "from" / "sub").mkdir(parents=True)
    (tmp_path / "from" / "sub" / "People 1.csv").write_bytes(content)
    (tmp_path / "from" / "other.csv").write_bytes(content)
    draft = adopted(tmp_path)
    assert (draft.root / "sub" / "People 1.csv").read_bytes() == content
    assert {table.origin for table in draft.tables} == {""}


def test_parts_become_one_file_and_broken_records_stay_as_they_are(tmp_path: Path) -> None:
    place = tmp_path / "from"
    place.mkdir()
    for year in (2019, 2020):
        (place / f"events_{year}.csv").write_text(f"id,size\n{year},1\n", "utf-8")
    (place / "broken.csv").write_bytes("id;name\n1;é;too many\n2;b\n3;c\n4;d\n".encode("cp1252"))
    draft = adopted(tmp_path)
    assert as_text(draft, "events") == "id,size\n2019,1\n2020,1\n"
    (broken,) = (table for table in draft.tables if table.name == "broken")
    assert (draft.root / broken.paths[0]).read_bytes() == (place / "broken.csv").read_bytes()
    assert any("it stays as it was: row 2 has 3 cells" in guess.evidence for guess in broken.guesses)


def test_a_project_of_a_workbook_can_be_tidied_mended_exported_and_brought_back(tmp_path: Path) -> None:
    draft = adopted(tmp_path, save_workbook(tmp_path / "book.xlsx"))
    folder = create(tmp_path / "mine", draft=draft).folder
    project = load_project(folder, Reading())
    assert [reason_to_leave(resource) for resource in project.package.resources] == ["", ""]
    assert validate(project, Options()).valid
    assert {item.state for item in rewrite(project)} <= {"canonical", "changed"}
    exported = export_workbook(load_project(folder, Reading()), tmp_path / "edit.xlsx")
    assert (len(exported.pages), exported.left_out) == (2, ())
    assert brought_back(folder, tmp_path / "edit.xlsx").written == {}


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"no workbook")
    draft = adopted(tmp_path, tmp_path / "book.xlsx")
    assert draft.tables == ()
    assert "cannot be read" in draft.undescribed[str(tmp_path / "book.xlsx")]


def test_a_note_beside_a_sheet_is_named_and_not_lost(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["id", "size"], [1, 2], [3, 4, "see Ann"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "book.xlsx")
    (reason,) = adopted(tmp_path, tmp_path / "book.xlsx").undescribed.values()
    assert "book.xlsx: row 3 has 3 cells instead of 2: delete what stands beside the table" in reason
