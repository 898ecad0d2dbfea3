"""Records are told apart by their bytes, and a few of them are read by their place."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading import hashes
from deedbook.reading.hashes import hash_records, read_at
from deedbook.reading.tables import pick_rows, read_text
from deedbook.reading.text import IrregularError
from tests.package import fields, make_package

SCHEMA = fields("id", "note", "more")


def resource_of(root: Path, content: bytes, **properties: str) -> Resource:
    resource = make_package(root, schemas={"data": SCHEMA}, data=content).package.resource("data")
    for name, value in properties.items():
        object.__setattr__(resource, name, value)
    return resource


def hashes_of(root: Path, content: bytes) -> list[int]:
    return [int(value) for value in hash_records(resource_of(root, content), lambda _rows: None).hashes]


def written(rows: list[list[str]], line_end: str = "\n") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end)
    writer.writerows([["id", "note", "more"], *rows])
    return out.getvalue().encode()


def many_rows(count: int) -> list[list[str]]:
    chosen = random.Random(1)  # noqa: S311  # a reproducible choice, no secret
    texts = ["", "plain", 'say "x"', "two\nlines", "a\n\n\nb", "Пномпень", "a,b", "\n"]
    return [[str(at), chosen.choice(texts), chosen.choice(texts)] for at in range(count)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_any_rows_are_read_by_their_numbers(tmp_path: Path, line_end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_BLOCK_SIZE", 1 << 12)
    monkeypatch.setattr(hashes, "_PLACED", 1 << 7)
    resource = resource_of(tmp_path, written(many_rows(3000), line_end).rstrip(b"\r\n"))
    whole = pl.concat(read_text(resource))
    found = hash_records(resource, lambda _rows: None)
    assert len(found.hashes) == whole.height == 3000
    for step in (1, 7, 211):
        rows = np.arange(2, 3000, step)
        assert read_at(resource, found.pick(rows)).equals(whole[rows])
    assert read_at(resource, found.pick(np.array([0, 2999]))).equals(whole[[0, 2999]])


def test_equal_records_have_equal_hashes_and_others_have_not(tmp_path: Path) -> None:
    texts = ["a\nb", "b\na", "a\n\nb", "ab", "a\r\nb", "a\n", "\na", "", "a"]
    found = hashes_of(tmp_path / "one", written([["1", text, "x"] for text in texts] * 2))
    assert found[: len(texts)] == found[len(texts) :]
    assert len(set(found)) == len(texts)


@pytest.mark.parametrize(
    "content",
    [
        b'id,note,more\n1,say "x" now,c\n',
        b"id,note,more\n1,a,b\n\n2,c,d\n",
        b"id,note,more\n1,\xff,b\n",
        b"id,note,more\n1,a\rb,c\n",
    ],
)
def test_what_bytes_do_not_tell_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(IrregularError):
        hashes_of(tmp_path, content)


def test_recoded_and_packed_files_are_refused(tmp_path: Path) -> None:
    for number, properties in enumerate(({"encoding": "latin-1"}, {"compression": "gz"}, {"encoding": "nonsense"})):
        with pytest.raises(IrregularError):
            hash_records(resource_of(tmp_path / str(number), b"id,note,more\n1,a,b\n", **properties), lambda _: None)


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    resource = resource_of(tmp_path, written(many_rows(50)))
    found = hash_records(resource, lambda _rows: None)
    file = resource.files[0]
    file.write_bytes(file.read_bytes().replace(b"\n7,", b"\n8,"))
    with pytest.raises(IrregularError):
        read_at(resource, found.pick(np.arange(50)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    resource = resource_of(tmp_path, b"id,note,more\n")
    resource.files[0].unlink()
    with pytest.raises(ProjectError, match="does not exist"):
        hash_records(resource, lambda _rows: None)


IRREGULAR = 'id,note\n0,a\n1,b"\n2,"c\nd"\n3,e\n\n4,f\n'
REGULAR = 'id,note\n0,a\n1,b\n2,"c\nd"\n3,e\n4,f\n'


@pytest.mark.parametrize("content", [REGULAR, REGULAR.rstrip("\n"), REGULAR.replace("\n", "\r\n"), IRREGULAR])
@pytest.mark.parametrize("block_size", [1, 12, 1 << 16])
def test_rows_are_picked_by_their_numbers(tmp_path: Path, content: str, block_size: int) -> None:
    project = make_package(tmp_path, schemas={"data": fields("id", "note")}, data=content.encode())
    resource = project.package.resources[0]
    found = pick_rows(resource, np.array([2, 4]), block_size=block_size)
    line_end = "\r\n" if "\r" in content else "\n"
    assert found.rows() == [("2", f"c{line_end}d"), ("4", "f")]
