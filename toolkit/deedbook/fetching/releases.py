"""What a release of a catalogue consists of, proven before any of its files is fetched.

catalogue     names release.json and SHA256SUMS by their sha256; it is signed itself when the publisher has a key
signature     SHA256SUMS.minisig against the publisher's keys, none of which comes with the release
release.json  agrees with SHA256SUMS, with the catalogue, and with what the catalogue says is before it
chain         each release names the one before by its sha256, back to the first
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from deedbook.catalogue.records import Dataset, Entry
from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.cache import Cache
from deedbook.fetching.catalogues import Opened
from deedbook.fetching.download import TamperedError
from deedbook.fetching.locations import Address, is_plain, mirror_address
from deedbook.fetching.transport import MissingError, read_document
from deedbook.integrity.digests import MANIFEST, PROVENANCE, SIGNATURE, SUMS, sums_text
from deedbook.integrity.signatures import is_signed_by, read_signature

T = TypeVar("T")
_LARGEST_DOCUMENT = 64 << 20
_DIGEST_LENGTH = 64
_TELL = "do not use this release; tell the publisher"


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
        own = self.opened.location.address(self.entry.path + name)
        return own, *(mirror_address(mirror, name) for mirror in self.entry.mirrors)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release; `size` is None for the few that `release.json` cannot list."""

    name: str
    sha256: str
    size: int | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A proven release, its files not yet fetched.

    Attributes:
        documents: The content of SHA256SUMS and its signature, which nothing lists.
        manifest: The content of `release.json`.
        checked: What was proven, in words.
    """

    source: Source
    files: Mapping[str, File]
    documents: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    checked: tuple[str, ...]


def read_listing(source: Source) -> Listing:
    """The release, proven.

    Raises:
        RefusalError: when something is not as the catalogue says.
        RemoteError: when it cannot be had.
    """
    entry = source.entry
    sums = obtain_document(source, File(SUMS, entry.sums_sha256))
    digests = _read_sums(sums, source)
    documents, checked = {SUMS: sums}, ["checksums"]
    signature = _signature(source)
    if signature is not None:
        documents[SIGNATURE] = signature
    if (said := _prove_signature(source, sums, signature)) is not None:
        checked.append(said)
    if digests.get(MANIFEST) != entry.release_sha256:
        raise TamperedError(f"{source.label}: {SUMS} has another {MANIFEST} than the catalogue", _TELL)
    content = obtain_document(source, File(MANIFEST, entry.release_sha256))
    manifest = _read_manifest(content, source)
    files = _files(manifest, digests, len(content), source)
    checked.append(_prove_chain(source, manifest))
    return Listing(source, files, documents, manifest, tuple(checked))


def obtain_document(source: Source, file: File) -> bytes:
    """The content of a small file, proven; it is kept in the cache.

    Raises:
        TamperedError: when every copy that can be had is another one.
        RemoteError: when none can be had.
    """
    path = source.cache.find(file.sha256)
    if path is not None:
        return path.read_bytes()
    limit = min(source.entry.bytes, _LARGEST_DOCUMENT)

    def read(address: Address) -> bytes:
        content = read_document(address, limit)
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise TamperedError(
                f"{file.name}: what {address.text} sends is not the published file: its sha256 is {found}, not {file.sha256}",
                "do not use that copy; tell the publisher",
            )
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
    if source.is_offline and source.opened.location.is_remote:
        raise RemoteError(f"{source.label}: {name} was not fetched before", "leave out --offline once")
    failures: list[RefusalError | RemoteError] = []
    for address in source.addresses(name):
        try:
            return read(address)
        except (RefusalError, RemoteError) as error:
            failures.append(error)
    refused = [error for error in failures if isinstance(error, RefusalError)]
    raise (refused or failures)[0]


def _signature(source: Source) -> bytes | None:
    """The signature of the release; None when it has none. It is kept beside the documents of the catalogue."""
    key = hashlib.sha256(f"signature of {source.entry.sums_sha256}".encode()).hexdigest()
    if source.is_offline and source.opened.location.is_remote:
        return source.cache.recall_note(key)
    try:
        content = first_good(source, SIGNATURE, lambda address: read_document(address, 1 << 16))
    except MissingError:
        return None
    source.cache.note(key, content)
    return content


def _prove_signature(source: Source, sums: bytes, signature: bytes | None) -> str | None:
    """What was proven of the signature; None when there is no key to prove one with.

    Raises:
        RefusalError: when it is not one of the publisher's keys, or is missing though there was a key by then.
    """
    keys = {key.id: key for key in source.opened.keys}
    if not keys:
        return None
    if signature is None:
        if source.entry.published < source.opened.catalogue.keys[0].since:
            return None  # older than the first key; the signed catalogue has its checksums
        raise RefusalError(f"{source.label}: {SIGNATURE} is missing, though the publisher has a key", _TELL)
    read = read_signature(signature)
    key = keys.get(read.key_id)
    if read.problem or key is None:
        why = read.problem or f"is of key {read.key_id}, which is none of the publisher's"
        raise TamperedError(f"{source.label}: {SIGNATURE} {why}", _TELL)
    if not is_signed_by(key, sums, signature):
        raise TamperedError(f"{source.label}: {SIGNATURE} is not what key {key.id} signed", _TELL)
    return f"signature of key {key.id}"


def _read_sums(content: bytes, source: Source) -> dict[str, str]:
    """The digests by file name.

    Raises:
        RefusalError: when the list is not of the form that every release has, or names what is no plain file.
    """
    text = content.decode("utf-8", "replace")
    sums = {name: digest for digest, mark, name in (line.partition("  ") for line in text.split("\n")) if mark}
    is_hex = all(len(digest) == _DIGEST_LENGTH and not digest.strip("0123456789abcdef") for digest in sums.values())
    if not is_hex or sums_text(sums) != text:
        raise RefusalError(f"{source.label}: {SUMS} is not the list of checksums that a release has", _TELL)
    bad = [name for name in sums if not is_plain(name) or name in {SUMS, SIGNATURE}]
    if bad or len({name.casefold() for name in sums}) < len(sums):
        raise RefusalError(
            f"{source.label}: {SUMS} names {bad[0]!r}, which no release has"
            if bad
            else f"{source.label}: {SUMS} names files that differ by case only",
            _TELL,
        )
    return sums


def _read_manifest(content: bytes, source: Source) -> Mapping[str, Any]:
    try:
        manifest = json.loads(content)
        said = manifest["name"], manifest["version"]
        is_sound = isinstance(manifest["files"], list) and isinstance(manifest["tables"], list)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_sound, said = False, ("", "")
    if not is_sound:
        raise RefusalError(f"{source.label}: {MANIFEST} is no release manifest", _TELL)
    if said != (source.dataset.name, source.entry.version):
        raise RefusalError(f"{source.label}: {MANIFEST} calls itself {said[0]} {said[1]}", _TELL)
    found: Mapping[str, Any] = manifest
    return found


def _files(manifest: Mapping[str, Any], digests: Mapping[str, str], length: int, source: Source) -> dict[str, File]:
    """Every file that SHA256SUMS lists, with the size that `release.json` gives it.

    Raises:
        RefusalError: when the two disagree, or the files are larger together than the catalogue says.
    """
    files = {}
    for item in manifest["files"]:
        try:
            name, size = str(item["name"]), item["bytes"]
            file = File(name, str(item["sha256"]), size, item.get("table"))
        except (KeyError, TypeError, AttributeError):
            raise RefusalError(f"{source.label}: {MANIFEST} is no release manifest", _TELL) from None
        if type(size) is not int or size < 0 or digests.get(name) != file.sha256 or name in files:
            raise RefusalError(f"{source.label}: {MANIFEST} and {SUMS} disagree about {name!r}", _TELL)
        files[name] = file
    late = {MANIFEST: File(MANIFEST, digests[MANIFEST], length), PROVENANCE: None}
    for name in sorted(digests.keys() - files.keys()):
        if name not in late:
            raise RefusalError(f"{source.label}: {SUMS} lists {name!r}, and {MANIFEST} does not", _TELL)
        files[name] = late[name] or File(name, digests[name])
    total = sum(file.size or 0 for file in files.values())
    if total > source.entry.bytes or len(files) > source.entry.files:
        raise RefusalError(
            f"{source.label}: has {len(files)} files of {total:,} bytes, where the catalogue says "
            f"{source.entry.files} of {source.entry.bytes:,}",
            _TELL,
        )
    return files


def _prove_chain(source: Source, manifest: Mapping[str, Any]) -> str:
    """How far back the releases name each other.

    Raises:
        RefusalError: when one names another than the catalogue has.
    """
    previous = source.entry.previous
    said = manifest.get("previous")
    if said != ({"version": previous.version, "sha256": previous.sha256} if previous else None):
        raise RefusalError(f"{source.label}: {MANIFEST} names another release before it than the catalogue", _TELL)
    entry, seen = source.entry, {source.entry.version}
    while entry.previous is not None:
        before = source.dataset.entry(entry.previous.version)
        if before is None:
            return f"chain back to {entry.version}"
        if before.release_sha256 != entry.previous.sha256 or before.version in seen:
            raise RefusalError(
                f"{source.label}: the chain is broken: {entry.version} names another {before.version} than the catalogue has",
                _TELL,
            )
        seen.add(before.version)
        entry = before
    return f"chain back to {entry.version}" if len(seen) > 1 else "first of its chain"
