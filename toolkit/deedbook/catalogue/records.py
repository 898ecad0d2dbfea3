"""What a catalogue says, as frozen records: `Catalogue`, its `Dataset`s, their `Entry`s and its `Key`s; and how it is read.

Anybody may have written a `catalog.json` or a `latest.json`: what is not right is refused, never repaired.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from deedbook.errors import ProjectError
from deedbook.versioning.numbers import SEMVER

CATALOG = "catalog.json"
BEFORE = "catalog.before.json"
LATEST = "latest.json"
CATALOG_SIGNATURE = "catalog.json.minisig"
SIGNATURE_AHEAD = "catalog.json.next.minisig"
PUBLIC_KEY = "deedbook.pub"
LARGEST = 64 << 20
"""Bytes of a document that is read at all."""
_SEQUENCE = re.compile(rb"sequence\W{1,4}(\d{1,18})\b")
_HINT = "name the root of a catalogue that `deedbook publish` wrote"
State = Literal["released", "superseded", "yanked"]


@dataclass(frozen=True, slots=True)
class Link:
    """The release before one, by the sha256 of its `release.json`."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published version.

    Attributes:
        created: The release date that stands in the release itself.
        published: When the publisher wrote it into the catalogue.
        changed: When this entry last became another: published, yanked, given a DOI.
        path: `NAME/VERSION/`, relative to the catalogue's root.
        release_sha256: Of `release.json`; it names the release.
        sums_sha256: Of `SHA256SUMS`.
        bytes: All files together.
        files: How many.
        mirrors: Addresses that end in `/` and have the same files below them.
        reason: Why it was yanked.
        replaced_by: The version to use in its place.
    """

    version: str
    state: State
    created: str
    published: str
    changed: str
    path: str
    release_sha256: str
    sums_sha256: str
    bytes: int
    files: int
    previous: Link | None = None
    doi: str | None = None
    concept_doi: str | None = None
    mirrors: tuple[str, ...] = ()
    reason: str | None = None
    replaced_by: str | None = None

    @property
    def is_yanked(self) -> bool:
        """Whether it was withdrawn."""
        return self.state == "yanked"

    @property
    def link(self) -> Link:
        """How the release after it names it."""
        return Link(self.version, self.release_sha256)

    @property
    def follows(self) -> str:
        """The version before it; empty for the first."""
        return self.previous.version if self.previous else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset with its versions, newest first.

    Attributes:
        licenses: As in a Data Package: `name`, `title`, `path`.
        latest: The version that a reader gets who names none; None when every one is yanked or a pre-release.
    """

    name: str
    title: str
    description: str
    licenses: tuple[Mapping[str, Any], ...]
    latest: str | None
    versions: tuple[Entry, ...]

    def entry(self, version: str | None) -> Entry | None:
        """The entry of a version."""
        return next((entry for entry in self.versions if entry.version == version), None)


@dataclass(frozen=True, slots=True)
class Key:
    """A minisign public key of the publisher.

    Attributes:
        id: What minisign calls its key number.
        text: Its base64 text.
        until: When another one took over; None for the present one.
        rotation: The signature of the key before it that hands over to this one (`keys`), base64; None for the first.
    """

    id: str
    text: str
    since: str
    until: str | None = None
    rotation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """A whole `catalog.json`; `sequence` grows by one with each write, `keys` are oldest first."""

    sequence: int = 0
    title: str = ""
    updated: str = ""
    keys: tuple[Key, ...] = ()
    datasets: Mapping[str, Dataset] = field(default_factory=dict)

    @property
    def key(self) -> Key | None:
        """The present key; None when nothing is signed."""
        return self.keys[-1] if self.keys else None

    @property
    def heading(self) -> str:
        """What people call it: with several datasets, not what only one of them is called."""
        titles = [one.title for one in self.datasets.values()]
        is_borrowed = len(titles) > 1 and self.title in titles
        return f"Releases of {len(titles)} datasets" if is_borrowed else self.title or "Releases"

    def entry(self, name: str, version: str) -> Entry | None:
        """The entry of a version of a dataset."""
        return self.datasets[name].entry(version) if name in self.datasets else None


def sequence_of(name: str, content: bytes) -> int:
    """The `sequence` of the `catalog.json` that a derived document was made from; 0 when it does not say."""
    found = None if name == PUBLIC_KEY else _SEQUENCE.search(content)  # it stands before anything that came from data
    return int(found[1]) if found else 0


def read_keys(content: bytes, where: str) -> tuple[Key, ...]:
    """The keys that a `catalog.json` names, oldest first; nothing else of it is looked at, as it is not proven yet.

    Raises:
        ProjectError: when it is no catalogue.
    """
    try:
        return tuple(Key(**_members(Key, item)) for item in _read_json(content, where)["keys"])
    except (KeyError, TypeError):
        raise ProjectError(f"{where}: is no catalogue", _HINT) from None


def read_catalogue_json(content: bytes, where: str) -> Catalogue:
    """What a `catalog.json` says.

    Args:
        content: Its bytes.
        where: What people call it.

    Raises:
        ProjectError: when it is none, or says what cannot be: a path outside the catalogue, a version twice, a latest
            version that is yanked or absent.
    """
    raw = _read_json(content, where)
    if not isinstance(raw, dict) or "catalogue_version" not in raw:
        raise ProjectError(f"{where}: is no catalogue", _HINT)
    if raw["catalogue_version"] != 1:
        said = f"has the catalogue_version {raw['catalogue_version']!r}; this deedbook reads 1"
        raise ProjectError(f"{where}: {said}", "update deedbook")
    error = next(iter(_schema().iter_errors(raw)), None)
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "the document"
        raise ProjectError(f"{where}: is no sound catalogue: at {place}: {error.message[:300]}", _HINT)
    datasets = {name: _dataset(name, item, where) for name, item in raw["datasets"].items()}
    return Catalogue(**{**_members(Catalogue, raw), "keys": read_keys(content, where), "datasets": datasets})


def read_latest_json(content: bytes, where: str) -> int:
    """The `sequence` of a sound `latest.json`.

    Raises:
        ProjectError: when it is none.
    """
    raw = _read_json(content, where)
    try:
        for name, item in raw["datasets"].items():
            _check_path(name, str(item["version"]), item["path"], where)
        if raw["catalogue_version"] == 1 and type(sequence := raw["sequence"]) is int:
            return sequence
    except (KeyError, TypeError, AttributeError):
        pass
    raise ProjectError(f"{where}: is no list of latest versions", _HINT)


def _read_json(content: bytes, where: str) -> Any:
    if len(content) > LARGEST:
        raise ProjectError(f"{where}: is larger than {LARGEST >> 20} MB, so it is no catalogue", _HINT)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{where}: is no catalogue: it is no JSON ({error})", _HINT) from None


@cache
def _schema() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads((resources.files(__package__) / "catalogue.schema.json").read_bytes()))


def _members(kind: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a record has; a later shape may have more."""
    return {name: raw[name] for name in kind.__dataclass_fields__ if name != "name"}


def _dataset(name: str, raw: Mapping[str, Any], where: str) -> Dataset:
    entries = []
    for item in raw["versions"]:
        _check_path(name, item["version"], item["path"], where)
        previous = Link(**_members(Link, item["previous"])) if item["previous"] else None
        entries.append(Entry(**{**_members(Entry, item), "previous": previous, "mirrors": tuple(item["mirrors"])}))
    known, latest = {entry.version: entry.state for entry in entries}, raw["latest"]
    if len(known) < len(entries):
        raise ProjectError(f"{where}: {name} has a version twice", _HINT)
    if latest is not None and known.get(latest, "yanked") == "yanked":
        why = "is yanked" if latest in known else "is not among its versions"
        raise ProjectError(f"{where}: the latest version of {name}, {latest}, {why}", _HINT)
    about = {**_members(Dataset, raw), "licenses": tuple(raw["licenses"]), "versions": tuple(entries)}
    return Dataset(name=name, **about)


def _check_path(name: str, version: str, path: str, where: str) -> None:
    """A version stands at `NAME/VERSION/` and nowhere else, so that no path can leave the catalogue."""
    if not SEMVER.fullmatch(version) or path != f"{name}/{version}/":
        said = f"says that version {version!r} of {name!r} stands at {path!r}, where none can stand"
        raise ProjectError(f"{where}: {said}", _HINT)
