"""Where a catalogue is kept, and how it is changed there: read, change, put if nobody else did meanwhile, renew what is derived."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from deedbook.catalogue.documents import catalog_json, catalog_signature, derived_documents
from deedbook.catalogue.keys import Signers, with_signer
from deedbook.catalogue.records import (
    BEFORE,
    CATALOG,
    LATEST,
    SIGNATURE_AHEAD,
    Catalogue,
    read_catalogue_json,
    sequence_of,
)
from deedbook.errors import RefusalError, RemoteError

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


class Store(Protocol):
    """A place of files with relative paths; nothing in it is ever half-written.

    Attributes:
        where: What people call it; without credentials.
    """

    where: str

    def read(self, path: str) -> Versioned | None:
        """A small document; None when there is none.

        Raises:
            ProjectError: when it is larger than any document.
        """

    def size(self, path: str) -> int | None:
        """The bytes of what stands there; None when nothing does."""

    def digest(self, path: str, progress: Progress) -> str | None:
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
    found = store.read(CATALOG)
    if found is not None:
        return read_catalogue_json(found.content, f"{store.where}{CATALOG}")
    if store.read(LATEST) is not None:
        raise RefusalError(
            f"{store.where}: {CATALOG} is missing, though {LATEST} is there",
            f"put {CATALOG} back: without it, all versions published before would be lost",
        )
    return None


def update(store: Store, change: Change, *, title: str, signers: Signers, clock: Clock) -> Catalogue:
    """Makes the change in `catalog.json`; the derived documents are as yet those of before.

    Raises:
        RefusalError: when the change is refused, or the catalogue is another key's.
        RemoteError: when others were faster again and again.
    """
    for attempt in range(_TRIES):
        found = store.read(CATALOG)
        old = read_catalogue(store) if found is None else read_catalogue_json(found.content, f"{store.where}{CATALOG}")
        old = old or Catalogue(title=title)
        now = max(clock(), old.updated)
        new = with_signer(change(old, now), signers, now)
        if new == old and found is not None:
            return old
        new = replace(new, sequence=old.sequence + 1, updated=now)
        try:
            put_catalogue(store, new, found, signers)
        except ConflictError:
            _pause(attempt)
            continue
        return new
    raise RemoteError(f"{store.where}{CATALOG} is being replaced by others all the time", "publish again later")


def put_catalogue(store: Store, catalogue: Catalogue, there: Versioned | None, signers: Signers) -> None:
    """Puts `catalog.json` in place of the one that is there; that one is kept beside it.

    The signature is put ahead, so that a reader can prove the new one from its first moment.

    Raises:
        ConflictError: when another one is there.
    """
    if signers.present is not None:
        _put(store, SIGNATURE_AHEAD, catalog_signature(catalogue, signers.present))
    if there is not None:
        _put(store, BEFORE, there.content)
    store.replace(CATALOG, catalog_json(catalogue), there.tag if there else None)


def _put(store: Store, name: str, content: bytes) -> None:
    there = store.read(name)
    store.replace(name, content, there.tag if there else None)


def settle(store: Store, signers: Signers) -> Catalogue:
    """Makes every derived document that of the present `catalog.json`, `latest.json` last, and returns the catalogue.

    Raises:
        RefusalError: when a derived document is of a later `catalog.json` than the one there.
        RemoteError: when others were faster again and again.
    """
    for attempt in range(_TRIES):
        found = store.read(CATALOG)
        if found is None:
            raise RemoteError(f"{store.where}{CATALOG} is not there", "publish again")
        catalogue = read_catalogue_json(found.content, f"{store.where}{CATALOG}")
        signers_now = signers if catalogue.keys else Signers()
        try:
            for name, content in derived_documents(catalogue, signers_now):
                _renew(store, name, content, catalogue.sequence)
        except ConflictError:
            _pause(attempt)
            continue
        again = store.read(CATALOG)
        if again is not None and again.tag == found.tag:
            return catalogue
    raise RemoteError(f"{store.where}: others are writing to the catalogue all the time", "publish again later")


def _renew(store: Store, name: str, content: bytes, sequence: int) -> None:
    there = store.read(name)
    if there is not None and there.content == content:
        return
    newer = sequence_of(name, there.content) if there else 0
    if newer > sequence:
        now = store.read(CATALOG)
        if now is not None and read_catalogue_json(now.content, CATALOG).sequence < newer:
            raise RefusalError(
                f"{store.where}{name} is of a later {CATALOG} (sequence {newer}) than the one there",
                f"put the later {CATALOG} back: with this one, versions published since would be lost",
            )
        raise ConflictError(f"{store.where}{name} was replaced by somebody else")
    store.replace(name, content, there.tag if there else None)


def _pause(attempt: int) -> None:
    """Lets others go first, for a random time that grows."""
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311  # no secret
