"""Data that is no CSV is judged as the table that it holds, with the types that its values have."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deedbook.errors import ProjectError
from deedbook.findings import Report
from deedbook.project import Reading, load_project
from deedbook.validation import Options, validate
from tests.package import fields, make_package, one, places

SCHEMA = fields("id:integer", "name:string")


def report_on(root: Path, name: str, content: bytes | None = None, schema: Any = SCHEMA, **resource: Any) -> Report:
    root.mkdir(exist_ok=True)
    if content is not None:
        (root / name).write_bytes(content)
    source = {} if "data" in resource else {"path": name}
    return validate(make_package(root, resources={"data": {**source, "schema": schema, **resource}}), Options())


def sheet(path: Path, *rows: list[Any], title: str = "Sheet") -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Notes" if title != "Sheet" else title
    page = first if title == "Sheet" else book.create_sheet(title)
    for row in rows:
        page.append(row)
    book.save(path)


def test_a_finding_on_json_shows_the_plain_value_and_no_line(tmp_path: Path) -> None:
    finding = one(report_on(tmp_path, "t.json", b'[{"id": 1, "name": "a"}, {"id": 2, "name": 7}]'))
    assert (finding.rule, finding.row, finding.line, finding.column, finding.value) == (
        "type-error",
        3,
        None,
        "name",
        "7",
    )
    assert finding.message == "`7` is a value of another type, where text belongs"
    assert finding.hint == "write it as text: in quotes in JSON, in a cell formatted as text in a sheet"


def test_json_lines_are_named_by_their_line_and_those_before_are_judged(tmp_path: Path) -> None:
    content = b'{"id": "x", "name": "a"}\n{"id": 2\n'
    report = report_on(tmp_path, "t.jsonl", content)
    assert [item.rule for item in report.findings] == ["source-error"]  # labels need all rows
    assert "t.jsonl, line 2 is no JSON" in report.findings[0].message
    report = report_on(tmp_path, "t.jsonl", b'["id", "name"]\n["x", "a"]\n[2\n')
    assert places(report) == [(None, None, "source-error"), (2, "id", "type-error")]


def test_packed_json_is_unpacked(tmp_path: Path) -> None:
    content = gzip.compress(b'[{"id": 1, "name": "a"}, {"id": true, "name": "b"}]')
    assert places(report_on(tmp_path, "t.json.gz", content)) == [(3, "id", "type-error")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": 1}', "the data is an object, not a list of rows"),
        (b"[1, 2]", "item 1 of the data is a number, unlike the first"),
        (b'[[1], {"id": 1}]', "item 2 of the data is an object, unlike the first"),
        (b"[", "t.json is no JSON"),
        (b"[" * 100_000, "t.json is no JSON"),
    ],
)
def test_json_that_holds_no_rows_is_a_source_error(tmp_path: Path, content: bytes, message: str) -> None:
    finding = [item for item in report_on(tmp_path, "t.json", content).findings if item.rule == "source-error"]
    assert [message in item.message for item in finding] == [True]


def test_decimals_of_json_are_exact(tmp_path: Path) -> None:
    schema = {"fields": [{"name": "n", "type": "number", "constraints": {"maximum": "0.1"}}]}
    content = b'[["n"], [0.1], [0.100000000000000000001]]'
    assert places(report_on(tmp_path, "t.json", content, schema)) == [(3, "n", "maximum")]


def test_keys_of_typed_values_are_compared_and_shown(tmp_path: Path) -> None:
    schema = {**SCHEMA, "primaryKey": "id"}
    finding = one(report_on(tmp_path, "-", schema=schema, data=[["id", "name"], [1, "a"], ["1", "b"]]))
    assert (finding.rule, finding.row, finding.key) == ("primary-key", 3, "1")


def test_an_empty_list_is_an_empty_table(tmp_path: Path) -> None:
    report = report_on(tmp_path, "-", data=[])
    assert report.valid
    assert report.tables[0].rows == 0


def test_a_sheet_is_read_with_its_types_and_blank_rows(tmp_path: Path) -> None:
    sheet(tmp_path / "t.xlsx", ["id", "name"], [1, "a"], [None, None], [2.5, "b"], [3, 4])
    assert places(report_on(tmp_path, "t.xlsx")) == [
        (3, None, "blank-row"),
        (4, "id", "type-error"),
        (5, "name", "type-error"),
    ]


def test_a_sheet_is_chosen_by_name_or_number(tmp_path: Path) -> None:
    sheet(tmp_path / "t.xlsx", ["id", "name"], ["x", "a"], title="Data")
    for dialect in ({"sheetName": "Data"}, {"sheetNumber": 2}, {"excel": {"sheet": "Data"}}):
        assert places(report_on(tmp_path, "t.xlsx", dialect=dialect)) == [(2, "id", "type-error")]
    finding = one(report_on(tmp_path, "t.xlsx", dialect={"sheetName": "Other"}))
    assert finding.rule == "source-error"
    assert "there is no sheet 'Other'" in finding.message


def test_a_sheet_without_its_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet(tmp_path / "t.xlsx", ["id", "name"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    finding = one(report_on(tmp_path, "t.xlsx"))
    assert (finding.rule, finding.hint) == ("format-error", "pip install 'deedbook[sheets]'")


def test_what_is_no_spreadsheet_and_what_is_not_there_are_findings(tmp_path: Path) -> None:
    assert one(report_on(tmp_path, "t.xlsx", b"id,name\n")).rule == "source-error"
    assert one(report_on(tmp_path, "other.xlsx")).rule == "scheme-error"


def test_inline_text_needs_a_format(tmp_path: Path) -> None:
    assert places(report_on(tmp_path, "-", data="id;name\nx;a\n", format="csv", dialect={"delimiter": ";"})) == [
        (2, "id", "type-error")
    ]
    with pytest.raises(ProjectError, match="text in no declared format"):
        report_on(tmp_path, "-", data="id,name\n")


def test_a_file_that_is_no_table_is_only_looked_at_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    resources: dict[str, dict[str, Any]] = {
        "notes": {"path": "notes.pdf", "bytes": 4},
        "wrong": {"path": "notes.pdf", "bytes": 5},
        "gone": {"path": "a.png"},
        "more": {"data": {"any": "thing"}},
    }
    report = validate(make_package(tmp_path, resources=resources), Options())
    assert [(item.table, item.rule) for item in report.findings] == [("gone", "scheme-error"), ("wrong", "byte-count")]
    assert [(item.table, item.name) for item in report.checked] == [("notes", "bytes"), ("wrong", "bytes")]


def test_rows_before_a_broken_one_are_the_same_for_every_block_size(tmp_path: Path) -> None:
    rows = [["id", "name"], *([number, "a"] for number in range(500)), ["x", "b"], {"id": 1}]
    project = make_package(tmp_path, resources={"data": {"data": rows, "schema": SCHEMA}})
    reports = [
        validate(project, Options(block_size=size, workers=workers)) for size in (1, 100, 1 << 20) for workers in (1, 2)
    ]
    assert len({json.dumps([item.message for item in report.findings]) for report in reports}) == 1
    assert [item.rule for item in reports[0].findings] == ["source-error", "type-error"]


def test_a_data_file_with_a_schema_is_opened_by_its_endings(tmp_path: Path) -> None:
    schema = tmp_path / "t.schema.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,name\nx,a\n"))
    (tmp_path / "b.tsv").write_bytes(b"id\tname\nx\ta\n")
    (tmp_path / "c.json").write_bytes(b'[["id", "name"], ["x", "a"]]')
    sheet(tmp_path / "d.xlsx", ["id", "name"], ["x", "a"])
    (tmp_path / "noending").write_bytes(b"id,name\nx,a\n")
    for name in ("a.csv.gz", "b.tsv", "c.json", "d.xlsx", "noending"):
        report = validate(load_project(tmp_path / name, Reading(schema)), Options())
        assert (places(report), report.tables[0].path) == ([(2, "id", "type-error")], name)


def test_a_folder_may_hold_its_descriptor_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id\nx\n")
    (tmp_path / "datapackage.yaml").write_text(
        "resources:\n- name: a\n  path: a.csv\n  schema:\n    fields:\n    - {name: id, type: integer}\n",
        encoding="utf-8",
    )
    assert places(validate(load_project(tmp_path), Options())) == [(2, "id", "type-error")]
