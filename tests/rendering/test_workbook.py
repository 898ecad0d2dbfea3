"""The annotated workbook: tables as they stand in their files, findings at their cells and in a list."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deedbook.cli.main import run
from deedbook.findings import Finding, Report
from deedbook.rendering import View
from deedbook.rendering.workbook import render_xlsx, sheet_names_of
from tests.package import fields, make_package
from tests.rendering.reports import BAD_PLACE, DIRTY, NO_FILE

ROWS = [["id", "day"], ["007", "=1+1"], ["1-2", "NA"], [""], ["x", "2024-13-01", "more"]]
BAD_DAY = Finding(
    rule="type-error",
    severity="error",
    table="events",
    path="events.csv",
    row=5,
    line=6,
    column="day",
    field_number=2,
    value="2024-13-01",
    message="`2024-13-01` is not a date",
    hint="look it up",
)


def book_of(report: Report, rows: Iterable[Sequence[str]] = ROWS, **more: Any) -> Any:
    """The workbook, as another program reads it."""
    view = View(name="deeds", tables=[("events", "events.csv", rows)], **more)
    return openpyxl.load_workbook(io.BytesIO(render_xlsx(report, view)))


def test_every_cell_is_the_text_of_the_file() -> None:
    sheet = book_of(Report())["events"]
    read = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert read == [[*row, *[""] * (3 - len(row))] for row in ROWS]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


def test_a_cell_with_a_finding_is_coloured_and_says_it() -> None:
    warned = replace(BAD_DAY, severity="warning", rule="odd-day", message="is odd", hint="")
    sheet = book_of(Report(findings=(BAD_DAY, warned)))["events"]
    assert sheet["B5"].fill.fgColor.rgb == "FFF8CBC6"
    assert sheet["B5"].comment.text == (
        "error type-error\n`2024-13-01` is not a date\nlook it up\n\nwarning odd-day\nis odd"
    )
    assert sheet["B2"].comment is None


def test_a_finding_about_a_row_a_label_or_a_missing_cell_has_a_place() -> None:
    row = replace(BAD_DAY, column=None, field_number=None, value=None, row=2)
    label = replace(BAD_DAY, row=None, line=None, field_number=2)
    missing = replace(BAD_DAY, row=4, field_number=2)
    sheet = book_of(Report(findings=(row, label, missing)))["events"]
    assert [cell.coordinate for line in sheet.iter_rows() for cell in line if cell.comment] == ["B1", "A2", "B4"]


def test_all_findings_are_listed_with_links_to_their_cells() -> None:
    listed = book_of(replace(DIRTY, findings=(*DIRTY.findings, BAD_DAY)))["Findings"]
    head = [cell.value for cell in listed[3]]
    rows = [dict(zip(head, [cell.value for cell in row], strict=True)) for row in listed.iter_rows(min_row=4)]
    assert [row["rule"] for row in rows[:5]] == [*(it.rule for it in DIRTY.findings), "type-error"]
    assert rows[1]["row"] == BAD_PLACE.row
    assert listed["A8"].hyperlink.location == "'events'!B5"
    assert rows[3]["cell"] is None  # the file does not exist, so there is no sheet
    assert NO_FILE.message == rows[3]["message"]
    assert rows[6]["rule"] == "not checked: foreign-key of events.place_id: the table `places` could not be read"


def test_a_text_that_a_cell_does_not_hold_is_cut_and_says_so() -> None:
    sheet = book_of(Report(), [["a"], ["x" * 40_000]])["events"]
    assert sheet["A2"].value.endswith("... (cut: 40,000 characters)")


def test_characters_that_no_sheet_holds_are_escaped() -> None:
    odd = "a\x07\ufffe\uffff_x0041_<&>\u202e"
    finding = replace(BAD_DAY, message=odd, value=odd, row=2, field_number=1)
    book = book_of(Report(findings=(finding,)), [["a"], [odd]])
    escaped = "a\x07_xFFFE__xFFFF__x0041_<&>\u202e"
    assert book["events"]["A2"].value.replace("_x0007_", "\x07").replace("_x005F_x0041_", "_x0041_") == escaped
    assert "\u202e" not in book["events"]["A2"].comment.text


def test_sheets_have_names_that_spreadsheets_take() -> None:
    files = [("findings", "f.csv"), ("a" * 40, "a.csv"), ("A" * 40, "b.csv"), ("x", "x/1.csv"), ("x", "x/2.csv")]
    names = list(sheet_names_of(files).values())
    assert names == ["findings_2", "a" * 31, "A" * 29 + "_2", "x x_1.csv", "x x_2.csv"]


def test_the_command_writes_several_formats_of_one_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_package(tmp_path, schemas={"a": fields("id:integer")}, a="id\n1\nx\n")
    monkeypatch.chdir(tmp_path)
    also = ["--also", "json=r.json", "--also", "html=r.html", "--also", "sarif=r.sarif"]
    assert run(["validate", ".", "--format", "xlsx", "-o", "r.xlsx", *also]) == 1
    book = openpyxl.load_workbook("r.xlsx")
    assert book["a"]["A3"].comment is not None
    assert {name.name for name in tmp_path.glob("r.*")} == {"r.xlsx", "r.json", "r.html", "r.sarif"}
    assert run(["validate", ".", "--format", "xlsx"]) == 2
    assert "add --output FILE.xlsx" in capsys.readouterr().err
    assert run(["validate", ".", "--also", "pdf=r.pdf"]) == 2
