"""Changes of a catalogue as functions from one to the next: a version added, yanked, taken back, given a DOI; another key.

A new key is believed because the one before it signed a text of both keys, so that the signature is good for
nothing else. A reader who knows any key of the list gets to the present one by these signatures, and by nothing else.
"""

import base64
import binascii
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deedbook.catalogue.records import Catalogue, Dataset, Entry, Key, Link, State
from deedbook.errors import RefusalError, UsageError
from deedbook.integrity import signatures
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.versioning.numbers import Version, read_version
from deedbook.versioning.previous import MERGE

PREVIOUS = "DEEDBOOK_PREVIOUS_"
"""What the variables of the retiring key begin with, in place of `DEEDBOOK_`."""


def check_addition(catalogue: Catalogue, about: Dataset) -> Entry | None:
    """The entry that the one version of a described dataset already has; None when it may be added.

    Raises:
        RefusalError: when the version has other content, or follows a release that the catalogue knows otherwise.
    """
    (release,), dataset = about.versions, catalogue.datasets.get(about.name)
    if dataset is None:
        return None
    known, newest = dataset.entry(release.version), dataset.entry(dataset.latest)
    this, follows = f"{about.name} {release.version}", release.follows
    if known is not None and known.release_sha256 != release.release_sha256:
        raise RefusalError(
            f"{this} is published with other content: its release.json has the sha256 {known.release_sha256}, "
            f"this one {release.release_sha256}",
            f"a published version is never rewritten; if another checkout planned the same number, {MERGE}; else plan a new one",
        )
    _check_links(dataset, release)
    if known is None and newest and not (follows and read_version(follows) >= read_version(newest.version)):
        raise RefusalError(
            f"{this} follows {follows or 'nothing'}, and {newest.version} was published since: what came with it would be lost",
            f"{MERGE} (its data alone: `deedbook fetch {about.name}@{newest.version}`)",
        )
    return known


def _check_links(dataset: Dataset, release: Entry) -> None:
    """That a release fits between those that it follows and those that follow it.

    Raises:
        RefusalError: when one of these is another one than the catalogue has, or its date is before that of the one it follows.
    """
    this, follows, own = f"{dataset.name} {release.version}", release.follows, release.link
    before = dataset.entry(follows)
    if before and before.link != release.previous:
        message = f"{this} follows a version {follows} that is not the published one"
        raise RefusalError(message, f"fetch the published {follows}, plan and build again")
    later = (each for each in dataset.versions if each.follows == release.version)
    if other := next((each.version for each in later if each.previous != own), None):
        message = f"{this} is not the {release.version} that {other} was built on, which was published without it"
        raise RefusalError(message, f"publish that one, or plan a version above {other}")
    if before and release.created < before.created:
        message = f"{this} is dated {release.created[:10]}, before {follows} ({before.created[:10]})"
        raise RefusalError(message, "plan it again with a later date, and build: `deedbook plan --write`")


def describe(
    manifest: Mapping[str, Any], package: Mapping[str, Any], digests: Mapping[str, str], sizes: Iterable[int], doi: str
) -> Dataset:
    """A dataset as a release describes it, with the release as its one version, not yet published.

    Args:
        manifest: The content of its `release.json`.
        package: The content of its `datapackage.json`.
        digests: The sha256 of these two documents at least: `release.json` and `SHA256SUMS`.
        sizes: The bytes of each of its files.
        doi: Of this version; empty when it has none.
    """
    name, version, previous = str(manifest["name"]), str(manifest["version"]), manifest.get("previous")
    sizes, licences = list(sizes), package.get("licenses")
    entry = Entry(
        version=version,
        state="released",
        created=str(manifest.get("created")),
        published="",
        changed="",
        path=f"{name}/{version}/",
        release_sha256=digests[MANIFEST],
        sums_sha256=digests[SUMS],
        bytes=sum(sizes),
        files=len(sizes),
        previous=Link(previous["version"], previous["sha256"]) if previous else None,
        doi=doi or None,
    )
    return Dataset(
        name=name,
        title=str(package.get("title") or name),
        description=str(package.get("description") or ""),
        licenses=tuple(one for one in licences if isinstance(one, Mapping)) if isinstance(licences, list) else (),
        latest=None,
        versions=(entry,),
    )


def with_release(catalogue: Catalogue, about: Dataset, now: str) -> Catalogue:
    """The catalogue with one release more; the same when it was there.

    Args:
        catalogue: The one before.
        about: The dataset as the release describes it, with the release as its one version.
        now: When the release is published.

    Raises:
        RefusalError: as `check_addition`.
    """
    if check_addition(catalogue, about) is not None:
        return catalogue
    entry = replace(about.versions[0], published=now, changed=now)
    old = catalogue.datasets.get(about.name)
    entries = (*(old.versions if old else ()), entry)
    described = about if old is None or max(entries, key=_precedence) is entry else old
    return with_dataset(catalogue, replace(described, versions=entries), now)


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
            message = f"{name} {replaced_by} cannot replace {version}: it is yanked itself"
            raise UsageError(message, "name a version that is not")
    yanked = replace(entry, state="yanked", reason=reason.strip(), replaced_by=replaced_by)
    return _with_entry(catalogue, name, entry, yanked, now)


def with_unyank(catalogue: Catalogue, name: str, version: str, now: str) -> Catalogue:
    """The catalogue in which a version is no longer withdrawn; the same when it was not.

    Raises:
        UsageError: when there is no such version.
        RefusalError: when another version took its place in the chain meanwhile.
    """
    entry = _known(catalogue, name, version)
    finals = [each for each in catalogue.datasets[name].versions if read_version(each.version).is_final]
    rivals = [each.version for each in finals if not each.is_yanked and each.previous == entry.previous]
    if entry.is_yanked and rivals and entry in finals:
        raise RefusalError(
            f"{name} {version} cannot come back: {rivals[0]} was published since and follows the same release, so the versions would have two ends",
            f"merge what {version} had into yours and plan a version after {rivals[0]}, or withdraw {rivals[0]} first",
        )
    restored = replace(entry, state="released", reason=None, replaced_by=None) if entry.is_yanked else entry
    return _with_entry(catalogue, name, entry, restored, now)


def with_deposit(
    catalogue: Catalogue,
    name: str,
    version: str,
    now: str,
    doi: str | None = None,
    concept_doi: str | None = None,
    mirrors: Sequence[str] = (),
) -> Catalogue:
    """The catalogue in which a version has a DOI and further addresses; the same when it had them.

    Raises:
        UsageError: when there is no such version.
        RefusalError: when it has another DOI.
    """
    entry = _known(catalogue, name, version)
    if doi and entry.doi and doi.lower() != entry.doi.lower():
        message = f"{name} {version} has the DOI {entry.doi}, and was deposited as {doi}"
        raise RefusalError(message, "one of the two deposits is a mistake; a version has one DOI")
    deposited = replace(
        entry,
        doi=entry.doi or doi or None,
        concept_doi=entry.concept_doi or concept_doi or None,
        mirrors=(*entry.mirrors, *(one for one in mirrors if one not in entry.mirrors)),
    )
    return _with_entry(catalogue, name, entry, deposited, now)


def _known(catalogue: Catalogue, name: str, version: str) -> Entry:
    if entry := catalogue.entry(name, version):
        return entry
    dataset = catalogue.datasets.get(name)
    there = f"the versions there are {', '.join(one.version for one in dataset.versions)}" if dataset else ""
    hint = there or "nothing of that name was published there"
    raise UsageError(f"there is no published version {version} of {name}", hint)


def _with_entry(catalogue: Catalogue, name: str, old: Entry, new: Entry, now: str) -> Catalogue:
    if new == old:
        return catalogue
    dataset = catalogue.datasets[name]
    changed = replace(new, changed=now)
    versions = tuple(changed if entry is old else entry for entry in dataset.versions)
    return with_dataset(catalogue, replace(dataset, versions=versions), now)


def with_dataset(catalogue: Catalogue, dataset: Dataset, now: str) -> Catalogue:
    """The catalogue with the dataset, its versions in order, states and latest version as they follow from them."""
    entries = sorted(dataset.versions, key=_precedence, reverse=True)
    finals = [entry for entry in entries if not entry.is_yanked and read_version(entry.version).is_final]
    latest = finals[0].version if finals else None
    versions: list[Entry] = []
    standing: State = "released"
    for entry in entries:
        state: State = "yanked" if entry.is_yanked else standing
        versions.append(entry if entry.state == state else replace(entry, state=state, changed=now))
        if entry.version == latest:
            standing = "superseded"  # as all that come after it in this order
    ordered = replace(dataset, versions=tuple(versions), latest=latest)
    return replace(catalogue, datasets=dict(sorted({**catalogue.datasets, dataset.name: ordered}.items())))


def _precedence(entry: Entry) -> tuple[Version, str]:
    return read_version(entry.version), entry.version


@dataclass(frozen=True, slots=True)
class Signers:
    """The keys of whoever writes a catalogue; `previous` only while it hands over to `present`."""

    present: signatures.SigningKey | None = None
    previous: signatures.SigningKey | None = None


def configured_signers(environment: Mapping[str, str]) -> Signers:
    """The keys that the environment names.

    `DEEDBOOK_SIGNING_KEY...` is the present one, `DEEDBOOK_PREVIOUS_SIGNING_KEY...` the one that hands over to it.

    Raises:
        UsageError: when one is named and cannot be used.
    """
    present = signatures.configured_key(environment)
    names = (KEY_VARIABLE, KEY_FILE_VARIABLE, signatures.PASSWORD_VARIABLE)
    old = {name: environment.get(name.replace("DEEDBOOK_", PREVIOUS, 1), "") for name in names}
    try:
        previous = signatures.configured_key(old)
    except UsageError as error:
        raise UsageError(f"the previous signing key: {error.message}", error.hint) from None
    return Signers(present, previous)


def with_signer(catalogue: Catalogue, signers: Signers, now: str) -> Catalogue:
    """The catalogue with the signer's key as its present one.

    Raises:
        RefusalError: when the catalogue is another key's, or is signed and there is no key to sign it with.
    """
    known, present, previous = catalogue.key, signers.present, signers.previous
    if present is None:
        if known is None:
            return catalogue
        message = f"the catalogue is signed with key {known.id}, and no signing key is configured"
        raise RefusalError(message, f"set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}")
    mine = Key(present.public.id, present.public.text, now)
    if known is None:
        return replace(catalogue, keys=(mine,))
    if known.text == mine.text:
        return catalogue
    if previous is None or previous.public.text != known.text:
        raise RefusalError(
            f"the catalogue is signed with key {known.id}, not with the configured {mine.id}",
            f"use that key; to hand over to the new one, also set {PREVIOUS}SIGNING_KEY_FILE to the old",
        )
    rotation = base64.b64encode(previous.sign_raw(_rotation(known.text, mine.text))).decode("ascii")
    retired, successor = replace(known, until=now), replace(mine, rotation=rotation)
    return replace(catalogue, keys=(*catalogue.keys[:-1], retired, successor))


def present_key(catalogue: Catalogue, pinned: str) -> Key | None:
    """The present key, when signed hand-overs lead to it from a key that the reader knows.

    Args:
        catalogue: As yet unproven.
        pinned: The base64 text of the known key.

    Returns:
        None when the known key is not in the list, or a hand-over after it is not signed.
    """
    texts = [key.text for key in catalogue.keys]
    if pinned not in texts:
        return None
    for old, new in itertools.pairwise(catalogue.keys[texts.index(pinned) :]):
        try:
            signature = base64.b64decode(new.rotation or "", validate=True)
            if not as_public(old).proves(_rotation(old.text, new.text), signature):
                return None
        except (binascii.Error, UsageError):
            return None
    return catalogue.keys[-1]


def as_public(key: Key) -> signatures.PublicKey:
    """A key of a catalogue, to prove signatures with."""
    return signatures.public_key(key.text)


def _rotation(old: str, new: str) -> bytes:
    """What the old key signs when the new one takes over."""
    return f"deedbook key rotation\n{old}\n{new}\n".encode("ascii")
