"""What a person wants to know of a release before reading it, as records for its page: when, who, where, files, citation, quality.

Everything is read from the release itself: its rows, `CITATION.cff`, `validation.json` and the list of formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from deedbook.fetching.citations import read_citation
from deedbook.release.citation import STYLES, Licence, licences_of, people_of, write
from deedbook.release.formats import FORMATS, Format
from deedbook.site.editions import Edition, Field, Table, text_of_value
from deedbook.site.roles import Roles, event_frame
from deedbook.site.roles import roles as roles_of

PREVIEW_ROWS, PREVIEW_FIELDS = 5, 7
LONGEST_CELL = 160
"""Characters of a cell in a preview."""
_MOST_NAMES = 6
_FIRST_ROLES = ("title", "summary", "start", "end", "type", "status", "place", "country", "best")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a release is about, as its rows say.

    Attributes:
        first: The first day of any event as text; empty without dates. `last` is the last one.
        by_year: Whether only years are known.
        actors: How many take part; None where nothing tells. `names` are those in most events, with how many.
        places: The same of countries, or of places where there are no countries.
    """

    events: int | None
    first: str
    last: str
    by_year: bool
    undated: int
    actors: int | None
    names: tuple[tuple[str, int], ...]
    places: int | None
    place_names: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Download:
    """One way to have the data.

    Attributes:
        code: How to load it, in `language`; empty where its users know.
        files: Names and bytes: the workbook, or the archive of all tables and the table to begin with.
    """

    format: Format
    tool: str
    code: str
    files: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """What was checked before the release was made, as its `validation.json` says.

    Attributes:
        warned: Rules that warn and were not waived, with how many rows.
        waived: Findings that a maintainer accepted, with table, key, field, message and reason; at most `SHOWN` of them.
        not_checked: What could not be checked, and why.
    """

    checks: int
    rows: int
    cells: int
    errors: int
    warnings: int
    accepted: int
    warned: tuple[tuple[str, int], ...]
    waived: tuple[Mapping[str, Any], ...]
    not_checked: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a preview: its text, the code behind it, and the id of the event or actor that it names, with which of the two."""

    text: str
    code: str = ""
    kind: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """All of it, once for all languages."""

    edition: Edition
    roles: Roles
    coverage: Coverage
    downloads: tuple[Download, ...]
    citations: Mapping[str, str]
    doi: str
    licences: tuple[Licence, ...]
    people: Mapping[str, Any]
    quality: Quality | None
    first: Table | None


def about(edition: Edition) -> About:
    """What the page of a release says."""
    roles = roles_of(edition)
    citation = read_citation(edition.folder)
    return About(
        edition,
        roles,
        coverage_of(edition, roles),
        downloads_of(edition, first_table(edition, roles)),
        {style: write(citation, style).replace("\r", "") for style in STYLES},
        edition.entry.doi or citation.doi,
        licences_of(edition.package),
        people_of(edition.package, edition.title),
        quality_of(edition),
        first_table(edition, roles),
    )


def first_table(edition: Edition, roles: Roles) -> Table | None:
    """The table that a reader begins with: that of the events, else the first that has rows; None without tables."""
    with_rows = (table for table in edition.tables.values() if table.rows)
    return edition.tables.get(roles.events) or next(with_rows, None) or next(iter(edition.tables.values()), None)


def coverage_of(edition: Edition, roles: Roles) -> Coverage:
    """From when to when, who and where."""
    if not roles.events:
        return Coverage(None, "", "", False, 0, *_counted(_participants(edition, roles)), None, ())
    frame = event_frame(edition, roles)
    days = [frame.get_column(name).drop_nulls() for name in ("start", "end") if name in frame.columns]
    dates = pl.concat(days) if days else pl.Series(dtype=pl.Date)
    where = next((name for name in ("country", "place") if name in frame.columns), "")
    actors, names = _counted(_participants(edition, roles))
    places, place_names = _counted(frame.get_column(where).drop_nulls() if where else None)
    return Coverage(
        events=frame.height,
        first=str(dates.min() or ""),
        last=str(dates.max() or ""),
        by_year="start" not in roles.columns and "year" in roles.columns,
        undated=frame.height - len(days[0]) if days else 0,
        actors=actors,
        names=names,
        places=places,
        place_names=place_names,
    )


def _counted(values: pl.Series | None) -> tuple[int | None, tuple[tuple[str, int], ...]]:
    """How many texts differ, and the most frequent with how often each occurs; equal ones in the order of the alphabet."""
    if values is None:
        return None, ()
    counted = values.cast(pl.String).alias("v").value_counts(name="n").sort("n", "v", descending=[True, False])
    return counted.height, tuple(counted.head(_MOST_NAMES).iter_rows())


def _participants(edition: Edition, roles: Roles) -> pl.Series | None:
    """The name of each actor of each event, once an event; None where nothing tells."""
    parts = [
        edition.tables[one.table]
        .scan()
        .select(event=pl.col(one.event).cast(pl.String), actor=pl.col(one.actor).cast(pl.String))
        for one in roles.participations
        if one.event
    ]
    if not parts:
        return None
    found = pl.concat(parts).drop_nulls().unique()
    if roles.participations[0].refers and roles.actor_name:
        actors = edition.tables[roles.actors].scan()
        named = actors.select(
            actor=pl.col(roles.actor_id).cast(pl.String), name=pl.col(roles.actor_name).cast(pl.String)
        )
        found = found.join(named, on="actor", how="left").select("event", actor=pl.coalesce("name", "actor"))
    return found.collect().get_column("actor")


def downloads_of(edition: Edition, table: Table | None) -> tuple[Download, ...]:
    """The release's formats, each with its tool, how to load it, and the files to take."""
    sizes = {str(entry["name"]): int(entry["bytes"]) for entry in edition.manifest["files"]}
    found = (_download(item, edition.name, table.name if table else "", sizes) for item in FORMATS)
    return tuple(one for one in found if one)


def _download(item: Format, dataset: str, table: str, sizes: Mapping[str, int]) -> Download | None:
    """The files of one format, with what loads the table from them; None where the release has none."""
    example = item.file_among(sizes, table, dataset)
    archive = item.archive.file_name("", dataset) if item.is_per_table else ""
    if archive not in sizes and example not in sizes:
        return None
    usage, code = item.usage, ""
    if usage and usage.language and example:
        variable = re.sub(r"\W", "_", table) or "data"
        code = usage.code.format(table=table, variable=variable, dataset=dataset, file=example)
    files = tuple((name, sizes[name]) for name in (archive, example, item.loader) if name in sizes)
    return Download(item, usage.tool if usage else item.title, code, files)


def quality_of(edition: Edition) -> Quality | None:
    """What `validation.json` says; None where a release has none."""
    report = edition.validation
    if report is None:
        return None
    stats, totals = report["stats"], report["totals"]
    warned = [(one["rule"], one["count"] - one["waived"]) for one in totals if one["severity"] != "error"]
    return Quality(
        stats["checks"],
        stats["rows"],
        stats["cells"],
        stats["errors"],
        stats["warnings"],
        stats["waived"],
        tuple(pair for pair in warned if pair[1] > 0),
        tuple(one for one in report["findings"] if one["waived"]),
        tuple(report["not_checked"]),
    )


def preview(table: Table, roles: Roles, lang: str) -> tuple[Sequence[Field], list[list[Cell]]]:
    """The first rows of a table in a language: its key and the fields that say most."""
    of_events = table.name == roles.events
    told = [roles.own(role) for role in _FIRST_ROLES] if of_events else []
    names = list(dict.fromkeys([*table.key, *filter(None, told), *(one.name for one in table.fields)]))
    fields = [one for name in names[:PREVIEW_FIELDS] if (one := table.field(name))]
    ids = {roles.id: "event"} if of_events else {roles.actor_id: "actor"} if table.name == roles.actors else {}
    shown = table.scan().select(one.name for one in fields).head(PREVIEW_ROWS).collect()
    rows = [
        [_cell(one, value, lang, ids.get(one.name, "")) for one, value in zip(fields, row, strict=True)]
        for row in shown.iter_rows()
    ]
    return fields, rows


def _cell(one: Field, value: object, lang: str, kind: str) -> Cell:
    text, plain = one.label(value, lang), text_of_value(value)
    shown = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
    return Cell(shown, plain if one.codes and plain != text else "", kind, plain)
