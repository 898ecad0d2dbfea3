"""What stands at the head of an event: what it is called, when and where it was, how many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from markupsafe import Markup, escape

from deedbook.site.editions import Field, Table
from deedbook.site.messages import Messages
from deedbook.site.stories.cells import Cells, Fact, Row, day_of, text_of
from deedbook.site.stories.dates import in_words, span_in_words
from deedbook.site.stories.records import Records

_NAMED = 3
"""Participants that a title names."""
_LONGEST_HEAD, _LONGEST_PLACE = 300, 100
"""Characters of a title."""


@dataclass
class Heads:
    """The heads of events in one language."""

    records: Records
    cells: Cells
    _when: dict[str, tuple[str, str]] = field(default_factory=dict)
    _roles: dict[str, Field | None] = field(default_factory=dict)

    @property
    def say(self) -> Messages:
        """What the interface says."""
        return self.cells.say

    @property
    def table(self) -> Table:
        """That of the events."""
        return self.records.parts.events

    def role(self, role: str) -> Field | None:
        """The field of the events that plays a role."""
        if role not in self._roles:
            self._roles[role] = self.table.field(self.records.roles.own(role))
        return self._roles[role]

    def when(self, row: Row) -> tuple[str, str]:
        """The date of an event in words, and as it is coded where that is in EDTF; empty where it has none."""
        id_ = text_of(row[self.records.roles.id])
        if id_ not in self._when:
            self._when[id_] = self._date(row)
        return self._when[id_]

    def _date(self, row: Row) -> tuple[str, str]:
        for name in self.cells.dated:
            if row[name]:
                return in_words(row[name], self.say), row[name]
        own = self.records.roles.own
        start, end = day_of(row.get(own("start"))), day_of(row.get(own("end")))
        words = span_in_words(start, end if own("end") else start, self.say)
        return words or text_of(row.get(own("year"))), ""

    def year(self, row: Row) -> str:
        """The year of an event as people look for it; empty where none is known."""
        own = self.records.roles.own
        days = (text_of(row.get(own(role)))[:4] for role in ("start", "end"))
        return next(filter(None, days), "") or text_of(row.get(own("year")))

    def place(self, row: Row) -> str:
        """What the place of an event is called; empty where it is not known."""
        roles = self.records.roles
        column = roles.columns.get("place") or roles.columns.get("country")
        if column is None:
            return ""
        if column.via:
            return self.cells.others.get(column.table, {}).get(text_of(row[column.via]), "")
        return text_of(row[column.field])

    def title(self, row: Row) -> str:
        """What an event is called: its title, else who took part, where and when."""
        roles = self.records.roles
        if self.has_titles and (own := row[roles.own("title")]):
            return str(own)
        id_ = text_of(row[roles.id])
        present = list(dict.fromkeys(it.actor for it in self.records.present.get(id_, ())))
        more = " …" if len(present) > _NAMED else ""
        names = " \N{EN DASH} ".join(self.cells.actors.get(it, it) for it in present[:_NAMED]) + more
        head = ": ".join(filter(None, [self.kind(row), names])) or id_
        return ", ".join(filter(None, [head[:_LONGEST_HEAD], self.place(row)[:_LONGEST_PLACE], self.when(row)[0]]))

    def kind(self, row: Row) -> str:
        """The kind of an event in words; empty where a number alone tells it."""
        about = self.role("type")
        text = text_of(row[about.name]) if about else ""
        label = about.label(text, self.say.lang) if about and text else ""
        return "" if label == text and not _has_letters(text) else label

    @cached_property
    def status(self) -> str:
        """The field of the status of events; empty where there is none, or where numbers that no label explains tell it."""
        about = self.role("status")
        labels = [about.label(code, self.say.lang) for code in about.codes] if about else []
        is_worded = about is not None and (any(map(_has_letters, labels)) or (not labels and about.type == "string"))
        return about.name if about and is_worded else ""

    @cached_property
    def has_titles(self) -> bool:
        """Whether the field of titles tells events apart; one that names conflicts or headlines of many events does not."""
        about = self.role("title")
        return about is not None and 2 * about.statistics.get("distinct", 0) > about.statistics.get("rows", 0)

    def facts(self, row: Row, claims: Mapping[str, tuple[str, ...]]) -> list[Fact]:
        """What, when, where and how many, each with the ids of the claims about it."""
        say, own = self.say, self.records.roles.own
        told = (
            ("type", self.cells.show(self.table, own("type"), row)),
            ("date", self._dated(row)),
            ("place", self._placed(row)),
        )
        found = [Fact(say(f"story.fact.{key}"), value, claims.get(key, ())) for key, value in told if value]
        best = self.role("best")
        if best and any(row.get(self.records.roles.own(role)) is not None for role in ("low", "best", "high")):
            title = say("story.fact.best") if best.title == best.name else best.title
            found.append(Fact(title, self._number(row, best), claims.get("numbers", ())))
        return found

    @cached_property
    def shown(self) -> frozenset[str]:
        """The fields of the events that the head shows."""
        roles = self.records.roles
        columns = ((role, it.via or it.field) for role, it in roles.columns.items())
        names = {name for role, name in columns if role not in {"title", "summary", "status"}}
        return frozenset({*names, *self.cells.dated, *self._units})

    def _dated(self, row: Row) -> Markup:
        words, coded = self.when(row)
        date = Markup("{} <code>{}</code>").format(words, coded) if coded and coded != words else escape(words)
        about = self.role("precision")
        if about is None or row[about.name] is None:
            return date
        return date + Markup(" · {}: {}").format(about.title, self.cells.show(self.table, about.name, row))

    def _placed(self, row: Row) -> Markup:
        """Place and country, and the point on the map."""
        roles, cells = self.records.roles, self.cells
        columns = (roles.columns.get(role) for role in ("place", "country"))
        names = dict.fromkeys(it.via or it.field for it in columns if it is not None)
        found = list(dict.fromkeys(filter(None, (cells.show(self.table, name, row) for name in names))))
        latitude, longitude = self.point(row)
        if latitude and longitude:
            found.append(Markup("{}, {}").format(latitude, longitude))
        return Markup(", ").join(found)

    def point(self, row: Row) -> tuple[str, str]:
        """Latitude and longitude, which may stand in the row of the place; empty where they are not known."""
        found = []
        for role in ("latitude", "longitude"):
            column = self.records.roles.columns.get(role)
            place = self.cells.points.get(text_of(row[column.via]), {}) if column and column.via else {}
            found.append(text_of(place.get(role) if place or column is None else row.get(column.field)))
        return found[0], found[1]

    @cached_property
    def _units(self) -> tuple[str, ...]:
        """The fields that say what the numbers count."""
        best = self.records.roles.own("best")
        return tuple(it.name for it in self.table.fields if best and it.codes and it.name.startswith(best))

    def _number(self, row: Row, best: Field) -> Markup:
        """The best number with its unit, and the least and the greatest; `?` where one of these is not known."""
        low, high = (self._figure(row.get(self.records.roles.own(role))) for role in ("low", "high"))
        bounds = self.say("story.bounds", low=low or "?", high=high or "?") if low or high else ""
        units = [self.cells.show(self.table, name, row) for name in self._units]
        return Markup(" ").join(filter(None, [escape(self._figure(row[best.name])), *units, escape(bounds)]))

    def _figure(self, value: float | None) -> str:
        return "" if value is None else self.say.number(int(value) if float(value).is_integer() else value)


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))
