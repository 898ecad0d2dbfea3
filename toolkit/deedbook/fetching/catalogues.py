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

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from deedbook import files
from deedbook.catalogue import records
from deedbook.catalogue.edits import as_public, present_key
from deedbook.catalogue.records import CATALOG, CATALOG_SIGNATURE, LATEST, Catalogue, Key
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.fetching.locations import Address, read_document
from deedbook.files import locked
from deedbook.home import Home
from deedbook.http import PATIENCE, MissingError, PassingError, retried
from deedbook.integrity.signatures import PublicKey, is_signed_by, public_key

_TELL = "do not use it before the publisher has explained this"
_LOCK_SECONDS = 600.0
_LARGEST = {CATALOG: records.LARGEST, LATEST: records.LARGEST}
_LARGEST_SIGNATURE = 1 << 16
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


def recall(file: Path, location: Address) -> Memory:
    """What is known of the catalogue at that address.

    Raises:
        ProjectError: when it cannot be read: then nothing may be taken for granted.
    """
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
        sequences = f"it has the sequence {catalogue.sequence}, and {memory.sequence} was seen before"
        raise RefusalError(f"{where}: the catalogue went back: {sequences}", _TELL)
    if catalogue.sequence == memory.sequence and sha256 != memory.catalog_sha256:
        raise RefusalError(f"{where}: another catalogue with the sequence {memory.sequence} was seen before", _TELL)
    listed = catalogue.datasets.items()
    there = {name: {one.version: one.release_sha256 for one in dataset.versions} for name, dataset in listed}
    for name, versions in memory.releases.items():
        for version, digest in versions.items():
            found = there.get(name, {}).get(version)
            if found != digest:
                other = f"is another release than before: {found}, not {digest}"
                said = other if found else "was there before and is gone"
                raise RefusalError(f"{where}: {name} {version} {said}", _TELL)
    return replace(memory, sequence=catalogue.sequence, catalog_sha256=sha256, releases=there)


@dataclass(frozen=True, slots=True)
class Opened:
    """A catalogue that may be relied on.

    Attributes:
        location: Where it is.
        catalogue: What it says.
        keys: The publisher's keys that lead to the pinned one, oldest first; empty when nothing is signed.
        is_first: Whether it was never seen before, so that its key was taken on trust.
    """

    location: Address
    catalogue: Catalogue
    keys: tuple[PublicKey, ...] = ()
    is_first: bool = False

    def warnings(self) -> Iterator[str]:
        """What a user must know before relying on it."""
        if not self.keys:
            yield "the catalogue is not signed: that its files are whole is proven, who made them is not"
        elif self.is_first:
            advice = "compare it with what the publisher says elsewhere"
            yield f"key {self.keys[-1].id} is now trusted for this catalogue: {advice}"
        yield from self.age()

    def age(self) -> Iterator[str]:
        """That a signed catalogue has not been renewed for a year."""
        try:
            since = dt.datetime.fromisoformat(self.catalogue.updated)
        except ValueError:
            return
        since = since if since.tzinfo else since.replace(tzinfo=dt.UTC)
        if self.keys and dt.datetime.now(dt.UTC) - since > _OLD:
            advice = "newer versions may be held back from you; ask the publisher whether this is still the present one"
            yield f"the catalogue was last signed on {since:%Y-%m-%d}, more than a year ago: {advice}"


class _TornError(PassingError):
    """Two documents do not fit together: either somebody is just writing them, or they are not to be trusted."""


class _AbsentError(UsageError):
    """There is no catalogue at the address."""


def open_catalogue(location: Address, home: Home, *, key: PublicKey | None = None, is_offline: bool = False) -> Opened:
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
    is_copy = is_offline and location.is_remote
    try:
        return _open(location, home, key, is_copy=is_copy)
    except _AbsentError:
        if above := location.above():
            with suppress(UsageError):
                return _open(above, home, key, is_copy=is_copy)
        raise


def _open(location: Address, home: Home, key: PublicKey | None, *, is_copy: bool) -> Opened:
    kept, locks = home.cache / "catalogues" / location.id, home.state / "locks"
    file, read = home.state / f"{location.id}.json", partial(_read, location, kept if is_copy else None)
    locks.mkdir(parents=True, exist_ok=True)
    with locked(locks / f"{location.id}.lock", who="fetch", wait=_LOCK_SECONDS):
        memory = recall(file, location)
        trusted = memory if key is None else replace(memory, key=key.text)
        if is_copy and read(CATALOG) is None:
            message = f"{location.text}: was never read from here, so there is no copy"
            raise RemoteError(message, "leave out --offline once")
        try:
            patience = PATIENCE * (not is_copy)
            opened, documents, known = retried(lambda: _prove(location, read, trusted), seconds=patience)
        except _TornError as error:
            raise RefusalError(error.message, f"try again later; if it stays so, {_TELL}") from None
        if location.is_remote and not is_copy:
            kept.mkdir(parents=True, exist_ok=True)
            for name, content in documents.items():
                files.replace(kept / name, content or b"")
        files.replace(file, json.dumps(asdict(known), ensure_ascii=False, indent=1).encode())
    return opened


def _read(location: Address, kept: Path | None, name: str) -> bytes | None:
    """A document of the catalogue, or the copy of it that was kept; None when there is none, of which an empty copy is kept."""
    if kept is not None:
        return ((kept / name).read_bytes() or None) if (kept / name).is_file() else None
    try:
        return read_document(location.file(name), _LARGEST.get(name, _LARGEST_SIGNATURE))
    except MissingError:
        return None


def _prove(
    location: Address, read: Callable[[str], bytes | None], memory: Memory
) -> tuple[Opened, dict[str, bytes | None], Memory]:
    """The catalogue that the documents hold, held against what is known; they themselves, and what is now known.

    Raises:
        _AbsentError: when there is none.
        _TornError: when they do not fit together.
        ProjectError: when they are not sound.
        RefusalError: when they contradict what is known.
    """
    documents = {name: read(name) for name in (LATEST, CATALOG, CATALOG_SIGNATURE)}
    where, content, latest = location.text + CATALOG, documents[CATALOG], documents[LATEST]
    if content is None:
        what = f"{location.text}: there is no catalogue: it has no {CATALOG}"
        raise _AbsentError(what, "name the root of a catalogue")
    present = _present(records.read_keys(content, where), memory)
    if present is not None:
        signature = documents[CATALOG_SIGNATURE]
        documents[CATALOG_SIGNATURE] = _signature(location, content, signature, present, read)
    catalogue = records.read_catalogue_json(content, where)
    known = extended(memory, catalogue, hashlib.sha256(content).hexdigest())
    if latest is not None:
        sequence = records.read_latest_json(latest, location.text + LATEST)
        if sequence < known.latest_sequence:
            sequences = f"it has the sequence {sequence}, and {known.latest_sequence} was seen before"
            raise RefusalError(f"{location.text}: latest.json went back: {sequences}", _TELL)
        if sequence > catalogue.sequence:
            sequences = f"{CATALOG} has the sequence {catalogue.sequence}, {LATEST} already {sequence}"
            raise _TornError(f"{location.text}: {sequences}: it went back, or an old copy of it comes")
        known = replace(known, latest_sequence=sequence)
    keys = tuple(map(as_public, catalogue.keys)) if present is not None else ()
    opened = Opened(location, catalogue, keys, is_first=not memory.sequence)
    return opened, documents, replace(known, key=present.text if present else None)


def _present(keys: tuple[Key, ...], memory: Memory) -> Key | None:
    """The key that the catalogue must be signed with: the last one it names, if that follows from the pinned one.

    Raises:
        RefusalError: when it does not.
    """
    if not keys and memory.key is None:
        return None
    pinned = memory.key or keys[-1].text
    if not keys:
        what = f"is no longer signed; key {public_key(pinned).id} signed it before"
        raise RefusalError(f"{memory.location}: {what}", _TELL)
    found = present_key(Catalogue(keys=keys), pinned)
    if found is None:
        what = f"names the key {keys[-1].id}, and the known key {public_key(pinned).id} did not hand over to it"
        hint = f"{_TELL}; if you have the new key from elsewhere, name it with --key"
        raise RefusalError(f"{memory.location}: {what}", hint)
    return found


def _signature(
    location: Address, content: bytes, found: bytes | None, key: Key, read: Callable[[str], bytes | None]
) -> bytes:
    """The signature that proves a `catalog.json`.

    A publisher that was killed right after `catalog.json` left the signature of the one before, or none; that of this one
    was written ahead of it, under another name, which is read only then.

    Raises:
        RefusalError: when there is none.
        _TornError: when none fits.
    """
    where = location.text + CATALOG_SIGNATURE
    sequence = 0 if found is None else records.sequence_of(CATALOG_SIGNATURE, found)
    candidates = [found]
    if found is None or sequence < records.sequence_of(CATALOG, content):
        candidates.append(read(records.SIGNATURE_AHEAD))
    for signature in candidates:
        if signature is not None and is_signed_by(as_public(key), content, signature):
            return signature
    if found is None:
        raise RefusalError(f"{where}: is missing, though the catalogue names the key {key.id}", _TELL)
    raise _TornError(f"{where}: is not what key {key.id} signed for this {CATALOG}")
