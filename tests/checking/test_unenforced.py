"""What is declared and cannot be enforced is in `not_checked`; what makes no sense is refused: nothing is accepted silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deedbook.checking import constraints
from deedbook.errors import ProjectError
from deedbook.validation import Options, validate
from tests.package import fields, make_package, one, places, report_of


def field(kind: str, **more: Any) -> dict[str, Any]:
    return {"fields": [{"name": "a", "type": kind, **more}]}


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (field("string", constraints={"rowConstraint": "a > 1"}), "rowConstraint"),
        (field("string", constraints={"minimum": 3}), "minimum"),
        (field("boolean", constraints={"maximum": True}), "maximum"),
        (field("integer", constraints={"maxLength": 3}), "maxLength"),
        (field("string", constraints={"jsonSchema": {}}), "jsonSchema"),
        (field("string", constraints={"pattern": r"\i\c*"}), "pattern"),
        (field("object", constraints={"jsonSchema": {"items": {"$ref": "https://example.org/a.json"}}}), "jsonSchema"),
        (field("string", format="iban"), "format"),
        (field("number", format="currency"), "format"),
        (field("geojson", format="wkb"), "format"),
        (
            {
                **field("integer"),
                "foreignKeys": [
                    {"fields": "a", "reference": {"package": "https://x.org", "resource": "b", "fields": "c"}}
                ],
            },
            "foreign-key",
        ),
    ],
)
def test_what_cannot_be_enforced_is_listed(tmp_path: Path, schema: dict[str, Any], name: str) -> None:
    report = report_of(tmp_path, "a\n{}\n", schema)
    assert [(item.name, item.column) for item in report.not_checked] == [(name, "a")]
    assert name not in {item.name for item in report.checked}
    assert not report.passes(strict=True)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (field("integer", missingValues=[-99]), "`a`.missingValues are texts, so write '-99' in quotes"),
        (field("integer", constraints={"required": "perhaps"}), "required is true or false, not 'perhaps'"),
        (
            field("string", categories=["x"], constraints={"enum": ["x", "y"]}),
            "the enum value 'y' is not among the categories",
        ),
        (field("list", itemType="object"), "itemType is one of"),
        (field("object", constraints={"jsonSchema": {"type": "nonsense"}}), "jsonSchema is no JSON Schema"),
        (field("object", constraints={"jsonSchema": "x"}), "jsonSchema 'x' is not"),
        (field("date", constraints={"minimum": "1/2/2024"}), "minimum '1/2/2024' is not a date"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        report_of(tmp_path, "a\n\n", schema)


def test_flags_may_be_texts_as_in_version_1(tmp_path: Path) -> None:
    report = report_of(tmp_path, 'a\n""\n', field("string", constraints={"required": "false", "unique": "true"}))
    assert report.valid
    assert {item.name for item in report.checked} == {"type", "unique"}


def test_a_pattern_that_takes_too_long_is_given_up_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constraints, "TIME_LIMIT", 1e-9)
    schema = field("string", constraints={"pattern": r"(?=x)(x+)+\1y"})
    report = report_of(tmp_path, f"a\n{'x' * 5000}\nz\n", schema)
    assert [(item.name, item.column) for item in report.not_checked] == [("pattern", "a")]
    assert {item.name for item in report.checked} == {"type"}


@pytest.mark.parametrize("name", ["missingValues", "primaryKey", "fields"])
def test_what_belongs_into_the_schema_has_no_effect_elsewhere_and_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match=f"`{name}` has no effect here"):
        report_of(tmp_path, "a\n", field("string"), **{name: ["a"]})


@pytest.mark.parametrize(
    ("name", "value", "rules", "unchecked"),
    [
        ("hash", "md5:9e107d9d372bb6826bd81d3542a419d6", ["hash-count"], []),
        ("hash", "B026324C6904B2A9CB4B88D6D61C81D1", [], []),
        ("hash", "crc99:1", [], ["hash"]),
        ("hash", "shake_128:1", [], ["hash"]),
        ("bytes", 2, [], []),
        ("bytes", 3, ["byte-count"], []),
        ("bytes", "2", [], ["bytes"]),
    ],
)
def test_a_file_is_what_its_descriptor_says(
    tmp_path: Path, name: str, value: Any, rules: list[str], unchecked: list[str]
) -> None:
    report = report_of(tmp_path, b"1\n", **{name: value})
    assert [item.rule for item in report.findings] == rules
    assert [item.name for item in report.not_checked if item.name != "schema"] == unchecked
    assert [item.name for item in report.checked] == [] if unchecked else [name]


def test_a_profile_of_somebody_else_is_listed(tmp_path: Path) -> None:
    own, other = "https://datapackage.org/profiles/2.0/datapackage.json", "https://example.org/profile.json"
    for profile, listed in ((own, []), ("tabular-data-package", []), (other, [("", "profile")])):
        project = make_package(tmp_path, schemas={"a": fields("x")}, a="x\n1\n")
        raw = {**project.package.raw, "$schema": profile}
        object.__setattr__(project.package, "raw", raw)
        assert [(item.table, item.name) for item in validate(project, Options()).not_checked] == listed


PARENTS = {"reference": {"resource": "parents", "fields": "id"}, "fields": "parent"}


def test_a_parent_without_a_schema_is_read_as_what_refers_to_it(tmp_path: Path) -> None:
    schemas = {"children": fields("parent:integer", foreignKeys=[PARENTS])}
    project = make_package(tmp_path, schemas=schemas, children="parent\n1\n02\n3\n", parents="id,x\n1.0,a\n2,\nx,\n")
    report = validate(project, Options())
    assert places(report) == [(4, "parent", "foreign-key")]


@pytest.mark.parametrize("header", ["key", "key,more"])
def test_a_key_into_a_column_that_is_not_there_is_one_finding_and_listed(tmp_path: Path, header: str) -> None:
    schemas = {"children": fields("parent:integer", foreignKeys=[PARENTS]), "parents": fields("id:integer")}
    project = make_package(tmp_path, schemas=schemas, children="parent\n1\n2\n", parents=f"{header}\n1\n")
    report = validate(project, Options())
    assert {item.table for item in report.findings} == {"parents"}
    assert ("children", "foreign-key") in {(item.table, item.name) for item in report.not_checked}
    assert "foreign-key" not in {item.name for item in report.checked}


def test_a_table_that_ends_rows_otherwise_is_not_misread(tmp_path: Path) -> None:
    finding = one(report_of(tmp_path, b"a;1;2", field("integer"), dialect={"lineTerminator": ";"}))
    assert finding.rule == "format-error"
    assert finding.message == "rows that end in ';' cannot be read"
