"""Catalogues in memory, and the text of one to be spoiled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from deedbook.catalogue.documents import catalog_json
from deedbook.catalogue.editing import Release, with_release
from deedbook.catalogue.records import Catalogue, Link

NOW = "2026-11-22T12:00:00Z"
LATER = "2026-11-23T12:00:00Z"


def release(version: str, *, name: str = "deeds", **changes: Any) -> Release:
    """A release whose digests follow from its version."""
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    known: dict[str, Any] = {
        "title": "Deeds",
        "description": "Who did what.",
        "created": "2026-11-22T00:00:00Z",
        "bytes": 12_345,
        "files": 5,
        "licenses": ({"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/"},),
        "release_sha256": digest,
        "sums_sha256": digest,
    }
    return Release(name=name, version=version, **{**known, **changes})


def catalogue(*versions: str, title: str = "Deeds") -> Catalogue:
    """A catalogue with these versions, published in this order."""
    found = Catalogue(title=title, updated=NOW, sequence=1)
    for version in versions:
        found = with_release(found, release(version), NOW)
    return found


def after(version: str) -> Link:
    """The link to a version as the catalogue knows it."""
    return Link(version, release(version).release_sha256)


def spoiled(change: Callable[[dict[str, Any]], object], *versions: str) -> bytes:
    """A `catalog.json` that something was done to."""
    raw = json.loads(catalog_json(catalogue(*(versions or ("1.0.0", "1.1.0")))))
    change(raw)
    return json.dumps(raw).encode()
