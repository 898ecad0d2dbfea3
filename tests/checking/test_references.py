"""Parents are read before the tables that refer to them; a key that is in no row gets the nearest one that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deedbook.checking import explanation
from deedbook.checking.plan import parents_first, references_of, referred_keys, targets_of
from deedbook.descriptor import Package, read_package
from deedbook.errors import ProjectError
from deedbook.validation import validate
from tests.package import fields, make_package


def _key(names: str, parent: str, reference: str) -> dict[str, Any]:
    return {"fields": names.split(), "reference": {"resource": parent, "fields": reference.split()}}


def _package(**keys: list[dict[str, Any]]) -> Package:
    """Tables with the fields id and to, in the order of the keywords, and their foreign keys."""
    resources = [
        {
            "name": name,
            "path": f"{name}.csv",
            "schema": fields("id:integer", "to", primaryKey="id", foreignKeys=foreign),
        }
        for name, foreign in keys.items()
    ]
    return read_package({"name": "package", "resources": resources}, Path(), where="package")


def _order(package: Package) -> list[str]:
    return [resource.name for resource in parents_first(package, references_of(package))]


def test_a_parent_comes_before_its_children_and_the_rest_keep_their_order() -> None:
    assert _order(_package(a=[_key("to", "c", "id")], b=[], c=[_key("to", "d", "id")], d=[])) == ["b", "d", "c", "a"]


def test_a_table_may_refer_to_itself() -> None:
    assert _order(_package(a=[_key("to", "", "id")], b=[])) == ["a", "b"]


def test_a_circle_is_cut_at_its_first_table() -> None:
    assert _order(_package(a=[_key("to", "b", "id")], b=[_key("to", "a", "id")])) == ["a", "b"]


def test_keys_that_others_refer_to_are_kept_once_and_beyond_the_own_ones() -> None:
    package = _package(a=[_key("to", "b", "to"), _key("to", "b", "id")], b=[_key("to", "", "to")])
    found = referred_keys(package.resources[1], targets_of(references_of(package)))
    assert [(key.kind, key.names) for key in found] == [("reference", ("to",))]


def test_the_key_of_a_table_without_a_schema_has_its_names_and_the_types_of_what_refers() -> None:
    child = {"name": "a", "path": "a.csv", "schema": fields("id:integer", foreignKeys=[_key("id", "b", "code")])}
    package = read_package(
        {"name": "package", "resources": [child, {"name": "b", "path": "b.csv"}]}, Path(), where="package"
    )
    found = referred_keys(package.resources[1], targets_of(references_of(package)))
    assert [[(item.name, item.type) for item in key.fields] for key in found] == [[("code", "integer")]]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (_key("to", "z", "id"), "table `z`, which the package does not have"),
        (_key("to", "b", "z"), "`b`.`z`, which is no field"),
    ],
)
def test_a_reference_to_nothing_is_refused(key: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError) as raised:
        references_of(_package(a=[key], b=[]))
    assert message in raised.value.message
    assert raised.value.hint


SCHEMAS = {
    "places": fields("id", "name", primaryKey="id"),
    "events": fields("place", foreignKeys=[{"fields": "place", "reference": {"resource": "places", "fields": "id"}}]),
}


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("P00012", "did you mean `P000012` Pakse?"),
        ("p000012", "did you mean `P000012` Pakse?"),
        ("\u0420000012", "did you mean `P000012` Pakse?"),
        ("P000012 ", "did you mean `P000012` Pakse?"),
        ("P000018", "was it deleted from `places`, or not added yet?"),
        ("X000012", "was it deleted from `places`, or not added yet?"),
        ("", None),
    ],
)
def test_the_key_that_was_meant_is_proposed_and_no_neighbour(tmp_path: Path, value: str, hint: str | None) -> None:
    project = make_package(
        tmp_path, schemas=SCHEMAS, places="id,name\nP000012,Pakse\nQ000001,Vientiane\n", events=f'place\n"{value}"\n'
    )
    assert [(item.row, item.value, item.hint) for item in validate(project).findings] == (
        [(2, value, hint)] if hint else []
    )


def test_a_parent_too_large_to_search_proposes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "_MOST_PARENTS", 1)
    project = make_package(tmp_path, schemas=SCHEMAS, places="id,name\nP1,a\nP000012,b\n", events="place\nP00012\n")
    assert [item.hint for item in validate(project).findings] == ["was it deleted from `places`, or not added yet?"]
