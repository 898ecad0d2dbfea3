"""A catalogue, read and held against what was seen of it before.

`latest.json` is read before `catalog.json`, which is written first: so a catalogue with a lower sequence than its own
`latest.json` is not one that was caught between two writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from deedbook import files
from deedbook.catalogue.keys import as_public, present_key
from deedbook.catalogue.reading import (
    CATALOG,
    CATALOG_SIGNATURE,
    LARGEST,
    LATEST,
    SIGNATURE_AHEAD,
    read_catalogue_json,
    read_latest_json,
    sequence_of,
)
from deedbook.catalogue.records import Catalogue, Key
from deedbook.errors import RefusalError, RemoteError, UsageError
from deedbook.fetching.locations import Location, read_location
from deedbook.fetching.settings import Home, find_home
from deedbook.fetching.transport import MissingError, PassingError, patiently, read_document
from deedbook.fetching.trust import Memory, extended, recall, remember, with_latest
from deedbook.integrity.locks import locked
from deedbook.integrity.signatures import PublicKey, is_signed_by, public_key

_PATIENCE = 600.0
_NAMES = (CATALOG, CATALOG_SIGNATURE, LATEST)
_TELL = "do not use it before the publisher has explained this"


@dataclass(frozen=True, slots=True)
class Opened:
    """A catalogue that may be relied on.

    Attributes:
        location: Where it is.
        catalogue: What it says.
        keys: The publisher's keys that lead to the pinned one, oldest first; empty when nothing is signed.
        is_first: Whether it was never seen before, so that its key was taken on trust.
    """

    location: Location
    catalogue: Catalogue
    keys: tuple[PublicKey, ...] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class _Documents:
    """The bytes of a catalogue; None for a document that it does not have."""

    catalog: bytes
    signature: bytes | None
    latest: bytes | None


def read_catalogue(location: str) -> Catalogue:
    """The catalogue at an address, by the user's own folders.

    Raises:
        UsageError: when there is none.
        ProjectError: when it is no sound one.
        RefusalError: when it contradicts what was seen before.
        RemoteError: when it cannot be had.
    """
    return open_catalogue(read_location(location), find_home()).catalogue


def open_catalogue(location: Location, home: Home, *, key: PublicKey | None = None, is_offline: bool = False) -> Opened:
    """The catalogue at an address, verified, and remembered.

    Args:
        location: Its root.
        home: The user's folders.
        key: The publisher's key as the user has it from elsewhere; it takes the place of a pinned one.
        is_offline: Take the copy that was kept when it was last read.

    Raises:
        UsageError: when there is none.
        ProjectError: when it is no sound one.
        RefusalError: when it contradicts what was seen before, or is not signed as it must be.
        RemoteError: when it cannot be had.
    """
    kept = home.cache / "catalogues" / location.id
    locks = home.state / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with locked(locks / f"{location.id}.lock", who="fetch", wait=_PATIENCE):
        memory = recall(home.state, location)
        trusted = memory if key is None else replace(memory, key=key.text)
        if is_offline and location.is_remote:
            proven = _prove(location, _kept(kept, location), trusted)
        else:
            proven = _read_proven(location, trusted)
            if location.is_remote:
                _keep(kept, proven.documents)
        remember(home.state, location, proven.memory)
    return Opened(location, proven.catalogue, proven.keys, is_first=not memory.sequence)


@dataclass(frozen=True, slots=True)
class _Proven:
    """What holds of a catalogue, and what is now known of it."""

    documents: _Documents
    catalogue: Catalogue
    keys: tuple[PublicKey, ...]
    memory: Memory


class _TornError(PassingError):
    """Two documents do not fit together: either somebody is just writing them, or they are not to be trusted."""


def _read_proven(location: Location, memory: Memory) -> _Proven:
    try:
        ahead = partial(_optional, location, SIGNATURE_AHEAD)
        return patiently(lambda: _prove(location, _read(location), memory, ahead), attempts=3)
    except _TornError as error:
        raise RefusalError(error.message, f"try again later; if it stays so, {_TELL}") from None


def _prove(
    location: Location, documents: _Documents, memory: Memory, ahead: Callable[[], bytes | None] = lambda: None
) -> _Proven:
    """The catalogue that the documents hold, held against what is known.

    Args:
        location: Its root.
        documents: As yet unproven.
        memory: What is known.
        ahead: Reads the signature that was written ahead of `catalog.json`; called only when the other one is behind.

    Raises:
        _TornError: when they do not fit together.
        ProjectError: when they are not sound.
        RefusalError: when they contradict what is known.
    """
    catalogue = read_catalogue_json(documents.catalog, location.text + CATALOG)
    present = _present(catalogue, memory)
    if present is not None:
        documents = _prove_signature(location, documents, present, catalogue.sequence, ahead)
    known = extended(memory, catalogue, hashlib.sha256(documents.catalog).hexdigest())
    if documents.latest is not None:
        latest = read_latest_json(documents.latest, location.text + LATEST)
        known = with_latest(known, latest.sequence)
        if latest.sequence > catalogue.sequence:
            raise _TornError(
                f"{location.text}: {CATALOG} has the sequence {catalogue.sequence}, {LATEST} already {latest.sequence}: "
                "it went back, or an old copy of it comes"
            )
    keys = tuple(as_public(item) for item in catalogue.keys) if present is not None else ()
    return _Proven(documents, catalogue, keys, replace(known, key=present.text if present else None))


def _present(catalogue: Catalogue, memory: Memory) -> Key | None:
    """The key that the catalogue must be signed with: the one it names, if that follows from the pinned one.

    Raises:
        RefusalError: when it does not.
    """
    if memory.key is None:
        if catalogue.key is None:
            return None
        return present_key(catalogue, catalogue.key.text)
    pinned = public_key(memory.key).id
    if catalogue.key is None:
        raise RefusalError(f"{memory.location}: is no longer signed; key {pinned} signed it before", _TELL)
    found = present_key(catalogue, memory.key)
    if found is None:
        raise RefusalError(
            f"{memory.location}: names the key {catalogue.key.id}, and the known key {pinned} did not hand over to it",
            f"{_TELL}; if you have the new key from elsewhere, name it with --key",
        )
    return found


def _prove_signature(
    location: Location, documents: _Documents, key: Key, sequence: int, ahead: Callable[[], bytes | None]
) -> _Documents:
    """The documents with the signature that proves them.

    A publisher that was killed right after `catalog.json` left the signature of the one before, or none; that of this one
    was written ahead of it, under another name.

    Raises:
        RefusalError: when there is none.
        _TornError: when none fits.
    """
    where, found = location.text + CATALOG_SIGNATURE, documents.signature
    if found is not None and is_signed_by(as_public(key), documents.catalog, found):
        return documents
    if found is None or sequence_of(CATALOG_SIGNATURE, found) < sequence:
        other = ahead()
        if other is not None and is_signed_by(as_public(key), documents.catalog, other):
            return replace(documents, signature=other)
    if found is None:
        raise RefusalError(f"{where}: is missing, though the catalogue names the key {key.id}", _TELL)
    raise _TornError(f"{where}: is not what key {key.id} signed for this {CATALOG}")


def _read(location: Location) -> _Documents:
    try:
        latest = _optional(location, LATEST)
        catalog = read_document(location.address(CATALOG), LARGEST)
    except MissingError:
        raise UsageError(
            f"{location.text}: there is no catalogue: it has no {CATALOG}", "name the root of a catalogue"
        ) from None
    return _Documents(catalog, _optional(location, CATALOG_SIGNATURE), latest)


def _optional(location: Location, name: str) -> bytes | None:
    try:
        return read_document(location.address(name), LARGEST)
    except MissingError:
        return None


def _keep(folder: Path, documents: _Documents) -> None:
    """Keeps the documents for `--offline`."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = (documents.catalog, documents.signature, documents.latest)
    for name, content in zip(_NAMES, contents, strict=True):
        if content is None:
            (folder / name).unlink(missing_ok=True)
        else:
            files.replace(folder / name, content)


def _kept(folder: Path, location: Location) -> _Documents:
    contents = [(folder / name).read_bytes() if (folder / name).is_file() else None for name in _NAMES]
    if contents[0] is None:
        raise RemoteError(f"{location.text}: was never read from here, so there is no copy", "leave out --offline once")
    return _Documents(contents[0], contents[1], contents[2])
