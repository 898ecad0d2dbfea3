"""Which part each table of a release plays in the story of an event or an actor, told by its keys, code lists and types.

claims      rows that somebody asserts about an event or an episode: they refer to it and have a stance
chain       through which sources a claim is known: refers to claims and to sources, with the number of the step
evidence    what a claim is worth: refers to events and claims, and says as what it counts
episodes    what holds between two actors over a time: refers to two actors and has a date
pairs       a view with a row for each event and two of its actors
about       rows about one actor, such as its names and codes
others      any other rows that name an event
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from deedbook.release.row_ages import HISTORY
from deedbook.site.editions import Edition, Field, Table
from deedbook.site.roles import Roles

WORDS: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("parts.toml").read_text(encoding="utf-8"))
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
UNTOLD = frozenset(HISTORY)
"""Fields that a page tells as the history of a row."""


def references(table: Table) -> dict[str, str]:
    """The table that each field refers to, by field; only single fields."""
    return {one.name: one.refers_to[0].partition(".")[0] for one in table.fields if one.refers_to}


def to(table: Table, other: str) -> list[str]:
    """The fields of a table that refer to another one."""
    return [name for name, there in references(table).items() if there == other and other]


def first(names: Sequence[str]) -> str:
    """The first of the names; empty when there is none."""
    return names[0] if names else ""


def listed(table: Table, part: str) -> str:
    """The first field whose values are codes of a list that `parts.toml` names for the part; empty when there is none."""
    return next((one.name for one in table.fields if one.raw.get("codeList") in WORDS["lists"][part]), "")


def called(table: Table, part: str) -> str:
    """The field that is called as `parts.toml` has it for the part; empty when none is."""
    known = {_HUMP.sub("_", one.name).lower(): one.name for one in table.fields}
    return next((known[word] for word in WORDS["words"][part] if word in known), "")


def all_called(table: Table, part: str) -> list[str]:
    """All fields that are called so, in the order of the words."""
    known = {_HUMP.sub("_", one.name).lower(): one.name for one in table.fields}
    return [known[word] for word in WORDS["words"][part] if word in known]


def is_dated(one: Field) -> bool:
    """Whether its values are dates."""
    return one.type in {"date", "datetime"} or bool(one.raw.get("edtfLevel"))


def title_field(table: Table) -> str:
    """What people call a row of the table."""
    return called(table, "title")


@dataclass(frozen=True)
class Parts:
    """The tables of a release by their part in a story; empty where there is no such table.

    Attributes:
        others: Tables that name an event in a field and play no part of their own: table to field.
        about: The same for actors.
    """

    edition: Edition
    roles: Roles
    claims: str = ""
    chain: str = ""
    evidence: str = ""
    episodes: str = ""
    pairs: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    _told: dict[tuple[str, str, str], Any] = field(default_factory=dict, init=False)

    def kind_of(self, table: Table) -> str:
        """The field that says what kind of thing a row is; empty when there is none."""
        return self.listed(table, "kind") or next((it.name for it in table.fields if it.codes), "")

    def to(self, table: Table, other: str) -> list[str]:
        """As the function, asked once."""
        place = (table.name, "to", other)
        if place not in self._told:
            self._told[place] = to(table, other)
        return list(self._told[place])

    def listed(self, table: Table, part: str) -> str:
        """As the function, asked once."""
        place = (table.name, "listed", part)
        if place not in self._told:
            self._told[place] = listed(table, part)
        return str(self._told[place])

    def called(self, table: Table, part: str) -> str:
        """As the function, asked once."""
        place = (table.name, "called", part)
        if place not in self._told:
            self._told[place] = called(table, part)
        return str(self._told[place])

    def table(self, name: str) -> Table:
        """A table of the release."""
        return self.edition.tables[name]

    @cached_property
    def events(self) -> Table:
        """That of the events."""
        return self.table(self.roles.events)

    @cached_property
    def sources(self) -> str:
        """The table of sources that a chain refers to."""
        if not self.chain:
            return ""
        return next((there for there in references(self.table(self.chain)).values() if there != self.claims), "")


def parts_of(edition: Edition, roles: Roles) -> Parts:
    """The parts of the tables of a release that has a table of events with a key of one field."""
    taken = {roles.events, roles.actors, *(one.table for one in roles.participations)}
    free = [table for name, table in edition.tables.items() if name not in taken]
    found: dict[str, str] = {}
    for part, fits in _TESTS.items():
        found[part] = next((it.name for it in free if fits(it, roles, found)), "")
        free = [it for it in free if it.name != found[part]]
    others = {it.name: name for it in free if (name := _names_event(it, roles))}
    about = {it.name: name for it in free if it.name not in others and (name := _names_actor(it, roles))}
    return Parts(edition, roles, others=others, about=about, **found)


_TESTS: Mapping[str, Callable[[Table, Roles, Mapping[str, str]], object]] = {
    "claims": lambda it, roles, _: listed(it, "stance") and to(it, roles.events),
    "chain": lambda it, _, found: (
        found["claims"] in (there := {*references(it).values()}) and len(there) > 1 and called(it, "hop")
    ),
    "evidence": lambda it, roles, found: (
        {roles.events, found["claims"]} <= {*references(it).values()} and listed(it, "weight")
    ),
    "episodes": lambda it, roles, _: not it.is_view and len(to(it, roles.actors)) > 1 and any(map(is_dated, it.fields)),
    "pairs": lambda it, roles, _: it.is_view and len(to(it, roles.actors)) > 1 and to(it, roles.events),
}
"""What is true of a table that plays a part, in this order, by those that were found before; the first table that fits does."""


def _names_actor(table: Table, roles: Roles) -> str:
    """The field in which a table names one actor, and nothing else that has a page; empty when there is none."""
    there = {*references(table).values()} - {table.name}
    own = to(table, roles.actors)
    return own[0] if there == {roles.actors} and len(own) == 1 and own[0] not in table.key[:1] else ""


def _names_event(table: Table, roles: Roles) -> str:
    """The field in which a table that people edit names an event, by its reference or by the name of the key; empty when none does."""
    fields = [*to(table, roles.events), *(one.name for one in table.fields if one.name == roles.id)]
    return fields[0] if fields and not table.is_view and table.key != (fields[0],) else ""
