"""The release before this one: named by the descriptor, found where releases stand, proven by the sha256 of its release.json."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deedbook.changes.sources import find_release, find_releases
from deedbook.descriptor import Package
from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.digests import MANIFEST, sha256_of
from deedbook.integrity.proof import demand_whole
from deedbook.project import Project, demand_names
from deedbook.schema import own_settings
from deedbook.versioning.numbers import SEMVER, read_version

CHANGES = "changes.json"
MERGE = "get its descriptor and tables, and merge yours into them: `git pull`, then `deedbook plan --write`, then `deedbook build`"
"""What to do about a release that another checkout made meanwhile."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before this one.

    Attributes:
        sha256: That of its `release.json`.
        folder: Where it was found.
        withdrawn: Why it was yanked, as a catalogue in one of the project's release folders says; None when it stands.
    """

    version: str
    sha256: str
    folder: Path
    withdrawn: str | None = None


def read_previous(package: Package, folders: Sequence[Path], *, snapshot: bool = False) -> Previous | None:
    """The previous release that the descriptor names, proven; None when it says that this is the first.

    Args:
        package: The descriptor.
        folders: Where it may stand as `NAME/VERSION/`; the first is where releases are built.
        snapshot: Nothing need be said.

    Raises:
        ProjectError: when nothing is said (but of a snapshot), or what is named cannot be found, is damaged or does not match.
        RefusalError: when a later version than the named one was released, so that the chain would fork.
    """
    own, where = own_settings(package.raw), _where(package)
    if "previous" not in own and not snapshot:
        raise ProjectError(
            f"{where}: it is not said which release came before this one (`deedbook.previous`)",
            'add "deedbook": {"previous": null} for a first release, else run `deedbook plan --write`',
        )
    said = own.get("previous")
    if said is None:
        _demand_line(package, folders, None)
        return None
    version, digest = (said.get("version"), said.get("sha256")) if isinstance(said, Mapping) else ("", "")
    if not isinstance(version, str) or not SEMVER.fullmatch(version) or not isinstance(digest, str):
        message = f"{where}: `deedbook.previous` is null, or has a `version` and the `sha256` of its release.json"
        raise ProjectError(message, "run `deedbook plan --write`")
    folder = find_release(folders, package.name, version)
    if folder is None:
        place = folders[0] / package.name / version
        hint = f"fetch it: `deedbook fetch {package.name}@{version} -o {place}`"
        raise ProjectError(f"the previous release {version} is not in {place}", hint)
    file = folder / MANIFEST
    if (found := sha256_of(file)) != digest.removeprefix("sha256:"):
        message = f"{file} is not the previous release that {where} names: its sha256 is {found}, not {digest}"
        raise ProjectError(message, "fetch the published release again, or correct `deedbook.previous`")
    _demand_line(package, folders, version)
    return _proven(package, folders, folder)


def latest_release(project: Project) -> Previous | None:
    """The release that the next one follows, proven.

    That is the one that the descriptor's version names when it is a final one that has been built or published; else the descriptor
    plans a version that is not built yet, or a pre-release, which nothing follows, and its `deedbook.previous` says which release
    that comes after.

    Raises:
        ProjectError: when `deedbook.previous` names a release that cannot be found, is damaged or does not match.
        RefusalError: when a later version was released.
    """
    package, folders = project.package, project.release_folders
    is_final = bool(package.version) and read_version(package.version).is_final
    folder = find_release(folders, package.name, package.version) if is_final else None
    if folder is None:
        return read_previous(package, folders, snapshot=True)
    _demand_line(replace(package, version=""), folders, package.version)
    return _proven(package, folders, folder)


def read_created(package: Package) -> dt.datetime:
    """The release date that the descriptor gives, in UTC.

    Raises:
        ProjectError: when it is missing or no date.
    """
    hint = 'run `deedbook plan --write`, or add "created": "2026-11-22T00:00:00Z" to the descriptor'
    if not package.created:
        raise ProjectError(f"{_where(package)}: `created`, the release date, is missing", hint)
    try:
        moment = dt.datetime.fromisoformat(package.created)
    except ValueError:
        message = f"{_where(package)}: `created` is {package.created!r}, which is no ISO 8601 time"
        raise ProjectError(message, hint) from None
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def demand_releasable(package: Package) -> None:
    """Refuses names that cannot be published, a version that is no number, a date that is none, and a licence that no release can carry.

    Raises:
        ProjectError: when there is one; a licence is at an address, or a file beside the descriptor.
    """
    demand_names(package)
    if package.version and not SEMVER.fullmatch(package.version):
        hint = "write it as MAJOR.MINOR.PATCH, e.g. 1.0.0, and in YAML between quotes"
        raise ProjectError(f"{_where(package)}: the version {package.version!r} is not SemVer", hint)
    if package.created:
        read_created(package)
    for path in texts_of(package.raw.get("licenses"), "path"):
        is_file = ":" not in path and path == Path(path).name and (package.root / path).is_file()
        if path and not is_file and not path.startswith(("https://", "http://")):
            hint = "put a file such as LICENSE beside the descriptor, or give an address that begins with https://"
            raise ProjectError(f"{_where(package)}: the licence {path!r} is no file that a release can carry", hint)


def texts_of(entries: object, name: str) -> list[str]:
    """A property of each object of a list that anybody wrote."""
    listed = entries if isinstance(entries, list) else ()
    return [str(one.get(name) or "") for one in listed if isinstance(one, Mapping)]


def demand_one_beginning(project: Project) -> None:
    """Refuses `previous: null` where an earlier version is known.

    Raises:
        ProjectError: when one was built, or published into a folder.
    """
    if own_settings(project.package.raw).get("previous", ...) is None:
        _demand_line(project.package, project.release_folders, None)


def _where(package: Package) -> str:
    """What people call the descriptor."""
    return str(package.path or package.root)


def _proven(package: Package, folders: Sequence[Path], folder: Path) -> Previous:
    try:
        demand_whole(folder)
    except RefusalError as error:
        message = f"the previous release {folder.name} cannot be compared with: {error.message}"
        raise ProjectError(message, "fetch the published release again") from None
    withdrawn = yanked(folders, package.name).get(folder.name)
    return Previous(folder.name, sha256_of(folder / MANIFEST), folder, withdrawn)


def yanked(folders: Sequence[Path], name: str) -> dict[str, str]:
    """Why versions were withdrawn, as far as a catalogue in one of these folders says."""
    found = {}
    for root in folders:
        datasets = read_json(root / "catalog.json").get("datasets")
        dataset = datasets.get(name) if isinstance(datasets, dict) else None
        for entry in dataset.get("versions") or () if isinstance(dataset, dict) else ():
            if isinstance(entry, dict) and entry.get("state") == "yanked":
                found[str(entry.get("version"))] = str(entry.get("reason") or "no reason is given")
    return found


def _demand_line(package: Package, folders: Sequence[Path], previous: str | None) -> None:
    """Refuses a second beginning of a chain, and a second successor of a release, but for a version that was released before."""
    released = find_releases(folders, package.name)
    known = [name for name in released if SEMVER.fullmatch(name) and read_version(name).is_final]
    if not known or package.version in known:
        return
    newest = max(known, key=read_version)
    if previous is None:
        link = json.dumps({"version": newest, "sha256": sha256_of(released[newest] / MANIFEST)})
        message = f"{_where(package)}: `deedbook.previous` is null, but {newest} was released ({released[newest]})"
        raise ProjectError(message, f"a chain has one beginning: set `deedbook.previous` to {link}")
    if read_version(newest) > read_version(previous):
        message = f"{_where(package)} follows {previous}, but {newest} was released since"
        raise RefusalError(message, MERGE)


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
