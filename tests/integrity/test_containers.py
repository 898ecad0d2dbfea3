"""Archives, workbooks and databases of strangers come to an end, whatever is in them."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from deedbook.integrity.containers import ArchiveError, check_workbook, excess, open_database, opened


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def unpacked(path: Path, *, flat: bool = True) -> dict[str, bytes]:
    with opened(path, flat=flat) as folder:
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_flat_archive_is_unpacked_with_and_without_its_folder(tmp_path: Path) -> None:
    assert unpacked(pack(tmp_path / "a.zip", {"a.csv": b"1"})) == {"a.csv": b"1"}
    assert unpacked(pack(tmp_path / "b.zip", {"x/a.csv": b"1"})) == {"a.csv": b"1"}


def test_a_project_is_unpacked_with_its_folders_and_without_what_it_hides(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"p/a.toml": b"1", "p/data/a.csv": b"2", "p/.git/config": b"3"})
    assert unpacked(path, flat=False) == {"p/a.toml": b"1", "p/data/a.csv": b"2"}


@pytest.mark.parametrize(
    "names",
    [["../a"], ["/a"], ["x/../../a"], ["C:a"], ["nul.csv"], ["a.csv", "A.csv"], ["a", "a/b"], ["x\\..\\..\\a"]],
)
@pytest.mark.parametrize("flat", [True, False])
def test_a_name_that_leaves_or_clashes_is_refused(tmp_path: Path, names: list[str], flat: bool) -> None:
    path = pack(tmp_path / "a.zip", dict.fromkeys(names, b"1"))
    with pytest.raises(ArchiveError):
        unpacked(path, flat=flat)
    assert [item.name for item in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_that_unpacks_to_too_much_for_its_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a.csv": bytes(80 << 20)})
    with pytest.raises(ArchiveError, match="too much for its size"):
        unpacked(path)


def test_a_small_file_of_one_value_is_unpacked(tmp_path: Path) -> None:
    assert len(unpacked(pack(tmp_path / "a.zip", {"a.csv": bytes(8 << 20)}))["a.csv"]) == 8 << 20


SHEET = b'<worksheet><dimension ref="A1"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    "row", [b'<row r="1048576"><c r="XFD1048576"/></row>', b"<row r='9'><c t='n'\n r = 'ZZZ1048576' /></row>"]
)
def test_a_workbook_with_cells_far_apart_is_refused(tmp_path: Path, row: bytes) -> None:
    path = pack(tmp_path / "a.xlsx", {"xl/anywhere.xml": SHEET % row})
    with pytest.raises(ArchiveError, match="far apart"):
        check_workbook(path)


def test_a_workbook_of_our_own_is_read(tmp_path: Path) -> None:
    pl.DataFrame({"a": range(2000), "b": ["x"] * 2000}).write_excel(tmp_path / "a.xlsx")
    check_workbook(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"id\n" + b"9" * (36 << 20), "has a line of more than 34 MB"),
        ("t.csv", b"id\n" + (b"9" * 100 + b"\n") * 400_000, ""),
        ("t.jsonl", b"9" * (36 << 20) + b"\n", "has a line of more than 34 MB"),
        ("changes.json", b"[" + b"{}," * 1_100_000 + b"1]", "has more than 2,000,000 values"),
        ("changes.json", b"[" + b"{}," * 900_000 + b"1]", ""),
        ("CITATION.cff", b"#" * (513 << 10), "has more than 0.5 MB"),
        ("SHA256SUMS", b"#" * (3 << 20), "has more than 2 MB"),
        ("t.parquet", b"#" * (36 << 20), ""),
    ],
    ids=["line", "lines", "json line", "values", "fewer values", "citation", "sums", "not text"],
)
def test_a_text_file_that_no_release_has_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert excess(tmp_path / name).startswith(said)
    assert bool(excess(tmp_path / name)) == bool(said)


ENDLESS = "WITH RECURSIVE r(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM r) SELECT k AS id FROM r"


@pytest.mark.parametrize(
    "view",
    [
        ENDLESS,
        "SELECT a.id FROM n a, n b, n c, n d, n e, n f ORDER BY 1",
        "SELECT randomblob(1000000000) AS id",
        "SELECT load_extension('x') AS id",
    ],
)
def test_a_view_without_an_end_is_given_up(tmp_path: Path, view: str) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE n (id)")
        connection.executemany("INSERT INTO n VALUES (?)", ((number,) for number in range(100)))
        connection.execute(f"CREATE VIEW t AS {view}")
    opened = open_database(tmp_path / "a.sqlite")
    with pytest.raises(sqlite3.Error):
        opened.execute("SELECT * FROM t ORDER BY 1").fetchall()
    opened.close()


def test_a_database_is_not_written(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.sqlite").execute("CREATE TABLE n (id)").connection.close()
    opened = open_database(tmp_path / "a.sqlite")
    with pytest.raises(sqlite3.Error):
        opened.execute("INSERT INTO n VALUES (1)")
    opened.close()
