"""The release before this one: named by the descriptor, found where releases stand, proven by the sha256 of its release.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.project import Project
from deedbook.versioning.numbers import SEMVER

CHANGES = "changes.json"


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before this one; `sha256` is that of its `release.json`, `folder` where it was found."""

    version: str
    sha256: str
    folder: Path


def read_previous(package: Package, folders: Sequence[Path], where: str, *, snapshot: bool) -> Previous | None:
    """The previous release that the descriptor names; None when it says that this is the first.

    Args:
        package: The descriptor.
        folders: Where it may stand as `NAME/VERSION/`; the first is where releases are built.
        where: What people call the descriptor.
        snapshot: Nothing need be said.

    Raises:
        ProjectError: when nothing is said (but of a snapshot), or what is named cannot be found or does not match.
    """
    own = package.raw.get("deedbook")
    own = own if isinstance(own, Mapping) else {}
    if "previous" not in own:
        if snapshot:
            return None
        raise ProjectError(
            f"{where}: it is not said which release came before this one",
            'add "deedbook": {"previous": null} for a first release, else run `deedbook plan --write`',
        )
    declared = own["previous"]
    if declared is None:
        return None
    if not isinstance(declared, Mapping) or not all(
        isinstance(declared.get(key), str) for key in ("version", "sha256")
    ):
        raise ProjectError(
            f"{where}: `deedbook.previous` is null or has `version` and `sha256`", "run `deedbook plan --write`"
        )
    version, digest = str(declared["version"]), str(declared["sha256"]).removeprefix("sha256:")
    if not SEMVER.fullmatch(version):
        raise ProjectError(f"{where}: the previous version {version!r} is not SemVer", "run `deedbook plan --write`")
    folder = find_release(folders, package.name, version)
    if folder is None:
        raise ProjectError(
            f"the previous release {version} is not in {folders[0] / package.name / version}",
            f"fetch it: `deedbook fetch {package.name}@{version} -o {folders[0] / package.name / version}`",
        )
    found = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if found != digest:
        raise ProjectError(
            f"{folder / MANIFEST} is not the previous release that {where} names: its sha256 is {found}, not {digest}",
            "fetch the published release again, or correct `deedbook.previous`",
        )
    return Previous(version, digest, folder)


def find_release(folders: Sequence[Path], name: str, version: str) -> Path | None:
    """The folder of a whole release in the first of these folders that has it; None when none has."""
    for number, root in enumerate(folders):
        folder = root / name / version
        is_whole = (folder / SUMS).is_file() or not number  # while it is being published, its sums are not there yet
        if (folder / MANIFEST).is_file() and is_whole:
            return folder
    return None


def latest_release(project: Project) -> Previous | None:
    """The release that the next one follows.

    That is the one that the descriptor's version names when it has been built or published; else the descriptor plans a version that is
    not built yet, and its `deedbook.previous` says which release that follows.

    Raises:
        ProjectError: when `deedbook.previous` names a release that cannot be found.
    """
    package = project.package
    folder = find_release(project.release_folders, package.name, package.version) if package.version else None
    if folder is not None:
        return Previous(package.version, hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(), folder)
    return read_previous(package, project.release_folders, str(package.path or package.root), snapshot=True)


def retired_keys(folder: Path) -> dict[str, list[str]]:
    """The keys that the release in this folder, or one before it, withdrew; by table."""
    retired = read_json(folder / CHANGES).get("retired")
    return {str(name): list(keys) for name, keys in retired.items()} if isinstance(retired, dict) else {}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty when it cannot be read."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}
