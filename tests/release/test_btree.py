"""Rows as a database of SQLite: it finds them whole and sound, as many as there are, whatever stands in them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl
import pytest

from deedbook.release.build import build
from deedbook.release.formats import btree, sqlite
from deedbook.release.formats.btree import TABLE, Layout, write_database
from deedbook.release.rows import Rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.release.conftest import MakeProject

FRAMES = {
    "all kinds": pl.DataFrame(
        {
            "text": ["", None, "жук", "a\0b", "x" * 9000],
            "number": [0, None, -(2**63), 2**63 - 1, 7],
            "double": [0.0, None, -1.5, 5e-324, 1.7976931348623157e308],
            "flag": pl.Series([1, 0, None, 1, 1], dtype=pl.Int8),
            "other": [None, None, "日本", "b", ""],
        }
    ),
    "texts alone": pl.DataFrame({"a": ["x", None], "b": ["", "y"]}),
    "numbers alone": pl.DataFrame({"a": [1, None], "b": [0.5, None]}),
    "nothing": pl.DataFrame({"a": [], "b": []}, schema={"a": pl.Int64, "b": pl.String}),
    "many": pl.DataFrame({"row": range(20_000), "text": ["x" * (row % 300) for row in range(20_000)]}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_sqlite_reads_the_rows_that_were_written(
    tmp_path: Path, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(btree, "_CHILDREN", 7)  # pages above pages above pages
    rows, layout = (
        Rows.spilled(frame.iter_slices(7_000) if frame.height else [frame], tmp_path / "rows"),
        Layout.of(frame.schema),
    )
    write_database(tmp_path / "held", rows, layout)
    with closing(sqlite3.connect(tmp_path / "held")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = connection.execute(f"SELECT {layout.select(frame.columns)} FROM {TABLE} ORDER BY rowid").fetchall()  # noqa: S608  # ours
        assert found == frame.rows()
        assert connection.execute(f"SELECT max(rowid) FROM {TABLE}").fetchone() == (frame.height or None,)  # noqa: S608


def test_a_record_has_room_on_a_page_as_far_as_it_says(tmp_path: Path) -> None:
    layout = Layout.of({"a": pl.String(), "b": pl.Int64()})
    most = next(size for size in range(70_000, 0, -1) if layout.holds(size))
    rows = Rows.of(pl.DataFrame({"a": ["x" * most] * 3, "b": [1, 2, 3]}))
    write_database(tmp_path / "held", rows, layout)
    with closing(sqlite3.connect(tmp_path / "held")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        sums = connection.execute(f"SELECT sum(length(c1)), sum(c0) FROM {TABLE}").fetchone()  # noqa: S608
        assert sums == (3 * most, 6)


@pytest.fixture
def formats() -> None:
    """Everything: this is about one that others do without."""


@pytest.mark.usefixtures("formats")
@pytest.mark.parametrize("most", [1, 8])
def test_a_release_has_the_same_bytes_whichever_way_its_rows_are_inserted(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    found = []
    for many in (0, 1 << 40):
        monkeypatch.setattr(sqlite, "_MANY", many)
        monkeypatch.setattr(sqlite, "_MOST_BESIDE", most)
        project = make_project()
        shutil.rmtree(project.dist, ignore_errors=True)
        built = build(project)
        assert built.release is not None
        (file,) = built.release.folder.glob("*.sqlite")
        found.append(file.read_bytes())
        assert not [*built.release.folder.glob("*.rows*")]
    assert found[0] == found[1]
