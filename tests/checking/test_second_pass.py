"""Rows that only the whole table condemns are read again where they stand: a few pieces of the file, or all of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deedbook.checking import second_pass
from deedbook.checking.cells import Rows
from deedbook.checking.header import match_header
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.second_pass import Visit
from deedbook.checking.table import Piece
from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.errors import ProjectError
from deedbook.findings import Report
from deedbook.reading import inputs
from deedbook.reading.blocks import Cutter
from deedbook.schema import read_schema
from deedbook.validation import Options
from tests.package import fields, report_of

SCHEMA = {
    **fields("id:integer", "code", "up:integer", "note"),
    "primaryKey": "id",
    "uniqueKeys": [["code", "note"]],
    "foreignKeys": [{"fields": "up", "reference": {"resource": "", "fields": "id"}}],
}
SIZES = [16, 64, 16 << 20]

Said = tuple[str, int | None, int | None, str, str | None, str]


def _table(note: str = "n", end: str = "\n") -> bytes:
    """Rows 2 to 61 with the keys 1 to 60, but for 7 again in row 41, a code again in row 51 and no parent in row 55."""
    rows = [[str(number), f"c{number}", "60", note] for number in range(1, 61)]
    rows[39][0], rows[49][1], rows[53][2] = "07", "c5", "99"
    return "".join(",".join(row) + end for row in [["id", "code", "up", "note"], *rows]).encode()


def _said(report: Report) -> list[Said]:
    return [(item.path, item.row, item.line, item.rule, item.value, item.message) for item in report.findings]


def _expected(lines: tuple[int, int, int] = (41, 51, 55), path: str = "data.csv", note: str = "n") -> list[Said]:
    key = f"c5, {note}"
    shown = key.replace("\n", " ").replace("\r", " ")
    return [
        (path, 41, lines[0], "primary-key", "7", "the primary key `7` was already used in row 8"),
        (path, 51, lines[1], "unique-key", key, f"the unique key `{shown}` was already used in row 6"),
        (path, 55, lines[2], "foreign-key", "99", "`99` is not in `data`.id"),
    ]


def _check(tmp_path: Path, content: bytes, size: int, **resource: Any) -> list[Said]:
    return _said(report_of(tmp_path, content, SCHEMA, options=Options(block_size=size, workers=2), **resource))


def _read_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of which the pieces begin that are read again, once a validation ran."""
    begun: list[int] = []

    def visit(plan: FilePlan, piece: Piece, data: bytes, wanted: Rows) -> Visit:
        begun.append(piece.row)
        return original(plan, piece, data, wanted)

    original = Visit.of
    monkeypatch.setattr(Visit, "of", visit)
    return begun


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_late_problem_is_placed_whatever_the_block_size(tmp_path: Path, size: int, end: str, mark: bytes) -> None:
    assert _check(tmp_path, mark + _table(end=end), size) == _expected()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ('"a\nb"', (80, 100, 108)),
        ('"a\nb""\n"', (119, 149, 161)),
        ('5" n', (41, 51, 55)),
        ('"a\r\nb"', (80, 100, 108)),
    ],
)
def test_line_ends_and_odd_quotes_in_cells_move_no_row(
    tmp_path: Path, size: int, note: str, lines: tuple[int, int, int]
) -> None:
    found = _check(tmp_path, _table(note), size)
    whole = _check(tmp_path, _table(note), 16 << 20)
    assert found == whole
    assert [(row, line) for _, row, line, *_ in found] == [(41, lines[0]), (51, lines[1]), (55, lines[2])]


@pytest.mark.parametrize("content", [_table(), _table('"a\nb"'), b"\xef\xbb\xbf" + _table(end="\r\n")])
def test_only_the_pieces_that_hold_such_rows_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    begun = _read_again(monkeypatch)
    assert [row for _, row, *_ in _check(tmp_path, content, 32)] == [41, 51, 55]
    assert 5 <= len(begun) < 15


def test_a_piece_with_odd_quotes_is_read_record_by_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = _read_again(monkeypatch)
    content = _table().replace(b"c40,60,n", b'c40,60,5"n').replace(b"c5,60,n\n51", b'c5,60,n\n51,c51,60,n"x\n51')
    assert [(row, rule) for _, row, _, rule, *_ in _check(tmp_path, content, 32)] == [
        (41, "primary-key"),
        (51, "unique-key"),
        (53, "primary-key"),
        (56, "foreign-key"),
    ]
    assert 5 <= len(begun) < 15


@pytest.mark.parametrize("size", SIZES)
def test_a_compressed_file_is_read_again_from_its_start(tmp_path: Path, size: int) -> None:
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(_table(), mtime=0))
    assert _check(tmp_path, b"", size, path="data.csv.gz") == _expected(path="data.csv.gz")


@pytest.mark.parametrize("size", [16, 64])
def test_lines_inside_cells_are_counted_again(tmp_path: Path, size: int) -> None:
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(_table('"a\nb"'), mtime=0))
    found = _check(tmp_path, b"", size, path="data.csv.gz")
    assert [(row, line) for _, row, line, *_ in found] == [(41, 80), (51, 100), (55, 108)]


@pytest.mark.parametrize("size", SIZES)
def test_a_second_file_may_go_on_without_a_header(tmp_path: Path, size: int) -> None:
    (tmp_path / "more.csv").write_bytes(b"61,x,99,n\n7,y,,n\n")
    found = _check(tmp_path, _table().replace(b"\n07,", b"\n40,"), size, path=["data.csv", "more.csv"])
    assert [(path, row, rule) for path, row, _, rule, *_ in found if path == "more.csv"] == [
        ("more.csv", 1, "foreign-key"),
        ("more.csv", 2, "primary-key"),
    ]


@pytest.mark.parametrize("size", SIZES)
def test_comment_rows_are_told_by_their_number_again(tmp_path: Path, size: int) -> None:
    found = _check(tmp_path, _table(), size, dialect={"commentRows": [8]})
    assert [(row, rule) for _, row, _, rule, *_ in found] == [(51, "unique-key"), (55, "foreign-key")]


@pytest.mark.parametrize("size", SIZES)
def test_comments_count_as_rows_of_the_file_and_hold_no_key(tmp_path: Path, size: int) -> None:
    content = _table().replace(b"\n9,", b"\n#7,c5,99,n\n9,")
    found = _check(tmp_path, content, size, dialect={"commentChar": "#"})
    assert [(row, line, rule) for _, row, line, rule, *_ in found] == [
        (42, 42, "primary-key"),
        (52, 52, "unique-key"),
        (56, 56, "foreign-key"),
    ]


@pytest.mark.parametrize("size", SIZES)
def test_each_file_is_read_again_with_its_own_header_and_rows(tmp_path: Path, size: int) -> None:
    (tmp_path / "more.csv").write_bytes(_table().replace(b"\n7,", b"\n61,").replace(b"\n07,", b"\n7,"))
    first = _table()[: _table().index(b"\n8,")] + b"\n"
    found = _check(tmp_path, first, size, path=["data.csv", "more.csv"])
    again = [("more.csv", row, "primary-key", f"row {row} of data.csv") for row in range(2, 8)]
    again += [("more.csv", 41, "primary-key", "row 8 of data.csv"), ("more.csv", 55, "foreign-key", "")]
    keys = [item for item in found if item[3] != "unique-key"]
    assert [(path, row, rule) for path, row, _, rule, *_ in keys] == [item[:3] for item in again]
    assert all(message.endswith(place) for (*_, message), (*_, place) in zip(keys[:-1], again[:-1], strict=True))


def test_a_piece_starts_at_its_offset_and_has_its_height(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b'id\n1\n"a\nb"\n3" x\n4\n')
    schema = read_schema({"fields": [{"name": "id"}]}, "data")
    header = match_header(["id"], schema, 1)
    plan = FilePlan(TablePlan(Resource("data", ("data.csv",)), schema), 0, header.columns, ())

    def read(piece: Piece, *rows: int) -> tuple[list[str], list[int]]:
        with path.open("rb", buffering=0) as stream:
            visit = Visit.of(plan, piece, Cutter(stream, Dialect()).read_at(piece.offset, piece.size), np.array(rows))
        return visit.frame["id"].to_list(), visit.records.lines.tolist()

    assert read(Piece(2, 2, 3, 3, 13), 3) == (["a\nb"], [3])
    assert read(Piece(3, 3, 1, 5, 6), 3) == (["a\nb"], [3])
    assert read(Piece(3, 3, 2, 5, 11), 4) == (['3" x'], [5])
    with pytest.raises(ProjectError, match=r"data\.csv: the file changed while it was read"):
        read(Piece(2, 2, 2, 3, 2), 2)


def test_a_file_that_grows_while_it_is_read_again_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def growing(resource: Resource, file: Path, **how: Any) -> Iterator[Any]:
        with inputs.open_table(resource, file, **how) as stream, file.open("ab") as more:
            more.write(b"9,x\n")
            more.flush()
            yield stream

    monkeypatch.setattr(second_pass, "open_table", growing)
    with pytest.raises(ProjectError, match=r"data\.csv: the file grew by 4 bytes while it was read"):
        report_of(tmp_path, b"id,note\n1,a\n1,b\n", {**fields("id", "note"), "primaryKey": "id"})
