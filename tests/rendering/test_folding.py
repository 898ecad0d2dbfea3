"""A short row is one line of the text, however many cells it lacks; the report keeps a finding for each."""

from __future__ import annotations

from pathlib import Path

from deedbook.rendering.text import render_text as render
from deedbook.validation import Options
from tests.package import fields, places, report_of

SCHEMA = fields("id:integer", "name", "place", "note")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()[:-1] if line]


def test_a_short_row_is_one_line(tmp_path: Path) -> None:
    report = report_of(tmp_path, "id,name,place,note\n1,a,b,c\n2,a\n3,a,b\nx,a,b,c\n", SCHEMA)
    assert places(report) == [
        (3, "place", "missing-cell"),
        (3, "note", "missing-cell"),
        (4, "note", "missing-cell"),
        (5, "id", "type-error"),
    ]
    assert _lines(render(report)) == [
        "data (data.csv): 4 errors",
        "error missing-cell: 2 rows",
        "row 3: has 2 of 4 cells: `place`, `note` are missing",
        "row 4: has 3 of 4 cells: `note` is missing",
        "add the missing delimiters",
        "error type-error in id: 1",
        "row 5: `x` is not a whole number",
    ]


def test_rows_beyond_those_shown_are_counted_and_named_in_full(tmp_path: Path) -> None:
    report = report_of(
        tmp_path, "id,name,place,note\n1,a,b\n2,a,b\n3\n4,a,b\n", SCHEMA, options=Options(max_findings=2)
    )
    assert _lines(render(report)) == [
        "data (data.csv): 6 errors",
        "error missing-cell: 4 rows",
        "row 2: has 3 of 4 cells: `note` is missing",
        "row 3: has 3 of 4 cells: `note` is missing",
        "row 4: has 1 of 4 cells: `name`, `place`, `note` are missing",
        "add the missing delimiters",
        "... and 1 more (--max-findings shows more)",
    ]


def test_many_missing_cells_are_counted(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(1, 11)]
    report = report_of(tmp_path, f"{','.join(names)}\n1\n", fields(*names))
    assert "row 2: has 1 of 10 cells: `c2`, `c3`, `c4`, `c5`, `c6`, `c7` and 3 more are missing" in _lines(
        render(report)
    )
