"""What a version changed, as a page: numbers first, then declarations, then rows and cells with old and new values and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from deedbook.catalogue.records import Catalogue
from deedbook.site.editions import Edition, Shelf
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
    changes = edition.changes
    before = changes.get("previous") if changes else None
    old = next((one for one in shelf.editions if before and one.version == before["version"]), None)
    own = [one for one in (changes or {}).get("history", ()) if one.get("version") == edition.version]
    for lang in LANGUAGES:
        at = At(catalogue, lang, "changes", (edition.name, edition.version), shelf, edition)
        tables = [_table(at, edition, old, one) for one in (changes or {}).get("tables", ()) if _differs(one)]
        summary: Mapping[str, Any] = own[0] if own else {}
        told = {"changes": changes, "before": before, "summary": summary, "tables": tables, "count_names": COUNTS}
        yield at.address, render("changes.html.j2", at, most=MOST, compared=versions_data(shelf), **told)


def _differs(table: Mapping[str, Any]) -> bool:
    return any(table["counts"].get(name) for name in COUNTS[2:])


def _table(at: At, edition: Edition, old: Edition | None, record: Mapping[str, Any]) -> TableChanges:
    """The changes of a table for a page; codes with their labels."""
    name = record["table"]
    known = edition.tables.get(name)

    def link(key: str, *, was: bool = False) -> str:
        where = old if was else edition
        if where is None or name not in where.tables:
            return ""
        return f"{at.to('table', where.name, where.version, name)}#{quote(name, safe='')}/{quote(key, safe='')}"

    def shown(field: str, text: str | None) -> str | None:
        one = known.field(field) if known else None
        label = one.label(text, at.lang) if one and text is not None and text in one.codes else text
        full = f"{label} ({text})" if label != text else text
        return full if full is None or len(full) <= _LONGEST_VALUE else f"{full[:_LONGEST_VALUE]}…"

    def every() -> Iterator[Change]:
        for one in record["removed"]:
            yield Change("removed", one["key"], link(one["key"], was=True), why=_why(one))
        for one in record["rekeyed"]:
            yield Change("rekeyed", one["new"], link(one["new"]), old=one["old"], new=one["new"], why=_why(one))
        for one in record["changed"]:
            cells = shown(one["field"], one["old"]), shown(one["field"], one["new"])
            yield Change(one["kind"], one["key"], link(one["key"]), one["field"], *cells, why=_why(one))
        for key in record["added"]:
            yield Change("added", key, link(key))

    total = sum(len(record[part]) for part in ("removed", "rekeyed", "changed", "added"))
    listed = tuple(change for change, _ in zip(every(), range(MOST), strict=False))
    title = known.title if known else name
    return TableChanges(name, title, record["counts"], tuple(record["fields"]), listed, total)


def _why(one: Mapping[str, Any]) -> str:
    return "; ".join(str(one[part]) for part in ("reason", "note", "source") if one.get(part))
