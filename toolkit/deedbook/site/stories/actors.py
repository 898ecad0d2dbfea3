"""The story of an actor: what it is, in which events it takes part, with and against whom, what holds with others, what it says."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup, escape

from deedbook.site.editions import Table
from deedbook.site.stories.cells import Cells, Fact, Row, text_of
from deedbook.site.stories.dates import in_words, years
from deedbook.site.stories.heads import Heads
from deedbook.site.stories.parts import UNTOLD, is_dated
from deedbook.site.stories.past import Past, history
from deedbook.site.stories.records import Presence, Records
from deedbook.site.stories.years import Year

LISTED = 300
"""Events that the page of an actor names one by one; of more it names the last and counts all by year."""
_WITH = 100
"""Other actors that it names."""
_SAID = 100
_ROLES = 8
"""Roles that its timeline counts, those of most events."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """An event of an actor."""

    when: str
    event: Markup
    roles: Sequence[Markup]
    status: Markup


@dataclass(frozen=True, slots=True)
class Company:
    """Another actor in the same events: how many, of which class, on the same side or not."""

    actor: Markup
    events: int
    parts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Bar:
    """What holds with another actor over a time.

    Attributes:
        start: Where its bar begins, in percent of the axis; the same for `end`.
        is_open: Whether the beginning, and whether the end, is open or not known.
    """

    kind: Markup
    other: Markup
    span: str
    row: Markup
    status: Markup
    note: str
    start: float
    end: float
    is_open: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of an actor by year, where not all are named.

    Attributes:
        roles: What the actor is in them, where that is told; at most `_ROLES`.
        rows: The year, its events, their share of those of the fullest year in percent, the events by role.
    """

    roles: Sequence[Markup]
    rows: Sequence[tuple[str, int, float, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class ActorStory:
    """What the page of an actor shows; what there is nothing of is empty.

    Attributes:
        timeline: The events by year, where not all are named; None where they are.
        heads: What the numbers of `Company.parts` count.
        axis: The first and the last year of the bars; None where no day is known.
    """

    id: str
    name: str
    facts: Sequence[Fact]
    belonging: Sequence[Markup]
    about: Sequence[tuple[Table, Sequence[str], Sequence[Sequence[Markup]]]]
    n_events: int
    events: Sequence[Appearance]
    timeline: Timeline | None
    heads: Sequence[Markup]
    company: Sequence[Company]
    n_company: int
    bars: Sequence[Bar]
    axis: tuple[int, int] | None
    said: Sequence[tuple[Markup, Markup, str]]
    n_said: int
    history: Past
    row: Markup


@dataclass
class Biographer:
    """Makes the stories of actors in one language."""

    records: Records
    cells: Cells
    heads: Heads

    def story(self, id_: str) -> ActorStory:
        """The story of an actor."""
        records, cells, roles = self.records, self.cells, self.records.roles
        row = records.actors[id_]
        table = records.parts.table(roles.actors) if row else None
        events = list(dict.fromkeys(it.event for it in records.appears.get(id_, ())))
        heads, company = self._company(id_, events)
        bars, axis = self._bars(id_)
        said = records.said.get(id_, [])
        without = {roles.actor_id, roles.actor_name, *UNTOLD}
        return ActorStory(
            id=id_ if table else "",
            name=cells.actors.get(id_, id_),
            facts=cells.facts(table, row, without) if table else (),
            belonging=[cells.actor(text_of(it[roles.actor_id])) for it in records.belonging.get(id_, ())],
            about=self._about(id_),
            n_events=records.events_of(id_),
            events=[self._appearance(id_, it) for it in events[-LISTED:]],
            timeline=self._timeline(id_, events),
            heads=heads,
            company=company[:_WITH],
            n_company=len(company),
            bars=bars,
            axis=axis,
            said=[self._saying(it) for it in said[:_SAID]],
            n_said=len(said),
            history=history(records.actor_steps.get(id_, ()), cells),
            row=cells.row(table.name, id_, table.title) if table else Markup(),
        )

    def _about(self, id_: str) -> list[tuple[Table, list[str], list[list[Markup]]]]:
        """Rows of other tables about the actor, such as its names and codes."""
        found = []
        for name, by in self.records.about.items():
            rows, table = by.get(id_, []), self.records.parts.table(name)
            without = {*(table.key if len(table.key) == 1 else ()), self.records.parts.about[name], *UNTOLD}
            fields = [
                it for it in table.fields if it.name not in without and any(row[it.name] is not None for row in rows)
            ]
            if rows:
                cells = [[self.cells.cell(table, it.name, row[it.name]) for it in fields] for row in rows]
                found.append((table, [it.title for it in fields], cells))
        return found

    def _appearance(self, id_: str, event: str) -> Appearance:
        records, row = self.records, self.records.events[event]
        roles = dict.fromkeys(self._role(it.role) for it in records.present[event] if it.actor == id_)
        status = self.cells.show(records.parts.events, self.heads.status, row)
        return Appearance(self.heads.when(row)[0], self.cells.event(event), tuple(roles), status)

    def _role(self, role: str) -> Markup:
        """In which role an actor is there: the label of its code, or the title of the field that names it."""
        place, parts = self.records.roles.participations[0], self.records.parts
        about = parts.table(place.table).field(place.role or role)
        if about is None:
            return escape(role)
        return escape(about.label(role, self.cells.say.lang) if place.role else about.title)

    def _timeline(self, id_: str, events: Sequence[str]) -> Timeline | None:
        """The events by year; None where each of them is named."""
        years = self._years(id_, events) if len(events) > LISTED else self.records.years.get(id_)
        if not years:
            return None
        total: Counter[str] = Counter()
        for year in years:
            total.update(year.roles)
        roles = [role for role, _ in total.most_common(_ROLES) if role]
        most = max(it.events for it in years)
        rows = [
            (it.year, it.events, round(100 * it.events / most, 1), [it.roles.get(role, 0) for role in roles])
            for it in years
        ]
        return Timeline([self._role(role) for role in roles], rows)

    def _years(self, id_: str, events: Sequence[str]) -> list[Year]:
        """Events that have pages, counted by year."""
        of = {event: self.heads.year(self.records.events[event]) for event in events}
        total: dict[str, Counter[str]] = {}
        for _, role, year in sorted({(it.event, it.role, of[it.event]) for it in self.records.appears[id_]}):
            total.setdefault(year, Counter())[role] += 1
        counts = Counter(of.values())
        return [Year(year, counts[year], total[year]) for year in sorted(total, key=lambda it: (not it, it))]

    @cached_property
    def _sorts(self) -> Mapping[str, str]:
        """By what the company of an actor is told apart, as codes with their labels: the class of an event, else the side."""
        (name, field, _), lang = self.records.classes, self.cells.say.lang
        about = self.records.parts.table(name).field(field) if name else None
        labels = {code: about.label(code, lang) for code in about.codes} if about else {}
        return labels or {side: self.cells.say(f"story.side.{side}") for side in ("same", "other")}

    def _company(self, id_: str, events: Iterable[str]) -> tuple[list[Markup], list[Company]]:
        """Who else takes part in its events: by the class of the event, else on the same side and on another."""
        is_classed, classes = bool(self.records.classes[0]), self.records.classes[2]
        company: dict[str, Counter[str]] = {}
        for event in events:
            roles = _roles_by_actor(self.records.present[event])
            own = roles.pop(id_)
            for other, there in roles.items():
                side = "same" if own & there else "other"
                company.setdefault(other, Counter())[classes.get(event, "") if is_classed else side] += 1
        names = self.cells.actors
        ranked = sorted(company.items(), key=lambda it: (-it[1].total(), names.get(it[0], it[0])))
        used = [code for code in self._sorts if any(code in counts for counts in company.values())]
        found = [Company(self.cells.actor(it), own.total(), [own[code] for code in used]) for it, own in ranked]
        return [escape(self._sorts[code]) for code in used], found

    def _bars(self, id_: str) -> tuple[list[Bar], tuple[int, int] | None]:
        rows, parts = self.records.episodes.get(id_, []), self.records.parts
        if not rows:
            return [], None
        table = parts.table(parts.episodes)
        dated = [it.name for it in table.fields if is_dated(it)][:2]
        spans = [_span([text_of(row[name]) for name in dated]) for row in rows]
        known = [year for span in spans for year in span if year is not None]
        axis = (int(min(known)), max(int(min(known)) + 1, -int(-max(known) // 1))) if known else None
        return [
            self._bar(table, row, id_, dated, _place(span, axis)) for row, span in zip(rows, spans, strict=True)
        ], axis

    def _bar(
        self, table: Table, row: Row, id_: str, dated: Sequence[str], place: tuple[float, float, bool, bool]
    ) -> Bar:
        parts, cells, say = self.records.parts, self.cells, self.cells.say
        status = next((it.name for it in table.fields if it.raw.get("codeList") == "status"), "")
        sides = [text_of(row[name]) for name in parts.to(table, parts.roles.actors)]
        days = [in_words(text_of(row[name]), say) if row[name] else say("story.open") for name in dated]
        start, end, *is_open = place
        return Bar(
            kind=cells.show(table, parts.kind_of(table), row),
            other=Markup(", ").join(cells.actor(it) for it in sides if it != id_),
            span=" \N{EN DASH} ".join(dict.fromkeys(days)),
            row=cells.row(table.name, text_of(row[table.key[0]])),
            status=cells.show(table, status, row),
            note=text_of(row.get(parts.called(table, "note"))),
            start=start,
            end=end,
            is_open=(is_open[0], is_open[1]),
        )

    def _saying(self, row: Row) -> tuple[Markup, Markup, str]:
        """A claim that the actor makes: its stance, what it is about, the text."""
        parts, cells = self.records.parts, self.cells
        table = parts.table(parts.claims)
        key, event = text_of(row[table.key[0]]), text_of(row[parts.to(table, parts.roles.events)[0]])
        about = cells.event(event, at=f"#{key}") if event in self.records.events else cells.row(table.name, key)
        return (
            cells.show(table, parts.listed(table, "stance"), row),
            about,
            text_of(row.get(parts.called(table, "text"))),
        )


def _roles_by_actor(present: Iterable[Presence]) -> dict[str, set[str]]:
    """The roles of each actor of an event."""
    found: dict[str, set[str]] = {}
    for it in present:
        found.setdefault(it.actor, set()).add(it.role)
    return found


def _span(texts: Sequence[str]) -> tuple[float | None, float | None]:
    """The earliest beginning and the latest end, as years."""
    return years(texts[0])[0] if texts else None, years(texts[-1])[1] if len(texts) > 1 else None


def _place(span: tuple[float | None, float | None], axis: tuple[int, int] | None) -> tuple[float, float, bool, bool]:
    """Where a bar begins and ends in percent of the axis, and whether it is open there; it is never too thin to be seen."""
    low, high = axis or (0, 1)
    start, end = (None if year is None else 100 * (year - low) / (high - low) for year in span)
    left = 0.0 if start is None else min(start, 98.0)
    return round(left, 2), round(max(100.0 if end is None else end, left + 2), 2), start is None, end is None
