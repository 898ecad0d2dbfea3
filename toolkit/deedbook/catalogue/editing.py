"""Changes of a catalogue as functions from one to the next: a version added, yanked, taken back, given a DOI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deedbook.catalogue.records import Catalogue, Dataset, Entry, Link, State
from deedbook.errors import RefusalError, UsageError
from deedbook.versioning.numbers import SEMVER, Version, read_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a catalogue says of a release that is to be added."""

    name: str
    version: str
    title: str
    description: str
    licenses: tuple[Mapping[str, Any], ...]
    created: str
    release_sha256: str
    sums_sha256: str
    bytes: int
    files: int
    previous: Link | None = None
    doi: str | None = None


def check_addition(catalogue: Catalogue, release: Release) -> Entry | None:
    """The entry that the release already has; None when it may be added.

    Raises:
        RefusalError: when the version has other content, or follows a release that the catalogue knows otherwise.
    """
    known = catalogue.entry(release.name, release.version)
    if known is not None and known.release_sha256 != release.release_sha256:
        raise RefusalError(
            f"{release.name} {release.version} is published with other content: its release.json has the sha256 "
            f"{known.release_sha256}, this one {release.release_sha256}",
            "a published version is never rewritten: plan a new one with `deedbook plan --write`",
        )
    previous = release.previous
    before = catalogue.entry(release.name, previous.version) if previous else None
    if previous and before and before.release_sha256 != previous.sha256:
        raise RefusalError(
            f"{release.name} {release.version} follows a version {previous.version} that is not the published one",
            f"fetch the published {previous.version}, plan and build again",
        )
    return known


def with_release(catalogue: Catalogue, release: Release, now: str) -> Catalogue:
    """The catalogue with the release; the same when it was there.

    Raises:
        RefusalError: as `check_addition`.
    """
    if check_addition(catalogue, release) is not None:
        return catalogue
    entry = Entry(
        version=release.version,
        state="released",
        created=release.created,
        published=now,
        changed=now,
        path=f"{release.name}/{release.version}/",
        release_sha256=release.release_sha256,
        sums_sha256=release.sums_sha256,
        bytes=release.bytes,
        files=release.files,
        previous=release.previous,
        doi=release.doi,
    )
    old = catalogue.datasets.get(release.name)
    entries = (*(old.versions if old else ()), entry)
    newest = max(entries, key=_precedence) is entry
    about: Dataset | Release = release if old is None or newest else old
    dataset = Dataset(
        name=release.name,
        title=about.title,
        description=about.description,
        licenses=about.licenses,
        latest=None,
        versions=entries,
    )
    return _with_dataset(catalogue, dataset, now)


def with_yank(
    catalogue: Catalogue, name: str, version: str, *, reason: str, replaced_by: str | None, now: str
) -> Catalogue:
    """The catalogue in which a version is withdrawn; the same when it was, for the same reason.

    Raises:
        UsageError: when there is no such version, no reason, or the replacement cannot be one.
    """
    entry = _known(catalogue, name, version)
    if not reason.strip():
        raise UsageError("a yank needs a reason", "say in --reason what is wrong with the version")
    if replaced_by is not None:
        other = _known(catalogue, name, replaced_by)
        if other.is_yanked or replaced_by == version:
            raise UsageError(
                f"{name} {replaced_by} cannot replace {version}: it is yanked itself", "name a version that is not"
            )
    yanked = replace(entry, state="yanked", reason=reason.strip(), replaced_by=replaced_by)
    return _with_entry(catalogue, name, entry, yanked, now)


def with_unyank(catalogue: Catalogue, name: str, version: str, now: str) -> Catalogue:
    """The catalogue in which a version is no longer withdrawn; the same when it was not.

    Raises:
        UsageError: when there is no such version.
    """
    entry = _known(catalogue, name, version)
    if not entry.is_yanked:
        return catalogue
    restored = replace(entry, state="released", reason=None, replaced_by=None)
    return _with_entry(catalogue, name, entry, restored, now)


def with_deposit(
    catalogue: Catalogue,
    name: str,
    version: str,
    *,
    doi: str | None,
    concept_doi: str | None,
    mirrors: Sequence[str],
    now: str,
) -> Catalogue:
    """The catalogue in which a version has a DOI and further addresses; the same when it had them.

    Raises:
        UsageError: when there is no such version.
        RefusalError: when it has another DOI.
    """
    entry = _known(catalogue, name, version)
    if doi and entry.doi and doi.lower() != entry.doi.lower():
        raise RefusalError(
            f"{name} {version} has the DOI {entry.doi}, and was deposited as {doi}",
            "one of the two deposits is a mistake; a version has one DOI",
        )
    deposited = replace(
        entry,
        doi=entry.doi or doi or None,
        concept_doi=entry.concept_doi or concept_doi or None,
        mirrors=(*entry.mirrors, *(one for one in mirrors if one not in entry.mirrors)),
    )
    return _with_entry(catalogue, name, entry, deposited, now)


def _known(catalogue: Catalogue, name: str, version: str) -> Entry:
    entry = catalogue.entry(name, version)
    if entry is None:
        dataset = catalogue.datasets.get(name)
        there = ", ".join(one.version for one in dataset.versions) if dataset else ""
        hint = f"the versions there are {there}" if there else "nothing of that name was published there"
        raise UsageError(f"there is no published version {version} of {name}", hint)
    return entry


def _with_entry(catalogue: Catalogue, name: str, old: Entry, new: Entry, now: str) -> Catalogue:
    if new == old:
        return catalogue
    dataset = catalogue.datasets[name]
    changed = replace(new, changed=now)
    versions = tuple(changed if entry is old else entry for entry in dataset.versions)
    return _with_dataset(catalogue, replace(dataset, versions=versions), now)


def _with_dataset(catalogue: Catalogue, dataset: Dataset, now: str) -> Catalogue:
    datasets = {**catalogue.datasets, dataset.name: _settled(dataset, now)}
    return replace(catalogue, datasets=dict(sorted(datasets.items())))


def _settled(dataset: Dataset, now: str) -> Dataset:
    """The dataset with its versions in order, and states and latest version as they follow from them."""
    entries = sorted(dataset.versions, key=_precedence, reverse=True)
    standing = [entry for entry in entries if not entry.is_yanked]
    finals = [entry for entry in standing if not _is_pre_release(entry.version)]
    latest = finals[0] if finals else None
    settled = [_in_state(entry, _state(entry, latest), now) for entry in entries]
    return replace(dataset, versions=tuple(settled), latest=latest.version if latest else None)


def _state(entry: Entry, latest: Entry | None) -> State:
    if entry.is_yanked:
        return "yanked"
    is_before = latest is not None and _precedence(entry) < _precedence(latest)
    return "superseded" if is_before else "released"


def _in_state(entry: Entry, state: State, now: str) -> Entry:
    return entry if entry.state == state else replace(entry, state=state, changed=now)


def _precedence(entry: Entry) -> tuple[Version, str]:
    return read_version(entry.version), entry.version


def _is_pre_release(version: str) -> bool:
    found = SEMVER.fullmatch(version)
    return found is not None and found[4] is not None
