"""The rows of a release, grouped by the event and the actor that they belong to: each table is read once, for all languages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from deedbook.site.addresses import MOST
from deedbook.site.editions import Edition, Shelf
from deedbook.site.roles import Roles
from deedbook.site.roles import roles as roles_of
from deedbook.site.stories.cells import Row, grouped, key_text, rows_by, text_of
from deedbook.site.stories.history import Gone, Step, gone, owned, steps_of
from deedbook.site.stories.parts import Parts, called, listed, parts_of, to

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
    """What the stories of a dataset are made from, by the id of the event, actor or claim.

    Attributes:
        most: Events, and actors, that have a page each.
        events: Every event, in the order of its days, those without one last; empty where there are more than `most`.
        n_events: How many there are.
        actors: Every row of the table of actors; where there is none, a row with the name alone for each name that events hold.
        n_actors: How many there are.
        present: Who takes part, by event.
        appears: The same by actor.
        answers: Events that refer to another event, by that one.
        episodes: What holds between actors over a time, by actor.
        bounded: The same by the event that begins or ends it.
        others: By table, then by event.
        about: By table, then by actor.
        belonging: Actors that refer to another actor, by that one.
        said: Claims by the actor who makes them.
        classes: Whether an event is one of working together or of conflict, and the table and the field that say so.
        steps: What happened to an event over the versions, by event.
        actor_steps: The same by actor.
    """

    shelf: Shelf
    most: int
    edition: Edition
    roles: Roles
    parts: Parts
    events: Mapping[str, Row]
    n_events: int
    actors: Mapping[str, Row]
    n_actors: int
    present: Mapping[str, list[Presence]]
    appears: Mapping[str, list[Presence]]
    answers: Grouped
    claims: Grouped
    said: Grouped
    chain: Grouped
    sources: Mapping[str, Row]
    evidence: Grouped
    episodes: Grouped
    bounded: Grouped
    others: Mapping[str, Grouped]
    about: Mapping[str, Grouped]
    belonging: Grouped
    classes: tuple[str, str, Mapping[str, str]]
    steps: Mapping[str, list[Step]]
    actor_steps: Mapping[str, list[Step]]
    gone_events: Mapping[str, Gone]
    gone_actors: Mapping[str, Gone]

    @property
    def has_event_pages(self) -> bool:
        """Whether each event has a page of its own."""
        return self.n_events <= self.most

    @property
    def has_actor_pages(self) -> bool:
        """Whether each actor has a page of its own."""
        return self.n_actors <= self.most


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
    parts = parts_of(edition, roles)
    is_small = parts.events.rows <= most
    rows = {text_of(row[roles.id]): row for row in _in_time(parts).iter_rows(named=True)} if is_small else {}
    listed_actors = _keyed(parts, roles.actors) if roles.actor_id and parts.table(roles.actors).rows <= most else {}
    present = _presences(parts, rows, listed_actors)
    appears = _by_actor(present, rows)
    actors = {**listed_actors, **{name: {} for name in sorted(set(appears) - set(listed_actors))}}
    told = parts if is_small else Parts(edition, roles)  # claims about events without a page are not read
    steps = steps_of(shelf)
    return Records(
        shelf=shelf,
        most=most,
        edition=edition,
        roles=roles,
        parts=parts,
        events=rows,
        n_events=parts.events.rows,
        actors=actors if len(actors) <= most else {},
        n_actors=len(actors) or (parts.table(roles.actors).rows if roles.actor_id else 0),
        present=present,
        appears=appears,
        answers=_joined(grouped(rows.values(), name) for name in to(parts.events, roles.events)),
        claims=_by(told, told.claims, roles.events),
        said=_by(told, told.claims, roles.actors),
        chain=_by(told, told.chain, told.claims),
        sources=_keyed(told, told.sources),
        evidence=_by(told, told.evidence, roles.events),
        episodes=_by(told, told.episodes, roles.actors),
        bounded=_by(told, told.episodes, roles.events),
        others={name: rows_by(parts.table(name), field) for name, field in parts.others.items() if is_small},
        about={name: rows_by(parts.table(name), field) for name, field in parts.about.items() if actors},
        belonging=_belonging(parts, listed_actors),
        classes=_classes(parts) if is_small else ("", "", {}),
        steps=owned(told, shelf, steps),
        actor_steps={key: own for (name, key), own in steps.items() if name == roles.actors},
        gone_events=gone(shelf, roles.events, steps),
        gone_actors=gone(shelf, roles.actors, steps),
    )


def _by_actor(present: Mapping[str, list[Presence]], rows: Iterable[str]) -> dict[str, list[Presence]]:
    """The participations of each actor, in the order of the events."""
    found: dict[str, list[Presence]] = defaultdict(list)
    for id_ in rows:
        for one in present.get(id_, ()):
            found[one.actor].append(one)
    return found


def _belonging(parts: Parts, actors: Mapping[str, Row]) -> dict[str, list[Row]]:
    """The actors that refer to another one, by that one."""
    table = parts.edition.tables.get(parts.roles.actors)
    return _joined(grouped(actors.values(), name) for name in to(table, table.name)) if table and actors else {}


def _in_time(parts: Parts) -> pl.DataFrame:
    """The events in the order of their first days, then of their ids."""
    frame = parts.events.frame()
    by = [name for role in ("start", "year") if (name := parts.roles.own(role))]
    return frame.sort([*by, parts.roles.id], nulls_last=True, maintain_order=True)


def _presences(parts: Parts, rows: Mapping[str, Row], actors: Mapping[str, Row]) -> dict[str, list[Presence]]:
    """Who takes part in each event, roles in the order of their code list; an actor named as the table of actors does is that one."""
    found: dict[str, list[Presence]] = defaultdict(list)
    names = _ids_by_name(parts, actors)
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


def _ids_by_name(parts: Parts, actors: Mapping[str, Row]) -> dict[str, str]:
    """The ids of actors by their name; a name that several bear names none of them."""
    name = parts.roles.actor_name
    ids: dict[str, list[str]] = defaultdict(list)
    for id_, row in actors.items() if name else ():
        ids[text_of(row[name])].append(id_)
    return {text: own[0] for text, own in ids.items() if len(own) == 1}


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
