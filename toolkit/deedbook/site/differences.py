"""What a version changed, as a page: numbers first, then declarations, then rows and cells with old and new values and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from deedbook.catalogue.records import Catalogue
from deedbook.site.editions import Edition, Field, Shelf
from deedbook.site.explorer import versions_data
from deedbook.site.messages import LANGUAGES
from deedbook.site.pages import At, render

MOST = 400
"""Changes of a table that its page lists; `changes.json` has all, and so has the comparison in the browser."""
_LONGEST_VALUE = 400
COUNTS = ("old_rows", "new_rows", "added", "removed", "rekeyed", "revised", "rewritten", "cells")


@dataclass(frozen=True, slots=True)
class Change:
    """A row that came, went or has another key, or a cell that has another value.

    Attributes:
        kind: `added`, `removed`, `rekeyed`, `value` or `representation`.
        is_there: Whether the row stands in the newer version.
        href: The way to it.
    """

    kind: str
    key: str
    href: str
    field: str = ""
    old: str | None = None
    new: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class TableChanges:
    """The changes of a table, those that are shown of `total`."""

    name: str
    title: str
    counts: Mapping[str, int]
    fields: tuple[Mapping[str, Any], ...]
    shown: tuple[Change, ...]
    total: int


def difference_pages(catalogue: Catalogue, shelf: Shelf, edition: Edition) -> Iterator[tuple[str, bytes]]:
    """What a release changed since the one before it, in every language; of a first release, that it is the first."""
    changes: Mapping[str, Any] = edition.changes or {}
    before = changes.get("previous")
    old = next((one for one in shelf.editions if before and one.version == before["version"]), None)
    told = {"changes": changes, "before": before, "summary": history_of(edition), "count_names": COUNTS}
    for lang in LANGUAGES:
        at = At(catalogue, lang, "changes", (edition.name, edition.version), shelf, edition)
        differ = (one for one in changes.get("tables", ()) if any(map(one["counts"].get, COUNTS[2:])))
        tables = [_table(at, edition, old, one) for one in differ]
        yield at.address, render("changes.html.j2", at, most=MOST, compared=versions_data(shelf), tables=tables, **told)


def history_of(edition: Edition) -> Mapping[str, Any]:
    """What a version changed, as its changes.json sums it up; empty where it tells nothing."""
    changes = edition.changes or {}
    return next((dict(one) for one in changes.get("history", ()) if one.get("version") == edition.version), {})


def _table(at: At, edition: Edition, old: Edition | None, record: Mapping[str, Any]) -> TableChanges:
    """The changes of a table for a page; codes with their labels."""
    name = record["table"]
    known = edition.tables.get(name)
    total = sum(len(record[part]) for part in ("removed", "rekeyed", "changed", "added"))
    listed = tuple(islice(_changes(at, edition, old, record), MOST))
    title = known.title if known else name
    return TableChanges(name, title, record["counts"], tuple(record["fields"]), listed, total)


def _changes(at: At, edition: Edition, old: Edition | None, record: Mapping[str, Any]) -> Iterator[Change]:
    name = record["table"]
    for one in record["removed"]:
        yield Change("removed", one["key"], _row(at, old, name, one["key"]), why=_why(one))
    for one in record["rekeyed"]:
        href = _row(at, edition, name, one["new"])
        yield Change("rekeyed", one["new"], href, old=one["old"], new=one["new"], why=_why(one))
    for one in record["changed"]:
        about = edition.tables[name].field(one["field"]) if name in edition.tables else None
        old_text, new_text = _shown(about, one["old"], at.lang), _shown(about, one["new"], at.lang)
        href = _row(at, edition, name, one["key"])
        yield Change(one["kind"], one["key"], href, one["field"], old_text, new_text, _why(one))
    for key in record["added"]:
        yield Change("added", key, _row(at, edition, name, key))


def _row(at: At, edition: Edition | None, table: str, key: str) -> str:
    """The way to a row of a release; empty where there is none."""
    if edition is None or table not in edition.tables:
        return ""
    return f"{at.to('table', edition.name, edition.version, table)}#{quote(table, safe='')}/{quote(key, safe='')}"


def _shown(about: Field | None, text: str | None, lang: str) -> str | None:
    """A cell as people read it: a code with its label, and no more of a long text than they take in."""
    if text is None:
        return None
    label = about.label(text, lang) if about and text in about.codes else text
    full = f"{label} ({text})" if label != text else text
    return full if len(full) <= _LONGEST_VALUE else f"{full[:_LONGEST_VALUE]}…"


def _why(one: Mapping[str, Any]) -> str:
    return "; ".join(str(one[part]) for part in ("reason", "note", "source") if one.get(part))
