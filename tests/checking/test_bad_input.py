"""What bad input gets: a finding or one clear message, never another exception, and the other tables are still checked."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import DeedbookError
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.package import as_bytes, fields, make_package, places, report_of

SCHEMA = fields("id:integer", "name")
GOOD_NEIGHBOUR = "n\n1\nx\n"
NEIGHBOURS_FINDING = ("neighbour", 3, "n", "type-error")

Place = tuple[int | None, str | None, str]

CASES: dict[str, tuple[str | bytes, list[Place]]] = {
    "an empty file": (b"", [(None, None, "source-error")]),
    "only a byte-order mark": (b"\xef\xbb\xbf", [(None, None, "source-error")]),
    "only line ends": (b"\n\n", [(None, None, "blank-header")]),
    "a header and nothing else": (b"id,name", []),
    "a blank header": (b" ,\n1,a\n", [(None, None, "blank-header")]),
    "no header": (b"1,a\n2,b\n", [(None, None, "dialect-error")]),
    "a duplicate label": (b"id,id\n1,a\n", [(None, "id", "duplicate-label")]),
    "a blank label": (b"id,\n1,a\n", [(None, "", "blank-label")]),
    "a short row": (b"id,name\n1\n2,b\n", [(2, "name", "missing-cell")]),
    "a long row": (b"id,name\n1,a,x,y\n2,b\n", [(2, None, "extra-cell"), (2, None, "extra-cell")]),
    "a short row beside a quoted delimiter": (b'id,name\n1,"a,b"\n2\n', [(3, "name", "missing-cell")]),
    "a short row beside a bad quoted number": (
        b'id,name\n"1,2",a\n2\n',
        [(2, "id", "type-error"), (3, "name", "missing-cell")],
    ),
    "a blank row": (b"id,name\n1,a\n\n2,b\n", [(3, None, "blank-row")]),
    "blank rows at the top": (
        b"id,name\n\n\nx,b\n",
        [(2, None, "blank-row"), (3, None, "blank-row"), (4, "id", "type-error")],
    ),
    "an unclosed quote": (b'id,name\n1,"a\n2,b\n', [(2, None, "unclosed-quote")]),
    "an unclosed quote in the header": (b'id,"name\n1,a\n', [(None, None, "unclosed-quote")]),
    "a quote inside a cell": (b'id,name\n1,5" nail\nx,b\n', [(3, "id", "type-error")]),
    "text behind a quoted cell": (b'id,name\n1,"a"b\nx,"c"\n', [(2, "name", "stray-quote"), (3, "id", "type-error")]),
    "a NUL": (b"id,name\n1,a\0b\n2\0,c\n", [(2, "name", "nul-character"), (3, "id", "nul-character")]),
    "a NUL beside odd quoting": (b'id,name\n1,a\0"b\n', [(2, "name", "nul-character")]),
    "invalid UTF-8": (b"id,name\n1,caf\xe9\n\xff,b\n", [(2, "name", "encoding-error"), (3, "id", "encoding-error")]),
    "invalid UTF-8 beside odd quoting": (
        b'id,name\n\xff,a"\xfe\n',
        [(2, "id", "encoding-error"), (2, "name", "encoding-error")],
    ),
    "invalid UTF-8 beyond the last column": (
        b"id,name\n1,a,\xff\n",
        [(2, None, "encoding-error"), (2, None, "extra-cell")],
    ),
    "invalid UTF-8 in the header": (b"id,na\xe9me\n1,a\n", [(None, None, "encoding-error")]),
    "a replacement character that is text": ("id,name\n1,\ufffd\n", [(2, "name", "garbled-text")]),
    "CR-only lines": (b"id,name\r1,a\rx,b\r", [(3, "id", "type-error")]),
    "CRLF lines": (b"id,name\r\n1,a\r\nx,b\r\n", [(3, "id", "type-error")]),
    "mixed line ends": (b"id,name\r\n1,a\nx,b\ry,c", [(3, "id", "type-error"), (4, "id", "type-error")]),
    "a byte-order mark": (b"\xef\xbb\xbfid,name\nx,b\n", [(2, "id", "type-error")]),
    "no final line end": (b"id,name\n1,a\nx,b", [(3, "id", "type-error")]),
    "a delimiter at the very end": (b"id,name\n1,a\n2,b,", [(3, None, "extra-cell")]),
    "semicolons": (b"id;name\n1;a\n", [(None, None, "dialect-error")]),
    "binary": (bytes(range(256)) * 4, []),
    "10 MB in one cell": (
        b'id,name\nx,"' + b"a\n" * (5 << 20) + b'"\ny,b\n',
        [(2, "id", "type-error"), (3, "id", "type-error")],
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("block_size", [16, 16 << 20])
def test_bad_bytes_are_named_at_their_place(tmp_path: Path, name: str, block_size: int) -> None:
    content, expected = CASES[name]
    project = make_package(
        tmp_path, schemas={"data": SCHEMA, "neighbour": fields("n:integer")}, data=content, neighbour=GOOD_NEIGHBOUR
    )
    report = validate(project, Options(block_size=block_size))
    found = [(item.table, item.row, item.column, item.rule) for item in report.findings]
    assert found[-1] == NEIGHBOURS_FINDING
    assert all(len(item.message) < 500 for item in report.findings)
    if name != "binary":
        assert [place[1:] for place in found[:-1]] == expected


def test_lines_are_counted_where_records_span_several(tmp_path: Path) -> None:
    content = 'id,name\n1,"a\nb"\nx,"c\r\nd"\n\ny,e"f\nz,"g\n\nh"\nw,i'
    report = report_of(tmp_path, content, SCHEMA)
    assert [(item.row, item.line) for item in report.findings] == [(3, 4), (4, 6), (5, 7), (6, 8), (7, 11)]


@pytest.mark.parametrize("block_size", [1, 16 << 20])
def test_the_embedded_line_end_before_a_missing_final_one_is_counted(tmp_path: Path, block_size: int) -> None:
    report = report_of(tmp_path, b'id,name\n1,"a\nb"\nx,c', SCHEMA, options=Options(block_size=block_size))
    assert [(item.row, item.line) for item in report.findings] == [(3, 4)]


RESOURCES: dict[str, dict[str, Any]] = {
    "a missing file": {"path": "missing.csv"},
    "a folder": {"path": "folder"},
    "a file that is no gzip": {"path": "data.csv", "compression": "gz"},
    "an unknown compression": {"path": "data.csv", "compression": "rar"},
    "an unknown encoding": {"path": "data.csv", "encoding": "klingon"},
    "a codec that is no encoding": {"path": "data.csv", "encoding": "rot13"},
    "an encoding that the bytes are not in": {"path": "data.csv", "encoding": "utf-16"},
    "a remote path": {"path": "https://example.org/data.csv"},
    "inline data that is no table": {"data": [1, 2]},
    "an unknown format": {"path": "data.csv", "format": "xyz"},
    "a missing file among several": {"path": ["data.csv", "missing.csv"]},
    "a format of binary files": {"path": "data.csv", "format": "xlsx"},
    "JSON that is none": {"path": "data.csv", "format": "json"},
    "a truncated archive": {"path": "cut.csv.gz"},
}


@pytest.mark.parametrize("name", RESOURCES)
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"id,name\n" + b"1,a\n" * 9999)[:-9])
    (tmp_path / "data.csv").write_bytes(b"id,name\n1,a\xe9\n")
    resources = {"bad": RESOURCES[name]}
    project = make_package(
        tmp_path,
        schemas={"bad": SCHEMA, "neighbour": fields("n:integer")},
        resources=resources,
        neighbour=GOOD_NEIGHBOUR,
    )
    report = validate(project)
    found = [(item.table, item.row, item.column, item.rule) for item in report.findings]
    assert NEIGHBOURS_FINDING in found
    mine = [item for item in report.findings if item.table == "bad" and item.row is None]
    assert len(mine) == 1
    assert mine[0].rule in {"scheme-error", "source-error", "compression-error", "encoding-error", "format-error"}
    assert mine[0].hint or mine[0].rule == "source-error"


DESCRIPTORS: dict[str, Any] = {
    "no JSON": "{",
    "no object": [],
    "no resources": {"resources": []},
    "a resource without a name": {"resources": [{"path": "a.csv"}]},
    "two resources of a name": {"resources": [{"name": "a", "path": "a.csv"}] * 2},
    "inline data in no format": {"resources": [{"name": "a", "data": "1,2"}]},
    "neither path nor data": {"resources": [{"name": "a"}]},
    "a path that leaves the package": {"resources": [{"name": "a", "path": "../a.csv"}]},
    "an absolute path": {"resources": [{"name": "a", "path": "/etc/passwd"}]},
    "a hidden path": {"resources": [{"name": "a", "path": ".git/a.csv"}]},
    "a link that leads out": {"resources": [{"name": "a", "path": "link.csv"}]},
    "a path with NUL": {"resources": [{"name": "a", "path": "a\0.csv"}]},
    "a path that is a number": {"resources": [{"name": "a", "path": 5}]},
    "a schema that is missing": {"resources": [{"name": "a", "path": "a.csv", "schema": "s.json"}]},
    "a schema that is a number": {"resources": [{"name": "a", "path": "a.csv", "schema": 5}]},
    "a remote schema": {"resources": [{"name": "a", "path": "a.csv", "schema": "https://example.org/s.json"}]},
    "a remote dialect": {"resources": [{"name": "a", "path": "a.csv", "dialect": "https://example.org/d.json"}]},
    "a dialect that is a list": {"resources": [{"name": "a", "path": "a.csv", "dialect": []}]},
    "nested without end": "[" * 100_000,
    "not UTF-8": b"\xff",
}
SCHEMAS: dict[str, Any] = {
    "an unknown type": {"fields": [{"name": "x", "type": "text"}]},
    "a type that is a list": {"fields": [{"name": "x", "type": ["string"]}]},
    "a field whose name is a wildcard": fields("*"),
    "a field whose name is a pattern": fields("^x$"),
    "a field without a name": {"fields": [{"type": "string"}]},
    "fields that are an object": {"fields": {"x": "string"}},
    "a field twice": fields("x", "x"),
    "a key that names no field": fields("x", primaryKey="y"),
    "a key that is a number": fields("x", primaryKey=5),
    "unique keys that are a number": fields("x", uniqueKeys=5),
    "foreign keys that are a number": fields("x", foreignKeys=5),
    "a foreign key without a reference": fields("x", foreignKeys=[{"fields": "x"}]),
    "a foreign key to no table": fields(
        "x", foreignKeys=[{"fields": "x", "reference": {"resource": "b", "fields": "y"}}]
    ),
    "a foreign key to no field": fields(
        "x", foreignKeys=[{"fields": "x", "reference": {"resource": "", "fields": "y"}}]
    ),
    "a foreign key of other length": fields(
        "x", foreignKeys=[{"fields": "x", "reference": {"resource": "", "fields": ["x", "x"]}}]
    ),
    "a minimum above the maximum": {
        "fields": [{"name": "x", "type": "integer", "constraints": {"minimum": 2, "maximum": 1}}]
    },
    "a bound of another type": {"fields": [{"name": "x", "type": "date", "constraints": {"minimum": "soon"}}]},
    "constraints that are a list": {"fields": [{"name": "x", "constraints": []}]},
    "missing values that are a text": fields("x", missingValues="NA"),
    "missing values that are objects without value": fields("x", missingValues=[{"label": "?"}]),
    "missing values that are numbers": fields("x", missingValues=[-99]),
    "fieldsMatch that is unknown": fields("x", fieldsMatch="roughly"),
    "a pattern that is none": {"fields": [{"name": "x", "constraints": {"pattern": "("}}]},
    "true values that are a number": {"fields": [{"name": "x", "type": "boolean", "trueValues": 5}]},
    "categories that are a text": {"fields": [{"name": "x", "categories": "abc"}]},
    "derived fields that are a number": fields("x", derivedFields=5),
}
DIALECTS: dict[str, Any] = {
    "a delimiter of two characters": {"delimiter": "||"},
    "an empty delimiter": {"delimiter": ""},
    "a line end as delimiter": {"delimiter": "\n"},
    "a quote character of two": {"quoteChar": "''"},
    "an escape character of two": {"escapeChar": "\\\\"},
    "delimiter and quote character the same": {"delimiter": '"'},
    "header rows that are text": {"headerRows": ["first"]},
    "header rows that are a number": {"headerRows": 1},
    "header rows from zero": {"headerRows": [0]},
    "comment rows that are text": {"commentRows": "1"},
}
STOPS = {
    **DESCRIPTORS,
    **{name: {"resources": [{"name": "a", "path": "a.csv", "schema": schema}]} for name, schema in SCHEMAS.items()},
    **{name: {"resources": [{"name": "a", "path": "a.csv", "dialect": dialect}]} for name, dialect in DIALECTS.items()},
}


@pytest.mark.parametrize("name", STOPS)
def test_a_declaration_that_makes_no_sense_stops_with_a_sentence_and_a_next_step(tmp_path: Path, name: str) -> None:
    root = tmp_path / "package"
    root.mkdir()
    (root / "a.csv").write_text("x\n1\n", encoding="utf-8")
    (tmp_path / "outside.csv").write_text("x\n1\n", encoding="utf-8")
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    raw = STOPS[name]
    content = raw if isinstance(raw, str | bytes) else json.dumps(raw)
    (root / "datapackage.json").write_bytes(as_bytes(content) if isinstance(content, bytes) else content.encode())
    with pytest.raises(DeedbookError) as raised:
        validate(load_project(root))
    assert raised.value.exit_code in {2, 3}
    assert raised.value.message


ODD_NAMES = ["\0", "a.b", "len", "k0", "row", "record", "\0row", "x y", "é", "1", "true", "literal", '"', "a,b"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_field_may_have_any_name(tmp_path: Path, name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    schema = {"fields": [{"name": name, "type": "integer"}, {"name": "other", "type": "integer"}], "primaryKey": [name]}
    report = report_of(tmp_path, f"{cell},other\n1,2\n1,x\ny,3\n".encode(), schema)
    assert places(report) == [(3, name, "primary-key"), (3, "other", "type-error"), (4, name, "type-error")]


@pytest.mark.parametrize(
    ("end", "said"), [("3\n", "grew by 2 bytes"), ("3,c\n4,d", "grew by 7 bytes"), (None, "was written to")]
)
def test_a_file_that_is_written_to_while_it_is_read_is_one_finding(tmp_path: Path, end: str | None, said: str) -> None:
    rows = "".join(f"{number},a\n" for number in range(400))
    project = make_package(tmp_path, schemas={"data": SCHEMA}, data=f"id,name\n{rows}", neighbour=GOOD_NEIGHBOUR)
    file, told = tmp_path / "data.csv", list[float]()

    def write(_doing: str, share: float) -> None:
        """Called when the first block was checked, and later ones were not yet read."""
        if not told and end is not None:
            with file.open("a") as stream:
                stream.write(end)
        elif not told:
            os.utime(file, ns=(1, 1))
        told.append(share)

    report = validate(project, Options(block_size=256, workers=1), write)
    (finding,) = report.findings
    assert (finding.table, finding.rule, finding.row) == ("data", "source-error", None)
    assert said in finding.message
    assert {item.table: item.rows for item in report.tables} == {"data": 400, "neighbour": 2}
