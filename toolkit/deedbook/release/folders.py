"""Where a release is written before it exists: a locked staging folder beside its target, renamed once.

    dist/NAME/.lock               held by the running build, with its process id; gone when no build runs
    dist/NAME/.staging-VERSION    the release being written; what a killed build left is removed by the next one
    dist/NAME/.retired-VERSION    a snapshot that is being replaced, where the system cannot swap two folders in one step
    dist/NAME/VERSION/            complete or not there

A `Staged` release becomes `Verified` only by reading its checksums back, and only a `Verified` one can be installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deedbook.errors import RefusalError
from deedbook.files import exchange, explained_disk, locked, rename, sync
from deedbook.integrity.proof import demand_whole
from deedbook.release.edition import Edition

_LOCK = ".lock"
_STAGING = ".staging-"
_RETIRED = ".retired-"


@dataclass(frozen=True, slots=True)
class Staged:
    """A release that is written, or being written; nobody may use it."""

    folder: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Verified:
    """A staged release whose files were read back and agree with its checksums."""

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
    with locked(home / _LOCK, who="build"):
        for retired in home.glob(f"{_RETIRED}*"):  # we hold the lock: whoever made it is dead
            target = home / retired.name.removeprefix(_RETIRED)
            shutil.rmtree(retired) if target.exists() else retired.rename(target)
        for stale in home.glob(f"{_STAGING}*"):
            shutil.rmtree(stale)
        folder = home / f"{_STAGING}{edition.version}"
        folder.mkdir()
        try:
            with explained_disk(f"{home} cannot take the release", "free some space and build again"):
                yield Staged(folder, home / edition.version)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def verify_staged(staged: Staged) -> Verified:
    """Proves what was written by reading it back, and puts it on the disk for good."""
    demand_whole(staged.folder)
    for path in staged.folder.iterdir():
        sync(path)
    sync(staged.folder)
    return Verified(staged.folder, staged.target)


def install(verified: Verified, edition: Edition, *, replace: bool = False) -> Release:
    """Renames the release to its final place.

    Args:
        verified: The staged release.
        edition: What it calls itself.
        replace: Give way of what stands there; only for snapshots.

    Raises:
        RefusalError: when something stands there and `replace` is not set.
    """
    target = verified.target
    if target.exists():
        if not replace:
            raise RefusalError(f"{target} exists already", "a release is never overwritten; plan a new version")
        if not exchange(
            verified.folder, target
        ):  # a moment without either; the next build would bring the old one back
            retired = target.with_name(f"{_RETIRED}{target.name}")
            target.rename(retired)
            rename(verified.folder, target)
            shutil.rmtree(retired, ignore_errors=True)
    else:
        rename(verified.folder, target)
    return Release(target, edition.name, edition.version)
