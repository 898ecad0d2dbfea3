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
    from deedbook.cli.progress import Bar
    from deedbook.fetching.pins import Pin
    from deedbook.fetching.releases import Listing
    from deedbook.fetching.retrieving import Asking, Fetched

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
    "--subset", metavar="EXPR", help="Only the rows that an SQL expression picks, as TABLE.csv; needs --table."
)
@click.option("--table", metavar="TABLE", help="The table of --subset.")
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
    subset: str | None,
    table: str | None,
    digest: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Download a release, prove it, and say how to cite it.

    NAME alone is the latest version; NAME@1 or NAME@1.2 the newest release that begins so; NAME@1.2.0 exactly this one. Checksums,
    signature and the chain of releases are proven before a file gets its name; what came before an interruption is used again.
    """
    from deedbook.fetching.retrieving import fetch as fetch_release
    from deedbook.fetching.retrieving import find_release

    if (subset is None) != (table is None) or (digest and subset is None):
        raise UsageError("--subset needs --table, and --digest needs --subset", "see deedbook fetch --help")
    pins = _pins(name, lock_file) if locked else {}
    if not pins and name is None:
        raise UsageError("no release is named", "write deedbook fetch NAME, or --locked with a lock file")
    asking = options.asking(catalogue, key, offline=offline)
    names = [f"{pin.name}@{pin.version}" for pin in pins.values()] or [name or ""]
    wanted = [item for item in (formats or "").split(",") if item]
    for text in names:
        with progress_bar(quiet=quiet) as bar:
            pin = pins.get(text.partition("@")[0])
            listing, warnings = find_release(text, _pinned(asking, pin))
            label = listing.source
            _demand(listing.source, pin)
            options.warn(warnings)
            home = _folder(folder, label.dataset.name, label.entry.version, many=len(names) > 1)
            if subset is not None and table is not None:
                _take_subset(listing, table, subset, digest, home, bar)
                continue
            done = fetch_release(
                listing, home, formats=wanted, replaces=replace, warnings=warnings, progress=bar.update
            )
        if locks:
            _lock(lock_file, done.pin)
        _tell(done, listing, as_json=as_json, quiet=quiet)


def _take_subset(listing: Listing, table: str, where: str, digest: str | None, folder: Path, bar: Bar) -> None:
    from deedbook.fetching.subsets import read_subset, write_subset

    chosen = read_subset(listing, table, where, digest=digest, progress=bar.update)
    streams.emit(f"{write_subset(chosen, folder)}: {chosen.record.text}\n")


def _pins(name: str | None, lock_file: Path) -> dict[str, Pin]:
    """The pins that are wanted.

    Raises:
        UsageError: when the named dataset has none.
    """
    from deedbook.fetching.pins import read_lock

    pins = dict(read_lock(lock_file))
    if name is None:
        return pins
    dataset, _, version = name.partition("@")
    if dataset not in pins or version not in {"", pins[dataset].version}:
        raise UsageError(f"{lock_file}: does not lock {name}", "leave out --locked, or fetch it once with --lock")
    return {dataset: pins[dataset]}


def _pinned(asking: Asking, pin: Pin | None) -> Asking:
    """The catalogue of the pin, unless another one is named."""
    from dataclasses import replace

    return replace(asking, catalogue=pin.catalogue) if pin is not None and asking.catalogue is None else asking


def _demand(source: object, pin: Pin | None) -> None:
    from deedbook.fetching.pins import demand
    from deedbook.fetching.releases import Source
    from deedbook.fetching.retrieving import pin_of

    if pin is not None and isinstance(source, Source):
        demand(pin, pin_of(source))


def _folder(folder: Path | None, name: str, version: str, *, many: bool) -> Path:
    if folder is None:
        return Path(name) / version
    return folder / name / version if many else folder


def _lock(lock_file: Path, pin: Pin) -> None:
    from deedbook.fetching.pins import write_lock

    write_lock(lock_file, pin)


def _tell(done: Fetched, listing: Listing, *, as_json: bool, quiet: bool) -> None:
    from deedbook.fetching.citing import citation_of, text_citation

    citation = text_citation(citation_of(listing))
    if as_json:
        record = {
            **asdict(done.pin),
            "folder": str(done.folder),
            "files": done.files,
            "bytes": done.bytes,
            "checked": done.checked,
            "warnings": done.warnings,
            "citation": citation,
        }
        streams.emit(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    elif not quiet:
        size = f"{done.bytes / 1e6:.1f} MB"
        streams.emit(
            f"{done.pin.name} {done.pin.version}: {len(done.files)} files, {size}, in {done.folder}\n"
            f"verified: {', '.join(done.checked)}\npin: {done.pin.line}\ncite: {citation}\n"
        )
