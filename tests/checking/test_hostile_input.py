"""Input that once ended in a traceback, a hang or a wrong verdict, and what it ends in now."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.errors import ProjectError
from deedbook.findings import Report
from deedbook.project import Reading, load_project
from deedbook.reading.tables import read_text
from deedbook.validation import Options, validate
from tests.package import fields, make_package


def _check(folder: Path, field: dict[str, Any], *cells: str) -> Report:
    (folder / "t.schema.json").write_text(json.dumps({"fields": [{"name": "a", **field}]}))
    rows = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    (folder / "t.csv").write_text("\n".join(["a", *rows, ""]))
    return validate(load_project(folder / "t.csv", Reading(folder / "t.schema.json")))


def _rules(report: Report) -> list[tuple[str, int | None, str | None]]:
    return [(item.rule, item.row, item.constraint) for item in report.findings]


def test_files_whose_columns_stand_in_another_order_are_read_by_their_own_headers(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("id,b\nqqq,1\n")
    (tmp_path / "two.csv").write_text("b,id\n2,abd\n")
    schema = {**fields("id", "b"), "fieldsMatch": "equal"}
    resource = {"name": "t", "path": ["one.csv", "two.csv"], "schema": schema}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "x", "resources": [resource]}))
    project = load_project(tmp_path)
    assert validate(project).valid
    assert [row for frame in read_text(project.package.resources[0]) for row in frame.rows()] == [
        ("qqq", "1"),
        ("abd", "2"),
    ]


@pytest.mark.parametrize("size", [1 << 16, 10 << 20])
def test_a_stream_that_fails_late_keeps_the_repeated_keys_before(tmp_path: Path, size: int) -> None:
    rows = b"id,v\n" + b"".join(b"k%d,%d\n" % (number % 150_000, number) for number in range(200_000))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(rows)[:-100])
    (tmp_path / "s.json").write_text(json.dumps({**fields("id", "v:integer"), "primaryKey": "id"}))
    project = load_project(tmp_path / "t.csv.gz", Reading(tmp_path / "s.json"))
    report = validate(project, Options(block_size=size, max_findings=2))
    assert [(item.rule, item.row) for item in report.findings] == [
        ("compression-error", None),
        ("primary-key", 150_002),
        ("primary-key", 150_003),
    ]


def _deep(levels: int) -> dict[str, Any]:
    """A JSON Schema whose references make ten to the power of its levels."""
    parts = {f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 10} for at in range(levels)}
    return {"$defs": {**parts, f"d{levels}": {"type": "object"}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    ("type_", "schema", "cell"),
    [
        ("object", _deep(12), "{}"),
        ("array", {"uniqueItems": True}, json.dumps([{"a": number} for number in range(5_000)])),
    ],
)
def test_a_json_schema_that_takes_too_many_steps_is_given_up(
    tmp_path: Path, type_: str, schema: dict[str, Any], cell: str
) -> None:
    report = _check(tmp_path, {"type": type_, "constraints": {"jsonSchema": schema}}, cell)
    assert report.findings == ()
    assert [(item.name, item.reason) for item in report.not_checked] == [
        ("jsonSchema", "a value takes more than 100,000 steps")
    ]


def test_what_one_file_gives_up_is_listed_for_that_file_only(tmp_path: Path) -> None:
    field = {"name": "v", "type": "array", "constraints": {"jsonSchema": {"uniqueItems": True}}}
    many = json.dumps([{"a": number} for number in range(5_000)]).replace('"', '""')
    (tmp_path / "a.csv").write_text('v\n"[1, 1]"\n')
    (tmp_path / "b.csv").write_text(f'v\n"{many}"\n')
    resources = {"t": {"path": ["a.csv", "b.csv"]}}
    report = validate(make_package(tmp_path, schemas={"t": {"fields": [field]}}, resources=resources))
    assert [(item.name, item.reason) for item in report.not_checked] == [
        ("jsonSchema", "a value takes more than 100,000 steps in b.csv")
    ]
    assert "jsonSchema" in {item.name for item in report.checked}
    assert [(item.path, item.constraint) for item in report.findings] == [("a.csv", "jsonSchema")]


def test_a_json_schema_may_ask_much_of_each_value(tmp_path: Path) -> None:
    report = _check(tmp_path, {"type": "object", "constraints": {"jsonSchema": _deep(3)}}, "{}", "[]")
    assert _rules(report) == [("type-error", 3, None)]


@pytest.mark.parametrize("path", ["a/" * 2499 + "t.csv", "t" * 300 + ".csv", "circle.csv"])
def test_a_path_that_names_no_file_is_refused_in_one_sentence(tmp_path: Path, path: str) -> None:
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    with pytest.raises(ProjectError, match="names no file") as raised:
        make_package(tmp_path, resources={"t": {"path": path}})
    assert len(str(raised.value)) < 400


def test_half_a_character_in_a_descriptor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text('{"name": "p", "resources": [{"name": "t\\ud800", "path": "t.csv"}]}')
    with pytest.raises(ProjectError, match="half a character"):
        load_project(tmp_path)
    (tmp_path / "datapackage.json").write_text(
        '{"name": "p", "title": "\\ud83d\\ude00", "resources": [{"name": "t", "path": "t.csv"}]}'
    )
    load_project(tmp_path)


@pytest.mark.parametrize("geometry", [1, [], "x", True])
def test_a_feature_without_a_geometry_object_is_of_the_wrong_type(tmp_path: Path, geometry: object) -> None:
    cell = json.dumps({"type": "Feature", "properties": {}, "geometry": geometry})
    assert _rules(_check(tmp_path, {"type": "geojson"}, cell)) == [("type-error", 2, None)]


def test_a_number_that_json_schema_cannot_divide_breaks_the_constraint(tmp_path: Path) -> None:
    schema = {"properties": {"p": {"multipleOf": 0.01}}}
    field = {"type": "object", "constraints": {"jsonSchema": schema}}
    assert _rules(_check(tmp_path, field, '{"p":1e400}', '{"p":0.5}')) == [("constraint-error", 2, "jsonSchema")]


def test_a_pattern_in_a_json_schema_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    field = {"type": "object", "constraints": {"jsonSchema": {"properties": {"p": {"pattern": "^(a|aa)+(?<!a)$"}}}}}
    report = _check(tmp_path, field, json.dumps({"p": "a" * 60 + "!"}))
    assert report.findings == ()
    assert [(item.name, item.reason) for item in report.not_checked] == [
        ("jsonSchema", "a pattern in it took longer than 1 s")
    ]
    assert _rules(_check(tmp_path, field, '{"p":"b"}')) == [("constraint-error", 2, "jsonSchema")]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"uniqueKeys": [["a", "a"]]}, "uniqueKeys names `a` twice"),
        ({"primaryKey": ["a", "a"]}, "primaryKey names `a` twice"),
        ({"foreignKeys": [{"fields": ["a", "a"], "reference": {"fields": ["a", "b"]}}]}, "foreignKeys names `a` twice"),
        ({"foreignKeys": [{"fields": [], "reference": {"fields": []}}]}, "a foreign key names no field"),
        ({"fieldsMatch": {"a": 1}}, "fieldsMatch {'a': 1} is not one of"),
        ({"fieldsMatch": [["subset"]]}, "fieldsMatch [['subset']] is not one of"),
    ],
)
def test_a_schema_that_makes_no_sense_is_refused(tmp_path: Path, schema: dict[str, Any], reason: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps({**fields("a", "b"), **schema}))
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2\n")
    with pytest.raises(ProjectError) as caught:
        validate(load_project(tmp_path / "t.csv", Reading(tmp_path / "s.json")))
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "field",
    [
        {"type": "integer", "constraints": {"minimum": "NaN"}},
        {"type": "object", "constraints": {"jsonSchema": {"$schema": 5}}},
    ],
)
def test_a_constraint_that_is_no_value_is_refused(tmp_path: Path, field: dict[str, Any]) -> None:
    with pytest.raises(ProjectError, match="field `a`"):
        _check(tmp_path, field, "1")


def test_whole_numbers_of_json_are_integers_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"a": 1e18}, {"a": 1.0}, {"a": 1e25}, {"a": 1.5}, {"a": 1e400}, {"a": -2E3}]')
    project = make_package(
        tmp_path, resources={"t": {"path": "t.json", "type": "table", "schema": fields("a:integer")}}
    )
    assert [item.row for item in validate(project).findings] == [5, 6]
    texts = pl.concat(read_text(project.package.resources[0]))["a"].to_list()
    assert texts[:3] == ["1000000000000000000", "1", "1" + "0" * 25]


@pytest.mark.parametrize("order", [("b", "c"), ("c", "b")])
def test_each_reference_to_a_parent_without_a_schema_is_compared_in_its_own_type(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    key = {"fields": "p", "reference": {"resource": "parents", "fields": "id"}}
    schemas = {"b": fields("p:integer", foreignKeys=[key]), "c": fields("p", foreignKeys=[key])}
    tables: dict[str, Any] = {name: {"b": "p\n1\n02\n3\n", "c": "p\n01\n2\n1\n"}[name] for name in order}
    report = validate(make_package(tmp_path, schemas=schemas, **tables, parents="id\n01\n2\n"))
    assert sorted((item.table, item.row) for item in report.findings) == [("b", 4), ("c", 4)]


def test_of_two_foreign_keys_of_a_column_only_that_into_an_unread_table_is_not_checked(tmp_path: Path) -> None:
    keys = [{"fields": "p", "reference": {"resource": name, "fields": "id"}} for name in ("good", "bad")]
    schemas = {"children": fields("p", foreignKeys=keys), "good": fields("id"), "bad": fields("id")}
    report = validate(make_package(tmp_path, schemas=schemas, children="p\n1\n2\n", good="id\n1\n", bad=""))
    assert [(item.table, item.row) for item in report.findings if item.rule == "foreign-key"] == [("children", 3)]
    assert [item.name for item in report.checked if item.column == "p"].count("foreign-key") == 1
    assert [item.name for item in report.not_checked if item.column == "p"] == ["foreign-key"]


def test_the_rows_before_a_stream_failed_are_counted(tmp_path: Path) -> None:
    rows = b"id\n" + b"".join(b"k%d\n" % number for number in range(200_000))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(rows)[:-100])
    report = validate(make_package(tmp_path, resources={"t": {"path": "t.csv.gz", "schema": fields("id")}}))
    assert [item.rule for item in report.findings] == ["compression-error"]
    assert 100_000 < report.tables[0].rows < 200_000


def test_ascii_has_no_other_letters(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\né\n", encoding="utf-8")
    resource = {"name": "t", "path": "t.csv", "encoding": "ascii", "schema": fields("a")}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "x", "resources": [resource]}))
    assert [item.rule for item in validate(load_project(tmp_path)).findings] == ["encoding-error"]


def test_the_hint_of_a_column_with_two_foreign_keys_is_of_the_one_that_fails(tmp_path: Path) -> None:
    keys = [{"fields": "x", "reference": {"resource": name, "fields": "id"}} for name in ("p", "q")]
    schemas = {
        "p": fields("id"),
        "q": fields("id"),
        "c": fields("x", foreignKeys=keys),
        "n": fields("x:integer", foreignKeys=keys[:1]),
    }
    project = make_package(
        tmp_path, schemas=schemas, p="id\nabcdeg\n1\n", q="id\nabcdef\n", c="x\nabcdef\n", n="x\n1\n"
    )
    assert [(item.table, item.hint) for item in validate(project).findings] == [
        ("c", "did you mean `abcdeg`?"),
        ("n", "it is there as a value of another type: give both fields the same"),
    ]
