"""Makes every document of a catalogue anew from its version folders, each of which is proven whole.

What no release says of itself (when it was published, that it was yanked, its mirrors, the publisher's keys) is taken from
`catalog.json`, or from the one before where that is damaged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from deedbook.catalogue.documents import DOCUMENTS
from deedbook.catalogue.edits import describe, with_dataset
from deedbook.catalogue.keys import Signers, with_signer
from deedbook.catalogue.records import (
    BEFORE,
    CATALOG,
    CATALOG_SIGNATURE,
    Catalogue,
    Dataset,
    read_catalogue_json,
    sequence_of,
)
from deedbook.catalogue.store import Clock, Store, put_catalogue, settle
from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.digests import MANIFEST, SUMS
from deedbook.integrity.problems import Outcome
from deedbook.integrity.proof import Earlier, Files, json_object, prove_release
from deedbook.project import DESCRIPTOR
from deedbook.release.metadata.citation import doi_in
from deedbook.versioning.numbers import SEMVER, read_version


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The new catalogue, and what could not be taken over."""

    catalogue: Catalogue
    notes: tuple[str, ...]


def rebuild(
    store: Store, *, title: str, signers: Signers, clock: Clock, progress: Callable[[str], None] = lambda _what: None
) -> Rebuilt:
    """Replaces every document of a catalogue.

    Args:
        store: Where it is kept.
        title: Of the catalogue, where it has none that can be read.
        signers: The publisher's keys.
        clock: The time.
        progress: Told which release is being proven.

    Raises:
        RefusalError: when a release is damaged, or a signed catalogue would lose its signature; nothing is then written.
    """
    notes: list[str] = []
    old = _readable(store, notes) or Catalogue(title=title)
    if signers.present is None and (old.keys or store.read(CATALOG_SIGNATURE)):
        raise RefusalError(f"{store.where}{CATALOG} was signed, and no signing key is configured", "configure the key")
    folders: dict[str, dict[str, int]] = {}
    for path, size in store.sizes().items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = size
    found: dict[str, list[Dataset]] = {}
    for folder, sizes in sorted(folders.items()):
        if not SEMVER.fullmatch(folder.rpartition("/")[2]):
            continue
        if SUMS not in sizes or MANIFEST not in sizes:
            notes.append(f"{folder}: is not whole yet, so that it is left out")
            continue
        progress(folder)
        about = _prove(store, folder, sizes)
        found.setdefault(about.name, []).append(about)
    now = max(clock(), old.updated)
    new = replace(old, datasets={})
    for name, releases in found.items():
        entries = []
        for about in releases:
            (entry,) = about.versions
            known = old.entry(name, entry.version)
            if known is None or known.release_sha256 != entry.release_sha256:
                notes.append(f"{name} {entry.version}: when it was published is not known any more")
                known = replace(entry, published=entry.created, changed=entry.created)
            entries.append(replace(known, bytes=entry.bytes, files=entry.files, sums_sha256=entry.sums_sha256))
        newest = max(releases, key=lambda about: read_version(about.versions[0].version))
        new = with_dataset(new, replace(newest, versions=tuple(entries)), now)
    documents = {name: there.content for name in (*DOCUMENTS, BEFORE) if (there := store.read(name))}
    sequence = 1 + max((sequence_of(name, content) for name, content in documents.items()), default=0)
    new = with_signer(replace(new, sequence=sequence, updated=now), signers, now)
    put_catalogue(store, new, store.read(CATALOG), signers)
    return Rebuilt(settle(store, signers), tuple(notes))


def _readable(store: Store, notes: list[str]) -> Catalogue | None:
    """The catalogue that is there, or the one before when that cannot be read."""
    for name in (CATALOG, BEFORE):
        there = store.read(name)
        try:
            if there is not None:
                return read_catalogue_json(there.content, f"{store.where}{name}")
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

    def read(name: str, home: str = folder) -> bytes | None:
        there = store.read(f"{home}/{name}")
        return there.content if there else None

    def earlier(version: str) -> Earlier | None:
        content = read(MANIFEST, f"{folder.rpartition('/')[0]}/{version}") if SEMVER.fullmatch(version) else None
        return Earlier(hashlib.sha256(content).hexdigest(), json_object(content)) if content else None

    outcome = Outcome()
    files = Files(frozenset(sizes), lambda name: str(store.digest(f"{folder}/{name}", lambda _bytes: None)))
    proof = prove_release(read, outcome, files=files, earlier=earlier)
    problems = [f"{problem.file} {problem.message}" for problem in outcome.problems]
    if not problems and f"{proof.manifest.get('name')}/{proof.manifest.get('version')}" != folder:
        problems.append(f"{MANIFEST} calls itself {proof.manifest.get('name')} {proof.manifest.get('version')}")
    if problems:
        hint = "put that version back as it was published, or move it out of the catalogue; nothing was written"
        raise RefusalError(f"{store.where}{folder} is damaged: {'; '.join(problems[:5])}", hint)
    package = json_object(read(DESCRIPTOR) or b"")
    digests = {MANIFEST: proof.files[MANIFEST].sha256, SUMS: hashlib.sha256(read(SUMS) or b"").hexdigest()}
    return describe(proof.manifest, package, digests, sizes.values(), doi_in(package))
