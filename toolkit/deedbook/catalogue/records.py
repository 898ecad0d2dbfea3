"""What a catalogue says, as frozen records: `Catalogue`, its `Dataset`s, their `Entry`s, its `Key`s, and `Latest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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

    def entry(self, version: str) -> Entry | None:
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

    title: str = ""
    updated: str = ""
    sequence: int = 0
    keys: tuple[Key, ...] = ()
    datasets: Mapping[str, Dataset] = field(default_factory=dict)

    @property
    def key(self) -> Key | None:
        """The present key; None when nothing is signed."""
        return self.keys[-1] if self.keys else None

    def entry(self, name: str, version: str) -> Entry | None:
        """The entry of a version of a dataset."""
        dataset = self.datasets.get(name)
        return dataset.entry(version) if dataset else None


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the latest version of a dataset is."""

    version: str
    path: str
    release_sha256: str


@dataclass(frozen=True, slots=True)
class Latest:
    """A whole `latest.json`."""

    sequence: int
    datasets: Mapping[str, Pointer]
