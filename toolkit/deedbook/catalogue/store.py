"""Where a catalogue is kept, and how it is changed there: read, change, put if nobody else did meanwhile, renew what is derived."""

import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deedbook.catalogue import documents, edits, records
from deedbook.catalogue.records import CATALOG, Catalogue, Dataset
from deedbook.errors import ProjectError, RefusalError, RemoteError
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.integrity.proof import Outcome, earlier_in, json_object, prove_release
from deedbook.project import DESCRIPTOR
from deedbook.release.citation import doi_in
from deedbook.versioning.numbers import SEMVER, read_version

Progress = Callable[[int], None]
"""Told how many bytes more have been moved."""
Clock = Callable[[], str]
"""The time as `2026-11-22T00:00:00Z`."""
Change = Callable[[Catalogue, str], Catalogue]
"""From a catalogue and the time to the next catalogue, or to the same one when there is nothing to change."""
_TRIES = 40
_LONGEST_PAUSE = 2.0


class ExistsError(RefusalError):
    """Something stands where a new file was to be put."""


class ConflictError(RemoteError):
    """Somebody else replaced the document since it was read."""


@dataclass(frozen=True, slots=True)
class Versioned:
    """A small document as it was read; `tag` names this state of it."""

    content: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A catalogue that was made anew, and what could not be taken over."""

    catalogue: Catalogue
    notes: tuple[str, ...]


class Store(Protocol):
    """A place of files with relative paths; nothing in it is ever half-written."""

    @property
    def where(self) -> str:
        """What people call it; without credentials."""

    def read(self, path: str) -> Versioned | None:
        """A small document; None when there is none.

        Raises:
            ProjectError: when it is larger than any document.
        """

    def size(self, path: str) -> int | None:
        """The bytes of what stands there; None when nothing does."""

    def digest(self, path: str) -> str | None:
        """The sha256 of what is really stored, by reading it back; None when nothing is."""

    def put_new(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Puts a file of any size where nothing stands.

        Raises:
            ExistsError: when something stands there; it is left as it is.
            RefusalError: when the file does not have that sha256; nothing is put.
        """

    def replace(self, path: str, content: bytes, tag: str | None) -> str:
        """Puts a small document in place of the state that `tag` names, None being none, and returns the new tag.

        Raises:
            ConflictError: when another state stands there.
        """

    def sizes(self) -> Mapping[str, int]:
        """The bytes of every file below a `NAME/VERSION/`, by path."""

    def tidy(self, digests: Iterable[str]) -> None:
        """Removes what interrupted uploads left of files with these sha256, all of which are in place."""


def read_catalogue(store: Store) -> Catalogue | None:
    """The catalogue that is kept there; None when there is none yet.

    Raises:
        ProjectError: when it is no sound catalogue.
        RefusalError: when its `catalog.json` is gone.
    """
    if (found := store.read(CATALOG)) is not None:
        return _read(store, found)
    if store.read(records.LATEST) is not None:
        raise RefusalError(
            f"{store.where}: {CATALOG} is missing, though {records.LATEST} is there",
            f"put {CATALOG} back: without it, all versions published before would be lost",
        )
    return None


def _read(store: Store, found: Versioned, name: str = CATALOG) -> Catalogue:
    return records.read_catalogue_json(found.content, f"{store.where}{name}")


def update(store: Store, change: Change, *, title: str, signers: edits.Signers, clock: Clock) -> Catalogue:
    """Makes the change in `catalog.json`; the derived documents are as yet those of before.

    Raises:
        RefusalError: when the change is refused, or the catalogue is another key's.
        RemoteError: when others were faster again and again.
    """

    def change_once() -> Catalogue:
        found = store.read(CATALOG)
        old = _read(store, found) if found else read_catalogue(store) or Catalogue(title=title)
        now = max(clock(), old.updated)
        new = edits.with_signer(change(old, now), signers, now)
        if new == old and found is not None:
            return old
        new = replace(new, sequence=old.sequence + 1, updated=now)
        put_catalogue(store, new, found, signers)
        return new

    return _until_alone(change_once, f"{store.where}{CATALOG} is being replaced by others all the time")


def put_catalogue(store: Store, catalogue: Catalogue, there: Versioned | None, signers: edits.Signers) -> None:
    """Puts `catalog.json` in place of the one that is there; that one is kept beside it.

    The signature is put ahead, so that a reader can prove the new one from its first moment.

    Raises:
        ConflictError: when another one is there.
    """
    ahead = {records.BEFORE: there.content} if there else {}
    if signers.present is not None:
        ahead = {records.SIGNATURE_AHEAD: documents.catalog_signature(catalogue, signers.present), **ahead}
    for name, content in ahead.items():
        before = store.read(name)
        store.replace(name, content, before.tag if before else None)
    store.replace(CATALOG, documents.catalog_json(catalogue), there.tag if there else None)


def settle(store: Store, signers: edits.Signers) -> Catalogue:
    """Makes every derived document that of the present `catalog.json`, `latest.json` last, and returns the catalogue.

    Raises:
        RefusalError: when a derived document is of a later `catalog.json` than the one there.
        RemoteError: when others were faster again and again.
    """

    def settle_once() -> Catalogue:
        found = store.read(CATALOG)
        if found is None:
            raise RemoteError(f"{store.where}{CATALOG} is not there", "publish again")
        catalogue = _read(store, found)
        for name, content in documents.derived_documents(catalogue, signers if catalogue.keys else edits.Signers()):
            _renew(store, name, content, catalogue.sequence)
        again = store.read(CATALOG)
        if again is None or again.tag != found.tag:
            raise ConflictError(f"{store.where}{CATALOG} was replaced by somebody else")
        return catalogue

    return _until_alone(settle_once, f"{store.where}: others are writing to the catalogue all the time")


def _renew(store: Store, name: str, content: bytes, sequence: int) -> None:
    """Puts a derived document, unless that of a later catalogue is there."""
    there = store.read(name)
    if there is not None and there.content == content:
        return
    newer = records.sequence_of(name, there.content) if there else 0
    if newer > sequence:
        now = store.read(CATALOG)
        if now is not None and _read(store, now).sequence < newer:
            raise RefusalError(
                f"{store.where}{name} is of a later {CATALOG} (sequence {newer}) than the one there",
                f"put the later {CATALOG} back: with this one, versions published since would be lost",
            )
        raise ConflictError(f"{store.where}{name} was replaced by somebody else")
    store.replace(name, content, there.tag if there else None)


def _until_alone(action: Callable[[], Catalogue], failure: str) -> Catalogue:
    """Does it again while others are faster, who go first for a random time that grows."""
    for attempt in range(_TRIES):
        try:
            return action()
        except ConflictError:
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311  # no secret
    raise RemoteError(failure, "publish again later")


def rebuild(
    store: Store,
    *,
    title: str,
    signers: edits.Signers,
    clock: Clock,
    progress: Callable[[str], None] = lambda _what: None,
) -> Rebuilt:
    """Makes every document anew from the version folders, each of which is proven whole.

    What no release says of itself (when it was published, that it was yanked, its mirrors, the publisher's keys) is taken from
    `catalog.json`, or from the one before where that is damaged.

    Args:
        store: Where the catalogue is kept.
        title: Of the catalogue, where it has none that can be read.
        signers: The publisher's keys.
        clock: The time.
        progress: Told which release is being proven.

    Raises:
        RefusalError: when a release is damaged, or a signed catalogue would lose its signature; nothing is then written.
    """
    notes: list[str] = []
    old = _readable(store, notes) or Catalogue(title=title)
    if signers.present is None and (old.keys or store.read(records.CATALOG_SIGNATURE)):
        raise RefusalError(f"{store.where}{CATALOG} was signed, and no signing key is configured", "configure the key")
    found: dict[str, list[Dataset]] = {}
    for about in _proven_versions(store, old, notes, progress):
        found.setdefault(about.name, []).append(about)
    now, new = max(clock(), old.updated), replace(old, datasets={})
    for releases in found.values():
        newest = max(releases, key=lambda about: read_version(about.versions[0].version))
        new = edits.with_dataset(new, replace(newest, versions=tuple(about.versions[0] for about in releases)), now)
    names = itertools.chain(documents.DOCUMENTS, *map(documents.pages_of, found))
    said = (records.sequence_of(name, there.content) for name in names if (there := store.read(name)))
    new = edits.with_signer(replace(new, sequence=1 + max(said, default=0), updated=now), signers, now)
    put_catalogue(store, new, store.read(CATALOG), signers)
    return Rebuilt(settle(store, signers), tuple(notes))


def _proven_versions(
    store: Store, old: Catalogue, notes: list[str], progress: Callable[[str], None]
) -> Iterator[Dataset]:
    """Each version that stands there as the one version of its dataset, with what the old catalogue says of it."""
    folders: dict[str, dict[str, int]] = {}
    for path, size in store.sizes().items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = size
    for folder, sizes in sorted(folders.items()):
        if not SEMVER.fullmatch(folder.rpartition("/")[2]):
            continue
        if not {SUMS, MANIFEST} <= sizes.keys():
            notes.append(f"{folder}: is not whole yet, so that it is left out")
            continue
        progress(folder)
        about = _prove(store, folder, sizes)
        (entry,) = about.versions
        known = old.entry(about.name, entry.version)
        if known is None or known.release_sha256 != entry.release_sha256:
            notes.append(f"{about.name} {entry.version}: when it was published is not known any more")
            known = replace(entry, published=entry.created, changed=entry.created)
        entry = replace(known, bytes=entry.bytes, files=entry.files, sums_sha256=entry.sums_sha256)
        yield replace(about, versions=(entry,))


def _readable(store: Store, notes: list[str]) -> Catalogue | None:
    """The catalogue that is there, or the one before when that cannot be read."""
    for name in (CATALOG, records.BEFORE):
        there = store.read(name)
        try:
            if there is not None:
                return _read(store, there, name)
        except ProjectError as error:
            notes.append(error.message)
    if store.read(CATALOG) is not None:
        notes.append("no catalogue can be read: yank again what was withdrawn, and note deposits again")
    return None


def _prove(store: Store, folder: str, sizes: Mapping[str, int]) -> Dataset:
    """What a catalogue says of a release, once that is proven.

    Raises:
        RefusalError: when it is damaged, or stands where another release belongs.
    """

    home = folder.rpartition("/")[0]

    def read(name: str, home: str = folder) -> bytes | None:
        there = store.read(f"{home}/{name}")
        return there.content if there else None

    outcome = Outcome()
    files = {name: partial(store.digest, f"{folder}/{name}") for name in sizes}
    proof = prove_release(read, outcome, files=files, earlier=earlier_in(lambda name: read(name, home)))
    problems = [f"{problem.file} {problem.message}" for problem in outcome.problems]
    if not problems and f"{proof.manifest.get('name')}/{proof.manifest.get('version')}" != folder:
        problems.append(f"{MANIFEST} calls itself {proof.manifest.get('name')} {proof.manifest.get('version')}")
    if problems:
        hint = "put that version back as it was published, or move it out of the catalogue; nothing was written"
        raise RefusalError(f"{store.where}{folder} is damaged: {'; '.join(problems[:5])}", hint)
    package = json_object(read(DESCRIPTOR) or b"")
    digests = {MANIFEST: proof.files[MANIFEST].sha256, SUMS: hashlib.sha256(read(SUMS) or b"").hexdigest()}
    return edits.describe(proof.manifest, package, digests, sizes.values(), doi_in(package))
