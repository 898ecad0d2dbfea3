"""What nobody touched in a workbook comes back to the letter, what somebody did as exactly that, and a broken structure as a list."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from python_calamine import CalamineWorkbook

from deedbook.cli.main import run
from deedbook.edits import write_all
from deedbook.errors import DeedbookError, ProjectError, RefusalError, UsageError
from deedbook.project import Reading, load_project
from deedbook.schema import FIELD_TYPES
from deedbook.workbooks import pages
from deedbook.workbooks.export import export_workbook
from deedbook.workbooks.returned import ContradictionError
from tests.workbooks.books import DEEDS, brought_back, changes_in, deeds, exported, make_project
from tests.workbooks.edits import EDITS, Edit, all_of, cell

ROOT = Path(__file__).parents[2]
COUNTRIES = ROOT.parent / "shared" / "realdata" / "country-codes"
ODD = (
    *(
        "007",
        "NA",
        "",
        "=1+1",
        "1-2",
        "1/2",
        "2024-02-29",
        "1899-12-31",
        "29.02.2024",
        "1.50",
        ".5",
        "1e5",
        "1E400",
        "-0",
    ),
    *(
        "9007199254740993",
        "12345678901234567890",
        "0.1",
        "37.62",
        "true",
        "TRUE",
        "1",
        "nan",
        "INF",
        "a\tb",
        "  spaces   in  it ",
    ),
    *(
        "two\nlines",
        "_x0041_",
        "'quoted",
        '"x"',
        "Ǆ ß 東 🙂",
        "12:30:00",
        "2024-02-29T12:30:00Z",
        "2024-02",
        "P1D",
        "[1,2]",
    ),
    *('{"a": 1}', "90.5,45.5", "#N/A", "+1", "@x", "1,5", "100%", "a;b", "x" * 32_000),
)


def edit(book: Path, *edits: Edit) -> Path:
    """The workbook with these edits, saved by openpyxl."""
    opened = openpyxl.load_workbook(book)
    all_of(*edits)(opened)
    opened.save(book)
    return book


def every_type(folder: Path) -> Path:
    """A project with a table that has a column of every type, each with every odd text."""
    fields = [{"name": kind, "type": kind} for kind in FIELD_TYPES]
    rows = "".join(
        ",".join([str(number), *['"' + text.replace('"', '""') + '"'] * len(fields)]) + "\n"
        for number, text in enumerate(ODD)
    )
    header = ",".join(["id", *FIELD_TYPES]) + "\n"
    schema = {"fields": [{"name": "id", "type": "integer"}, *fields], "primaryKey": "id"}
    return make_project(folder, {"types": header + rows}, {"types": schema}).root


def countries(folder: Path) -> Path:
    """A copy of the country codes."""
    if not COUNTRIES.is_dir():
        pytest.skip("needs ../shared/realdata")
    shutil.copytree(COUNTRIES, folder)
    return folder


def reference(folder: Path) -> Path:
    """A copy of the reference dataset."""
    folder.mkdir()
    for name in ("deedbook.toml", "datapackage", "schemas"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    return folder


PROJECTS: dict[str, Callable[[Path], Path]] = {
    "every-type": every_type,
    "country-codes": countries,
    "reference": reference,
}


def book_of(folder: Path, name: str = "book.xlsx") -> Path:
    """A workbook of the project in a folder."""
    export_workbook(load_project(folder, Reading()), folder / name)
    return folder / name


@pytest.mark.parametrize("name", PROJECTS)
def test_what_nobody_touched_is_as_it_was(tmp_path: Path, name: str) -> None:
    root = PROJECTS[name](tmp_path / "project")
    book = book_of(root)
    assert brought_back(root, book).written == {}
    assert brought_back(root, edit(book)).written == {}
    assert brought_back(root, book_of(root, "open.ods")).written == {}


def test_an_ods_holds_what_the_xlsx_holds(tmp_path: Path) -> None:
    root = deeds(tmp_path).root
    books = [CalamineWorkbook.from_path(book_of(root, name)) for name in ("book.xlsx", "book.ods")]
    assert books[0].sheet_names == books[1].sheet_names == ["actors", "deeds", "findings", "lists", "deedbook"]
    for name in books[0].sheet_names:
        one, other = (book.get_sheet_by_name(name).to_python(skip_empty_area=False) for book in books)
        while other and not any(other[-1]):
            other.pop()  # rows that have but a drop-down
        assert one == other
    with zipfile.ZipFile(root / "book.ods") as archive:
        content, view = (archive.read(name).decode() for name in ("content.xml", "settings.xml"))
    for part in (content, view):
        expat.ParserCreate().Parse(part, True)
    assert "of:cell-content-is-in-list([$lists.$B$2:.$B$3])" in content
    assert "<office:annotation><text:p>Deed</text:p>" in content
    assert '"VerticalSplitPosition" config:type="int">1<' in view
    with pytest.raises(UsageError, match=r"neither \.xlsx nor \.ods"):
        book_of(root, "book.csv")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_comes_back_as_that_edit(tmp_path: Path, name: str) -> None:
    done, expected = EDITS[name]
    project = deeds(tmp_path)
    found = brought_back(tmp_path, edit(exported(project), done))
    assert changes_in(found) == expected
    assert bool(found.written) == bool(expected)


def test_only_what_was_changed_is_written(tmp_path: Path) -> None:
    book = edit(exported(deeds(tmp_path)), cell("D1", "note", "second"))
    write_all(brought_back(tmp_path, book).written)
    assert (tmp_path / "deeds.csv").read_text() == DEEDS.replace("first", "second").replace('"=1+1"', "=1+1")
    assert brought_back(tmp_path, book).written == {}


def test_a_project_that_went_on_keeps_what_it_has(tmp_path: Path) -> None:
    book = edit(exported(deeds(tmp_path)), cell("D1", "note", "second"))
    deeds(tmp_path, deeds=DEEDS.replace("D1,A1,007", "D1,A2,007").replace("D2,A1,NA", "D0,A1,,,,,,\nD2,A3,NA"))
    write_all(brought_back(tmp_path, book).written)
    text = (tmp_path / "deeds.csv").read_text()
    assert "D1,A2,007,2024-02-29,12,0.5,true,second" in text
    assert "D0,A1" in text
    assert "D2,A3" in text


@pytest.mark.parametrize(
    ("done", "text", "said"),
    [
        (
            cell("D1", "note", "x"),
            DEEDS.replace("first", "y"),
            "changes `note` of the row D1, which the project changed too: exported `first`, project `y`, workbook `x`; write",
        ),
        (
            cell("D1", "note", "x"),
            DEEDS.replace("D1,A1", "D9,A1"),
            "changes the row D1, which the project has no more: `note` exported `first`, workbook `x`; delete",
        ),
        (
            lambda book: book["deeds"].delete_rows(2),
            DEEDS.replace("first", "y"),
            "has no more the row D1, which the project changed: `note` exported `first`, project `y`; delete",
        ),
        (
            cell("D1", "deed_id", "D5"),
            DEEDS + "D5,A1,,,,,,\n",
            "adds the row D5, which the project has otherwise by now: `code` project empty, workbook `007`",
        ),
    ],
)
def test_what_both_changed_is_named_and_not_written(tmp_path: Path, done: Edit, text: str, said: str) -> None:
    book = edit(exported(deeds(tmp_path)), done)
    deeds(tmp_path, deeds=text)
    with pytest.raises(ContradictionError, match="nothing was written") as caught:
        brought_back(tmp_path, book)
    assert any(said in fault for fault in caught.value.faults)


def test_a_table_with_other_names_is_not_replaced(tmp_path: Path) -> None:
    book = edit(exported(deeds(tmp_path)), cell("D1", "note", "x"))
    (tmp_path / "other.csv").hardlink_to(tmp_path / "deeds.csv")
    with pytest.raises(RefusalError, match="hard links"):
        write_all(brought_back(tmp_path, book).written)
    assert (tmp_path / "deeds.csv").read_text() == DEEDS


def _set(place: str, value: object) -> Edit:
    def done(book: Workbook) -> None:
        book["deeds"][place] = value  # type: ignore[assignment]

    return done


def _hide(book: Workbook) -> None:
    book["deeds"].row_dimensions[3].hidden = True


def _protect(book: Workbook) -> None:
    book["deeds"].protection.sheet = True


FAULTS: dict[str, tuple[Edit, str]] = {
    "a column renamed": (_set("H1", "notes"), "has no column `note` any more"),
    "a column gone": (lambda book: book["deeds"].delete_cols(8), "has no column `note` any more"),
    "a column more": (_set("I1", "extra"), "has a column `extra`, which the table does not have"),
    "a column twice": (_set("I1", "note"), "has the column `note` twice"),
    "cells beside the table": (_set("I2", "mine"), "has cells in a column without a name"),
    "a sheet gone": (lambda book: book.remove(book["deeds"]), "is gone, or empty: it holds the table `deeds`"),
    "merged cells": (lambda book: book["deeds"].merge_cells("B2:B3"), "has merged cells (B2:B3)"),
    "rows filtered": (_hide, "has rows that are hidden or filtered out (3)"),
    "protection": (_protect, "is protected"),
    "a formula": (_set("H2", "=A2&1"), "has formulas that no program has calculated (H2)"),
    "a key twice": (cell("D2", "deed_id", "D1"), "has the row D1 in row 2 and in row 3"),
    "no key": (cell("D2", "deed_id", None), "has no deed_id in row 3"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_structure_is_a_list_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    done, said = FAULTS[name]
    book = edit(exported(deeds(tmp_path)), cell("D1", "note", "second"), done)
    with pytest.raises(ContradictionError, match="nothing was written") as caught:
        brought_back(tmp_path, book)
    assert any(fault.startswith(f"sheet `deeds` {said}") for fault in caught.value.faults)
    assert (tmp_path / "deeds.csv").read_text() == DEEDS


def test_macros_are_refused(tmp_path: Path) -> None:
    book = exported(deeds(tmp_path))
    with zipfile.ZipFile(book, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    with pytest.raises(ContradictionError) as caught:
        brought_back(tmp_path, book)
    assert caught.value.faults == ("book.xlsx has macros: save it without them (as .xlsx or .ods)",)


def test_what_is_no_workbook_of_ours_is_told(tmp_path: Path) -> None:
    deeds(tmp_path)
    other = tmp_path / "other.xlsx"
    Workbook().save(other)
    with pytest.raises(UsageError, match="was not written by `deedbook export`"):
        brought_back(tmp_path, other)
    other.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ProjectError, match="cannot be read"):
        brought_back(tmp_path, other)
    with pytest.raises(UsageError, match="no such file"):
        brought_back(tmp_path, tmp_path / "nothing.xlsx")


def test_a_damaged_memory_is_told(tmp_path: Path) -> None:
    def damage(book: Workbook) -> None:
        book[pages.MEMORY]["C2"] = "x"

    with pytest.raises(DeedbookError, match="hidden sheet `deedbook` is damaged"):
        brought_back(tmp_path, edit(exported(deeds(tmp_path)), damage))


def test_a_table_without_a_key_knows_its_rows_by_their_content(tmp_path: Path) -> None:
    text = "a,b\nx,1\nx,1\ny,2\n"
    root = make_project(tmp_path, {"t": text}, {"t": {"fields": [{"name": "a"}, {"name": "b"}]}}).root

    def change(book: Workbook) -> None:
        book["t"]["A4"] = "z"
        book["t"].delete_rows(2)

    write_all(brought_back(root, edit(book_of(root), change)).written)
    assert (root / "t.csv").read_text() == "a,b\nx,1\nz,2\n"


def test_the_workbook_offers_codes_keys_notes_and_findings(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(exported(deeds(tmp_path)))
    sheet = book["deeds"]
    assert sheet.freeze_panes == "B2"
    assert "Deed\nstring, required" in str(sheet["A1"].comment.text)
    assert sheet["C2"].number_format == "@"
    assert sheet["D2"].is_date
    rules = {str(rule.sqref).partition("2")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    offered = {
        column: [cell.value for row in book["lists"][formula[6:]] for cell in row] for column, formula in rules.items()
    }
    assert offered == {
        "B": ["A1 | Kurds", "A2", 'A3 | Ann, "the" Bee'],
        "C": ["007 | Bond", "NA"],
        "G": ["true", "false"],
    }
    assert [book[name].sheet_state for name in ("lists", "deedbook")] == ["hidden", "veryHidden"]
    found = [[cell.value for cell in row] for row in book["findings"].iter_rows(min_row=2)]
    assert ["error", "deeds", "5", "day"] in [row[:4] for row in found]
    assert isinstance(sheet["D5"].comment, Comment)


def test_what_is_derived_is_shown_and_not_read(tmp_path: Path) -> None:
    root = reference(tmp_path / "project")
    export_workbook(load_project(root, Reading()), root / "book.xlsx", trust_rules=True)
    opened = openpyxl.load_workbook(root / "book.xlsx")
    heads = [cell.value for cell in opened["events"][1]]
    place = heads.index("event_status") + 1 if "event_status" in heads else len(heads)
    assert opened["events"].cell(2, place).value
    opened["events"].cell(2, place).value = "mine"
    opened.save(root / "book.xlsx")
    assert brought_back(root, root / "book.xlsx").written == {}


def test_the_commands_ask_before_they_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deeds(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(["export", "-o", "book.xlsx"]) == 0
    assert "2 tables" in capsys.readouterr().out
    assert run(["export", "-o", "book.xlsx"]) == UsageError.exit_code
    assert run(["import", "book.xlsx"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    edit(Path("book.xlsx"), cell("D1", "note", "second"))
    assert run(["import", "book.xlsx"]) == 1
    said = capsys.readouterr()
    assert "second" in said.out
    assert "add --yes" in said.err
    assert run(["import", "--dry-run", "--yes", "book.xlsx"]) == 1
    assert Path("deeds.csv").read_text() == DEEDS
    assert run(["import", "--yes", "book.xlsx"]) == 0
    assert "second" in Path("deeds.csv").read_text()
    edit(Path("book.xlsx"), _set("H1", "notes"))
    capsys.readouterr()
    assert run(["import", "--yes", "book.xlsx"]) == RefusalError.exit_code
    assert capsys.readouterr().err.splitlines()[:3] == [
        "sheet `deeds` has no column `note` any more",
        "sheet `deeds` has a column `notes`, which the table does not have",
        "deedbook: 2 faults in the workbook, and nothing was written",
    ]
