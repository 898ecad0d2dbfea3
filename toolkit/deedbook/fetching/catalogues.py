"""A catalogue, read and held against what was seen of it before, so that it cannot go back on it.

A key that comes with a catalogue proves nothing by itself. So the first one that is seen is pinned; another one is accepted
only when each key in between signed the next. The sequence never falls, a release never becomes another one under the same
version, and a version that was seen never disappears: withdrawn ones stay, marked as yanked.

Signature before content: of a `catalog.json` that must be signed, only the list of keys is read before its signature is proven,
since that says which key has to have signed it. `latest.json` is read before `catalog.json`, which is written first: so a
catalogue with a lower sequence than its own `latest.json` is not one that was caught between two writes.

What is remembered is one JSON file per address: {"location", "key": text or null, "sequence", "latest_sequence",
"catalog_sha256", "releases": {NAME: {VERSION: sha256 of its release.json}}}.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from deedbook import files
from deedbook.catalogue.keys import as_public, present_key
from deedbook.catalogue.records import (
    CATALOG,
    CATALOG_SIGNATURE,
    LARGEST,
    LATEST,
    SIGNATURE_AHEAD,
    Catalogue,
    Key,
    read_catalogue_json,
    read_keys,
    read_latest_json,
    sequence_of,
)
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.fetching.locations import Home, Location
from deedbook.fetching.transport import read_document
from deedbook.files import locked
from deedbook.http import MissingError, PassingError, retried
from deedbook.integrity.signatures import PublicKey, is_signed_by, public_key

_TELL = "do not use it before the publisher has explained this"
_LOCK_SECONDS = 600.0
_LARGEST_SIGNATURE = 1 << 16
_DOCUMENTS = (CATALOG, CATALOG_SIGNATURE, LATEST)
"""What is kept of a catalogue for `--offline`."""
_OLD = dt.timedelta(days=365)
"""Without a new signature for so long, a catalogue is named: whoever serves it may be holding news back."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a catalogue; the defaults are for one that was never seen.

    Attributes:
        key: The text of the pinned key; None while nothing was signed.
        sequence: The highest of `catalog.json`.
        latest_sequence: The highest of `latest.json`.
        catalog_sha256: Of the `catalog.json` with that sequence.
        releases: The sha256 of `release.json` by dataset and version.
    """

    location: str
    key: str | None = None
    sequence: int = 0
    latest_sequence: int = 0
    catalog_sha256: str = ""
    releases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def recall(state: Path, location: Location) -> Memory:
    """What is known of the catalogue at that address.

    Raises:
        ProjectError: when it cannot be read: then nothing may be taken for granted.
    """
    file = state / f"{location.id}.json"
    try:
        raw = json.loads(file.read_bytes())
        return Memory(**{name: raw[name] for name in Memory.__dataclass_fields__})
    except FileNotFoundError:
        return Memory(location.text)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProjectError(
            f"{file}: what is known of {location.text} cannot be read: {error}",
            "remove the file if you trust the catalogue as it is now",
        ) from None


def extended(memory: Memory, catalogue: Catalogue, sha256: str) -> Memory:
    """The memory with what this catalogue says.

    Raises:
        RefusalError: when it contradicts what was seen before.
    """
    where = memory.location
    if catalogue.sequence < memory.sequence:
        raise RefusalError(
            f"{where}: the catalogue went back: it has the sequence {catalogue.sequence}, and {memory.sequence} was seen before",
            _TELL,
        )
    if catalogue.sequence == memory.sequence and sha256 != memory.catalog_sha256:
        raise RefusalError(f"{where}: another catalogue with the sequence {memory.sequence} was seen before", _TELL)
    seen = {name: dict(versions) for name, versions in memory.releases.items()}
    for name, versions in seen.items():
        for version, digest in versions.items():
            entry = catalogue.entry(name, version)
            if entry is None:
                raise RefusalError(f"{where}: {name} {version} was there before and is gone", _TELL)
            if entry.release_sha256 != digest:
                raise RefusalError(
                    f"{where}: {name} {version} is another release than before: {entry.release_sha256}, not {digest}",
                    _TELL,
                )
    for name, dataset in catalogue.datasets.items():
        seen[name] = {entry.version: entry.release_sha256 for entry in dataset.versions}
    return replace(memory, sequence=catalogue.sequence, catalog_sha256=sha256, releases=seen)


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

    def warnings(self) -> Iterator[str]:
        """What a user must know before relying on it."""
        if not self.keys:
            yield "the catalogue is not signed: that its files are whole is proven, who made them is not"
        elif self.is_first:
            yield (
                f"key {self.keys[-1].id} is now trusted for this catalogue: compare it with what the publisher says elsewhere"
            )
        yield from self.age()

    def age(self) -> Iterator[str]:
        """That a signed catalogue has not been renewed for a year."""
        try:
            since = dt.datetime.fromisoformat(self.catalogue.updated)
        except ValueError:
            return
        since = since if since.tzinfo else since.replace(tzinfo=dt.UTC)
        if self.keys and dt.datetime.now(dt.UTC) - since > _OLD:
            yield (
                f"the catalogue was last signed on {since:%Y-%m-%d}, more than a year ago: "
                "newer versions may be held back from you; ask the publisher whether this is still the present one"
            )


class _TornError(PassingError):
    """Two documents do not fit together: either somebody is just writing them, or they are not to be trusted."""


class _AbsentError(UsageError):
    """There is no catalogue at the address."""


def open_catalogue(location: Location, home: Home, *, key: PublicKey | None = None, is_offline: bool = False) -> Opened:
    """The catalogue at an address, verified, and remembered; the one above when the address is that of a dataset's page.

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
    try:
        return _open(location, home, key, is_offline=is_offline)
    except _AbsentError as error:
        above = location.above()
        if above is None:
            raise
        try:
            return _open(above, home, key, is_offline=is_offline)
        except UsageError:
            raise error from None


def _open(location: Location, home: Home, key: PublicKey | None, *, is_offline: bool) -> Opened:
    kept, locks = home.cache / "catalogues" / location.id, home.state / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with locked(locks / f"{location.id}.lock", who="fetch", wait=_LOCK_SECONDS):
        memory = recall(home.state, location)
        trusted = memory if key is None else replace(memory, key=key.text)
        if is_offline and location.is_remote:
            documents = {name: (kept / name).read_bytes() for name in _DOCUMENTS if (kept / name).is_file()}
            if CATALOG not in documents:
                message = f"{location.text}: was never read from here, so there is no copy"
                raise RemoteError(message, "leave out --offline once")
            opened, _, known = _prove(location, documents, trusted, lambda: None)
        else:
            ahead = partial(_optional, location, SIGNATURE_AHEAD, _LARGEST_SIGNATURE)
            try:
                opened, documents, known = retried(lambda: _prove(location, _read(location), trusted, ahead))
            except _TornError as error:
                raise RefusalError(error.message, f"try again later; if it stays so, {_TELL}") from None
        if location.is_remote and not is_offline:
            kept.mkdir(parents=True, exist_ok=True)
            for name in _DOCUMENTS:
                if name in documents:
                    files.replace(kept / name, documents[name])
                else:
                    (kept / name).unlink(missing_ok=True)
        files.replace(
            home.state / f"{location.id}.json", json.dumps(asdict(known), ensure_ascii=False, indent=1).encode()
        )
    return opened


def _prove(
    location: Location, documents: dict[str, bytes], memory: Memory, ahead: Callable[[], bytes | None]
) -> tuple[Opened, dict[str, bytes], Memory]:
    """The catalogue that the documents hold, held against what is known; they themselves, and what is now known.

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
    content, where = documents[CATALOG], location.text + CATALOG
    present = _present(read_keys(content, where), memory)
    if present is not None:
        documents = _signed(location, documents, present, ahead)
    catalogue = read_catalogue_json(content, where)
    known = extended(memory, catalogue, hashlib.sha256(content).hexdigest())
    if (latest_content := documents.get(LATEST)) is not None:
        latest_sequence = read_latest_json(latest_content, location.text + LATEST)
        if latest_sequence < known.latest_sequence:
            raise RefusalError(
                f"{location.text}: latest.json went back: it has the sequence {latest_sequence}, "
                f"and {known.latest_sequence} was seen before",
                _TELL,
            )
        known = replace(known, latest_sequence=latest_sequence)
        if latest_sequence > catalogue.sequence:
            raise _TornError(
                f"{location.text}: {CATALOG} has the sequence {catalogue.sequence}, {LATEST} already {latest_sequence}: "
                "it went back, or an old copy of it comes"
            )
    keys = tuple(as_public(item) for item in catalogue.keys) if present is not None else ()
    opened = Opened(location, catalogue, keys, is_first=not memory.sequence)
    return opened, documents, replace(known, key=present.text if present else None)


def _present(keys: tuple[Key, ...], memory: Memory) -> Key | None:
    """The key that the catalogue must be signed with: the last one it names, if that follows from the pinned one.

    Raises:
        RefusalError: when it does not.
    """
    if not keys:
        if memory.key is None:
            return None
        pinned = public_key(memory.key).id
        raise RefusalError(f"{memory.location}: is no longer signed; key {pinned} signed it before", _TELL)
    found = present_key(Catalogue(keys=keys), memory.key or keys[-1].text)
    if found is None:
        pinned = public_key(memory.key or "").id
        raise RefusalError(
            f"{memory.location}: names the key {keys[-1].id}, and the known key {pinned} did not hand over to it",
            f"{_TELL}; if you have the new key from elsewhere, name it with --key",
        )
    return found


def _signed(
    location: Location, documents: dict[str, bytes], key: Key, ahead: Callable[[], bytes | None]
) -> dict[str, bytes]:
    """The documents with the signature that proves them.

    A publisher that was killed right after `catalog.json` left the signature of the one before, or none; that of this one
    was written ahead of it, under another name.

    Raises:
        RefusalError: when there is none.
        _TornError: when none fits.
    """
    where, content, found = location.text + CATALOG_SIGNATURE, documents[CATALOG], documents.get(CATALOG_SIGNATURE)
    if found is not None and is_signed_by(as_public(key), content, found):
        return documents
    if found is None or sequence_of(CATALOG_SIGNATURE, found) < sequence_of(CATALOG, content):
        other = ahead()
        if other is not None and is_signed_by(as_public(key), content, other):
            return {**documents, CATALOG_SIGNATURE: other}
    if found is None:
        raise RefusalError(f"{where}: is missing, though the catalogue names the key {key.id}", _TELL)
    raise _TornError(f"{where}: is not what key {key.id} signed for this {CATALOG}")


def _read(location: Location) -> dict[str, bytes]:
    latest = _optional(location, LATEST, LARGEST)
    catalog = _optional(location, CATALOG, LARGEST)
    if catalog is None:
        raise _AbsentError(
            f"{location.text}: there is no catalogue: it has no {CATALOG}", "name the root of a catalogue"
        )
    signature = _optional(location, CATALOG_SIGNATURE, _LARGEST_SIGNATURE)
    found = {CATALOG: catalog, CATALOG_SIGNATURE: signature, LATEST: latest}
    return {name: content for name, content in found.items() if content is not None}


def _optional(location: Location, name: str, limit: int) -> bytes | None:
    try:
        return read_document(location.address(name), limit)
    except MissingError:
        return None
