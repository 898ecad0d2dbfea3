"""The files of the stories of a dataset in one language: a page for each event and actor, the lists of them, and those of rows that went."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from deedbook.catalogue.records import Catalogue
from deedbook.site.addresses import Kind, slug
from deedbook.site.editions import Edition
from deedbook.site.explorer import story_data
from deedbook.site.messages import messages
from deedbook.site.pages import At, render
from deedbook.site.stories.actors import Biographer
from deedbook.site.stories.cells import (
    Cells,
    Row,
    explorer,
    names_in,
    names_of_others,
    points_of,
    reasons_in,
    text_of,
)
from deedbook.site.stories.events import Teller
from deedbook.site.stories.heads import Heads
from deedbook.site.stories.history import Gone
from deedbook.site.stories.parts import title_field
from deedbook.site.stories.past import history
from deedbook.site.stories.records import Records

Page = tuple[str, bytes]
ON_ONE_PAGE = 2_000
"""Events that are listed on one page; of more there is a page a year."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event or an actor in a list."""

    id: str
    href: str
    name: str
    when: str = ""
    what: str = ""
    status: str = ""


@dataclass(frozen=True)
class Book:
    """The stories of a dataset in one language, ready to be written."""

    catalogue: Catalogue
    records: Records
    lang: str
    cells: Cells
    heads: Heads
    teller: Teller
    biographer: Biographer

    def at(self, kind: Kind, id_: str = "", file: str = "") -> At:
        """Where a page stands."""
        edition = self.records.edition
        path = f"{slug(edition.name)}/{file}" if file else ""
        return At(self.catalogue, self.lang, kind, (edition.name, id_), self.records.shelf, edition, path)


def story_pages(catalogue: Catalogue, records: Records, lang: str) -> Iterator[Page]:
    """All pages of stories in a language: the address below the folder of the site, and the content."""
    book = _book(catalogue, records, lang)
    if records.has_event_pages:
        for id_ in records.events:
            at = book.at("event", id_)
            yield at.address, render("event.html.j2", at, story=book.teller.story(id_))
        yield from _event_lists(book)
    else:
        yield _any(book, "event", records.roles.events)
    if records.has_actor_pages and records.actors:
        for id_ in records.actors:
            at = book.at("actor", id_)
            yield (
                at.address,
                render(
                    "actor.html.j2",
                    at,
                    story=book.biographer.story(id_),
                    all_events=_all_events(book, id_),
                    too_many=not records.has_event_pages,
                ),
            )
        yield _actor_list(book)
    elif records.roles.actor_id and records.n_actors:
        yield _any(book, "actor", records.roles.actors)
    yield from _gone_pages(book, "event", records.roles.events, records.gone_events, records.events)
    yield from _gone_pages(book, "actor", records.roles.actors, records.gone_actors, records.actors)


def _book(catalogue: Catalogue, records: Records, lang: str) -> Book:
    parts, say = records.parts, messages(lang)
    titles: dict[str, str] = {}
    cells = Cells(
        parts=parts,
        say=say,
        actors=names_in(parts, lang),
        events=titles,
        others=names_of_others(parts),
        points=points_of(parts),
        reasons=reasons_in(parts, lang),
        event_pages=_ways("event", records.has_event_pages, {*records.events, *records.gone_events}),
        actor_pages=_ways("actor", records.has_actor_pages, {*records.actors, *records.gone_actors}),
    )
    heads = Heads(records, cells)
    titles.update((id_, heads.title(row)) for id_, row in records.events.items())
    teller = Teller(records, cells, heads, definitions(records.edition, records.roles.events))
    return Book(catalogue, records, lang, cells, heads, teller, Biographer(records, cells, heads))


def _ways(kind: str, has_pages: bool, known: set[str]) -> Callable[[str], str]:
    """How a story leads to another one: to its page, or to the one page that shows any of them; nowhere where there is none."""
    if not has_pages:
        return lambda id_: f"../{kind}.html#{quote(id_, safe='')}"
    return lambda id_: f"../{kind}s/{slug(id_)}.html" if id_ in known else ""


def definitions(edition: Edition, table: str) -> dict[str, dict[str, str]]:
    """What the codes of a table's fields mean, as the codebook has it: field to code to definition."""
    fields = (field for it in edition.codebook["tables"] if it["name"] == table for field in it["fields"])
    return {
        it["name"]: {code["value"]: code["definition"] for code in it["codes"] if code.get("definition")}
        for it in fields
    }


def _any(book: Book, kind: Kind, table: str) -> Page:
    """The page that shows any row of a large table in the browser."""
    at = book.at(kind, file=f"{kind}.html")
    about = book.records.parts.table(table)
    data = story_data(at, book.records.edition, about, title_field(about))
    return at.address, render("any.html.j2", at, table=about, kind=kind, data=data)


def _event_lists(book: Book) -> Iterator[Page]:
    """The list of events by year, one page or a page a year."""
    entries = {year: [*own] for year, own in groupby(_in_years(book), lambda it: it[0])}
    years = {year: [it[1] for it in own] for year, own in entries.items()}
    is_whole = sum(map(len, years.values())) <= ON_ONE_PAGE
    names = {year: f"years~{slug(year) if year else 'none'}.html" for year in years}
    for year in () if is_whole else years:
        at = book.at("event", file=f"events/{names[year]}")
        yield (
            at.address,
            render("events.html.j2", at, year=year, years={year: years[year]}, links=names, total=len(years[year])),
        )
    at = book.at("event", file="events/index.html")
    counts = {year: len(own) for year, own in years.items()}
    shown = years if is_whole else {}
    yield (
        at.address,
        render(
            "events.html.j2",
            at,
            year=None,
            years=shown,
            links={} if is_whole else names,
            counts=counts,
            total=sum(counts.values()),
        ),
    )


def _in_years(book: Book) -> Iterator[tuple[str, Entry]]:
    """Every event with its year, in time; those of no known year last."""
    records, heads = book.records, book.heads
    status = heads.status
    about = records.parts.events.field(status) if status else None
    years = {id_: heads.year(row) for id_, row in records.events.items()}
    for id_ in sorted(records.events, key=lambda it: (not years[it], years[it])):
        row = records.events[id_]
        stands = about.label(row[status], book.lang) if about else ""
        yield (
            years[id_],
            Entry(id_, f"{slug(id_)}.html", book.cells.events[id_], heads.when(row)[0], heads.kind(row), stands),
        )


def _actor_list(book: Book) -> Page:
    records, cells = book.records, book.cells
    kind = records.roles.actor_kind
    about = records.parts.table(records.roles.actors).field(kind) if records.roles.actors and kind else None
    entries = []
    for id_, row in records.actors.items():
        what = about.label(row.get(kind), book.lang) if about else ""
        entries.append(
            (
                records.events_of(id_),
                Entry(id_ if row else "", f"{slug(id_)}.html", cells.actors.get(id_, id_), what=what),
            )
        )
    at = book.at("actor", file="actors/index.html")
    return at.address, render(
        "actors.html.j2",
        at,
        entries=sorted(entries, key=lambda it: (it[1].name.casefold(), it[1].id)),
        total=len(entries),
    )


def _all_events(book: Book, id_: str) -> list[tuple[str, str]]:
    """Where the explorer shows all events of an actor: what it is in them, and the way; where events name it themselves."""
    roles, records = book.records.roles, book.records
    own = [it for it in roles.participations if it.table == roles.events]
    used = records.roles_of(id_)
    fields = [about for it in own if it.actor in used and (about := records.parts.events.field(it.actor))]
    is_named = own and not own[0].refers
    named = text_of(records.actors[id_].get(roles.actor_name)) if is_named else ""
    return [(it.title, explorer(records.edition, roles.events, where={it.name: named or id_})) for it in fields]


def _gone_pages(
    book: Book, kind: Kind, table: str, lost: Mapping[str, Gone], present: Mapping[str, Row]
) -> Iterator[Page]:
    """The pages of rows that were published and are there no more; they say why and lead on."""
    records, cells = book.records, book.cells
    for id_, one in lost.items():
        if id_ in present:
            continue
        at = book.at(kind, id_)
        steps = records.steps if kind == "event" else records.actor_steps
        lead = cells.event(one.new) if kind == "event" else cells.actor(one.new)
        last = explorer(one.edition, table, id_) if one.edition else ""
        values: dict[str, Any] = {
            "gone": one,
            "name": one.title(table),
            "kind": kind,
            "lead": lead if one.new else "",
            "last": last,
        }
        yield (
            at.address,
            render(
                "gone.html.j2",
                at,
                reason=cells.reason(one.reason),
                history=history(steps.get(id_, ()), cells),
                **values,
            ),
        )
