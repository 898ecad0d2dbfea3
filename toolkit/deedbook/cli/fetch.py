"""The verbs of whoever uses a catalogue: `fetch`, which proves a release before any of its files gets its name, `cite`, `versions`."""

import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import click

from deedbook import files
from deedbook.catalogue.documents import dataset_record
from deedbook.catalogue.records import Catalogue
from deedbook.cli import options, streams
from deedbook.errors import UsageError
from deedbook.fetching import copies, pins, releases
from deedbook.fetching.catalogues import open_catalogue
from deedbook.fetching.citations import CFF, citation_of, read_citation
from deedbook.fetching.locations import read_location
from deedbook.fetching.subsets import read_subset, write_subset
from deedbook.home import find_home
from deedbook.project import load_project
from deedbook.release.citation import STYLES, Style, write
from deedbook.release.pages import size
from deedbook.rendering.escapes import visible
from deedbook.rendering.pages import template

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("name", metavar="[NAME[@VERSION|@RANGE|@latest]]", default="")
@options.catalogue
@click.option(
    "-o", "--output", "folder", type=_FOLDER, metavar="DIR", help="The folder for the files; NAME/VERSION by default."
)
@click.option("-f", "--format", "formats", metavar="FORMATS", help="Data in these formats only, such as csv,parquet.")
@click.option("--table", "tables", metavar="TABLES", help="Data of these tables only, such as events,actors.")
@click.option("--replace", "replaces", is_flag=True, help="Overwrite files in DIR that are others.")
@click.option("--lock", "locks", is_flag=True, help="Write which release it is into the lock file, for a script.")
@click.option("--locked", is_flag=True, help="Fetch what the lock file says, and nothing else; all of it without NAME.")
@click.option("--lock-file", type=_FILE, default=pins.LOCK, show_default=True, help="The lock file.")
@click.option(
    "--subset", metavar="EXPR", help="Only the rows of the one --table that an SQL expression picks, as TABLE.csv."
)
@click.option("--digest", metavar="SHA256", help="What `cite --where` gave: refuse a --subset that is another.")
@click.option("--json", "as_json", is_flag=True, help="Write what was fetched as JSON.")
@options.quiet
@options.debug
def fetch(
    name: str,
    catalogue: str | None,
    key: str | None,
    offline: bool,
    folder: Path | None,
    formats: str | None,
    replaces: bool,
    locks: bool,
    locked: bool,
    lock_file: Path,
    tables: str | None,
    subset: str | None,
    digest: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Download a release, prove it, and say how to cite it.

    NAME alone is the latest version; NAME@1 or NAME@1.2 the newest release that begins so; NAME@1.2.0 exactly this one. Checksums,
    signature and the chain of releases are proven before a file gets its name; what came before an interruption is used again.
    """
    chosen = _listed(tables)
    if (subset is not None and len(chosen) != 1) or (digest and subset is None):
        raise UsageError("--subset needs one --table, and --digest needs --subset", "see deedbook fetch --help")
    wanted = pins.find_pins(lock_file, name) if locked else (name,) if name else ()
    if not wanted:
        raise UsageError("no release is named", "write deedbook fetch NAME, or --locked with a lock file")
    for one in wanted:
        with streams.progress_bar(quiet=quiet) as bar:
            listing, warnings = releases.find_release(one, releases.Asking(catalogue, key, offline))
            options.warn(warnings)
            found = listing.source.pin
            own = Path(found.name, found.version)
            home = own if folder is None else folder / own if len(wanted) > 1 else folder
            if subset is not None:
                rows = read_subset(listing, chosen[0], subset, digest=digest, progress=bar.update)
                options.warn(rows.advice)
                streams.emit(f"{write_subset(rows, home)}: {rows.text}\n")
                continue
            done = copies.fetch(
                listing, home, formats=_listed(formats), tables=chosen, replaces=replaces, progress=bar.update
            )
        if locks:
            pins.write_lock(lock_file, found)
        citation = str(citation_of(listing))
        told = {"bytes": sum(done.values()), "checked": listing.checked, "warnings": warnings, "citation": citation}
        if as_json:
            record = {**asdict(found), "folder": str(home), "files": list(done), **told}
            streams.emit(files.json_document(record))
        elif not quiet:
            streams.emit(
                f"{found.name} {found.version}: {len(done)} files, {sum(done.values()) / 1e6:.1f} MB, in {home}\n"
                f"verified: {', '.join(listing.checked)}\npin: {found.line}\ncite: {citation}\n"
            )


def _listed(text: str | None) -> list[str]:
    """The names in a list with commas."""
    return [item.strip() for item in (text or "").split(",") if item.strip()]


@click.command()
@click.argument("name", metavar="NAME[@VERSION]|FOLDER")
@options.catalogue
@options.format_(STYLES, "How the citation is written.", "style")
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
        streams.emit(write(read_citation(Path(name)), style))
        return
    with streams.progress_bar(quiet=quiet) as bar:
        listing, warnings = releases.find_release(name, releases.Asking(catalogue, key, offline))
        citation = citation_of(listing)
        if where is not None and table is not None:
            rows = read_subset(listing, table, where, progress=bar.update)
            warnings += rows.advice
            citation = replace(citation, note=rows.text)
            source = listing.source
            again = f"deedbook fetch {source.dataset.name}@{source.entry.version} --from {shlex.quote(source.opened.location.text)}"
            again += f" --table {shlex.quote(table)} --subset {shlex.quote(where)} --digest {rows.sha256}"
            if not quiet:
                streams.say(f"the same rows again: {again}")
    options.warn(warnings)
    streams.emit(write(citation, style))


@click.command()
@click.argument("name", required=False, default="")
@click.option("-t", "--to", metavar="TARGET", help="The catalogue of a [targets.TARGET] in deedbook.toml.")
@click.option("--from", "location", metavar="CATALOGUE", help="The root of a catalogue; needs no project.")
@options.project
@options.format_(["text", "json"], "How the versions are written.")
@options.debug
def versions(name: str, to: str | None, location: str | None, root: Path, format_: Literal["text", "json"]) -> None:
    """List the published versions of dataset NAME, newest first; of all datasets without a name."""
    if (to is None) == (location is None):
        hint = "name it with --from CATALOGUE, or a target of the project with --to TARGET"
        raise UsageError("which catalogue?", hint)
    with streams.progress_bar(quiet=False):
        if location is not None:
            opened = open_catalogue(read_location(location), find_home())
            options.warn(opened.age())
            found = opened.catalogue
        else:
            from deedbook.publishing.targets import read_hosted

            found = read_hosted(load_project(root), str(to)).read() or Catalogue()
    if name not in {"", *found.datasets}:
        there = ", ".join(found.datasets) or "none"
        raise UsageError(f"the catalogue has no dataset {name}", f"the datasets there are {there}")
    datasets = [found.datasets[name]] if name else list(found.datasets.values())
    if format_ == "json":
        record = {"versions_version": 1, "datasets": {one.name: dataset_record(one) for one in datasets}}
        text = files.json_document(record)
    else:
        text = template("versions.txt.j2").render(datasets=datasets, visible=visible, size=size)
    streams.emit(text or "nothing is published there\n")
