"""Files that have the columns of a model become a project of it."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from deedbook import drafts, models
from deedbook.errors import ProjectError
from deedbook.project import load_project
from deedbook.scaffold.adoption import create_filled
from deedbook.validation import validate

SAMPLE = (models.folder_of("acled") / "events.csv").read_text("utf-8")


def draft_of(tmp_path: Path, *files: Path) -> drafts.Draft:
    (tmp_path / "own").mkdir()
    return drafts.adopt(files, tmp_path / "own")


def test_a_workbook_takes_the_place_of_the_sample_and_a_sheet_of_notes_is_left_out(tmp_path: Path) -> None:
    header = SAMPLE.splitlines()[0].split(",")
    book = openpyxl.Workbook()
    names = [name for name in header if name != "tags"]
    values = {"event_id_cnty": "XYZ0007", "event_date": "soon", "year": 2024, "fatalities": 3}
    book.worksheets[0].append(names)
    book.worksheets[0].append([values.get(name) for name in names])
    book.create_sheet("Notes").append(["who", "what"])
    book["Notes"].append(["Ann", "to be checked"])
    book.save(tmp_path / "book.xlsx")
    created, left = create_filled(tmp_path / "mine", "acled", draft_of(tmp_path, tmp_path / "book.xlsx"))
    assert (created.folder / "datapackage" / "events.csv").read_text("utf-8").splitlines() == [
        ",".join(names),
        ",".join(str(values.get(name, "")) for name in names),
    ]
    assert [said.split(":")[0] for said in left] == ["book.xlsx, sheet Notes"]
    report = validate(load_project(created.folder))
    assert "type-error" in {item.rule for item in report.findings}


def test_tables_that_no_file_has_are_empty(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes((models.folder_of("flat") / "actors.csv").read_bytes())
    created, _ = create_filled(tmp_path / "mine", "flat", draft_of(tmp_path, tmp_path / "people.csv"))
    tables = {table.table: table.rows for table in validate(load_project(created.folder)).tables}
    assert tables["events"] == 0
    assert tables["actors"] > 0


def test_files_of_other_columns_and_two_of_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    draft = draft_of(tmp_path, tmp_path / "other.csv")
    with pytest.raises(ProjectError, match="those of no table of the model `acled`"):
        create_filled(tmp_path / "mine", "acled", draft)
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(SAMPLE, "utf-8")
    (tmp_path / "both").mkdir()
    both = drafts.adopt([tmp_path / "one.csv", tmp_path / "two.csv"], tmp_path / "both")
    with pytest.raises(ProjectError, match="another file is the table `events` already"):
        create_filled(tmp_path / "mine", "acled", both)
    assert not (tmp_path / "mine").exists()
