"""Records compare, hash and print as frozen dataclasses do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Place:
    table: str
    row: int = 0
    note: list[str] = field(default_factory=list, compare=False)
    raw: dict[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Model:
    table: str
    row: int = 0
    note: list[str] = field(default_factory=list, compare=False)
    raw: dict[str, int] = field(default_factory=dict, hash=False)


VALUES: list[dict[str, Any]] = [
    {"table": "a"},
    {"table": "a", "row": 1},
    {"table": "a", "note": ["x"]},
    {"table": "a", "raw": {"n": 1}},
]


@pytest.mark.parametrize("left", VALUES)
@pytest.mark.parametrize("right", VALUES)
def test_records_are_equal_when_dataclasses_are(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert (Place(**left) == Place(**right)) is (Model(**left) == Model(**right))
    assert (hash(Place(**left)) == hash(Place(**right))) is (hash(Model(**left)) == hash(Model(**right)))


def test_a_record_equals_nothing_of_another_kind() -> None:
    other: object = Model("a")
    assert Place("a") != other


def test_a_record_prints_what_it_holds() -> None:
    assert repr(Place("a", 1)) == repr(Model("a", 1)).replace("Model", "Place")


def test_a_record_is_a_dataclass() -> None:
    assert [item.name for item in fields(Place)] == ["table", "row", "note", "raw"]
    assert replace(Place("a"), row=2) == Place("a", 2)


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), (("a", 1, [], {}, 5), {}), (("a",), {"line": 1}), ((), {"row": 1})]
)
def test_a_record_takes_its_own_values_only(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    for kind in (Place, Model):
        with pytest.raises(TypeError):
            kind(*values, **named)


def test_every_record_has_defaults_of_its_own() -> None:
    Place("a").note.append("x")
    assert Place("a").note == []


def test_a_record_that_is_not_frozen_changes_and_has_no_hash() -> None:
    @dataclass(slots=True)
    class Tally:
        name: str
        count: int = 0

    tally = Tally("a")
    tally.count += 1
    assert tally == Tally("a", 1)
    assert Tally.__hash__ is None
