"""Catalogues in memory, and the text of one to be spoiled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from deedbook.catalogue.documents import catalog_json
from deedbook.catalogue.edits import with_release
from deedbook.catalogue.records import Catalogue, Dataset, Entry, Link
from deedbook.catalogue.store import ConflictError, Store

NOW = "2026-11-22T12:00:00Z"
LATER = "2026-11-23T12:00:00Z"


def replace_in_turn(store: Store) -> None:
    """A document of a store is replaced, and only by whoever has read what stands there."""
    assert store.read("latest.json") is None
    first = store.replace("latest.json", b"1", None)
    with pytest.raises(ConflictError):
        store.replace("latest.json", b"x", None)
    second = store.replace("latest.json", b"2", first)
    with pytest.raises(ConflictError):
        store.replace("latest.json", b"x", first)
    found = store.read("latest.json")
    assert found is not None
    assert (found.content, found.tag) == (b"2", second)


def release(version: str, *, name: str = "deeds", **changes: Any) -> Dataset:
    """A dataset with one release, whose digests follow from its version."""
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    about: dict[str, Any] = {
        "title": "Deeds",
        "description": "Who did what.",
        "licenses": ({"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/"},),
    }
    known: dict[str, Any] = {
        "state": "released",
        "created": "2026-11-22T00:00:00Z",
        "published": "",
        "changed": "",
        "path": f"{name}/{version}/",
        "bytes": 12_345,
        "files": 5,
        "release_sha256": digest,
        "sums_sha256": digest,
    }
    for property_, value in changes.items():
        (about if property_ in about else known)[property_] = value
    return Dataset(name=name, latest=None, versions=(Entry(version=version, **known),), **about)


def catalogue(*versions: str, title: str = "Deeds") -> Catalogue:
    """A catalogue with these versions, published in this order."""
    found = Catalogue(title=title, updated=NOW, sequence=1)
    for before, version in zip((None, *versions), versions, strict=False):
        found = with_release(found, release(version, previous=after(before) if before else None), NOW)
    return found


def after(version: str) -> Link:
    """The link to a version as the catalogue knows it."""
    return Link(version, release(version).versions[0].release_sha256)


def spoiled(change: Callable[[dict[str, Any]], object], *versions: str) -> bytes:
    """A `catalog.json` that something was done to."""
    raw = json.loads(catalog_json(catalogue(*(versions or ("1.0.0", "1.1.0")))))
    change(raw)
    return json.dumps(raw).encode()
