"""Changes a catalogue where it is kept: read, change, put if nobody else did meanwhile, then renew what is derived from it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

from deedbook.catalogue.documents import catalog_json, catalog_signature, derived_documents
from deedbook.catalogue.keys import Signers, with_signer
from deedbook.catalogue.reading import CATALOG, LATEST, SIGNATURE_AHEAD, read_catalogue_json, sequence_of
from deedbook.catalogue.records import Catalogue
from deedbook.catalogue.store import ConflictError, Store
from deedbook.errors import RefusalError, RemoteError

Clock = Callable[[], str]
"""The time as `2026-11-22T00:00:00Z`."""
Change = Callable[[Catalogue, str], Catalogue]
"""From a catalogue and the time to the next catalogue, or to the same one when there is nothing to change."""
_TRIES = 40
_LONGEST_PAUSE = 2.0


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
            _sign_ahead(store, new, signers)
            store.replace(CATALOG, catalog_json(new), found.tag if found else None)
        except ConflictError:
            _pause(attempt)
            continue
        return new
    raise RemoteError(f"{store.where}{CATALOG} is being replaced by others all the time", "publish again later")


def _sign_ahead(store: Store, catalogue: Catalogue, signers: Signers) -> None:
    """Puts the signature of what `catalog.json` is about to be, so that a reader can prove it from its first moment."""
    if signers.present is not None:
        there = store.read(SIGNATURE_AHEAD)
        store.replace(SIGNATURE_AHEAD, catalog_signature(catalogue, signers.present), there.tag if there else None)


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
