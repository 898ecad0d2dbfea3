"""Every property that the standard or frictionless-py knows of a descriptor, and what becomes of it here.

They stand in `properties.csv`: where a property belongs, what it does, what it is in JSON as far as that is judged before its
value is read, and what more there is to say. The page docs/reference/properties.md is made from it. A property that is none of
these is the user's own and has no effect here; but one that is nearly the name of one that has, is a slip and is refused, as is
one that stands where it has no effect.
"""

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from deedbook.errors import ProjectError

Level = Literal["package", "resource", "dialect", "schema", "field", "constraints"]
_TYPES = {"a text": str, "true or false": bool, "a list": list}


@dataclass(frozen=True, slots=True)
class Property:
    """What becomes of a property.

    Attributes:
        effect: "enforced", it decides how data are read or judged; "refused", it stops every command; "not checked", it is listed as
            such; or "published", it describes, and is part of a release.
        form: What it is in JSON, in words; empty where that is judged with its value.
    """

    effect: str
    form: str
    note: str


_ROWS = list(csv.reader(Path(__file__).with_suffix(".csv").read_text("utf-8").splitlines()))[1:]
PROPERTIES: Mapping[Level, Mapping[str, Property]] = {
    level: {name: Property(*known) for home, name, *known in _ROWS if home == level} for level in get_args(Level)
}
KNOWN = frozenset(name for level in PROPERTIES.values() for name in level)
CONSTRAINTS = tuple(PROPERTIES["constraints"])
_OF_TABLE: Mapping[Level, str] = {"schema": "the `schema` of the resource", "dialect": "the `dialect` of the resource"}
_OF_FIELD: Mapping[Level, str] = {"constraints": "the `constraints` of the field"}
_HOMES: Mapping[Level, Mapping[Level, str]] = {
    "package": _OF_TABLE,
    "resource": _OF_TABLE,
    "schema": {"dialect": _OF_TABLE["dialect"], **_OF_FIELD},
    "field": _OF_FIELD,
    "dialect": {},
    "constraints": {},
}
"""Where a property belongs that stands where it has no effect."""
_TOO_GENERAL = frozenset({"csv", "json", "excel", "ods", "table", "property", "itemType", "itemKeys", "$schema"})
"""Properties of a dialect that mean something else, or nothing, elsewhere."""


def wrong_forms(raw: Mapping[str, object], level: Level) -> Iterator[tuple[str, str]]:
    """The properties whose value is of the wrong type in JSON, each with what it is to be, in words."""
    for name, value in raw.items():
        known = PROPERTIES[level].get(name)
        if known and known.form and not isinstance(value, _TYPES[known.form]):
            yield name, known.form


def texts(raw: Mapping[str, object], usual: Mapping[str, str]) -> dict[str, Any]:
    """Properties that are texts, or what stands for those that are not there, by the names of a record's attributes."""
    return {_attribute(name): str(raw.get(name, text) or "") for name, text in usual.items()}


@cache
def _attribute(name: str) -> str:
    return re.sub("(?=[A-Z])", "_", name).lower()


def misplaced(raw: Mapping[str, object], level: Level) -> Iterable[str]:
    """What is wrong with the names of the properties of an object: slips, those without effect where they stand, refused ones."""
    for name in raw:
        if known := PROPERTIES[level].get(name):
            if known.effect == "refused":
                yield f"`{name}` cannot be used: {known.note}"
            continue
        homes = {} if name in _TOO_GENERAL else _HOMES[level]
        if home := next((place for home, place in homes.items() if name in enforced(home)), None):
            yield f"`{name}` has no effect here: move it into {home}"
        elif near := difflib.get_close_matches(_fold(name), _folded(level), n=1, cutoff=0.9):
            yield f"`{name}` has no effect: did you mean `{_folded(level)[near[0]]}`?"


def refuse_misplaced(raw: Mapping[str, object], level: Level, where: str) -> None:
    """Raises for properties that have no effect because of their name or place.

    Raises:
        ProjectError: when there is one.
    """
    if found := list(misplaced(raw, level)):
        raise ProjectError(f"{where}: {'; '.join(found)}", "a declaration without effect would seem to be checked")


@cache
def enforced(level: Level) -> frozenset[str]:
    """The properties that have an effect."""
    return frozenset(name for name, known in PROPERTIES[level].items() if known.effect == "enforced")


@cache
def _folded(level: Level) -> Mapping[str, str]:
    return {_fold(name): name for name in PROPERTIES[level] if name in enforced(level)}


def _fold(name: str) -> str:
    return "".join(mark for mark in name.casefold() if mark.isalnum())
