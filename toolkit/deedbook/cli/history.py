"""`deedbook history` and `log`: the way of one row through all releases, and the releases."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from deedbook import files
from deedbook.changes.records import key_text
from deedbook.cli import options, streams
from deedbook.descriptor import load_package
from deedbook.errors import UsageError
from deedbook.fetching import releases, tables
from deedbook.findings import plural
from deedbook.project import DESCRIPTOR
from deedbook.release.formats.csv import read_parts
from deedbook.release.rows import PART_BYTES
from deedbook.release.tables import schema_of
from deedbook.rendering.escapes import visible
from deedbook.rendering.pages import template
from deedbook.schema import TableSchema
from deedbook.versioning.history import find_homes, read_chain, row_history
from deedbook.versioning.previous import yanked

File = Callable[[str], tuple[TableSchema, Path]]
"""Schema and canonical CSV of a table of the newest release."""
Chain = tuple[Iterator[Mapping[str, Any]], Mapping[str, str], File]
"""The `changes.json` of releases, newest first; why some of them were withdrawn; tables."""


def open_chain(what: str, catalogue: str | None, key: str | None, *, offline: bool) -> Chain:
    """The releases that a folder means, or NAME[@VERSION] of a catalogue."""
    if catalogue is None and Path(what).is_dir():
        homes = find_homes(Path(what))

        def local(table: str) -> tuple[TableSchema, Path]:
            tables = {item.name: item for item in load_package(homes.folder / DESCRIPTOR).resources}
            if table not in tables:
                raise UsageError(f"{homes.folder} has no table {table!r}", f"its tables are {', '.join(tables)}")
            return schema_of(tables[table]), homes.folder / f"{table}.csv"

        return read_chain(homes), yanked(homes.folders, homes.name), local
    listing, warnings = releases.find_release(what, releases.Asking(catalogue, key, offline))
    options.warn(warnings)
    entries = listing.source.dataset.versions
    withdrawn = {entry.version: entry.reason or "no reason is given" for entry in entries if entry.is_yanked}
    return tables.read_chain(listing), withdrawn, lambda table: tables.table_file(listing, table)


def _emit(format_: str, name: str, record: Mapping[str, Any]) -> None:
    """Shows what a template of that name shows, or all of it as JSON."""
    text = files.json_document({f"{name}_version": 1, **record})
    if format_ == "text":
        text = template(f"{name}.txt.j2").render(record, visible=visible, plural=plural)
    streams.emit(text)


@click.command()
@click.argument("table")
@click.argument("row", metavar="KEY")
@click.argument("what", metavar="[FOLDER|NAME[@VERSION]]", default=".")
@options.catalogue
@options.format_(["text", "json"], "How the history is written.")
@options.quiet
@options.debug
def history(table: str, row: str, what: str, format_: str, quiet: bool, **asked: Any) -> None:
    """Tell every version in which the row KEY of TABLE changed: what it was, what it became, and why.

    The releases are those of the project, the release or the folder of releases in FOLDER (the one you are in when left out), or those
    of NAME in a catalogue. A key of several fields is written as in corrections.csv, its parts joined by `|`. A row is followed through
    new keys, and found by its old ones.
    """
    with streams.progress_bar(quiet=quiet):
        documents, _, file_of = open_chain(what, **asked)
        events = list(row_history(documents, table, row))
        if all(event.what.endswith("with its table") for event in events):  # nothing that names the row
            schema, file = file_of(table)
            hint = "name its key as it stands in the table" if schema.primary_key else "the table has no primary key"
            parts = read_parts(file, PART_BYTES) if schema.primary_key else ()
            if not any(row in part.select(key_text(schema.primary_key)).to_series() for part in parts):
                raise UsageError(f"no release has had the row {row!r} in {table}", hint)
    _emit(format_, "history", {"table": table, "key": row, "events": [asdict(event) for event in events]})


@click.command()
@click.argument("what", metavar="[FOLDER|NAME[@VERSION]]", default=".")
@options.catalogue
@options.format_(["text", "json"], "How the versions are written.")
@options.quiet
@options.debug
def log(what: str, format_: str, quiet: bool, **asked: Any) -> None:
    """List the versions of a dataset, newest first: the level that the changes asked for, and the rules that did.

    The releases are those of the project, the release or the folder of releases in FOLDER (the one you are in when left out), or those
    of NAME in a catalogue. The newest release tells of all before it, so that these need not be there.
    """
    with streams.progress_bar(quiet=quiet):
        documents, withdrawn, _ = open_chain(what, **asked)
        document = next(documents)
    versions = [dict(entry) | {"yanked": withdrawn.get(entry["version"])} for entry in document["history"]]
    _emit(format_, "log", {"dataset": document.get("dataset"), "versions": versions})
