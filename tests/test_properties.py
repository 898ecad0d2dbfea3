"""A property that has no effect, by its name or its place, is refused; every known one is accepted where it belongs."""

from __future__ import annotations

import pytest

from deedbook.properties import PROPERTIES, misplaced

EVERY = [(level, name) for level, known in PROPERTIES.items() for name in known]


@pytest.mark.parametrize(("level", "name"), EVERY)
def test_a_known_property_is_accepted_and_a_slip_of_one_with_effect_is_not(level: str, name: str) -> None:
    known = PROPERTIES[level]  # type: ignore[index]  # one of the levels
    assert not list(misplaced({name: 1}, level))  # type: ignore[arg-type]
    if known[name].effect == "enforced" and not name.startswith("$"):
        slip = f"{name.upper()}_"
        assert slip in known or list(misplaced({slip: 1}, level))  # type: ignore[arg-type]


def test_a_property_of_ones_own_is_none_of_our_business() -> None:
    assert not list(misplaced({"x-source": 1, "colour": 2}, "field"))


def test_what_stands_in_the_wrong_place_is_told_where_it_belongs() -> None:
    assert list(misplaced({"required": True}, "field")) == [
        "`required` has no effect here: move it into the `constraints` of the field"
    ]
