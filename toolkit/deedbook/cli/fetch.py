"""`deedbook fetch`: a release from a catalogue, proven before any of its files gets its name."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook.cli import options, streams
from deedbook.cli.progress import progress_bar
from deedbook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deedbook.cli.progress import Bar
    from deedbook.fetching.releases import Listing
    from deedbook.fetching.retrieval import Fetched, Pin

_LOCK = "deedbook.lock"


@click.command()
@click.argument("name", metavar="[NAME[@VERSION|@RANGE|@latest]]", required=False)
@options.catalogue
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder for the files; NAME/VERSION by default.",
)
@click.option("-f", "--format", "formats", metavar="FORMATS", help="Data in these formats only, such as csv,parquet.")
@click.option("--table", "tables", metavar="TABLES", help="Data of these tables only, such as events,actors.")
@click.option("--replace", is_flag=True, help="Overwrite files in DIR that are others.")
@click.option("--lock", "locks", is_flag=True, help="Write which release it is into the lock file, for a script.")
@click.option("--locked", is_flag=True, help="Fetch what the lock file says, and nothing else; all of it without NAME.")
@click.option(
    "--lock-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_LOCK,
    show_default=True,
    help="The lock file.",
)
@click.option(
    "--subset", metavar="EXPR", help="Only the rows of the one --table that an SQL expression picks, as TABLE.csv."
)
@click.option("--digest", metavar="SHA256", help="What `cite --where` gave: refuse a --subset that is another.")
@click.option("--json", "as_json", is_flag=True, help="Write what was fetched as JSON.")
@options.quiet
@options.debug
def fetch(
    name: str | None,
    catalogue: str | None,
    key: str | None,
    offline: bool,
    folder: Path | None,
    formats: str | None,
    replace: bool,
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
    from deedbook.fetching.retrieval import demand, find_release, pin_of, write_lock
    from deedbook.fetching.retrieval import fetch as fetch_release

    chosen = _listed(tables)
    if (subset is not None and len(chosen) != 1) or (digest and subset is None):
        raise UsageError("--subset needs one --table, and --digest needs --subset", "see deedbook fetch --help")
    pins = _pins(name, lock_file) if locked else {}
    if not pins and name is None:
        raise UsageError("no release is named", "write deedbook fetch NAME, or --locked with a lock file")
    for text, pin in {f"{pin.name}@{pin.version}": pin for pin in pins.values()}.items() or [(name or "", None)]:
        with progress_bar(quiet=quiet) as bar:
            asking = options.asking(catalogue or (pin.catalogue if pin else None), key, offline=offline)
            listing, warnings = find_release(text, asking)
            found = pin_of(listing.source)
            demand(pin or found, found)
            options.warn(warnings)
            home = Path(found.name) / found.version
            home = home if folder is None else folder / home if len(pins) > 1 else folder
            if subset is not None:
                _take_subset(listing, chosen[0], subset, digest, home, bar)
                continue
            done = fetch_release(
                listing, home, formats=_listed(formats), tables=chosen, replaces=replace, progress=bar.update
            )
        if locks:
            write_lock(lock_file, found)
        _tell(done, home, listing, warnings, as_json=as_json, quiet=quiet)


def _listed(text: str | None) -> list[str]:
    """The names in a list with commas."""
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _take_subset(listing: Listing, table: str, where: str, digest: str | None, folder: Path, bar: Bar) -> None:
    from deedbook.fetching.rows import read_subset, write_subset

    chosen = read_subset(listing, table, where, digest=digest, progress=bar.update)
    options.warn([chosen.advice] if chosen.advice else [])
    streams.emit(f"{write_subset(chosen, folder)}: {chosen.record.text}\n")


def _pins(name: str | None, lock_file: Path) -> dict[str, Pin]:
    """The pins that are wanted.

    Raises:
        UsageError: when the named dataset has none.
    """
    from deedbook.fetching.retrieval import read_lock

    pins = dict(read_lock(lock_file))
    if name is None:
        return pins
    dataset, _, version = name.partition("@")
    if dataset not in pins or version not in {"", pins[dataset].version}:
        raise UsageError(f"{lock_file}: does not lock {name}", "leave out --locked, or fetch it once with --lock")
    return {dataset: pins[dataset]}


def _tell(
    done: Fetched, folder: Path, listing: Listing, warnings: Sequence[str], *, as_json: bool, quiet: bool
) -> None:
    from deedbook.fetching.citations import citation_of
    from deedbook.fetching.retrieval import pin_of

    pin, citation = pin_of(listing.source), citation_of(listing)
    if as_json:
        record = {
            **asdict(pin),
            "folder": str(folder),
            "files": done.files,
            "bytes": done.bytes,
            "checked": listing.checked,
            "warnings": warnings,
            "citation": str(citation),
        }
        streams.emit(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    elif not quiet:
        streams.emit(
            f"{pin.name} {pin.version}: {len(done.files)} files, {done.bytes / 1e6:.1f} MB, in {folder}\n"
            f"verified: {', '.join(listing.checked)}\npin: {pin.line}\ncite: {citation}\n"
        )
