"""What the pages of each dataset followed from, kept beside them, so that pages that cannot differ are not made again.

    data/~made.json     dataset to `inputs`, the digest of all that its pages follow from, and `pages`, the digest of their bytes

They follow from the toolkit, its libraries, what the catalogue says of the dataset, and its releases, of which the catalogue has the
digests and each was proven. Pages that somebody changed by hand have another digest than the record says, and are made again; a
record that is missing or damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import deedbook
from deedbook.catalogue.documents import dataset_record
from deedbook.catalogue.records import Catalogue
from deedbook.site.editions import Shelf

RECORD = "data/~made.json"
"""No dataset has a folder of that name: `slug` gives none that begins so."""
_LIBRARIES = ("jinja2", "markupsafe", "numpy", "polars")
"""Those that decide a byte of a page."""


@dataclass(frozen=True, slots=True)
class Made:
    """The digests of one dataset's pages."""

    inputs: str
    pages: str


def read_made(folder: Path) -> dict[str, Made]:
    """What the record of a site says, by dataset; nothing where there is none that can be read."""
    try:
        return {str(name): Made(**one) for name, one in json.loads((folder / RECORD).read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def made_json(made: Mapping[str, Made]) -> bytes:
    """The record."""
    return json.dumps({name: asdict(one) for name, one in sorted(made.items())}, indent=1).encode() + b"\n"


def inputs_of(catalogue: Catalogue, shelf: Shelf) -> str:
    """The digest of all that a dataset's pages follow from."""
    damaged = [(one.entry.version, one.problem) for one in shelf.damaged]
    facts = [_toolkit(), catalogue.heading, dataset_record(shelf.dataset), damaged]
    return _digest([json.dumps(facts, sort_keys=True).encode()])


def pages_digest(pages: Mapping[str, str]) -> str:
    """The digest of pages: address to the digest of its bytes."""
    return _digest(f"{pages[address]} {address}\n".encode("utf-8", "surrogateescape") for address in sorted(pages))


@cache
def _toolkit() -> str:
    """The digest of this toolkit and of what its pages are made with; a checkout has one version for many states."""
    root = Path(deedbook.__file__).parent
    own = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    parts = (
        f"{path.relative_to(root).as_posix()} {len(path.read_bytes())}\n".encode() + path.read_bytes() for path in own
    )
    return _digest([*parts, *(f"{name} {version(name)}".encode() for name in _LIBRARIES)])


def _digest(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
