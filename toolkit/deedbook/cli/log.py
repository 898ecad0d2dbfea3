"""`deedbook log`: the versions of a dataset, and what asked for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from deedbook.cli import options, streams
from deedbook.cli.history import Format, open_chain
from deedbook.findings import plural
from deedbook.rendering.escapes import visible

_LONGEST = 200


@click.command()
@click.argument("what", metavar="[FOLDER|NAME[@VERSION]]", default=".")
@options.catalogue
@options.format_(["text", "json"], "How the versions are written.")
@options.quiet
@options.debug
def log(what: str, catalogue: str | None, key: str | None, offline: bool, format_: Format, quiet: bool) -> None:
    """List the versions of a dataset, newest first: the level that the changes asked for, and the rules that did.

    The releases are those of the project, the release or the folder of releases in FOLDER (the one you are in when left out), or those
    of NAME in a catalogue. The newest release tells of all before it, so that these need not be there.
    """
    with streams.progress_bar(quiet=quiet):
        chain = open_chain(what, catalogue, key, offline=offline)
        document = next(chain.documents)
    versions = [dict(entry) | {"yanked": chain.yanked.get(str(entry["version"]))} for entry in document["history"]]
    if format_ == "json":
        record = {"log_version": 1, "dataset": document.get("dataset"), "versions": versions}
        streams.emit(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
        return
    widths = [max(len(str(entry[name])) for entry in versions) for name in ("version", "level")]
    lines = [f"{visible(str(document.get('dataset', '')))}: {plural(len(versions), 'version')}, newest first"]
    for entry in versions:
        version, level = (
            str(entry[name]).ljust(width) for name, width in zip(("version", "level"), widths, strict=True)
        )
        lines.append(f"  {visible(version)}  {visible(str(entry['created'])[:10])}  {visible(level)}  {_asked(entry)}")
    streams.emit("\n".join(lines) + "\n")


def _asked(entry: Mapping[str, Any]) -> str:
    """What asked for a version, and what became of it."""
    rules = [f"{item['rule']} ({item['count']:,})" for item in entry["rules"]]
    rows = sum(table.get("rows", 0) for table in entry["tables"])
    parts = [", ".join(rules) or f"{plural(rows, 'row')} in {plural(len(entry['tables']), 'table')}"]
    parts += [f"lower than they ask for: {entry['override']}"] if entry.get("override") else []
    parts += [f"yanked: {entry['yanked']}"] if entry["yanked"] else []
    return visible("; ".join(parts), _LONGEST)
