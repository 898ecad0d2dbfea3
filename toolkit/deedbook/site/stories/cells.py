"""Values of a release as people read them on a story page: codes by their label, ids as links to what they name, dates in words."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import polars as pl
from markupsafe import Markup, escape

from deedbook.findings import join_key
from deedbook.site.addresses import page_of
from deedbook.site.editions import Edition, Field, Table
from deedbook.site.messages import Messages
from deedbook.site.pages import web_link
from deedbook.site.stories.dates import in_words
from deedbook.site.stories.parts import Parts, called, title_field

Row = Mapping[str, Any]
LONGEST = 4000
"""Characters of a cell that a page shows; the table has the rest."""


def text_of(value: object) -> str:
    """A value as the tables of the release write it; empty for a missing one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def key_text(name: str) -> pl.Expr:
    """The column of a key as text, whole numbers without a decimal point."""
    return pl.col(name).cast(pl.String).str.strip_suffix(".0")


@dataclass(frozen=True, slots=True)
class Fact:
    """A field of a row: its title, its value, and the claims that it rests on."""

    title: str
    value: Markup
    claims: tuple[str, ...] = ()


@dataclass
class Cells:
    """What the values of a release look like in a language; each distinct one is made once.

    Attributes:
        actors: What actors are called, by id.
        events: What events are called, by id.
        others: What the rows of other tables are called, by table and key.
        points: Latitude and longitude by the key of a place, where places are a table.
        reasons: What the codes of reasons for a change are called.
        event_pages: The way to the page of an event, from that of another story; None where the events have no pages.
        actor_pages: The same for actors.
    """

    parts: Parts
    say: Messages
    actors: Mapping[str, str]
    events: Mapping[str, str]
    others: Mapping[str, Mapping[str, str]]
    points: Mapping[str, Row]
    reasons: Mapping[str, str]
    event_pages: Callable[[str], str]
    actor_pages: Callable[[str], str]
    _made: dict[tuple[str, str, str], Markup] = field(default_factory=dict)
    _fields: dict[str, dict[str, Field]] = field(default_factory=dict)

    @cached_property
    def dated(self) -> tuple[str, ...]:
        """The fields of the events that hold dates in EDTF."""
        return tuple(it.name for it in self.parts.events.fields if it.raw.get("edtfLevel"))

    def event(self, id_: str, text: str = "", at: str = "") -> Markup:
        """A link to the page of an event."""
        return _link(self.event_pages(id_) + at, text or self.events.get(id_) or id_)

    def actor(self, id_: str, text: str = "") -> Markup:
        """A link to the page of an actor."""
        return _link(self.actor_pages(id_), text or self.actors.get(id_) or id_)

    def row(self, table: str, key: str, text: str = "") -> Markup:
        """A link to a row in the explorer of its table."""
        return _link(explorer(self.parts.edition, table, key), text or key)

    def reason(self, code: str) -> Markup:
        """Why something changed."""
        label = self.reasons.get(code, code)
        return Markup("{} <code>{}</code>").format(label, code) if label != code else escape(code)

    def cell(self, table: Table, name: str, value: object) -> Markup:
        """A value of a field."""
        place = (table.name, name, text_of(value))
        if place not in self._made:
            fields = self._fields.setdefault(table.name, {it.name: it for it in table.fields})
            self._made[place] = self._cell(fields.get(name), place[2])
        return self._made[place]

    def show(self, table: Table, name: str, row: Row) -> Markup:
        """The value that a row has in a field; empty where there is no such field."""
        value = row.get(name) if name else None
        return Markup() if value is None else self.cell(table, name, value)

    def _cell(self, about: Field | None, text: str) -> Markup:
        if about is None or not text:
            return escape(text)
        if about.codes:
            label = about.label(text, self.say.lang)
            return escape(text) if label == text else Markup("{} <code>{}</code>").format(label, text)
        there = about.refers_to[0].partition(".")[0] if about.refers_to else ""
        if there and there in {self.parts.roles.events, self.parts.roles.actors}:
            link = self.event(text) if there == self.parts.roles.events else self.actor(text)
            return link + Markup(" <code>{}</code>").format(text)
        if there:
            label = self.others.get(there, {}).get(text, text)
            return self.row(there, text, label) + (Markup(" <code>{}</code>").format(text) if label != text else "")
        return self._plain(about, text)

    def _plain(self, about: Field, text: str) -> Markup:
        if about.type == "boolean":
            return escape(self.say(f"story.{text}"))
        if about.raw.get("edtfLevel") or about.type in {"date", "datetime"}:
            words = in_words(text.partition(" ")[0] if about.type == "datetime" else text, self.say)
            return escape(text) if words == text else Markup("{} <code>{}</code>").format(words, text)
        if address := web_link(text):
            return Markup('<a href="{}" rel="external nofollow noopener">{}</a>').format(address, text[:200])
        if len(text) > LONGEST:
            return Markup("{}… <em>{}</em>").format(text[:LONGEST], self.say("story.cut", count=len(text)))
        return escape(text)

    def facts(self, table: Table, row: Row, without: Iterable[str] = ()) -> list[Fact]:
        """The fields of a row that have a value, but some."""
        left_out = {*without}
        return [
            Fact(one.title, self.cell(table, one.name, value))
            for one in table.fields
            if one.name not in left_out and (value := row.get(one.name)) is not None and value != ""
        ]


def _link(address: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text) if address else escape(text)


def explorer(edition: Edition, table: str, key: str = "", where: Row | None = None) -> str:
    """The way from a story to a row in the explorer of its table, or to the rows in which fields hold these values."""
    page = page_of("table", edition.name, edition.version, table).partition("/")[2]
    asked = (
        urlencode({name: f"={value}" for name, value in where.items()}) if where else quote(join_key([key]), safe="")
    )
    return f"../{page}#{quote(table, safe='')}{'?' if where else '/'}{asked}"


def names_in(parts: Parts, lang: str) -> dict[str, str]:
    """What actors are called in a language: a name of it that is preferred, else their name in the table of actors."""
    roles, names = parts.roles, dict[str, str]()
    if not roles.actors:
        return names
    table = parts.table(roles.actors)
    title = roles.actor_name or title_field(table)
    if roles.actor_id and title:
        names = dict(
            table.scan()
            .select(key_text(roles.actor_id), pl.col(title).cast(pl.String))
            .drop_nulls()
            .collect()
            .iter_rows()
        )
    for name, owner in parts.about.items():
        other = parts.table(name)
        language, preferred, text = (called(other, part) for part in ("language", "preferred", "title"))
        if language and preferred and text:
            chosen = other.scan().filter(pl.col(language) == lang, pl.col(preferred)).select(key_text(owner), text)
            names |= dict(chosen.drop_nulls().collect().iter_rows())
    return names


def names_of_others(parts: Parts) -> dict[str, dict[str, str]]:
    """What the rows of the tables are called that others refer to, by table and key."""
    referred = {
        one.refers_to[0].partition(".")[0]
        for table in parts.edition.tables.values()
        for one in table.fields
        if one.refers_to
    }
    found = {}
    for name in sorted(referred - {parts.roles.events, parts.roles.actors}):
        table = parts.edition.tables.get(name)
        if table is not None and len(table.key) == 1 and (title := title_field(table)):
            pairs = table.scan().select(key_text(table.key[0]), pl.col(title).cast(pl.String)).drop_nulls().collect()
            found[name] = dict(pairs.iter_rows())
    return found


def points_of(parts: Parts) -> dict[str, Row]:
    """The coordinates of the rows of the table of places, by key; empty where events have their own."""
    found = {role: parts.roles.columns.get(role) for role in ("latitude", "longitude")}
    wanted = {role: it for role, it in found.items() if it is not None and it.via}
    if not wanted:
        return {}
    table = parts.table(next(iter(wanted.values())).table)
    columns = [pl.col(it.field).alias(role) for role, it in wanted.items()]
    frame = table.scan().select(key_text(table.key[0]).alias("key"), *columns).collect()
    return {row["key"]: row for row in frame.iter_rows(named=True)}


def reasons_in(parts: Parts, lang: str) -> dict[str, str]:
    """What the codes of reasons are called in a language, where a table has them as codes."""
    fields = (
        one for table in parts.edition.tables.values() for one in table.fields if one.raw.get("codeList") == "reason"
    )
    found = next(fields, None)
    return {code: found.label(code, lang) for code in found.codes} if found else {}


def grouped(rows: Iterable[Row], name: str) -> dict[str, list[Row]]:
    """Rows by what a field of theirs holds, as text; those without a value are left out."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row[name] is not None:
            found.setdefault(text_of(row[name]), []).append(row)
    return found


def rows_by(table: Table, name: str) -> dict[str, list[Row]]:
    """The rows of a table by what a field holds."""
    return grouped(table.frame().iter_rows(named=True), name)


def day_of(value: object) -> dt.date | None:
    """A date or a moment's date; None for anything else."""
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None
