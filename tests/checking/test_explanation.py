"""The exact judge decides every text of every field, without ever raising, and says why in plain words."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.checking.explanation import explain
from deedbook.checking.findings import Words
from deedbook.cli.main import run
from deedbook.errors import ProjectError
from deedbook.schema import read_schema
from tests.examples import examples

SPECS: list[dict[str, Any]] = [
    *(
        {"type": kind}
        for kind in (
            "any",
            "array",
            "boolean",
            "date",
            "datetime",
            "duration",
            "geojson",
            "geopoint",
            "integer",
            "list",
            "number",
            "object",
            "string",
            "time",
            "year",
            "yearmonth",
        )
    ),
    *({"type": kind, "format": "any"} for kind in ("date", "datetime", "time")),
    *({"type": "date", "format": pattern} for pattern in ("%d/%m/%Y", "%Y %Y", "%", "%Q", "fmt:%Y")),
    *({"type": "string", "format": name} for name in ("uri", "email", "uuid", "binary", "wkt", "unheard")),
    *({"type": "geopoint", "format": name} for name in ("array", "object")),
    {"type": "geojson", "format": "topojson"},
    {"type": "number", "decimalChar": ",", "groupChar": ".", "bareNumber": False},
    {"type": "integer", "groupChar": "", "bareNumber": False},
    {"type": "list", "delimiter": ";", "itemType": "integer"},
    {"type": "duration", "constraints": {"minimum": "P1Y", "maximum": "P2Y"}},
    {"type": "time", "constraints": {"minimum": "08:00:00"}},
    {"type": "object", "constraints": {"enum": [{"a": 1}], "jsonSchema": {"required": ["a"]}, "minLength": 1}},
    {"type": "array", "constraints": {"jsonSchema": {"items": {"type": "integer"}}, "enum": [[1]]}},
    {"type": "list", "constraints": {"minLength": 2, "jsonSchema": {"maxItems": 3}}},
    {"type": "geopoint", "constraints": {"enum": ["1,2"]}},
]
PIECES = st.sampled_from(
    [
        *'0123456789PTYMDHSWZ+-:/,.;%[]{}()"e \n',
        "lon",
        "lat",
        "POINT",
        "EMPTY",
        "true",
        "type",
        "٣",
        "²",
        "\0",
        "\ud800",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.lists(PIECES, max_size=16).map("".join),
    st.sampled_from(
        [
            "[" * 5000,
            '{"type":"GeometryCollection","geometries":[' * 900 + "]}" * 900,
            "GEOMETRYCOLLECTION(" * 3000,
            "9" * 6000,
            "1e999999999",
            "0e" + "9" * 30,
            "P" + "9" * 400 + "Y",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            "23:00:00+23:59",
            "1 " * 3000,
            "NaN",
            "Infinity",
            "[NaN]",
            '{"a":1e999}',
            "1e9,1",
            "http://[",
            "http://[::1",
            "a@" + "b." * 200,
            "-€.5",
        ]
    ),
)


def _field(spec: dict[str, Any]) -> Any:
    return read_schema({"fields": [{"name": "x", **spec}]}, "schema").fields[0]


@cache
def _judges() -> list[FieldPlan]:
    return [
        plan_field(_field(spec), ("", "NA"), "schema", lenient=lenient) for spec in SPECS for lenient in (False, True)
    ]


@pytest.mark.filterwarnings("ignore")  # dateutil's, of zones that it does not know
@examples(500, 40)
@given(TEXTS)
def test_no_text_makes_a_judge_raise(text: str) -> None:
    for judge in _judges():
        for problem in judge.problems(text):
            assert len(explain(judge, problem, text).message) < 600


VERDICTS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"type": "integer", "constraints": {"minimum": 3, "maximum": 5}}, "2", ["minimum"]),
    ({"type": "integer", "constraints": {"exclusiveMinimum": 3}}, "3", ["exclusiveMinimum"]),
    ({"type": "integer", "constraints": {"maximum": 9007199254740992}}, "9007199254740993", ["maximum"]),
    ({"type": "number", "constraints": {"minimum": 0.1}}, "0.09999999999999999999999", ["minimum"]),
    ({"type": "number", "constraints": {"minimum": 0.1}}, "0.1", []),
    ({"type": "number", "constraints": {"enum": [3]}}, "3.00", []),
    (
        {"type": "string", "constraints": {"minLength": 3, "pattern": "[a-z]+", "enum": ["abc"]}},
        "A",
        ["minLength", "pattern", "enum"],
    ),
    ({"type": "string", "constraints": {"required": True}}, "NA", ["required"]),
    ({"type": "date", "constraints": {"minimum": "2024-02-29"}}, "2024-02-28", ["minimum"]),
    (
        {"type": "datetime", "constraints": {"minimum": "2024-01-01T00:00:00Z"}},
        "2024-01-01T01:00:00+02:00",
        ["minimum"],
    ),
    ({"type": "yearmonth", "constraints": {"exclusiveMaximum": "2024-02"}}, "2024-02", ["exclusiveMaximum"]),
    ({"type": "duration", "constraints": {"minimum": "P1Y"}}, "P11M", ["minimum"]),
    ({"type": "duration", "constraints": {"enum": ["P1Y"]}}, "P12M", []),
    ({"type": "string", "categories": [{"value": "a", "label": "A"}]}, "b", ["categories"]),
    ({"type": "integer", "categories": [1, 2]}, "01", []),
    ({"type": "boolean", "constraints": {"enum": [True]}}, "0", ["enum"]),
    ({"type": "object", "constraints": {"jsonSchema": {"required": ["a"]}}}, '{"b":1}', ["jsonSchema"]),
    ({"type": "array", "constraints": {"maxLength": 1}}, "[1,2]", ["maxLength"]),
    ({"type": "number", "bareNumber": False, "constraints": {"minimum": -1}}, "-€.5", []),
    ({"type": "number", "bareNumber": False, "constraints": {"minimum": 0}}, "5 %", []),
    ({"type": "integer"}, "5.0", ["type-error"]),
    ({"type": "integer", "constraints": {"minimum": 7}}, "x", ["type-error"]),
]


@pytest.mark.parametrize(("spec", "text", "expected"), VERDICTS, ids=str)
def test_each_broken_constraint_is_named(spec: dict[str, Any], text: str, expected: list[str]) -> None:
    plan = plan_field(_field(spec), ("", "NA"), "schema")
    assert [constraint or rule for rule, constraint in plan.problems(text)] == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "integer", "constraints": {"minimum": "x"}},
        {"type": "date", "constraints": {"maximum": "2024-02-30"}},
        {"type": "integer", "constraints": {"enum": ["a"]}},
        {"type": "string", "constraints": {"minLength": "three"}},
        {"type": "string", "constraints": {"pattern": "("}},
        {"type": "object", "constraints": {"jsonSchema": {"type": "nothing"}}},
        {"type": "list", "itemType": "nothing"},
        {"type": "integer", "categories": ["a"]},
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_meant_stops_with_a_sentence(spec: dict[str, Any]) -> None:
    with pytest.raises(ProjectError, match="x"):
        plan_field(_field(spec), ("",), "schema")


def test_a_json_schema_that_refers_to_nothing_stops_with_a_sentence() -> None:
    field = _field({"type": "array", "constraints": {"jsonSchema": {"items": {"$ref": "#/definitions/x"}}}})
    plan = plan_field(field, ("",), "schema")
    with pytest.raises(ProjectError, match="definitions/x"):
        plan.problems("[1]")


def test_the_nearest_allowed_value_is_proposed() -> None:
    plan = plan_field(_field({"type": "string", "constraints": {"enum": ["confirmed", "denied"]}}), ("",), "schema")
    assert explain(plan, ("constraint-error", "enum"), "confirmd") == Words(
        "`confirmd` is not one of the allowed values: confirmed, denied",
        "did you mean `confirmed`?",
        proposal="confirmed",
    )


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.decimals(allow_nan=False, allow_infinity=False, places=6),
)
def test_numbers_compare_as_decimals(value: Decimal, bound: Decimal) -> None:
    field = _field({"type": "number", "constraints": {"minimum": format(bound, "f")}})
    assert (plan_field(field, ("",), "schema").problems(format(value, "f")) == ()) == (value >= bound)


@pytest.mark.parametrize(
    ("declared", "cell", "said"),
    [
        ({"type": "integer"}, '[1, "x"]', 'item 2 of `[1, "x"]`: `x` is not a whole number'),
        ({"type": "integer"}, "[1, null, 2.5]", "item 3 of `[1, null, 2.5]`: `2.5` is a value of another type"),
        (
            {"constraints": {"pattern": "[a-z]+"}},
            '["a", "B"]',
            'item 2 of `["a", "B"]`: `B` does not match the pattern',
        ),
    ],
)
def test_the_item_of_an_array_that_is_wrong_is_named(declared: dict[str, Any], cell: str, said: str) -> None:
    declared = {"type": "string", **declared}
    schema = read_schema({"fields": [{"name": "items", "type": "array", "arrayItem": declared}]}, "schema")
    plan = plan_field(schema.fields[0], ("",), "schema")
    assert plan.problems(cell) == (("constraint-error", "arrayItem"),)
    assert explain(plan, ("constraint-error", "arrayItem"), cell).message.startswith(said)


def test_a_parent_with_a_label_that_stands_twice_gives_no_hints_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("id,name,id\ntrue,1,\n", encoding="utf-8")
    fields = [{"name": "id", "type": "boolean"}, {"name": "name", "type": "any"}]
    keys = [{"fields": ["id"], "reference": {"resource": "", "fields": ["name"]}}]
    (tmp_path / "t.schema.json").write_text(json.dumps({"fields": fields, "foreignKeys": keys}), encoding="utf-8")
    assert run(["validate", str(tmp_path / "t.csv"), "--schema", str(tmp_path / "t.schema.json")]) == 1
    assert "is in no field of the schema" in capsys.readouterr().out
