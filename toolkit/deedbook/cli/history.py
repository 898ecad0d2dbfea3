"""`deedbook history`: the way of one row through all releases; and the chain of releases that it and `log` read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import click
import polars as pl

from deedbook.changes.alignment import key_text
from deedbook.cli import options, streams
from deedbook.descriptor import load_package
from deedbook.errors import UsageError
from deedbook.fetching import releases
from deedbook.fetching.tables import read_text_table
from deedbook.project import DESCRIPTOR
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import schema_of
from deedbook.rendering.escapes import visible
from deedbook.schema import TableSchema
from deedbook.versioning.chain import Event, find_homes, read_chain, row_history
from deedbook.versioning.previous import yanked

Format = Literal["text", "json"]
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Chain:
    """Releases, newest first.

    Attributes:
        documents: The `changes.json` of each.
        yanked: Why versions were withdrawn.
        rows: Schema and canonical text of a table of the newest release.
    """

    documents: Iterator[Mapping[str, Any]]
    yanked: Mapping[str, str]
    rows: Callable[[str], tuple[TableSchema, pl.DataFrame]]


def open_chain(what: str, catalogue: str | None, key: str | None, *, offline: bool) -> Chain:
    """The releases that a folder means, or NAME[@VERSION] of a catalogue."""
    if catalogue is None and Path(what).is_dir():
        homes = find_homes(Path(what))
        return Chain(read_chain(homes), yanked(homes.folders, homes.name), lambda table: _local(homes.folder, table))
    listing, warnings = releases.find_release(what, releases.Asking(catalogue, key, offline))
    options.warn(warnings)
    entries = listing.source.dataset.versions
    withdrawn = {entry.version: entry.reason or "no reason is given" for entry in entries if entry.is_yanked}
    return Chain(releases.read_chain(listing), withdrawn, lambda table: read_text_table(listing, table))


def _local(folder: Path, table: str) -> tuple[TableSchema, pl.DataFrame]:
    tables = {item.name: item for item in load_package(folder / DESCRIPTOR).resources}
    if table not in tables:
        raise UsageError(f"{folder} has no table {table!r}", f"its tables are {', '.join(tables)}")
    return schema_of(tables[table]), read_csv(folder / f"{table}.csv")


@click.command()
@click.argument("table")
@click.argument("row", metavar="KEY")
@click.argument("what", metavar="[FOLDER|NAME[@VERSION]]", default=".")
@options.catalogue
@options.format_(["text", "json"], "How the history is written.")
@options.quiet
@options.debug
def history(
    table: str,
    row: str,
    what: str,
    catalogue: str | None,
    key: str | None,
    offline: bool,
    format_: Format,
    quiet: bool,
) -> None:
    """Tell every version in which the row KEY of TABLE changed: what it was, what it became, and why.

    The releases are those of the project, the release or the folder of releases in FOLDER (the one you are in when left out), or those
    of NAME in a catalogue. A key of several fields is written as in corrections.csv, its parts joined by `|`. A row is followed through
    new keys, and found by its old ones.
    """
    with streams.progress_bar(quiet=quiet):
        chain = open_chain(what, catalogue, key, offline=offline)
        events = list(row_history(chain.documents, table, row))
        if all(event.what.endswith("with its table") for event in events):  # nothing that names the row
            schema, text = chain.rows(table)
            keys = text.select(key_text(schema.primary_key)).to_series() if schema.primary_key else ()
            if row not in keys:
                said = f"no release has had the row {row!r} in {table}"
                hint = (
                    "name its key as it stands in the table" if schema.primary_key else "the table has no primary key"
                )
                raise UsageError(said, hint)
    if format_ == "json":
        record = {"history_version": 1, "table": table, "key": row, "events": [asdict(event) for event in events]}
        streams.emit(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
        return
    lines = [f"{visible(table)} {visible(row)}, newest first"]
    lines += [f"  {visible(event.version)}  {visible(event.created)}  {_told(event)}" for event in events]
    streams.emit("\n".join(lines) + "\n")


def _told(event: Event) -> str:
    """The event in words."""
    texts = ["(empty)" if text is None else f'"{visible(text, _LONGEST)}"' for text in (event.old, event.new)]
    is_cell = event.old is not None or event.new is not None
    why = ": ".join(visible(text, _LONGEST) for text in (event.reason, event.note) if text)
    return f"{visible(event.what)}{f': {texts[0]} -> {texts[1]}' if is_cell else ''}{f' ({why})' if why else ''}"
