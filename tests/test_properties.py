"""Each property does what the reference page says of it, and one that has no effect, by its name or its place, is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import DeedbookError
from deedbook.project import load_project
from deedbook.properties import PROPERTIES, misplaced
from deedbook.validation import validate

EVERY = [(level, name) for level, known in PROPERTIES.items() for name in known]
ENFORCED, REFUSED = (
    [place for place in EVERY if PROPERTIES[place[0]][place[1]].effect == effect] for effect in ("enforced", "refused")
)
Raw = dict[str, Any]

SHEET = b"a,b\n1,x\n2,y\n"

# Without and with the property: a field `a` of a type and the cells of its column.
FIELDS: dict[str, tuple[Raw, Any, list[str]]] = {
    "type": ({}, "integer", ["x"]),
    "format": ({"type": "date"}, "%d.%m.%Y", ["2024-02-03"]),
    "missingValues": ({"type": "integer"}, ["-"], ["-"]),
    "constraints": ({}, {"maxLength": 1}, ["xy"]),
    "categories": ({}, ["x"], ["y"]),
    "decimalChar": ({"type": "number"}, ",", ['"1,5"']),
    "groupChar": ({"type": "number"}, ",", ['"1,500"']),
    "bareNumber": ({"type": "number"}, False, ["5 %"]),
    "trueValues": ({"type": "boolean"}, ["yes"], ["yes"]),
    "falseValues": ({"type": "boolean"}, ["no"], ["no"]),
    "delimiter": ({"type": "list", "itemType": "integer"}, ";", ["1;2"]),
    "itemType": ({"type": "list"}, "integer", ['"x,y"']),
    "arrayItem": ({"type": "array"}, {"type": "integer"}, ['"[1, ""x""]"']),
    "codeList": ({}, "colours", ["x"]),
    "name": ({}, "c", ["x"]),
}
CONSTRAINTS: dict[str, tuple[Raw, Any, list[str]]] = {
    "required": ({}, True, ["", "x"]),
    "unique": ({}, True, ["x", "x"]),
    "minLength": ({}, 3, ["xy"]),
    "maxLength": ({}, 1, ["xy"]),
    "minimum": ({"type": "integer"}, 3, ["2"]),
    "maximum": ({"type": "integer"}, 1, ["2"]),
    "exclusiveMinimum": ({"type": "integer"}, 2, ["2"]),
    "exclusiveMaximum": ({"type": "integer"}, 2, ["2"]),
    "pattern": ({}, "[a-c]", ["x"]),
    "enum": ({}, ["a"], ["x"]),
    "jsonSchema": ({"type": "object"}, {"required": ["a"]}, ["{}"]),
}
REPEATED = b"a,b\n1,x\n1,x\n"
SCHEMA: dict[str, tuple[Any, bytes]] = {
    "fields": ([{"name": "a", "type": "date"}, {"name": "b"}], SHEET),
    "fieldsMatch": ("subset", b"a,b,c\n1,x,2\n"),
    "missingValues": (["x"], b"a,b\n1,x\n"),
    "primaryKey": (["a"], REPEATED),
    "uniqueKeys": ([["b"]], REPEATED),
    "foreignKeys": ([{"fields": ["a"], "reference": {"resource": "", "fields": ["b"]}}], SHEET),
}
DIALECT: dict[str, tuple[Any, bytes]] = {
    "header": (False, SHEET),
    "headerRows": ([2], b"above\na,b\n1,x\n"),
    "headerCase": (False, b"A,B\n1,x\n"),
    "caseSensitiveHeader": (False, b"A,B\n1,x\n"),
    "commentRows": ([2], SHEET),
    "commentChar": ("#", b"a,b\n#1,x\n2,y\n"),
    "delimiter": (";", b"a;b\n1;x\n"),
    "lineTerminator": ("|", b"a,b|1,x|"),
    "quoteChar": ("'", b"a,b\n1,'x,y'\n"),
    "doubleQuote": (False, b'a,b\n1,"x""y"\n'),
    "escapeChar": ("\\", b'a,b\n1,"x\\"y"\n'),
    "nullSequence": ("x", b"a,b\n1,x\n"),
    "skipInitialSpace": (True, b"a,b\n 1,x\n"),
    "csv": ({"delimiter": ";"}, b"a;b\n1;x\n"),
}


def _outcome(folder: Path, descriptor: Raw, files: dict[str, bytes]) -> object:
    """What validation says of a package: how it ends, what it finds, and what it counts and does not check."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    try:
        report = validate(load_project(folder))
    except DeedbookError as error:
        return error.exit_code, str(error)
    found = [(item.rule, item.constraint, item.row, item.column, item.message) for item in report.findings]
    counts = [(table.table, table.rows, dict(table.present)) for table in report.tables]
    return found, counts, [(item.name, item.column) for item in report.not_checked]


def _package(schema: Raw | None = None, **resource: Any) -> Raw:
    schema = {"fields": [{"name": "a", "type": "integer"}, {"name": "b"}]} if schema is None else schema
    return {"name": "p", "resources": [{"name": "t", "path": "t.csv", "schema": schema, **resource}]}


def _pair(level: str, name: str) -> tuple[Raw, Raw, dict[str, bytes]] | None:
    """A package without the property and with it, and the files; None where it stands in no CSV."""
    if level in {"field", "constraints"} and name in {**FIELDS, **CONSTRAINTS}:
        own, value, cells = (FIELDS if level == "field" else CONSTRAINTS)[name]
        changed = {name: value} if level == "field" else {"constraints": {name: value}}
        plain, other = ({"fields": [{"name": "a", **more}, {"name": "b"}]} for more in (own, {**own, **changed}))
        return _package(plain), _package(other), {"t.csv": "".join(["a,b\n", *(f"{it},z\n" for it in cells)]).encode()}
    if level == "schema" and name in SCHEMA:
        value, content = SCHEMA[name]
        schema = _package()["resources"][0]["schema"]
        return _package(), _package({**schema, name: value}), {"t.csv": content}
    if level == "dialect" and name in DIALECT:
        value, content = DIALECT[name]
        return _package(), _package(dialect={name: value}), {"t.csv": content}
    if name == "headerJoin":
        two = {"headerRows": [1, 2]}
        return _package(dialect=two), _package(dialect={**two, name: "-"}), {"t.csv": b"a,b\nx,y\n1,x\n"}
    return None


@pytest.mark.parametrize(("level", "name"), [place for place in ENFORCED if _pair(*place)])
def test_an_enforced_property_changes_the_outcome(tmp_path: Path, level: str, name: str) -> None:
    plain, other, files = _pair(level, name) or ({}, {}, {})
    assert _outcome(tmp_path / "plain", plain, files) != _outcome(tmp_path / "other", other, files)


RESOURCE: dict[str, tuple[Raw, Raw, bytes]] = {
    "profile": (
        {"path": "t.txt", "schema": None},
        {"path": "t.txt", "schema": None, "profile": "tabular-data-resource"},
        SHEET,
    ),
    "name": ({}, {"name": "bad/name"}, SHEET),
    "path": ({}, {"path": "other.csv"}, SHEET),
    "url": ({"path": None, "url": "t.csv"}, {"path": None, "url": "other.csv"}, SHEET),
    "data": ({}, {"path": None, "data": [["a", "b"], [1, "x"], [2, "y"], [3, "z"]]}, SHEET),
    "type": ({"path": "t.txt", "schema": None}, {"path": "t.txt", "schema": None, "type": "table"}, SHEET),
    "format": ({}, {"format": "tsv"}, b"a\tb\n1\tx\n"),
    "encoding": ({}, {"encoding": "latin-1"}, b"a,b\n1,\xe9\n"),
    "compression": ({}, {"compression": "gz"}, gzip.compress(SHEET, mtime=0)),
    "dialect": ({}, {"dialect": {"delimiter": ";"}}, b"a;b\n1;x\n"),
    "schema": ({}, {"schema": {"fields": [{"name": "a", "type": "date"}, {"name": "b"}]}}, SHEET),
    "bytes": ({}, {"bytes": 3}, SHEET),
    "hash": ({}, {"hash": "sha256:" + hashlib.sha256(b"").hexdigest()}, SHEET),
    "rows": ({}, {"rows": 3}, SHEET),
}


@pytest.mark.parametrize("name", RESOURCE)
def test_an_enforced_property_of_a_resource_changes_the_outcome(tmp_path: Path, name: str) -> None:
    outcomes = []
    content = RESOURCE[name][2]
    for number, more in enumerate(RESOURCE[name][:2]):
        resource = {key: value for key, value in {**_package()["resources"][0], **more}.items() if value is not None}
        outcomes.append(
            _outcome(
                tmp_path / str(number), {"name": "p", "resources": [resource]}, {"t.csv": content, "t.txt": content}
            )
        )
    assert outcomes[0] != outcomes[1]


# Those of workbooks and JSON are tried where these are read, an order of values where it is released, and the package's own by every
# package.
ELSEWHERE = {
    "package": {"resources", "dialect"},
    "resource": {"innerpath"},
    "field": {"categoriesOrdered"},
    "dialect": {"property", "itemType", "itemKeys", "sheetNumber", "sheetName", "json", "excel", "ods"},
}


def test_every_enforced_property_is_tried() -> None:
    untried = {(level, name) for level, names in ELSEWHERE.items() for name in names}
    assert [
        place for place in ENFORCED if not _pair(*place) and place[1] not in RESOURCE and place not in untried
    ] == []


@pytest.mark.parametrize(("level", "name"), REFUSED)
def test_a_refused_property_stops_the_command(tmp_path: Path, level: str, name: str) -> None:
    assert level == "dialect"
    outcome = _outcome(tmp_path / "p", _package(dialect={name: "x"}), {"t.csv": SHEET})
    assert isinstance(outcome, tuple)
    assert outcome[0] == 3


@pytest.mark.parametrize(("level", "name"), EVERY)
def test_a_known_property_is_accepted_and_a_slip_of_one_with_effect_is_not(level: str, name: str) -> None:
    known = PROPERTIES[level]  # type: ignore[index]  # one of the levels
    assert bool(list(misplaced({name: 1}, level))) == (known[name].effect == "refused")  # type: ignore[arg-type]
    if known[name].effect == "enforced" and not name.startswith("$"):
        slip = f"{name.upper()}_"
        assert slip in known or list(misplaced({slip: 1}, level))  # type: ignore[arg-type]


def test_a_property_of_ones_own_is_none_of_our_business() -> None:
    assert not list(misplaced({"x-source": 1, "colour": 2}, "field"))


def test_what_stands_in_the_wrong_place_is_told_where_it_belongs() -> None:
    assert list(misplaced({"required": True}, "field")) == [
        "`required` has no effect here: move it into the `constraints` of the field"
    ]
