"""What was seen of a catalogue before, so that it cannot go back on it.

A key that comes with a catalogue proves nothing by itself. So the first one that is seen is pinned; another one is accepted
only when each key in between signed the next. The sequence never falls, a release never becomes another one under the same
version, and a version that was seen never disappears: withdrawn ones stay, marked as yanked.

One JSON file per address: {"location", "key": text or null, "sequence", "latest_sequence", "catalog_sha256",
"releases": {NAME: {VERSION: sha256 of its release.json}}}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from deedbook import files
from deedbook.catalogue.records import Catalogue
from deedbook.errors import ProjectError, RefusalError
from deedbook.fetching.locations import Location

TELL = "do not use it before the publisher has explained this"


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
    file = _file(state, location)
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


def remember(state: Path, location: Location, memory: Memory) -> None:
    """Keeps what is known; the lock of the catalogue is held (`catalogues`)."""
    state.mkdir(parents=True, exist_ok=True)
    files.replace(_file(state, location), json.dumps(asdict(memory), ensure_ascii=False, indent=1).encode())


def extended(memory: Memory, catalogue: Catalogue, sha256: str) -> Memory:
    """The memory with what this catalogue says.

    Raises:
        RefusalError: when it contradicts what was seen before.
    """
    where = memory.location
    if catalogue.sequence < memory.sequence:
        raise RefusalError(
            f"{where}: the catalogue went back: it has the sequence {catalogue.sequence}, and {memory.sequence} was seen before",
            TELL,
        )
    if catalogue.sequence == memory.sequence and sha256 != memory.catalog_sha256:
        raise RefusalError(f"{where}: another catalogue with the sequence {memory.sequence} was seen before", TELL)
    seen = {name: dict(versions) for name, versions in memory.releases.items()}
    for name, versions in seen.items():
        for version, digest in versions.items():
            entry = catalogue.entry(name, version)
            if entry is None:
                raise RefusalError(f"{where}: {name} {version} was there before and is gone", TELL)
            if entry.release_sha256 != digest:
                raise RefusalError(
                    f"{where}: {name} {version} is another release than before: {entry.release_sha256}, not {digest}",
                    TELL,
                )
    for name, dataset in catalogue.datasets.items():
        seen[name] = {entry.version: entry.release_sha256 for entry in dataset.versions}
    return replace(memory, sequence=catalogue.sequence, catalog_sha256=sha256, releases=seen)


def with_latest(memory: Memory, sequence: int) -> Memory:
    """The memory with the sequence of a `latest.json`.

    Raises:
        RefusalError: when that went back.
    """
    if sequence < memory.latest_sequence:
        raise RefusalError(
            f"{memory.location}: latest.json went back: it has the sequence {sequence}, "
            f"and {memory.latest_sequence} was seen before",
            TELL,
        )
    return replace(memory, latest_sequence=sequence)


def _file(state: Path, location: Location) -> Path:
    return state / f"{location.id}.json"
