"""The codebook of a release as a page, with what became of each field over the versions; and its rules, with what each found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from deedbook.catalogue.records import Catalogue
from deedbook.site.editions import Edition, Field, Shelf, Table
from deedbook.site.messages import LANGUAGES, Messages
from deedbook.site.pages import At, render

_MOST_VALUES = 8
"""Of the most frequent values of a field."""
_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class FieldStep:
    """Something that a version did to a field.

    Attributes:
        kind: As in `changes.json`; `values` where cells of it were corrected, `count` of them.
    """

    version: str
    kind: str
    old: str = ""
    new: str = ""
    count: int = 0


@dataclass(slots=True)
class FieldHistory:
    """The way of one field through the versions: since when it is there, and what happened to it, oldest first."""

    since: str
    steps: list[FieldStep] = field(default_factory=list)


Histories = Mapping[tuple[str, str], FieldHistory]
"""By table and field, as they are called in the version that is looked at."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a version changed of fields.

    Attributes:
        declared: Its changes of their declarations, as `changes.json` has them.
        corrected: Table, field, and how many of its values.
    """

    version: str
    declared: Sequence[Mapping[str, str]]
    corrected: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes, with the fields that use it as `table.field`, and its codes with label and definition."""

    name: str
    users: tuple[str, ...]
    codes: tuple[tuple[str, str, str], ...]


def anchor(*parts: str) -> str:
    """The id of an element that stands for a name."""
    return "_".join(".".join(parts).split())


def list_of(table: Table, one: Field) -> str:
    """The name of a field's code list: its own where it has a named one, else `table.field`."""
    return str(one.raw.get("codeList") or f"{table.name}.{one.name}")


def book_pages(
    catalogue: Catalogue, shelf: Shelf, edition: Edition, summaries: Sequence[Summary]
) -> Iterator[tuple[str, bytes]]:
    """The codebook and the rules of a release in every language.

    Args:
        catalogue: The catalogue.
        shelf: The dataset.
        edition: The release.
        summaries: What the versions up to this one changed, oldest first.
    """
    histories, gone = field_histories(edition, summaries)
    definitions = {
        (table["name"], one["name"]): {code["value"]: code["definition"] for code in one["codes"]}
        for table in edition.codebook["tables"]
        for one in table["fields"]
    }
    said = {(table["name"], one["name"]): one for table in edition.codebook["tables"] for one in table["fields"]}
    rules = groupby(edition.codebook["rules"], lambda one: one["scope"])
    scopes = [(scope, list(found)) for scope, found in rules]
    names = (edition.name, edition.version)
    for lang in LANGUAGES:
        at = At(catalogue, lang, "codebook", names, shelf, edition)
        told = {"said": said, "histories": histories, "gone": gone, "anchor": anchor, "list_of": list_of}
        lists = code_lists(edition, definitions, lang)
        yield at.address, render("codebook.html.j2", at, lists=lists, statistics=statistics_text, **told)
        at = At(catalogue, lang, "rules", names, shelf, edition)
        yield at.address, render("rules.html.j2", at, scopes=scopes, anchor=anchor)


def code_lists(edition: Edition, definitions: Mapping[tuple[str, str], Mapping[str, str]], lang: str) -> list[CodeList]:
    """Every list of codes once, in the order in which fields use them."""
    users: dict[str, list[tuple[Table, Field]]] = {}
    for table in edition.tables.values():
        for one in table.fields:
            if one.codes:
                users.setdefault(list_of(table, one), []).append((table, one))
    found = []
    for name, uses in users.items():
        table, first = uses[0]
        meaning = definitions.get((table.name, first.name), {})
        codes = tuple((code, first.label(code, lang), meaning.get(code, "")) for code in first.codes)
        found.append(CodeList(name, tuple(f"{where.name}.{one.name}" for where, one in uses), codes))
    return found


def statistics_text(one: Field, say: Messages) -> str:
    """What a field holds, as a sentence: how many cells are filled, how many values differ, its ends, its most frequent values."""
    known = one.statistics
    filled = known["rows"] - known["missing"]
    parts = [say("page.filled", filled=filled, rows=known["rows"]), say.count("page.distinct", known["distinct"])]
    if known.get("minimum") not in {None, known.get("maximum")}:
        parts.append(say("page.range", low=_short(known["minimum"]), high=_short(known["maximum"])))
    top = [(one.label(item["value"], say.lang), item["count"]) for item in known["top"]]
    if top and filled:
        shown = ", ".join(f"{_short(value)} ({say.number(count)})" for value, count in top[:_MOST_VALUES])
        parts.append(shown + (" …" if len(top) > _MOST_VALUES or known["other"] else ""))
    return "; ".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def summaries_of(shelf: Shelf) -> list[Summary]:
    """What each version of a dataset changed of fields, oldest first."""
    found = []
    for edition in reversed(shelf.editions):
        changes = edition.changes or {}
        declared = [one for one in changes.get("schema") or () if one["field"]]
        tables = ((table["table"], one) for table in changes.get("tables", ()) for one in table["fields"])
        corrected = [(name, one["field"], one["values"]) for name, one in tables if one["values"]]
        found.append(Summary(edition.version, declared, corrected))
    return found


Gone = list[tuple[str, str, str]]
"""Fields that went: table, field, the version that dropped it."""


def field_histories(edition: Edition, summaries: Sequence[Summary]) -> tuple[Histories, Gone]:
    """The way of every field up to a version, and the fields that went on it."""
    first = summaries[0].version if summaries else edition.version
    found: defaultdict[tuple[str, str], FieldHistory] = defaultdict(lambda: FieldHistory(first))
    gone: Gone = []
    for one in summaries:
        for change in one.declared:
            _declared(found, gone, change, one.version)
        for table, name, count in one.corrected:
            found[table, name].steps.append(FieldStep(one.version, "values", count=count))
        if one.version == edition.version:
            break
    places = [(table.name, one.name) for table in edition.tables.values() for one in table.fields]
    return {place: found[place] for place in places}, gone


def _declared(found: dict[tuple[str, str], FieldHistory], gone: Gone, one: Mapping[str, str], version: str) -> None:
    """What a change of a declaration does to the way of its field."""
    place, kind = (one["table"], one["field"]), one["kind"]
    if kind == "field-removed":
        gone.append((*place, version))
        found.pop(place, None)
    elif kind in {"field-added", "field-inserted"}:
        found[place] = FieldHistory(version)
    else:
        if kind == "field-renamed":
            found[place] = found[one["table"], one["old"]]
        found[place].steps.append(FieldStep(version, kind, one["old"], one["new"]))
