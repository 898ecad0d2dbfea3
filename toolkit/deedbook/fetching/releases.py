"""What a release of a catalogue consists of, proven before any of its files is fetched.

catalogue     names release.json and SHA256SUMS by their sha256; it is signed itself when the publisher has a key
signature     SHA256SUMS.minisig against the publisher's keys, none of which comes with the release
release.json  agrees with SHA256SUMS, with the catalogue, and with what the catalogue says is before it
chain         each release names the one before by its sha256, back to the first
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from deedbook.catalogue.records import Dataset, Entry
from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.catalogues import Opened
from deedbook.fetching.download import Cache, TamperedError
from deedbook.fetching.locations import Address
from deedbook.fetching.transport import read_document
from deedbook.http import MissingError
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS, read_sums
from deedbook.integrity.proof import LARGEST_DOCUMENT, Earlier, ListedFile, Outcome, Proof, Rule, prove_release
from deedbook.integrity.signatures import PublicKey

T = TypeVar("T")
_TELL = "do not use this release; tell the publisher"


class WithdrawnError(RefusalError):
    """The files of a withdrawn version were taken away."""


@dataclass(frozen=True, slots=True)
class Source:
    """A release of a catalogue, and how to get at its files.

    Attributes:
        is_offline: Whether only what was fetched before may be used.
    """

    opened: Opened
    dataset: Dataset
    entry: Entry
    cache: Cache
    is_offline: bool

    @property
    def label(self) -> str:
        """What people call the release."""
        return f"{self.dataset.name} {self.entry.version}"

    def addresses(self, name: str) -> Sequence[Address]:
        """Where a file of the release may be had, in the order in which to try."""
        own = self.opened.location.file(self.entry.path + name)
        return own, *(Address("http", mirror, name) for mirror in self.entry.mirrors)

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing but what was fetched before can be had."""
        return self.is_offline and self.opened.location.is_remote

    def warnings(self, *, is_exact: bool) -> Iterator[str]:
        """That the release is withdrawn, or, when it was named exactly, that there is a later one."""
        entry, latest = self.entry, self.dataset.latest
        if entry.is_yanked:
            instead = entry.replaced_by or latest
            advice = f"; use {instead}" if instead else ""
            yield f"{self.label} WAS WITHDRAWN by its publisher: {entry.reason or 'no reason is given'}{advice}"
        elif is_exact and latest and entry.state == "superseded":
            yield f"{self.label} is superseded; the latest version is {latest}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A proven release, its files not yet fetched.

    Attributes:
        files: All of them, also SHA256SUMS and its signature, which nothing lists.
        manifest: The content of `release.json`.
        checked: What was proven, in words.
    """

    source: Source
    files: Mapping[str, ListedFile]
    manifest: Mapping[str, Any]
    checked: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(str(table["name"]) for table in self.manifest["tables"])


@dataclass(slots=True)
class _FirstProblem(Outcome):
    """Ends a proof at the first problem."""

    label: str = ""

    def report(self, rule: Rule, file: str, message: str) -> None:
        """Refuses the release."""
        Outcome.report(self, rule, file, message)
        raise TamperedError(f"{self.label}: {file} {message}", _TELL)


def read_listing(source: Source) -> Listing:
    """The release, proven by the one proof of releases before any of its files comes.

    Raises:
        RefusalError: when something is not as the catalogue says.
        RemoteError: when it cannot be had.
    """
    entry = source.entry
    outcome = _FirstProblem(label=source.label)
    sums = obtain_document(source, ListedFile(SUMS, entry.sums_sha256))
    signature = _signature(source)
    keys: Sequence[PublicKey] = source.opened.keys
    if signature is None and keys and entry.published < source.opened.catalogue.keys[0].since:
        keys = ()  # older than the first key; the signed catalogue has its checksums
    known = {**read_sums(sums)[0], MANIFEST: entry.release_sha256}

    def read(name: str) -> bytes | None:
        if name in {SUMS, SIGNATURE}:
            return sums if name == SUMS else signature
        return obtain_document(source, ListedFile(name, known[name])) if name in known else None

    def earlier(version: str) -> Earlier | None:
        found = source.dataset.entry(version)
        return Earlier(found.release_sha256, _record(source.dataset.name, found)) if found else None

    proof = prove_release(read, outcome, keys=keys, earlier=earlier)
    if wrong := _disagreement(source, proof):
        raise TamperedError(f"{source.label}: {wrong}, which is not what the catalogue says", _TELL)
    files = {**proof.files, SUMS: ListedFile(SUMS, entry.sums_sha256, len(sums))}
    if signature is not None:
        files[SIGNATURE] = ListedFile(SIGNATURE, hashlib.sha256(signature).hexdigest(), len(signature))
        source.cache.put(signature, files[SIGNATURE].sha256)
    return Listing(source, files, proof.manifest, tuple(outcome.checked))


def _disagreement(source: Source, proof: Proof) -> str:
    """What makes it another release than its catalogue says; empty for nothing."""
    entry, manifest, about = source.entry, proof.manifest, _record(source.dataset.name, source.entry)
    names = [table.get("name") if isinstance(table, Mapping) else None for table in manifest["tables"]]
    total = sum(file.size or 0 for file in proof.files.values())
    if {name: manifest.get(name) for name in about} != about:
        return f"{MANIFEST} calls itself {manifest.get('name')} {manifest.get('version')}, or follows another release"
    if not all(isinstance(name, str) for name in names):
        return f"{MANIFEST} lists a table without a name"
    if total > entry.bytes or len(proof.files) > entry.files:
        return f"it has {len(proof.files)} files of {total:,} bytes, not {entry.files} of {entry.bytes:,}"
    return ""


def _record(name: str, entry: Entry) -> dict[str, Any]:
    """What the `release.json` of an entry says of itself and of the release before it."""
    link = entry.previous
    previous = {"version": link.version, "sha256": link.sha256} if link else None
    return {"name": name, "version": entry.version, "previous": previous}


def obtain_document(source: Source, file: ListedFile) -> bytes:
    """The content of a small file, proven; it is kept in the cache.

    Raises:
        TamperedError: when every copy that can be had is another one.
        RemoteError: when none can be had.
    """
    path = source.cache.find(file.sha256)
    if path is not None:
        return path.read_bytes()

    def read(address: Address) -> bytes:
        content = read_document(address, min(source.entry.bytes, LARGEST_DOCUMENT))
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise TamperedError.of(file, address, found)
        return content

    content = first_good(source, file.name, read)
    source.cache.put(content, file.sha256)
    return content


def first_good(source: Source, name: str, read: Callable[[Address], T]) -> T:
    """What the first address gives that has the right file.

    Raises:
        RefusalError: when one had another file and none the right one.
        RemoteError: when none could be read.
    """
    if source.is_cut_off:
        raise RemoteError(f"{source.label}: {name} was not fetched before", "leave out --offline once")
    failures: list[RefusalError | RemoteError] = []
    for address in source.addresses(name):
        try:
            return read(address)
        except (RefusalError, RemoteError) as error:
            failures.append(error)
    entry = source.entry
    if entry.is_yanked and all(isinstance(error, MissingError) for error in failures):
        why, instead = entry.reason or "no reason is given", entry.replaced_by or source.dataset.latest
        raise WithdrawnError(
            f"{source.label} was withdrawn by its publisher, and {name} is gone: {why}",
            f"use {instead or 'none of its versions'}",
        )
    raise min(failures, key=lambda error: not isinstance(error, RefusalError))


def _signature(source: Source) -> bytes | None:
    """The signature of the release; None when it has none. It is kept beside the documents of the catalogue."""
    key = hashlib.sha256(f"signature of {source.entry.sums_sha256}".encode()).hexdigest()
    if source.is_cut_off:
        return source.cache.recall_note(key)
    try:
        content = first_good(source, SIGNATURE, lambda address: read_document(address, 1 << 16))
    except (MissingError, WithdrawnError):
        return None
    source.cache.note(key, content)
    return content
