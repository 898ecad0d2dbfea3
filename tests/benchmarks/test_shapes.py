"""The benchmark of shapes runs from end to end, in a small size, and its packages are what their names say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import shapes
from deedbook.project import load_project
from deedbook.validation import validate


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its input is made in a folder of the test, and a few tables stand for many."""
    monkeypatch.setattr(shapes, "WORK", tmp_path)
    monkeypatch.setitem(shapes.COLUMNS, "100", 12)
    monkeypatch.setitem(shapes.COLUMNS, "bad", 6)
    monkeypatch.setitem(shapes.MANY, "125 tables", 3)
    monkeypatch.setitem(shapes.MANY, "125 files", 4)


@pytest.mark.parametrize(
    ("name", "tables", "rows", "totals"),
    [("100", 1, 50, 0), ("bad", 1, 100, 6), ("125 tables", 3, 300, 0), ("125 files", 1, 400, 0)],
)
def test_a_shape_has_its_rows_and_only_the_bad_one_fails(name: str, tables: int, rows: int, totals: int) -> None:
    report = validate(load_project(shapes.write_shape(name, 600)))
    assert (len(report.tables), sum(table.rows for table in report.tables)) == (tables, rows)
    assert len(report.totals) == totals
    assert all(total.count == rows for total in report.totals)


@pytest.mark.slow
def test_every_shape_is_a_row_of_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    names = "100,125 tables,125 files"
    monkeypatch.setattr(sys, "argv", ["shapes", "--cells", "600", "--runs", "1", "--shapes", names])
    shapes.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows] == names.split(",")
    assert {row.count("|") for row in rows} == {head.count("|")}
