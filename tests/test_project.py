"""What stands beside the tables is about one of them, or is named with the nearest one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import ProjectError
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.package import fields, make_package

CODES = "list,code,label_en,position\ncolour,b,Blue,2\ncolour,r,Red,1\ncolour,g,Green,10\n"


def project(root: Path, files: dict[str, str], field: dict[str, Any] | None = None, codes: str = "") -> Path:
    (root / "schemas").mkdir()
    (root / "deedbook.toml").write_text('package = "datapackage.json"\n')
    schema = {"fields": [{"name": "id", "type": "string"}, {"name": "kind", "type": "string", **(field or {})}]}
    resources = [{"name": "events", "path": "events.csv", "schema": schema}]
    (root / "events.csv").write_text("id,kind\n1,r\n2,b\n")
    if codes:
        (root / "code_values.csv").write_text(codes)
        columns = fields("list", "code", "label_en", "position:integer")
        resources.append({"name": "code_values", "path": "code_values.csv", "schema": columns})
    (root / "datapackage.json").write_text(json.dumps({"name": "d", "resources": resources}))
    for name, text in files.items():
        (root / f"schemas/{name}").write_text(text)
    return root


@pytest.mark.parametrize("name", ["event.py", "event.schema.json", "evnts.py", "anything.py", "other.schema.json"])
def test_a_file_of_the_schemas_that_belongs_to_no_table_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError) as caught:
        validate(load_project(project(tmp_path, {name: ""})), Options(trust_rules=True))
    assert name in caught.value.message
    assert "events" in caught.value.hint


def test_views_helpers_and_other_files_may_stand_there(tmp_path: Path) -> None:
    derive = "def schemas(tables, created):\n    return {}\ndef derive(tables, created):\n    return {'flat': None}\n"
    files = {"dataset.py": derive, "flat.schema.json": "{}", "_common.py": "", "conftest.py": "", "README.md": ""}
    assert validate(load_project(project(tmp_path, files)), Options(trust_rules=True)).valid


def test_a_code_list_that_does_not_exist_is_named(tmp_path: Path) -> None:
    for number, (codes, hint) in enumerate(((CODES, "did you mean `colour`?"), ("", "add a table `code_values`"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(ProjectError, match=r"`events`\.kind: there is no code list `color`") as caught:
            validate(load_project(project(folder, {}, {"codeList": "color"}, codes)))
        assert hint in caught.value.hint


def test_a_package_without_a_project_says_that_a_code_list_was_not_checked(tmp_path: Path) -> None:
    schema = fields("kind")
    schema["fields"][0]["codeList"] = "colour"
    report = validate(make_package(tmp_path, schemas={"t": schema}, t="kind\nr\n"))
    assert [(item.name, item.column) for item in report.not_checked] == [("codeList", "kind")]


def test_codes_become_categories_in_the_order_of_their_position(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path, {}, {"codeList": "colour"}, CODES))
    schema = loaded.package.resource("events").schema
    assert schema is not None
    assert [(item.value, item.label) for item in schema.fields[1].categories] == [
        ("r", "Red"),
        ("b", "Blue"),
        ("g", "Green"),
    ]


def test_a_table_without_a_schema_is_not_checked(tmp_path: Path) -> None:
    report = validate(make_package(tmp_path, notes="a\n1\n"))
    assert [(item.table, item.name) for item in report.not_checked] == [("notes", "schema")]
