"""What became of events and actors from version to version, with the reasons, and of those that are there no more.

Read from the `changes.json` of every version at hand, newest first; keys are followed through re-keying, so a row is told by the key
that it has now. What happened to a row that belongs to an event, such as a claim about it, is told with the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from deedbook.changes.records import split_key
from deedbook.site.editions import Edition, Shelf
from deedbook.site.stories.cells import key_text, text_of
from deedbook.site.stories.parts import Parts, title_field
from deedbook.versioning.corrections import REDIRECTS

Place = tuple[str, str]
"""A table and the key of a row."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a row in one version.

    Attributes:
        what: `added`, `withdrawn`, `rekeyed` or `changed`.
        field: The field that changed.
    """

    version: str
    created: str
    table: str
    key: str
    what: str
    field: str = ""
    old: str | None = None
    new: str | None = None
    reason: str = ""
    note: str = ""

    def lost(self) -> Gone:
        """What is there no more since then: the row that was withdrawn, or the key that it had."""
        old, new = (self.old or "", self.new or "") if self.what == "rekeyed" else (self.key, "")
        return Gone(old, new, self.reason, self.note, self.version)


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that was published and is there no more.

    Attributes:
        new: The row that took its place; empty when it was withdrawn.
        edition: The newest release at hand that has it; None when none does.
        row: What it said there.
    """

    key: str
    new: str = ""
    reason: str = ""
    note: str = ""
    version: str = ""
    edition: Edition | None = None
    row: Mapping[str, Any] = field(default_factory=dict)

    def title(self, table: str) -> str:
        """What it was called; empty where it had no name, or no release at hand tells it."""
        name = title_field(self.edition.tables[table]) if self.edition else ""
        return str(self.row.get(name) or "")


def steps_of(shelf: Shelf) -> dict[Place, list[Step]]:
    """What happened to each row, newest first."""
    found: dict[Place, list[Step]] = {}
    keys: dict[Place, str] = {}
    tables: dict[str, str] = {}
    for edition in shelf.editions:
        document = edition.changes or {}
        for table in document.get("tables", ()):
            name = tables.get(table["table"], table["table"])
            renewed = {(name, it["old"]): keys.get((name, it["new"]), it["new"]) for it in table["rekeyed"]}
            for step in _steps(edition, name, table):
                now = renewed.get((name, step.key)) or keys.get((name, step.key), step.key)
                found.setdefault((name, now), []).append(step)
            keys |= renewed
        renamed = (it for it in document.get("schema", ()) if it["kind"] == "table-renamed")
        tables |= {it["old"]: tables.get(it["new"], it["new"]) for it in renamed}
    return found


def _steps(edition: Edition, name: str, table: Mapping[str, Any]) -> Iterator[Step]:
    """The steps of the rows of a table in one version, by the keys of that version."""

    def step(what: str, key: str, item: Mapping[str, Any] | None = None) -> Step:
        said = item or {}
        more = {part: said.get(part) or "" for part in ("field", "reason", "note")}
        values = said.get("old"), said.get("new")
        return Step(
            edition.version,
            edition.entry.created[:10],
            name,
            key,
            what,
            more["field"],
            *values,
            more["reason"],
            more["note"],
        )

    yield from (step("changed", it["key"], it) for it in table["changed"] if it["kind"] == "value")
    yield from (step("added", key) for key in table["added"])
    yield from (step("withdrawn", it["key"], it) for it in table["removed"])
    yield from (step("rekeyed", it["new"], it) for it in table["rekeyed"])


def owned(parts: Parts, shelf: Shelf, steps: Mapping[Place, list[Step]]) -> dict[str, list[Step]]:
    """What happened to each event and to the rows that belong to it, newest first, by the event's id."""
    owners = _owners(parts, shelf)
    order = {edition.version: number for number, edition in enumerate(shelf.editions)}
    found: dict[str, list[Step]] = {}
    for (table, key), own in steps.items():
        owner = owners[table](key) if table in owners else None
        if owner is not None:
            found.setdefault(owner, []).extend(own)
    for own in found.values():
        own.sort(key=lambda it: (order[it.version], it.table != parts.roles.events))
    return found


def _owners(parts: Parts, shelf: Shelf) -> dict[str, Callable[[str], str | None]]:
    """How the key of a row names the event that it belongs to, by table."""
    found: dict[str, Callable[[str], str | None]] = {parts.roles.events: lambda key: split_key(key)[0]}
    claimed: dict[str, str] = {}
    if parts.claims:
        key = parts.table(parts.claims).key[0]
        event = next(name for name, there in _pairs(parts, parts.claims) if there == parts.roles.events)
        for edition in reversed(shelf.editions):
            if (table := edition.tables.get(parts.claims)) and table.field(key) and table.field(event):
                known = table.scan().select(key, event).drop_nulls().collect()
                claimed |= dict(known.cast(pl.String).iter_rows())
        found[parts.claims] = lambda key: claimed.get(split_key(key)[0])
        if parts.chain:
            at = _position(parts, parts.chain, parts.claims)
            found[parts.chain] = lambda key: claimed.get(split_key(key)[at])
    for one in parts.roles.participations:
        table = parts.table(one.table)
        if one.event in table.key and not table.is_view and one.table != parts.roles.events:
            found[one.table] = _part(table.key.index(one.event))
    return found


def _part(at: int) -> Callable[[str], str | None]:
    return lambda key: split_key(key)[at]


def _pairs(parts: Parts, table: str) -> Iterator[tuple[str, str]]:
    yield from ((one.name, one.refers_to[0].partition(".")[0]) for one in parts.table(table).fields if one.refers_to)


def _position(parts: Parts, table: str, other: str) -> int:
    name = next(name for name, there in _pairs(parts, table) if there == other)
    key = parts.table(table).key
    return key.index(name) if name in key else 0


def gone(shelf: Shelf, table: str, steps: Mapping[Place, list[Step]]) -> dict[str, Gone]:
    """The rows of a table that were published and are there no more, by their key."""
    latest = shelf.latest
    there = latest.tables.get(table) if latest else None
    if latest is None or there is None or len(there.key) != 1:
        return {}
    own = [it for (name, _), it in steps.items() if name == table]
    losses = [
        step.lost() for it in own for step in it if step.what == "rekeyed" or (step.what, step) == ("withdrawn", it[0])
    ]
    return _with_rows(
        shelf, table, _retired(latest, table) | {it.key: it for it in losses} | _redirected(latest, table)
    )


def _retired(latest: Edition, table: str) -> dict[str, Gone]:
    """The keys that a release lists as used once: of earlier versions, which may not be at hand."""
    return {key: Gone(key) for key in ((latest.changes or {}).get("retired") or {}).get(table, ())}


def _redirected(latest: Edition, table: str) -> dict[str, Gone]:
    """The keys that a release leads to others, where it has a table of them."""
    redirects = latest.tables.get(REDIRECTS)
    if redirects is None:
        return {}
    rows = redirects.frame().filter(pl.col("table") == table).iter_rows(named=True)
    told = ((row["old_id"], *(row.get(name) or "" for name in ("new_id", "reason", "note", "release"))) for row in rows)
    return {old: Gone(old, new, reason, note, version) for old, new, reason, note, version in told}


def _with_rows(shelf: Shelf, table: str, lost: dict[str, Gone]) -> dict[str, Gone]:
    """The same with what each row said in the newest release that has it."""
    missing = set(lost)
    for edition in shelf.editions:
        there = edition.tables.get(table)
        if missing and there is not None and len(there.key) == 1:
            key = key_text(there.key[0])
            for row in there.scan().filter(key.is_in(sorted(missing))).collect().iter_rows(named=True):
                name = text_of(row[there.key[0]])
                missing.discard(name)
                if name in lost:
                    lost[name] = replace(lost[name], edition=edition, row=row)
    return lost
