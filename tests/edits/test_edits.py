"""Tables in canonical form: another file, the same values."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from deedbook import edits
from deedbook.edits import Rewritten, rewrite
from deedbook.errors import DeedbookError, UsageError
from tests.cli.project import Outcome, write_project
from tests.examples import examples
from tests.package import Schema, fields, make_package

Run = Callable[..., Outcome]
KEYED = fields("id:integer", "text", primaryKey=["id"])
WANTED = b"id,text\n2,b\n10,a\n"


def tidied(root: Path, content: str | bytes, schema: Schema = KEYED, **resource: Any) -> tuple[Rewritten, bytes]:
    project = make_package(root, schemas={"data": schema}, resources={"data": resource}, data=content)
    (found,) = rewrite(project)
    assert sorted(item.name for item in root.iterdir()) == ["data.csv", "datapackage.json"]
    return found, (root / "data.csv").read_bytes()


@pytest.mark.parametrize(
    ("content", "done"),
    [
        (b"id,text\n10,a\n2,b\n", ("sorted by id",)),
        (b"\xef\xbb\xbfid,text\n2,b\n10,a\n", ("without its byte-order mark",)),
        (b"id,text\r\n2,b\r\n10,a\r\n", ("lines end in LF",)),
        (b'id,"text"\n"2",b\n10,"a"\n', ("cells are quoted only where they must be",)),
        (b"id,text\n2,b\n\n10,a\n\n", ("without 2 blank lines",)),
        (b"id,text\n2,b\n10,a", ("the last line ends",)),
        (b"text,id\nb,2\na,10\n", ("columns in the order of the schema",)),
    ],
)
def test_each_habit_of_an_editor_is_mended(content: bytes, done: tuple[str, ...], tmp_path: Path) -> None:
    found, written = tidied(tmp_path, content)
    assert (found.state, found.done, found.left) == ("changed", done, ())
    assert written == WANTED


def test_a_canonical_table_is_not_touched(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"data": KEYED}, data=WANTED)
    before = (tmp_path / "data.csv").stat()
    assert rewrite(project)[0].state == "canonical"
    after = (tmp_path / "data.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_cell_stays_as_it_is_written(tmp_path: Path) -> None:
    """Neither numbers nor missing values nor stray spaces are rewritten: only how the file holds them."""
    schema = fields("id:integer", "n:number", "text", primaryKey=["id"], missingValues=["", "NA"])
    content = 'id,n,text\n3,1.50,NA\n1,," a "\n2,NA,"x\r\ny ""z"""\n'
    _, written = tidied(tmp_path, content.encode(), schema)
    assert written == b'id,n,text\n1,, a \n2,NA,"x\r\ny ""z"""\n3,1.50,NA\n'


def test_rows_without_a_key_and_columns_that_may_stand_anywhere_stay_where_they_are(tmp_path: Path) -> None:
    _, written = tidied(tmp_path / "a", b"id,text\r\n10,a\r\n2,b\r\n", fields("id:integer", "text"))
    assert written == b"id,text\n10,a\n2,b\n"
    free = fields("id:integer", "text", primaryKey=["id"], fieldsMatch="equal")
    assert tidied(tmp_path / "b", b"text,id\na,10\nb,2\n", free)[1] == b"text,id\nb,2\na,10\n"


def test_letters_are_composed_but_in_keys_and_codes(tmp_path: Path) -> None:
    schema = fields("id", "text", "code", primaryKey=["id"])
    schema["fields"][2]["constraints"] = {"pattern": ".*"}
    found, written = tidied(tmp_path, "id,text,code\ne\u0301,e\u0301,e\u0301\n".encode(), schema)
    assert written.decode() == "id,text,code\ne\u0301,\u00e9,e\u0301\n"
    assert found.done == ("1 cell in Unicode NFC",)
    assert [text[:16] for text in found.left] == ["1 cell of `id` i", "1 cell of `code`"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"id,text\n1,a,b\n", "row 2 has 3 cells instead of 2"),
        (b"id,text\n1,a\n2\n", "row 3 has 1 cell instead of 2"),
        (b"id,text\n1,caf\xe9\n", "row 2 is not UTF-8 (byte 0xe9)"),
        (b'id,text\n1,"a\n', "a quote is never closed"),
        (b"", "it has no header"),
    ],
)
def test_what_only_a_person_can_mend_is_said_and_left(content: bytes, why: str, tmp_path: Path) -> None:
    found, written = tidied(tmp_path, content)
    assert (found.state, found.left) == ("unmendable", (why,))
    assert written == content


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        ({"encoding": "latin-1"}, "is declared as latin-1; convert it and declare utf-8"),
        ({"dialect": {"commentChar": "#"}}, "has a dialect of its own"),
        ({"dialect": {"header": False}}, "has a dialect of its own"),
        ({"hash": "0" * 32}, "has a declared hash or size, which a rewritten file would not have"),
    ],
)
def test_what_is_declared_to_be_otherwise_is_left_alone(resource: dict[str, Any], why: str, tmp_path: Path) -> None:
    found, written = tidied(tmp_path, b"id,text\r\n2,b\r\n", **resource)
    assert (found.state, found.left, written) == ("skipped", (why,), b"id,text\r\n2,b\r\n")


def test_another_delimiter_is_kept(tmp_path: Path) -> None:
    _, written = tidied(tmp_path, b'id;text\r\n2;"a;b"\r\n1;"a,b"\r\n', dialect={"delimiter": ";"})
    assert written == b'id;text\n1;a,b\n2;"a;b"\n'


def test_a_header_is_quoted_where_it_must_be(tmp_path: Path) -> None:
    _, written = tidied(tmp_path, b'"a,b","c\rd","e"\r\n1,2,3\r\n', fields("a,b", "c\rd", "e"))
    assert written == b'"a,b","c\rd",e\n1,2,3\n'


def test_a_link_and_permissions_survive(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"data": KEYED}, data=b"id,text\r\n2,b\r\n")
    (tmp_path / "data.csv").rename(tmp_path / "real.csv")
    (tmp_path / "real.csv").chmod(0o640)
    (tmp_path / "data.csv").symlink_to("real.csv")
    assert rewrite(project)[0].state == "changed"
    assert (tmp_path / "data.csv").is_symlink()
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "real.csv").read_bytes() == b"id,text\n2,b\n"


def test_a_file_that_would_hold_other_values_does_not_take_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_package(tmp_path, schemas={"data": KEYED}, data=b"id,text\r\n2,b\r\n")
    for wrong in (b"id,text\n2,c\n", b"id,text\n", b"id,txt\n2,b\n", b"id,text\n2,b,c\n", b"id,text\n2, b\n"):
        monkeypatch.setattr(edits, "to_bytes", lambda _cells, _delimiter, wrong=wrong: wrong)
        with pytest.raises(DeedbookError, match="stays as it was"):
            rewrite(project)
        assert (tmp_path / "data.csv").read_bytes() == b"id,text\r\n2,b\r\n"
        assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, os.strerror(28))

    project = make_package(tmp_path, schemas={"data": KEYED}, data=b"id,text\r\n2,b\r\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeedbookError, match="the disk is full") as caught:
        rewrite(project)
    assert caught.value.exit_code == 75
    assert (tmp_path / "data.csv").read_bytes() == b"id,text\r\n2,b\r\n"
    assert len(list(tmp_path.iterdir())) == 2


CELL = st.text(alphabet=st.sampled_from('ab 1,;"\n\r\t\u0301\u00e9\u200b\ufeff#\\'), max_size=4)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(-20, 20), CELL, CELL), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_the_csv_module_reads_the_same_rows_and_a_second_time_changes_nothing(
    rows: list[tuple[int, str, str]], quoting: int, end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([("id", "a", "b"), *rows])  # type: ignore[arg-type]
    root = tmp_path_factory.mktemp("data")
    schema = fields("id:integer", "a", "b", primaryKey=["id"])
    for field in schema["fields"][1:]:
        field["constraints"] = {"minLength": 0}  # so that letters stay as they are
    project = make_package(root, schemas={"data": schema}, data=text.getvalue().encode())
    assert rewrite(project)[0].state in {"changed", "canonical"}
    with (root / "data.csv").open(encoding="utf-8", newline="") as file:
        found = [(int(key), first, second) for key, first, second in list(csv.reader(file))[1:]]
    assert found == sorted(rows, key=lambda row: row[0])
    assert rewrite(project)[0].state == "canonical"


def test_the_command_says_what_it_does(project: Path, deedbook: Run) -> None:
    write_project(project, "id,start,end\nb,2024-01-03,\na,2024-01-01,2024-01-02\n")
    table = project / "data" / "events.csv"
    before = table.read_bytes()
    line = "events (events.csv): would be changed: sorted by id\n1 table: 1 would change\n"
    assert deedbook("fmt", "--check") == Outcome(1, line, "")
    assert table.read_bytes() == before
    assert deedbook("fmt").out == "events (events.csv): changed: sorted by id\n1 table: 1 changed\n"
    assert deedbook("fmt", "--check", "--quiet") == Outcome(0, "", "")
    table.write_bytes(b"id,start,end\na\n")
    outcome = deedbook("fmt", "--quiet")
    assert outcome.code == 1
    assert "events (events.csv): cannot be mended: row 2 has 1 cell instead of 3\n" in outcome.out
    assert deedbook("fmt", "-t", "nothing").code == 2


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    project = make_package(tmp_path, data="a\n1\n")
    with pytest.raises(UsageError, match="no table"):
        rewrite(project, tables=["other"])
    (tmp_path / "data.csv").unlink()
    assert [item.state for item in rewrite(project)] == ["unmendable"]
