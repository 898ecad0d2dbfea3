"""`deedbook cite`: how to cite a release, or the rows of it that were used."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.errors import UsageError
from deedbook.fetching.citations import CFF, STYLES, Style, citation_of, read_citation, render
from deedbook.fetching.releases import Asking, find_release


@click.command()
@click.argument("name", metavar="NAME[@VERSION]|FOLDER")
@options.catalogue
@options.format_(list(STYLES), "How the citation is written.", "style")
@click.option(
    "--where", metavar="EXPR", help="Cite the rows that an SQL expression picks, with their number and digest."
)
@click.option("--table", metavar="TABLE", help="The table of --where.")
@options.quiet
@options.debug
def cite(
    name: str,
    catalogue: str | None,
    key: str | None,
    offline: bool,
    style: Style,
    where: str | None,
    table: str | None,
    quiet: bool,
) -> None:
    """Say how to cite a release of a catalogue, or the one in FOLDER.

    With --where, such as --table events --where "country = 'LAO'", the citation names the rows that were used: their number
    and the sha256 of their canonical CSV, which `deedbook fetch --subset` reproduces and checks.
    """
    if (where is None) != (table is None):
        raise UsageError("--where needs --table, and the other way round", "see deedbook cite --help")
    if where is None and catalogue is None and (Path(name) / CFF).is_file():
        streams.emit(render(read_citation(Path(name)), style))
        return
    with streams.progress_bar(quiet=quiet) as bar:
        listing, warnings = find_release(name, Asking(catalogue, key, offline))
        citation = citation_of(listing)
        if where is not None and table is not None:
            from deedbook.fetching.tables import read_subset

            rows = read_subset(listing, table, where, progress=bar.update)
            warnings += rows.advice
            citation = replace(citation, note=rows.text)
            source = listing.source
            again = f"deedbook fetch {source.dataset.name}@{source.entry.version} --from {shlex.quote(source.opened.location.text)}"
            again += f" --table {shlex.quote(table)} --subset {shlex.quote(where)} --digest {rows.sha256}"
            if not quiet:
                streams.say(f"the same rows again: {again}")
    options.warn(warnings)
    streams.emit(render(citation, style))
