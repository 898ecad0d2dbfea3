"""Input made to hurt ends in a finding, soon and in little memory."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from deedbook.project import load_project
from deedbook.reading.records import RECORDS
from deedbook.validation import Options, validate
from tests.package import fields, make_package, one

MEGABYTES = 500
"""What bad input may take at the most, beyond what an empty validation takes (60)."""

_PROGRAM = """
import json, resource, sys, time
from pathlib import Path
from deedbook.project import load_project
from deedbook.validation import validate
project = load_project(Path(sys.argv[1]))
started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = validate(project)
print(json.dumps({
    "seconds": time.process_time() - started,
    "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    "totals": {f"{total.rule} {total.column or ''}".strip(): total.count for total in report.totals},
    "messages": [finding.message for finding in report.findings],
    "not_checked": [entry.name for entry in report.not_checked],
}))
"""


def _validate(root: Path, megabytes: int = MEGABYTES) -> dict[str, Any]:
    """The outcome of a validation in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,  # it ends
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["megabytes"] < megabytes
    assert all(len(message) < 500 for message in found["messages"])
    return found


def _package(root: Path, parts: Iterable[bytes], schema: dict[str, Any], name: str = "data.csv", **more: Any) -> Path:
    make_package(root, schemas={"data": schema}, resources={"data": {"path": name, **more}})
    with (root / name).open("wb") as file:
        for part in parts:
            file.write(part)
    return root


SCHEMA = fields("id:integer", "note")


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"2,some text and then some more of it\n", b"2\n", b"\n", b'""\n', b"2,a\r"])
def test_a_quote_that_is_never_closed_in_100_megabytes(tmp_path: Path, line: bytes) -> None:
    piece = line * ((1 << 20) // len(line))
    found = _validate(_package(tmp_path, [b'id,note\n1,"open\n', *[piece] * 100], SCHEMA))
    assert "unclosed-quote" in found["totals"]


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"2\n", b'""\n'])
@pytest.mark.parametrize("dialect", [{}, {"escapeChar": "\\"}])
def test_an_open_quote_behind_a_stray_one(tmp_path: Path, line: bytes, dialect: dict[str, str]) -> None:
    root = _package(
        tmp_path, [b'id,note\n1,a"b\n2,"open\n', *[line * ((1 << 20) // len(line))] * 2], SCHEMA, dialect=dialect
    )
    assert _validate(root)["totals"]["unclosed-quote"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("byte", [b"a", b"\0", b"\xff", b'"'])
@pytest.mark.parametrize("start", [b"id,note\n1,", b""])
def test_one_line_of_50_megabytes(tmp_path: Path, start: bytes, byte: bytes) -> None:
    found = _validate(_package(tmp_path, [start, *[byte * (1 << 20)] * 50], SCHEMA))
    assert found["totals"]


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_row_of_many_delimiters(tmp_path: Path, count: int) -> None:
    found = _validate(_package(tmp_path, [b"id,note\n1,a\n", b"," * count, b"\nx,b\n"], SCHEMA))
    assert found["totals"] == {"extra-cell": count - 1, "type-error id": 1}


@pytest.mark.slow
@pytest.mark.parametrize("described", [0, 2, 10_000])
def test_ten_thousand_columns(tmp_path: Path, described: int) -> None:
    names = [f"c{number}" for number in range(10_000)]
    rows = [",".join("5" for _ in names)] * 20 + [",".join("x" for _ in names)]
    schema = fields(*(f"{name}:integer" for name in names[:described]))
    found = _validate(_package(tmp_path, ["\n".join([",".join(names), *rows, ""]).encode()], schema))
    assert sum(found["totals"].values()) == {0: 0, 2: 9_998 + 2, 10_000: 10_000}[described]


@pytest.mark.slow
def test_a_zip_member_that_unpacks_to_a_gigabyte(tmp_path: Path) -> None:
    root = _package(tmp_path, [], SCHEMA, "data.zip", compression="zip")
    with (
        zipfile.ZipFile(root / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("data.csv", "w") as member,
    ):
        member.write(b"id,note\n")
        for _ in range(300):
            member.write(b"1,a\n" * (1 << 18))
    found = _validate(root, 240)
    assert found["totals"] == {"compression-error": 1}
    assert "500 times" in found["messages"][0]


def test_a_member_past_the_declared_limit(tmp_path: Path) -> None:
    text = b"id,note\n" + b"".join(b"%d,%x\n" % (number, number * 7919) for number in range(99_999))
    project = load_project(_package(tmp_path, [gzip.compress(text)], SCHEMA, "data.csv.gz"))
    finding = one(validate(project, Options(max_unpacked=1 << 20)))
    assert (finding.rule, finding.message) == ("compression-error", "data.csv.gz unpacks to more than 1,048,576 bytes")


@pytest.mark.slow
def test_a_bomb_of_one_gigabyte(tmp_path: Path) -> None:
    parts = [gzip.compress(b"1,a\n" * (1 << 18))] * 1024
    found = _validate(_package(tmp_path, [gzip.compress(b"id,note\n"), *parts], SCHEMA, "data.csv.gz"))
    assert found["totals"] == {"compression-error": 1}


@pytest.mark.slow
def test_a_pattern_that_backtracks_without_end_is_given_up(tmp_path: Path) -> None:
    schema = {"fields": [{"name": "x", "constraints": {"pattern": "(a|aa)+(?<!a)"}}]}
    rows = "".join("a" * (40 + number % 20) + f"{number}a\n" for number in range(1000))
    found = _validate(_package(tmp_path, [f"x\n{rows}".encode(), b"a" * 60 + b"\n"], schema))
    assert found["not_checked"] == ["pattern"]


def test_cells_that_take_long_to_judge(tmp_path: Path) -> None:
    schema = {
        "fields": [
            {"name": "n", "type": "number", "bareNumber": False},
            {"name": "g", "type": "string", "format": "wkt"},
            {"name": "j", "type": "geojson"},
            {"name": "i", "type": "integer"},
            {"name": "d", "type": "duration"},
        ]
    }
    cells = [
        "1" + "a" * 500_000 + "1",
        "LINESTRING(" + "1 2," * 60_000 + "1 2)",
        "[" * 200_000,
        "9" * 500_000,
        "P" + "9" * 200_000 + "Y",
    ]
    row = ",".join(f'"{cell}"' for cell in cells)
    found = _validate(_package(tmp_path, [f"n,g,j,i,d\n{row}\n".encode()], schema))
    assert set(found["totals"]) <= {"type-error n", "type-error j", "type-error i", "type-error d"}


@pytest.mark.slow
@pytest.mark.parametrize("line", [b'a"b,1\n', b"1\n", b"1,2,3\n", b"\xff,1\n", b"\n", b"x,1\n", b"1,a\r"])
def test_a_hundred_thousand_bad_rows(tmp_path: Path, line: bytes) -> None:
    count = 100_000
    assert count > 4 * RECORDS
    found = _validate(_package(tmp_path, [b"id,note\n", line * count], SCHEMA))
    assert all(
        total == count for name, total in found["totals"].items() if re.match("type|missing|extra|enc|blank", name)
    )
