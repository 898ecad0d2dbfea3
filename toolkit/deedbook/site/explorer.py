"""The explorer of a table: its first rows as HTML, and what the bundle needs to read all of them from the release's own Parquet.

LANG/NAME/VERSION/tables/TABLE.html     the page: static rows, and JSON in `#page` (`Page` of assets/src/dom.js)
data/NAME/VERSION/TABLE.js              the same Parquet as base64, for pages opened from a file
data/NAME/VERSION/~changes.js           changes.json likewise, for the comparison of any two versions
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import polars as pl

from deedbook.catalogue.records import Catalogue
from deedbook.fetching.citations import read_citation
from deedbook.release.tables import texts_of
from deedbook.site.addresses import MOST, slug, way
from deedbook.site.addresses import Kind as PageKind
from deedbook.site.editions import Edition, Field, Shelf, Table
from deedbook.site.messages import LANGUAGES
from deedbook.site.pages import At, render, script, web_link
from deedbook.site.roles import Roles, roles
from deedbook.versioning.previous import CHANGES

_CHANGES = "~changes"
"""Beside the tables: no slug of a table is that."""
Kind = Literal["text", "number", "date", "moment", "boolean"]
_SMALL, _FIRST = 500, 50
"""Rows of a table that stands whole in its page, and those of a larger one that do: the page stays below 150 kB."""
_LONGEST_CELL = 2_000
"""Characters of a cell in the static rows."""
_PAGE = 50_000
"""Characters of all static rows together; those that would be over it are left to the script."""
_EMBEDDED = 8_000_000
"""Bytes of a Parquet file that is also written as a script: a browser reads it in a second."""
_FACET = 300
"""Distinct values that a person still chooses from."""
_NARROW, _LONG = 12, 60
"""Characters of the longest text of a column that is narrow at most, and of one that is wide at least."""
_EXACT_DIGITS = 15
"""A double holds every decimal of so many digits."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a table is the same in every language.

    Attributes:
        kinds: What the values of a field are to the browser; `zoned` are the moments in UTC.
        inexact: The fields of which a double does not hold every digit.
        facets: Field to whether all its values are counted, and these with their counts.
        first: The static rows as text.
    """

    kinds: Mapping[str, Kind]
    zoned: frozenset[str]
    inexact: tuple[str, ...]
    facets: Mapping[str, tuple[bool, list[tuple[object, int]]]]
    first: tuple[tuple[str | None, ...], ...]


def explorer_pages(catalogue: Catalogue, shelf: Shelf, edition: Edition) -> Iterator[tuple[str, bytes]]:
    """The pages of a release's tables in every language, and its data for pages opened from a file."""
    citation = read_citation(edition.folder)
    found = roles(shelf.latest) if shelf.latest else Roles()
    kinds: dict[str, PageKind] = {found.events: "event", found.actors: "actor"} if found.id else {}
    for table in edition.tables.values():
        columns = columns_of(edition, table)
        if _is_embedded(table):
            text = b64encode(table.path.read_bytes()).decode()
            yield data_address(edition, table.name), script({"name": data_name(edition, table.name), "text": text})
        for lang in LANGUAGES:
            at = At(catalogue, lang, "table", (edition.name, edition.version, table.name), shelf, edition)
            place = {"catalogue": at.catalogued(""), "place": "" if citation.address else at.release(edition)}
            data = {**table_data(at, edition, table, columns), "citation": str(citation), **place}
            data["story"] = _story(at, kinds.get(table.name), table)
            rows = _static(at, edition, table, columns)
            yield at.address, render("explorer.html.j2", at, table=table, data=data, rows=rows)
    path = edition.folder / CHANGES
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        yield data_address(edition, _CHANGES), script({"name": data_name(edition, _CHANGES), "text": text})


def _story(at: At, kind: PageKind | None, table: Table) -> dict[str, Any] | None:
    """Where the rows of a table have pages among the stories of the latest version; None where they have none."""
    latest = at.shelf.latest if at.shelf else None
    if latest is None or kind is None or len(table.key) != 1 or table.name not in latest.tables:
        return None
    is_each = latest.tables[table.name].rows <= MOST
    page = f"{at.lang}/{slug(latest.name)}/{kind}"
    return {
        "kind": kind,
        "isEach": is_each,
        "way": way(at.address, f"{page}s/x")[:-1] if is_each else f"{way(at.address, page)}.html#",
    }


def data_name(edition: Edition, what: str) -> str:
    """What the bundle calls the data of a table, or the changes."""
    return f"{edition.name}/{edition.version}/{what}"


def data_address(edition: Edition, what: str) -> str:
    """The script that holds them, below the folder of the site."""
    file = what if what == _CHANGES else slug(what)
    return f"data/{slug(edition.name)}/{slug(edition.version)}/{file}.js"


def versions_data(shelf: Shelf) -> list[dict[str, str]]:
    """The versions of a dataset whose changes the bundle can compose for `[data-compare]`, newest first."""
    return [
        {"version": one.version, "script": data_address(one, _CHANGES), "name": data_name(one, _CHANGES)}
        for one in shelf.editions
        if (one.folder / CHANGES).is_file()
    ]


def table_data(at: At, edition: Edition, table: Table, columns: Columns) -> dict[str, Any]:
    """What the bundle reads of a table: its fields, key and bytes, and which fields of other tables refer to its rows."""
    return {
        "dataset": edition.name,
        "version": edition.version,
        "table": table.name,
        "title": table.title,
        "rows": table.rows,
        "key": list(table.key),
        "parquet": _parquet(at, edition, table),
        "fields": [_field(at, edition, field, columns) for field in table.fields],
        "counts": [[name, is_whole, counts] for name, (is_whole, counts) in columns.facets.items()],
        "inexact": list(columns.inexact),
        "referring": [
            {
                "table": other.name,
                "title": other.title,
                "field": field.name,
                "label": field.title,
                "href": at.to("table", edition.name, edition.version, other.name),
            }
            for other, field in referring(edition, table)
        ],
    }


def story_data(at: At, edition: Edition, table: Table, heading: str = "") -> dict[str, Any]:
    """What the bundle reads for `[data-story]`, the page of any one row: the table, and those that refer to it with their fields.

    Args:
        at: The page.
        edition: The release.
        table: The table, with a key of one field.
        heading: The field that names a row to people.
    """
    data = table_data(at, edition, table, columns_of(edition, table, rows=0))
    for one in data["referring"]:
        other = edition.tables[one["table"]]
        one["data"] = table_data(at, edition, other, columns_of(edition, other, rows=0))
    return {**data, "heading": heading, "explorer": at.to("table", edition.name, edition.version, table.name)}


def referring(edition: Edition, table: Table) -> list[tuple[Table, Field]]:
    """The fields of all tables that name a row of this one by its key."""
    target = f"{table.name}.{table.key[0]}" if len(table.key) == 1 else ""
    return [(other, one) for other in edition.tables.values() for one in other.fields if target in one.refers_to]


def columns_of(edition: Edition, table: Table, rows: int | None = None) -> Columns:
    """Looks at a table: the types of its columns, what is counted of it, its first rows.

    Args:
        edition: The release.
        table: Its table.
        rows: How many; all of a small table, else the first when None.
    """
    scan = table.scan()
    dtypes = scan.collect_schema()
    kinds = {name: _kind(dtype) for name, dtype in dtypes.items()}
    zoned = (name for name, dtype in dtypes.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone)
    most = rows if rows is not None else table.rows if table.rows <= _SMALL else _FIRST
    first = scan.head(most).collect().iter_columns() if most else ()
    # a whole number that the schema calls a number is written without its point, as in the CSV, so that its code is found
    shown = [(texts_of(it).str.strip_suffix(".0") if it.dtype.is_float() else texts_of(it)).to_list() for it in first]
    facets = dict(_facets(table, kinds))
    return Columns(
        kinds, frozenset(zoned), _inexact(edition.folder, table, dtypes), facets, tuple(zip(*shown, strict=True))
    )


def _kind(dtype: pl.DataType) -> Kind:
    if isinstance(dtype, pl.Date):
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "moment"
    if isinstance(dtype, pl.Boolean):
        return "boolean"
    return "number" if dtype.is_numeric() else "text"


def _inexact(folder: Path, table: Table, dtypes: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The columns of doubles that the CSV of the release writes with more digits than they hold."""
    path = folder / f"{table.name}.csv"
    names = [name for name, dtype in dtypes.items() if dtype.is_float()]
    if not names or not path.is_file():
        return tuple(names)
    texts = pl.scan_csv(path, infer_schema=False)
    found = []
    for name in names:
        long = texts.select(pl.col(name)).filter(pl.col(name).str.len_bytes() > _EXACT_DIGITS).unique().collect()
        if any(Decimal(repr(float(text))) != Decimal(text) for text in long.to_series()):
            found.append(name)
    return tuple(found)


def _facets(table: Table, kinds: Mapping[str, Kind]) -> Iterator[tuple[str, tuple[bool, list[tuple[object, int]]]]]:
    """What the release's codebook counted of some fields, in the order of their codes.

    They have codes, or texts so few that a person chooses from them and that each stands for several rows.
    """
    for field in table.fields:
        said, kind = field.statistics, kinds[field.name]
        is_few = kind == "text" and said["distinct"] <= min(_FACET, said["rows"] // 3)
        if said["shape"] != "codes" and not is_few:
            continue
        order = {code: place for place, code in enumerate(field.codes)}
        top = sorted(said["top"], key=lambda one: order.get(one["value"], len(order)))
        counts = [(_value(one["value"], kind), one["count"]) for one in top if one["count"]]
        missing = [(None, said["missing"])] if said["missing"] else []
        yield field.name, (not said["other"] and bool(top), [*counts, *missing])


def _width(field: Field) -> Literal["narrow", "middle", "long"]:
    """How wide the column of a field is."""
    longest = field.statistics.get("longest") or 0
    if field.codes:
        return "middle"
    return "narrow" if longest <= _NARROW else "middle" if longest <= _LONG else "long"


def _value(text: str, kind: Kind) -> object:
    """A value of a code or a statistic as JSON has it."""
    if kind == "boolean":
        return text == "true"
    if kind == "number":
        return int(text) if text.lstrip("-").isdigit() else float(text)
    return text


def _field(at: At, edition: Edition, field: Field, columns: Columns) -> dict[str, Any]:
    kind = columns.kinds[field.name]
    found: dict[str, Any] = {"name": field.name, "title": field.title, "type": field.type, "kind": kind}
    found["width"] = _width(field)
    if field.name in columns.zoned:
        found["zoned"] = True
    if field.codes and kind in {"text", "number"}:
        found["codes"] = [[_value(code, kind), field.label(code, at.lang)] for code in field.codes]
    target = _target(edition, field)
    return {**found, "leads": at.to("table", edition.name, edition.version, target), "of": target} if target else found


def _target(edition: Edition, field: Field) -> str:
    """The table whose rows a field names by their key; empty without one."""
    for reference in field.refers_to:
        name, _, named = reference.rpartition(".")
        if name in edition.tables and edition.tables[name].key == (named,):
            return name
    return ""


def _parquet(at: At, edition: Edition, table: Table) -> dict[str, Any] | None:
    """Where the bytes are, how many, and how many of them are metadata; None without a Parquet file."""
    if table.path.suffix != ".parquet":
        return None
    with table.path.open("rb") as file:
        file.seek(-8, 2)
        footer = int.from_bytes(file.read(4), "little") + 8
    return {
        "url": at.release(edition, table.path.name),
        "script": data_address(edition, table.name) if _is_embedded(table) else None,
        "name": data_name(edition, table.name),
        "bytes": table.path.stat().st_size,
        "footer": footer,
    }


def _is_embedded(table: Table) -> bool:
    return table.path.suffix == ".parquet" and table.path.stat().st_size <= _EMBEDDED


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the static rows: its label or text, the code behind the label, where it leads."""

    text: str
    code: str = ""
    href: str = ""


def _static(at: At, edition: Edition, table: Table, columns: Columns) -> list[list[Cell]]:
    """The static rows, as many as the page has room for."""
    targets = [_target(edition, field) for field in table.fields]
    rows: list[list[Cell]] = []
    room = _PAGE
    for row in columns.first:
        cells = []
        for field, target, text in zip(table.fields, targets, row, strict=True):
            label, href = field.label(text, at.lang), web_link(text)
            if target and text is not None:
                href = f"{at.to('table', edition.name, edition.version, target)}#{quote(target, '')}/{quote(_key(text), '')}"
            shown = label if len(label) <= _LONGEST_CELL else f"{label[:_LONGEST_CELL]}…"
            cells.append(Cell(shown, text if text and label != text else "", href))
            room -= len(shown) + len(href) + 12
        if room < 0:
            break
        rows.append(cells)
    return rows


def _key(text: str) -> str:
    """A part of a key as it stands in an address."""
    return text.replace("\\", "\\\\").replace("|", "\\|")
