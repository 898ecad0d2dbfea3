"""The story of an event: who, when, where, who says so by way of whom, why it has its status, what it is to others, what changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup, escape

from deedbook.site.editions import Table
from deedbook.site.stories.cells import Cells, Fact, Row, day_of, text_of
from deedbook.site.stories.heads import Heads
from deedbook.site.stories.parts import UNTOLD, WORDS, all_called
from deedbook.site.stories.past import Past, history
from deedbook.site.stories.records import Presence, Records
from deedbook.site.stories.statements import Claim, Statements, Weight

_LONGEST_NAME = 300
"""Characters of a place for machines."""
_FEW = 200
"""Rows of another table that a page shows of one event; the table has the rest."""


@dataclass(frozen=True, slots=True)
class Member:
    """A participant: who, in which role, and what else the row of the participation says."""

    role: Markup
    actor: Markup
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of an event, and why it has it; empty where events have none.

    Attributes:
        says: What the code means.
        override: The status that an editor set, and `reason`, theirs.
        tally: How many origins stand behind each kind of evidence.
        counts: What the release itself counts.
    """

    status: Markup
    says: str
    override: Markup
    reason: str
    weights: Sequence[Weight]
    tally: Sequence[tuple[Markup, int, Sequence[Markup]]]
    counts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Story:
    """What the page of an event shows; what there is nothing of is empty.

    Attributes:
        facts: What, when, where and how many, with the claims about each.
        members_claimed: The claims about who took part.
        claims: By the label of their stance.
        sources: Of the claims: id, title, the rest.
        origin: Sources that the event itself names.
        others: Rows of other tables: the table, titles, cells, and how many there are.
        more: All other fields.
        since: The versions in which it came and was last changed.
        linked: For machines: schema.org; None where it would be untrue.
    """

    id: str
    title: str
    summary: str
    standing: Standing
    facts: Sequence[Fact]
    members: Sequence[Member]
    members_claimed: Sequence[str]
    claims: Sequence[tuple[Markup, Sequence[Claim]]]
    sources: Sequence[tuple[str, str, Sequence[Fact]]]
    origin: Sequence[Fact]
    related: Sequence[tuple[str, Markup]]
    others: Sequence[tuple[Table, Sequence[str], Sequence[Sequence[Markup]], int]]
    more: Sequence[Fact]
    since: Mapping[str, str]
    history: Past
    linked: Mapping[str, Any] | None
    row: Markup


@dataclass
class Teller:
    """Makes the stories of events in one language.

    Attributes:
        definitions: What the codes of a field mean, by field of the table of events and code.
    """

    records: Records
    cells: Cells
    heads: Heads
    definitions: Mapping[str, Mapping[str, str]]

    @cached_property
    def statements(self) -> Statements:
        """Who says what."""
        return Statements(self.records, self.cells)

    @property
    def _table(self) -> Table:
        return self.records.parts.events

    def story(self, id_: str) -> Story:
        """The story of an event."""
        records, cells, row = self.records, self.cells, self.records.events[id_]
        about = self.statements.by_aspect(id_)
        summary = "" if self._summary in self._sources else text_of(row.get(self._summary))
        return Story(
            id=id_,
            title=cells.events[id_],
            summary=summary,
            standing=self._standing(id_, row),
            facts=self.heads.facts(row, about),
            members_claimed=about.get("participants", ()),
            members=[self._member(it) for it in records.present.get(id_, ())],
            claims=self.statements.by_stance(id_),
            sources=self.statements.sources(id_),
            origin=cells.facts(self._table, {name: row[name] for name in self._sources}),
            related=[*self._related(id_, row), *self._bounds(id_)],
            others=list(self._others(id_)),
            more=cells.facts(self._table, row, self._told),
            since={name: text_of(row[name]) for name in UNTOLD if row.get(name)},
            history=history(records.steps.get(id_, ()), cells),
            linked=self._linked(id_, row),
            row=cells.row(records.roles.events, id_, self._table.title),
        )

    @property
    def _summary(self) -> str:
        return self.records.roles.own("summary")

    @cached_property
    def _sources(self) -> list[str]:
        """The fields in which an event itself names its sources; none where claims do."""
        return [] if self.records.parts.claims else all_called(self._table, "sources")

    @cached_property
    def _counted(self) -> list[str]:
        """What the release counts of the claims about an event."""
        numbers = [it.name for it in self._table.fields if it.raw.get("derived") and it.type == "integer"]
        return numbers if self.records.parts.evidence else []

    @cached_property
    def _told(self) -> set[str]:
        """The fields that stand elsewhere on the page."""
        roles, parts, table = self.records.roles, self.records.parts, self._table
        relations = {parts.listed(table, "relation"), *parts.to(table, table.name)}
        override = {parts.called(table, "override"), parts.called(table, "override_reason")}
        own = {one.actor for one in roles.participations if one.table == roles.events}
        heads = {roles.id, self.heads.status, roles.own("title") if self.heads.has_titles else "", self._summary}
        return {*heads, *relations, *override, *own, *UNTOLD, *self.heads.shown, *self._sources, *self._counted}

    def _standing(self, id_: str, row: Row) -> Standing:
        table, cells, parts = self._table, self.cells, self.records.parts
        status, override = self.heads.status, parts.called(table, "override")
        return Standing(
            status=cells.show(table, status, row),
            says=self.definitions.get(status, {}).get(text_of(row.get(status)), ""),
            override=cells.show(table, override, row),
            reason=text_of(row.get(parts.called(table, "override_reason"))),
            weights=self.statements.weights(id_),
            tally=self.statements.tally(id_),
            counts=cells.facts(table, {name: row[name] for name in self._counted}),
        )

    def _member(self, one: Presence) -> Member:
        cells, roles = self.cells, self.records.roles
        if not one.row:
            about = self._table.field(one.role)
            return Member(escape(about.title if about else one.role), cells.actor(one.actor), ())
        place = next(it for it in roles.participations if it.table != roles.events)
        table = self.records.parts.table(place.table)
        plain = {name: value for name, value in one.row.items() if value is not False}
        facts = cells.facts(table, plain, {place.event, place.actor, place.role, *UNTOLD})
        return Member(cells.show(table, place.role, one.row), cells.actor(one.actor), facts)

    def _related(self, id_: str, row: Row) -> Iterator[tuple[str, Markup]]:
        """What the event is to other events: how, and which."""
        records, cells, table = self.records, self.cells, self._table
        relation = table.field(records.parts.listed(table, "relation"))

        def how(one: Row) -> str:
            return relation.label(one[relation.name], cells.say.lang) if relation and one[relation.name] else ""

        def link(id_: str) -> Markup:
            return cells.event(id_) + Markup(" <code>{}</code>").format(id_)

        for name in records.parts.to(table, table.name):
            if other := text_of(row[name]):
                yield how(row) or name, link(other)
        for other_row in records.answers.get(id_, ()):
            yield cells.say("story.related.back", how=how(other_row)), link(text_of(other_row[records.roles.id]))

    def _bounds(self, id_: str) -> Iterator[tuple[str, Markup]]:
        """Which episodes the event begins or ends."""
        parts = self.records.parts
        for episode in self.records.bounded.get(id_, ()):
            table = parts.table(parts.episodes)
            fields = (table.field(name) for name in parts.to(table, parts.roles.events))
            yield from ((it.title, self._episode(episode)) for it in fields if it and text_of(episode[it.name]) == id_)

    def _episode(self, row: Row) -> Markup:
        """What holds between whom over a time, in a line."""
        parts, cells = self.records.parts, self.cells
        table = parts.table(parts.episodes)
        what = cells.show(table, parts.kind_of(table), row)
        names = parts.to(table, parts.roles.actors)
        pair = Markup(" \N{EN DASH} ").join(cells.actor(text_of(row[name])) for name in names if row[name])
        return Markup("{}: {} {}").format(what, pair, cells.row(table.name, text_of(row[table.key[0]])))

    def _others(self, id_: str) -> Iterator[tuple[Table, list[str], list[list[Markup]], int]]:
        """Rows of other tables about the event."""
        for name, by in self.records.others.items():
            table, rows = self.records.parts.table(name), by.get(id_, [])
            without = {self.records.parts.others[name], *UNTOLD}
            shown = rows[:_FEW]
            fields = [
                it for it in table.fields if it.name not in without and any(row[it.name] is not None for row in shown)
            ]
            if rows:
                cells = [[self.cells.cell(table, it.name, row[it.name]) for it in fields] for row in shown]
                yield table, [it.title for it in fields], cells, len(rows)

    def _linked(self, id_: str, row: Row) -> dict[str, Any] | None:
        """The event for machines; None where it has no day, or where its own codes say that there may not have been one."""
        own = self.records.roles.own
        start, end = day_of(row.get(own("start"))), day_of(row.get(own("end")))
        codes = {text_of(row[it.name]) for it in self._table.fields if it.codes}
        if start is None or codes & set(WORDS["untrue"]["codes"]):
            return None
        name, days = (
            self.cells.events[id_],
            {"startDate": start.isoformat()} | ({"endDate": end.isoformat()} if end else {}),
        )
        found: dict[str, Any] = {
            "@context": "https://schema.org",
            "@type": "Event",
            "identifier": id_,
            "name": name,
            **days,
        }
        if self._summary and row[self._summary]:
            found["description"] = text_of(row[self._summary])
        if place := self.heads.place(row)[:_LONGEST_NAME]:
            found["location"] = {"@type": "Place", "name": place}
            latitude, longitude = self.heads.point(row)
            if latitude and longitude:
                point = {"latitude": float(latitude), "longitude": float(longitude)}
                found["location"]["geo"] = {"@type": "GeoCoordinates", **point}
        return found
