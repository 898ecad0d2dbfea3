"""A database is read back as it is compared: some thousand rows as one text a column, and cell by cell where that is not sure."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.release.edition import Edition
from deedbook.release.formats import cells, sqlite
from deedbook.release.rows import Rows
from deedbook.release.tables import Outline, Table
from deedbook.schema import Field, TableSchema

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EDITION = Edition(name="deeds", title="Deeds", description="", version="1.0.0", created=EPOCH, epoch=EPOCH)
Row = tuple[Any, ...]
FIELDS = {"name": "string", "note": "string", "count": "integer", "share": "number"}
ROWS: list[Row] = [("x", None, 1, 0.1), ("é", "", None, None), (None, "q'", 3, 2.5)]


def differences(path: Path, held: list[Row], expected: list[Row] = ROWS) -> list[tuple[int, str]]:
    """Where a database with some rows differs from the expected ones."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (name TEXT, note TEXT, count INTEGER, share REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", held)
        connection.commit()
    dtypes = {"name": pl.String, "note": pl.String, "count": pl.Int64, "share": pl.Float64}
    frame = pl.DataFrame(expected, schema=dtypes, orient="row")
    fields = tuple(Field(name=name, type=kind, raw={"name": name, "type": kind}) for name, kind in FIELDS.items())
    table = Table(Outline("t", TableSchema(fields=fields)), Rows.of(frame))
    _, found = cells.first_differences(sqlite.read(table, path), 3)
    return [(one.row, one.name) for one in found]


def test_equal_rows_do_not_differ(tmp_path: Path) -> None:
    assert differences(tmp_path / "a.sqlite", ROWS) == []


@pytest.mark.parametrize(
    ("row", "changed", "column"),
    [
        (0, ("x\0y", None, 1, 0.1), "name"),
        (0, ("x", "\x1e", 1, 0.1), "note"),
        (0, ("x\x1fé", None, 1, 0.1), "name"),
        (1, ("é", None, None, None), "note"),
        (1, ("é", "", None, 0.0), "share"),
        (2, (None, "q'\0z", 3, 2.5), "note"),
        (2, (None, b"q'", 3, 2.5), "note"),
        (2, (None, "q'", 4, 2.5), "count"),
    ],
)
def test_a_cell_that_joins_to_nearly_the_same_is_named(tmp_path: Path, row: int, changed: Row, column: str) -> None:
    held = [changed if place == row else one for place, one in enumerate(ROWS)]
    assert differences(tmp_path / "a.sqlite", held) == [(row, column)]


def test_texts_with_what_stands_between_texts_are_compared_one_by_one(tmp_path: Path) -> None:
    rows: list[Row] = [("a\x1fb", "\x1e", 1, 0.5), ("a", "b\0c", 2, 0.25)]
    assert differences(tmp_path / "a.sqlite", rows, rows) == []


def test_a_database_with_fewer_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(cells.UnlikeError, match="has 2 rows where the CSV has 3"):
        differences(tmp_path / "a.sqlite", ROWS[:2])


def test_temporary_files_lie_beside_the_database_while_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    book = sqlite.open_book(folder / "a.sqlite", EDITION, {})
    with closing(sqlite3.connect(":memory:")) as connection:
        ask = "PRAGMA temp_store_directory"
        assert connection.execute(ask).fetchall() == [(str(folder),)]
        book.close([])
        assert connection.execute(ask).fetchall() == []
