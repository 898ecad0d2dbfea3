"""The rows of a release, grouped by the event and the actor that they belong to: each table is read once, for all languages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from deedbook.site.addresses import MOST
from deedbook.site.editions import Edition, Shelf
from deedbook.site.roles import Roles
from deedbook.site.roles import roles as roles_of
from deedbook.site.stories.cells import Row, grouped, key_text, rows_by, text_of
from deedbook.site.stories.history import Gone, Step, gone, owned, steps_of
from deedbook.site.stories.parts import Parts, called, listed, parts_of, to
from deedbook.site.stories.years import Year, years_of_actors

Grouped = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Presence:
    """That an actor takes part in an event.

    Attributes:
        role: The code of the role, or the field of the event that names the actor.
        row: The row of the participation; empty where the event itself names the actor.
    """

    event: str
    actor: str
    role: str
    row: Row


@dataclass(frozen=True)
class Records:
    """What the stories of a dataset are made from, by the id of the event, actor or claim; each table is read when it is first asked for.

    Attributes:
        most: Events, and actors, that have a page each.
    """

    shelf: Shelf
    most: int
    edition: Edition
    roles: Roles
    parts: Parts

    @property
    def n_events(self) -> int:
        """How many events there are."""
        return self.parts.events.rows

    @property
    def has_event_pages(self) -> bool:
        """Whether each event has a page of its own."""
        return self.n_events <= self.most

    @cached_property
    def told(self) -> Parts:
        """The parts of the tables in the story of an event; without any where events have no pages, so that nobody reads those tables."""
        return self.parts if self.has_event_pages else Parts(self.edition, self.roles)

    @cached_property
    def events(self) -> Mapping[str, Row]:
        """Every event, in the order of its days, those without one last; empty where they have no pages."""
        rows = _in_time(self.parts).iter_rows(named=True) if self.has_event_pages else ()
        return {text_of(row[self.roles.id]): row for row in rows}

    @cached_property
    def listed_actors(self) -> Mapping[str, Row]:
        """Every row of the table of actors; empty where there are more than `most`."""
        is_short = self.roles.actor_id and self.parts.table(self.roles.actors).rows <= self.most
        return _keyed(self.parts, self.roles.actors) if is_short else {}

    @cached_property
    def ids_by_name(self) -> Mapping[str, str]:
        """The ids of actors by their name; a name that several bear names none of them."""
        named = grouped(self.listed_actors.values(), self.roles.actor_name) if self.roles.actor_name else {}
        return {name: text_of(own[0][self.roles.actor_id]) for name, own in named.items() if len(own) == 1}

    @cached_property
    def present(self) -> Mapping[str, list[Presence]]:
        """Who takes part, by event."""
        return _presences(self.parts, self.events, self.ids_by_name)

    @cached_property
    def appears(self) -> Mapping[str, list[Presence]]:
        """The same by actor, in the order of the events."""
        found: dict[str, list[Presence]] = defaultdict(list)
        for id_ in self.events:
            for one in self.present.get(id_, ()):
                found[one.actor].append(one)
        return found

    @cached_property
    def years(self) -> Mapping[str, list[Year]]:
        """The events of each actor, counted by year; empty where each event has a page, or no actor has one."""
        table = self.edition.tables.get(self.roles.actors)
        is_told = self.has_event_pages or (table is not None and table.rows > self.most)
        return {} if is_told else years_of_actors(self.parts, self.ids_by_name, self.most)

    def events_of(self, actor: str) -> int:
        """In how many events an actor takes part."""
        years = sum(it.events for it in self.years.get(actor, ()))
        return years or len({it.event for it in self.appears.get(actor, ())})

    def roles_of(self, actor: str) -> set[str]:
        """What an actor is in its events: codes of roles, or fields of events."""
        return {it.role for it in self.appears.get(actor, ())}.union(*(it.roles for it in self.years.get(actor, ())))

    @cached_property
    def all_actors(self) -> Mapping[str, Row]:
        """The rows of the table of actors, and one without cells for each other name that events hold."""
        others = sorted({*self.appears, *self.years} - set(self.listed_actors))
        return {**self.listed_actors, **{name: {} for name in others}}

    @property
    def n_actors(self) -> int:
        """How many actors there are."""
        return len(self.all_actors) or (self.parts.table(self.roles.actors).rows if self.roles.actor_id else 0)

    @property
    def has_actor_pages(self) -> bool:
        """Whether each actor has a page of its own."""
        return self.n_actors <= self.most

    @property
    def actors(self) -> Mapping[str, Row]:
        """All actors; empty where they have no pages."""
        return self.all_actors if self.has_actor_pages else {}

    @cached_property
    def answers(self) -> Grouped:
        """Events that refer to another event, by that one."""
        return _joined(grouped(self.events.values(), name) for name in to(self.parts.events, self.roles.events))

    @cached_property
    def claims(self) -> Grouped:
        """Claims by the event that they are about."""
        return _by(self.told, self.told.claims, self.roles.events)

    @cached_property
    def said(self) -> Grouped:
        """Claims by the actor who makes them."""
        return _by(self.told, self.told.claims, self.roles.actors)

    @cached_property
    def chain(self) -> Grouped:
        """The ways of a claim through sources, by claim."""
        return _by(self.told, self.told.chain, self.told.claims)

    @cached_property
    def sources(self) -> Mapping[str, Row]:
        """The sources that these name."""
        return _keyed(self.told, self.told.sources)

    @cached_property
    def evidence(self) -> Grouped:
        """What claims are worth, by event."""
        return _by(self.told, self.told.evidence, self.roles.events)

    @cached_property
    def episodes(self) -> Grouped:
        """What holds between actors over a time, by actor."""
        return _by(self.told, self.told.episodes, self.roles.actors)

    @cached_property
    def bounded(self) -> Grouped:
        """The same by the event that begins or ends it."""
        return _by(self.told, self.told.episodes, self.roles.events)

    @cached_property
    def others(self) -> Mapping[str, Grouped]:
        """Other rows that name an event, by table, then by event."""
        return {name: rows_by(self.parts.table(name), field) for name, field in self.told.others.items()}

    @cached_property
    def about(self) -> Mapping[str, Grouped]:
        """Other rows about an actor, by table, then by actor."""
        tables = self.parts.about if self.actors else {}
        return {name: rows_by(self.parts.table(name), field) for name, field in tables.items()}

    @cached_property
    def belonging(self) -> Grouped:
        """Actors that refer to another actor, by that one."""
        names = to(self.parts.table(self.roles.actors), self.roles.actors) if self.listed_actors else ()
        return _joined(grouped(self.listed_actors.values(), name) for name in names)

    @cached_property
    def classes(self) -> tuple[str, str, Mapping[str, str]]:
        """Whether an event is one of working together or of conflict, and the table and the field that say so."""
        return _classes(self.parts) if self.has_event_pages else ("", "", {})

    @cached_property
    def all_steps(self) -> Mapping[tuple[str, str], list[Step]]:
        """What happened to every row over the versions, by table and key."""
        return steps_of(self.shelf)

    @cached_property
    def steps(self) -> Mapping[str, list[Step]]:
        """What happened to an event and to what belongs to it, by event."""
        return owned(self.told, self.shelf, self.all_steps)

    @cached_property
    def actor_steps(self) -> Mapping[str, list[Step]]:
        """The same by actor."""
        return {key: own for (name, key), own in self.all_steps.items() if name == self.roles.actors}

    @cached_property
    def gone_events(self) -> Mapping[str, Gone]:
        """The events that were published and are there no more."""
        return gone(self.shelf, self.roles.events, self.all_steps)

    @cached_property
    def gone_actors(self) -> Mapping[str, Gone]:
        """The same of actors."""
        return gone(self.shelf, self.roles.actors, self.all_steps)


def has_pages(edition: Edition, roles: Roles) -> bool:
    """Whether each event of a release has a page of its own."""
    return bool(roles.id) and 0 < edition.tables[roles.events].rows <= MOST


def read_records(shelf: Shelf, most: int = MOST) -> Records | None:
    """What the stories of the latest version are made from; None where its events cannot be told from one another.

    Args:
        shelf: The dataset.
        most: Events that have a page each.
    """
    edition = shelf.latest
    roles = roles_of(edition) if edition else None
    if edition is None or roles is None or not roles.id:
        return None
    return Records(shelf, most, edition, roles, parts_of(edition, roles))


def _in_time(parts: Parts) -> pl.DataFrame:
    """The events in the order of their first days, then of their ids."""
    frame = parts.events.frame()
    by = [name for role in ("start", "year") if (name := parts.roles.own(role))]
    return frame.sort([*by, parts.roles.id], nulls_last=True, maintain_order=True)


def _presences(parts: Parts, rows: Mapping[str, Row], names: Mapping[str, str]) -> dict[str, list[Presence]]:
    """Who takes part in each event, roles in the order of their code list; an actor named as the table of actors does is that one."""
    found: dict[str, list[Presence]] = defaultdict(list)
    for one in parts.roles.participations if rows else ():
        known = {} if one.refers else names
        if one.table == parts.roles.events:
            for id_, row in rows.items():
                if actor := text_of(row[one.actor]):
                    found[id_].append(Presence(id_, known.get(actor, actor), one.actor, {}))
            continue
        table = parts.table(one.table)
        codes = table.field(one.role)
        order = {code: at for at, code in enumerate(codes.codes)} if codes else {}
        for row in table.frame().sort(table.key).iter_rows(named=True):
            actor, event = text_of(row[one.actor]), text_of(row[one.event])
            found[event].append(Presence(event, known.get(actor, actor), text_of(row.get(one.role)), row))
        for own in found.values():
            own.sort(key=lambda it: order.get(it.role, len(order)))
    return found


def _classes(parts: Parts) -> tuple[str, str, dict[str, str]]:
    """The class of each event, where the events themselves or the view of pairs have one: table, field, code by event."""
    for name, event in ((parts.roles.events, parts.roles.id), (parts.pairs, "")):
        table = parts.edition.tables.get(name)
        if table is None:
            continue
        if found := listed(table, "class") or called(table, "class"):
            event = event or to(table, parts.roles.events)[0]
            pairs = table.scan().select(key_text(event), pl.col(found).cast(pl.String)).drop_nulls().collect()
            return name, found, dict(pairs.iter_rows())
    return "", "", {}


def _by(parts: Parts, name: str, other: str) -> dict[str, list[Row]]:
    """The rows of a table by what they refer to in another one; those of claims by the first field that does, the one that they are about."""
    if not name or not other:
        return {}
    table = parts.table(name)
    rows = table.frame().to_dicts()
    return _joined(grouped(rows, field) for field in to(table, other)[: 1 if name == parts.claims else None])


def _joined(groups: Iterable[Mapping[str, list[Row]]]) -> dict[str, list[Row]]:
    """Several groupings of the same rows as one, each row once a key."""
    found: dict[str, list[Row]] = {}
    for group in groups:
        for key, rows in group.items():
            own = found.setdefault(key, [])
            known = {id(row) for row in own}
            own.extend(row for row in rows if id(row) not in known)
    return found


def _keyed(parts: Parts, name: str) -> dict[str, Row]:
    if not name:
        return {}
    table = parts.table(name)
    return {text_of(row[table.key[0]]): row for row in table.frame().iter_rows(named=True)}
