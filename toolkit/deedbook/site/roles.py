"""Which table of a release holds its events, and which fields say what, when, where and who, as the schemas tell it.

A field says it itself (`"deedbook": {"role": "start"}`), or by its `crosswalk` to other event datasets, or by its type and a name that
`roles.toml` lists; foreign keys tell where places and actors stand. What nothing tells is empty, and pages go without.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook.schema import own_settings

if TYPE_CHECKING:
    from deedbook.site.editions import Edition, Field, Table

_WORDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "roles.toml").read_text(encoding="utf-8"))
ROLES: tuple[str, ...] = tuple(_WORDS["roles"])
"""The parts that a field of events can play."""
_OF_PLACES = ("place", "country", "latitude", "longitude")
"""The roles that a field of another table than that of the events can play."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value of an event stands.

    Attributes:
        table: The table; that of the events, or one that it refers to.
        field: Its field.
        via: The field of the table of events that names the row of the other table; empty within that of the events.
    """

    table: str
    field: str
    via: str = ""


@dataclass(frozen=True, slots=True)
class Participation:
    """Where it stands which actors took part.

    Attributes:
        table: That of the events, or one with a row for each participant.
        event: The field of `table` that names the event.
        actor: The field that names the actor: its id where `Roles.actors` is a table that the field refers to, else its name.
        role: The field that says in which role; empty where `actor` says that itself.
        refers: Whether `actor` holds ids of `Roles.actors`.
    """

    table: str
    event: str
    actor: str
    role: str = ""
    refers: bool = False


@dataclass(frozen=True, slots=True)
class Roles:
    """What the fields of a release are for; tables and fields that there are not are empty.

    Attributes:
        events: The table of events.
        id: The field that names an event: its primary key, when that is one field.
        columns: A column by role, of `ROLES`, those that there are.
        actors: The table of actors, with the fields `actor_id`, `actor_name` and `actor_kind` of it.
        participations: Where participants stand.
    """

    events: str = ""
    id: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)
    actors: str = ""
    actor_id: str = ""
    actor_name: str = ""
    actor_kind: str = ""
    participations: tuple[Participation, ...] = ()

    def own(self, role: str) -> str:
        """The field of the table of events that plays the role; empty when there is none in that table."""
        column = self.columns.get(role)
        return column.field if column and not column.via else ""

    @property
    def has_dates(self) -> bool:
        """Whether events have a date or at least a year."""
        return "start" in self.columns or "year" in self.columns

    @property
    def has_points(self) -> bool:
        """Whether events have coordinates."""
        return {"latitude", "longitude"} <= self.columns.keys()


def roles(edition: Edition) -> Roles:
    """The roles of a release's tables and fields."""
    actors, events = _table_of(edition, _WORDS["actor_tables"]), _events_of(edition)
    found = Roles()
    if actors is not None:
        name, kind = (_called(actors, _WORDS["actor"][part]) for part in ("name", "kind"))
        found = replace(found, actors=actors.name, actor_id=_single(actors.key), actor_name=name, actor_kind=kind)
    if events is None:
        return found
    taking_part = _of_table(edition, events, actors) or _of_columns(edition, events, actors)
    columns = _columns(edition, events, actors)
    return replace(found, events=events.name, id=_single(events.key), columns=columns, participations=taking_part)


def _columns(edition: Edition, events: Table, actors: Table | None) -> dict[str, Column]:
    """Where each role of an event stands: in its own table, else in a table of places that it refers to."""
    columns = {role: Column(events.name, one.name) for role in ROLES if (one := _field_for(role, events))}
    places = [(via, other) for via, other in _referred(edition, events) if other is not actors]
    for via, other in places:
        for role in _OF_PLACES:
            if role not in columns and (one := _field_for(role, other)):
                columns[role] = Column(other.name, one.name, via)
    return columns


def event_frame(edition: Edition, found: Roles) -> pl.DataFrame:
    """The events of a release, a column for each role that there is, and `id` (text) where events have one; in their table's order.

    `start` and `end` are dates; where there is only a year, `start` is its first day.
    """
    events = edition.tables[found.events]
    frame = events.scan()
    for via, other in _referred(edition, events):
        if fields := sorted({one.field for one in found.columns.values() if one.via == via}):
            beside = other.scan().select(pl.col(other.key[0]).alias(via), pl.col(fields).name.prefix(f"{via}."))
            frame = frame.join(beside, on=via, how="left", maintain_order="left")
    names = {role: f"{one.via}.{one.field}" if one.via else one.field for role, one in found.columns.items()}
    picked = [pl.col(name).alias(role) for role, name in names.items()]
    if found.id:
        whole = frame.collect_schema()[found.id].is_float()  # ids that the schema calls numbers are whole ones
        picked.append(pl.col(found.id).cast(pl.Int64 if whole else pl.String).cast(pl.String).alias("id"))
    if "start" not in names and "year" in names:
        picked.append(pl.date(pl.col(names["year"]).cast(pl.Int32), 1, 1).alias("start"))
    return frame.select(picked).with_columns(pl.col("^(start|end)$").cast(pl.Date)).collect()


def _word(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def _called(table: Table, words: Sequence[str]) -> str:
    """The field that is called by the first of the words that any is; empty when none is."""
    known = {_word(one.name): one.name for one in table.fields}
    return next((known[word] for word in words if word in known), "")


def _table_of(edition: Edition, words: Sequence[str]) -> Table | None:
    known = {_word(name): table for name, table in edition.tables.items()}
    return next((known[word] for word in words if word in known), None)


def _events_of(edition: Edition) -> Table | None:
    """The table of events: one that says so, one that is called so, else the first that people edit and that has a date."""
    says = [table for table in edition.tables.values() if own_settings(table.raw).get("role") == "events"]
    dated = [table for table in edition.tables.values() if not table.is_view and _field_for("start", table)]
    return next(iter(says), None) or _table_of(edition, _WORDS["tables"]) or next(iter(dated), None)


def _field_for(role: str, table: Table) -> Field | None:
    """The field of a table that plays the role: by its own word, its name and type, its crosswalk, or as the one date."""
    about = _WORDS["roles"][role]
    fits = [one for one in table.fields if one.type in about["types"] and not one.refers_to]
    said = [one for one in table.fields if own_settings(one.raw).get("role") == role]
    named = [one for word in about["words"] for one in fits if _word(one.name) == word]
    crossed = [one for one in fits if not set(about["crosswalk"]).isdisjoint(one.crosswalk.values())]
    dates = [one for one in fits if set(_word(one.name).split("_")).isdisjoint(_WORDS["no_dates"])]
    return next(iter([*said, *named, *crossed, *(dates if role == "start" else ())]), None)


def _single(key: Sequence[str]) -> str:
    return key[0] if len(key) == 1 else ""


def _referred(edition: Edition, table: Table) -> list[tuple[str, Table]]:
    """The fields of a table that refer to one key of another one, with that one."""
    pairs = ((one.name, target.partition(".")[0]) for one in table.fields for target in one.refers_to)
    return [
        (name, edition.tables[other])
        for name, other in pairs
        if other != table.name and other in edition.tables and len(edition.tables[other].key) == 1
    ]


def _of_table(edition: Edition, events: Table, actors: Table | None) -> tuple[Participation, ...]:
    """The table with a row for each participant: its key names the event, the actor, and perhaps the role by a code."""
    for table in sorted(edition.tables.values(), key=lambda one: one.is_view):
        to = {other.name: name for name, other in _referred(edition, table) if name in table.key}
        if actors is None or not {events.name, actors.name} <= to.keys():
            continue
        rest = [one for one in table.fields if one.name in table.key and one.name not in to.values()]
        if not rest or (len(rest) == 1 and rest[0].codes):
            role = rest[0].name if rest else ""
            return (Participation(table.name, to[events.name], to[actors.name], role, refers=True),)
    return ()


def _of_columns(edition: Edition, events: Table, actors: Table | None) -> tuple[Participation, ...]:
    """The fields of the events that refer to actors, else those that are called like ones."""
    key = _single(events.key)
    own = [name for name, other in _referred(edition, events) if other is actors]
    known = {_word(one.name): one.name for one in events.fields}
    named = next((pair for pair in _WORDS["actor"]["columns"] if pair[0] in known), ())
    names = own or [known[word] for word in named if word in known]
    return tuple(Participation(events.name, key, name, refers=bool(own)) for name in names)
