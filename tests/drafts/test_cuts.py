"""Headers of two lines: which of them names the columns, and what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook import drafts
from deedbook.project import load_project
from deedbook.validation import validate


def body(line: str, times: int = 40) -> str:
    return "".join(line.replace("#", str(at)) + "\n" for at in range(1, times + 1))


def described(folder: Path, text: str) -> drafts.Draft:
    (folder / "table.csv").write_text(text, "utf-8")
    return drafts.describe([folder / "table.csv"])


@pytest.mark.parametrize(
    ("header", "dialect", "names"),
    [
        ("Event,,Place,\nid,date,lat,lon", {"headerRows": [1, 2]}, ["Event id", "date", "Place lat", "lon"]),
        (
            "id,date,lat,lon\nNumber,Day of event,degrees,degrees",
            {"headerRows": [1], "commentRows": [2]},
            ["id", "date", "lat", "lon"],
        ),
        ("Events,,,\nid,date,lat,lon", {"headerRows": [1, 2]}, ["Events id", "date", "lat", "lon"]),
        ("All,All,All,All\nid,date,lat,lon", {"headerRows": [1, 2]}, ["All id", "All date", "All lat", "All lon"]),
    ],
)
def test_a_header_of_two_lines_is_described_and_asked_about(
    tmp_path: Path, header: str, dialect: dict[str, object], names: list[str]
) -> None:
    draft = described(tmp_path, f"{header}\n{body('E#,2020-01-02,3#.5,4#.5')}")
    (table,) = draft.tables
    assert (table.raw["dialect"], table.rows) == (dialect, 40)
    assert [item["name"] for item in table.schema["fields"]] == names
    assert any("the header has two lines: are the columns called" in guess.todo for guess in table.todos)
    drafts.write(draft)
    report = validate(load_project(tmp_path))
    assert report.valid
    assert "open-question" in {item.rule for item in report.findings}


def test_two_lines_that_do_not_tell_columns_apart_are_named(tmp_path: Path) -> None:
    draft = described(tmp_path, f"Deaths,,Injured,\nlow,high,low,high\n{body('#,#,#,#')}")
    (reason,) = draft.undescribed.values()
    assert "its header has two lines (rows 1 and 2), which together do not tell the columns apart" in reason


@pytest.mark.parametrize(
    "text",
    [
        f"id,deaths,day\n1,NA,unknown\n{body('#,1,2020-01-02')}",
        f"id,deaths\nE1,about 5\n{body('E#,3')}",
        f"id,name\nE1,Ada\n{body('E#,Grace')}",
        "id,deaths,size\nfirst,many,large\n1,2,3\n2,3,4\n",
    ],
)
def test_a_first_row_that_is_odd_is_no_header(tmp_path: Path, text: str) -> None:
    (table,) = described(tmp_path, text).tables
    assert "dialect" not in table.raw
