"""Every property that a release publishes has its kinds of change, or is listed as meaning nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deedbook.changes.declarations import KINDS, UNPUBLISHED, code_changes, kinds_of, package_changes, table_changes
from deedbook.descriptor import Package, Resource, load_package
from deedbook.properties import PROPERTIES
from deedbook.schema import read_schema
from deedbook.versioning.bump import BUMP_RULES

LEVELS = ("package", "resource", "schema", "field", "constraints")
VALUES: dict[str, tuple[Any, Any]] = {
    "licenses": ([{"name": "CC0-1.0"}], [{"name": "CC-BY-4.0"}]),
    "type": ("string", "date"),
    "format": ("default", "email"),
    "packed": (None, "set"),
    "derived": (False, True),
    "constraints": ({"maxLength": 9}, {"maxLength": 8}),
    "categories": (["a", "b"], ["a"]),
    "categoriesOrdered": (False, True),
    "codeList": ("kinds", "types"),
    "missingValues": (["", "-"], ["", "?"]),
    "fieldsMatch": ("exact", "equal"),
    "primaryKey": (["a"], ["b"]),
    "uniqueKeys": ([["a"]], [["b"]]),
    "foreignKeys": ([], [{"fields": ["a"], "reference": {"resource": "", "fields": ["b"]}}]),
    "trueValues": (["yes"], ["ja"]),
    "falseValues": (["no"], ["nein"]),
    "bareNumber": (True, False),
    "required": (False, True),
    "unique": (False, True),
    "enum": (["a", "b"], ["a"]),
    "pattern": ("a+", "b+"),
    "jsonSchema": ({"type": "object"}, {"type": "array"}),
    **dict.fromkeys(("minLength", "maxLength"), (3, 4)),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (10, 9)),
}
TYPES = {"jsonSchema": "object"} | dict.fromkeys(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "integer"
)
CASES = [
    (level, name)
    for level in LEVELS
    for name in dict.fromkeys((*PROPERTIES[level], *KINDS[level], *UNPUBLISHED.get(level, ())))  # type: ignore[index]
    # these are tables and columns: how they come and go is tested with the floor of each
    if (level, name)
    not in {("package", "resources"), ("schema", "fields"), ("schema", "derivedFields"), ("field", "name")}
]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """One table of two columns."""
    (tmp_path / "t.csv").write_text("a,b\n")
    schema = {"fields": [{"name": "a"}, {"name": "b"}]}
    raw = {"name": "small", "resources": [{"name": "t", "path": "t.csv", "schema": schema}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(raw))
    return load_package(tmp_path / "datapackage.json")


def with_property(resource: Resource, level: str, name: str, value: Any) -> Resource:
    """The table with one property of its own, its schema, or its first field."""
    if level == "resource":
        said = {name: value} if name in {"title", "description"} else {}
        return replace(resource, raw={**resource.raw, name: value}, **said)
    field: dict[str, Any] = {"name": "a", "type": TYPES.get(name, "string")}
    schema: dict[str, Any] = {"fields": [field, {"name": "b"}]}
    if level == "schema":
        schema[name] = value
    elif level == "field":
        field |= {name: value} if value is not None else {}
    else:
        field["constraints"] = {name: value}
    return replace(resource, schema=read_schema(schema, "here"))


@pytest.mark.parametrize(("level", "name"), CASES)
def test_a_change_of_each_property_is_floored_or_means_nothing(level: str, name: str, package: Package) -> None:
    old, new = VALUES.get(name, ("one", "two"))
    if level == "package":
        sides = [
            replace(package, raw={**package.raw, name: value}, **({"title": value} if name == "title" else {}))
            for value in (old, new)
        ]
        found = {item.kind for item in package_changes(*sides)}
    else:
        before, after = ({"t": with_property(package.resources[0], level, name, value)} for value in (old, new))
        changes = (*table_changes(before, after), *code_changes(before, after, listed=True))
        found = {item.kind for item in changes}
    allowed = set(kinds_of(level, name))
    assert found <= allowed
    assert bool(found) == bool(allowed)


def test_each_kind_of_change_has_one_floor() -> None:
    kinds = [rule.kind for rule in BUMP_RULES if rule.kind]
    named = {kind for level in LEVELS for name in KINDS[level] for kind in kinds_of(level, name)}
    assert len(set(kinds)) == len(kinds)
    assert named | {"metadata-changed"} == set(kinds)
