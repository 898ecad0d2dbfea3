"""Where a release is written before it exists, a locked staging folder beside its target, and `release.json`, which says what it has.

    dist/NAME/.lock               held by the running build, with its process id; gone when no build runs
    dist/NAME/.staging-VERSION    the release being written; what a killed build left is removed by the next one
    dist/NAME/.staging-VERSION-rows-*   the parts of the table being written (rows); removed in the same way
    dist/NAME/.retired-VERSION    a snapshot that is being replaced, where the system cannot swap two folders in one step
    dist/NAME/VERSION/            complete or not there

    release.json   release_version, name, title, version, state, created, epoch, previous {version, sha256} or null,
                   bump {floor, minimum, override, rules} or null for a first release,
                   licenses, tables [name, rows, fields, primary_key, is_view, sha256], files [name, bytes, sha256,
                   media_type, table or null]

`release.json` lists every file that was written before it. Its own sha256 is what the next release names as `previous`.
A `Staged` release becomes a `Release` only after its checksums were read back.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook import files
from deedbook.errors import ProjectError, RefusalError, SpaceError
from deedbook.integrity.digests import MANIFEST, Digests
from deedbook.integrity.proof import demand_whole
from deedbook.names import alike
from deedbook.release.contents import Contents
from deedbook.release.edition import Edition
from deedbook.release.pages import json_text
from deedbook.versioning.previous import CHANGES, read_json

_STAGING = ".staging-"
_RETIRED = ".retired-"
_SCRATCH = 5
"""Bytes for each byte of the largest table: its rows in parts, read and sorted, and files before they are packed, copied or vacuumed."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A release that is written, or being written; nobody may use it."""

    folder: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Release:
    """A built release at its final place; it is never rewritten."""

    folder: Path
    name: str
    version: str


@contextmanager
def staging(edition: Edition, dist: Path) -> Iterator[Staged]:
    """An empty staging folder under a lock; it is removed at the end unless it was installed.

    Raises:
        RefusalError: when another build of the same dataset is running.
        SpaceError: when the disk, or somebody's share of it, is full, or does not take what is written.
    """
    home = dist / edition.name
    try:
        home.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise RefusalError(f"{home} cannot be a folder: a file is in the way", "move that file away") from None
    with files.locked(home / ".lock", who="build"):
        for retired in home.glob(f"{_RETIRED}*"):  # we hold the lock: whoever made it is dead
            target = home / retired.name.removeprefix(_RETIRED)
            shutil.rmtree(retired) if target.exists() else retired.rename(target)
        for stale in home.glob(f"{_STAGING}*"):
            shutil.rmtree(stale)
        folder = home / f"{_STAGING}{edition.version}"
        folder.mkdir()
        try:
            with files.explained_disk(f"{home} cannot take the release", "free some space and build again"):
                yield Staged(folder, home / edition.version)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def demand_space(contents: Contents) -> None:
    """Refuses a release for which less than half of the space is free that is foretold: how much it takes depends on the data.

    Raises:
        SpaceError: before anything is written.
    """
    sources = [
        sum(file.stat().st_size for file in item.files if file.is_file()) for item in contents.project.package.resources
    ]
    kept = sum(sources) * sum(item.share for item in contents.formats)
    needed, free = kept + max(sources, default=0) * _SCRATCH, shutil.disk_usage(contents.folder).free
    if free < needed / 2:
        said = f"some {needed / 1e6:,.1f} MB are needed while it is written, and {free / 1e6:,.1f} MB are free"
        message = f"the disk is too full: {contents.folder.parent} cannot take the release: {said}"
        raise SpaceError(message, "free some space, or name fewer `formats` under [release] in deedbook.toml")


def write_manifest(contents: Contents) -> None:
    """Writes `release.json` about everything that stands in the folder."""
    edition, previous = contents.edition, contents.edition.previous
    record: dict[str, Any] = {
        "release_version": 1,
        "name": edition.name,
        "title": edition.title,
        "version": edition.version,
        "state": edition.state,
        "created": edition.moment,
        "epoch": int(edition.epoch.timestamp()),
        "previous": {"version": previous.version, "sha256": previous.sha256} if previous else None,
        "bump": read_json(contents.folder / CHANGES).get("bump"),
        "licenses": contents.project.package.raw.get("licenses", []),
        "tables": [
            {
                "name": table.outline.name,
                "rows": table.rows,
                "fields": len(table.outline.schema.fields),
                "primary_key": list(table.outline.schema.primary_key),
                "is_view": table.outline.is_view,
                "sha256": table.file.sha256,
            }
            for table in contents.tables
        ],
        "files": [
            {name: getattr(file, name) for name in ("name", "bytes", "sha256", "media_type")}
            | {"table": file.table or None}
            for file in contents.files()
        ],
    }
    if same := alike(entry["name"] for entry in record["files"]):
        raise ProjectError(f"{same[0]} and {same[1]} cannot be two files on every system", "rename one of the tables")
    (contents.folder / MANIFEST).write_text(json_text(record, 2), encoding="utf-8", newline="\n")


def table_digests(folder: Path) -> dict[str, str]:
    """The content digests of the tables of a built release by name.

    Raises:
        ProjectError: when its `release.json` is missing or malformed.
    """
    file = folder / MANIFEST
    try:
        return {str(entry["name"]): str(entry["sha256"]) for entry in json.loads(file.read_bytes())["tables"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{file}: is no readable release manifest: {error}"
        raise ProjectError(message, f"move {folder} away and build again") from None


def seal(staged: Staged, digest: Digests) -> None:
    """Proves what was written by what was read back of it, and puts it on the disk for good."""
    demand_whole(staged.folder, digest)
    for path in (*staged.folder.iterdir(), staged.folder):
        files.sync(path)


def install(staged: Staged, edition: Edition) -> Release:
    """Renames a sealed release to its final place; only a snapshot takes that of another."""
    folder, target = staged.folder, staged.target
    if not target.exists():
        files.rename(folder, target)
    elif not files.exchange(folder, target):  # a moment without either; the next build would bring the old one back
        retired = target.with_name(f"{_RETIRED}{target.name}")
        target.rename(retired)
        files.rename(folder, target)
        shutil.rmtree(retired, ignore_errors=True)
    return Release(target, edition.name, edition.version)
