"""Reads `catalog.json` and `latest.json`, which anybody may have written: what is not right is refused, never repaired."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from deedbook.catalogue.records import Catalogue, Dataset, Entry, Key, Latest, Link, Pointer
from deedbook.errors import ProjectError
from deedbook.versioning.numbers import SEMVER

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

CATALOG = "catalog.json"
LATEST = "latest.json"
CATALOG_SIGNATURE = "catalog.json.minisig"
SIGNATURE_AHEAD = "catalog.json.next.minisig"
PUBLIC_KEY = "deedbook.pub"
LARGEST = 64 << 20
"""Bytes of a document that is read at all."""
_SEQUENCE = re.compile(rb"sequence\W{1,4}(\d{1,18})\b")
_HINT = "name the root of a catalogue that `deedbook publish` wrote"


def sequence_of(name: str, content: bytes) -> int:
    """The `sequence` of the `catalog.json` that a derived document was made from; 0 when it does not say."""
    if name == PUBLIC_KEY:
        return 0
    found = _SEQUENCE.search(content)  # it stands before anything that came from data
    return int(found[1]) if found else 0


def read_keys(content: bytes, where: str) -> tuple[Key, ...]:
    """The keys that a `catalog.json` names, oldest first; nothing else of it is looked at, as it is not proven yet.

    Raises:
        ProjectError: when it is no catalogue.
    """
    raw = _json(content, where)
    try:
        return tuple(
            Key(item["id"], item["text"], item["since"], item["until"], item["rotation"]) for item in raw["keys"]
        )
    except (KeyError, TypeError):
        raise ProjectError(f"{where}: is no catalogue", _HINT) from None


def read_catalogue_json(content: bytes, where: str) -> Catalogue:
    """What a `catalog.json` says.

    Args:
        content: Its bytes.
        where: What people call it.

    Raises:
        ProjectError: when it is none, or says what cannot be: a path outside the catalogue, a version twice, a latest
            version that is yanked or absent.
    """
    raw = _json(content, where)
    if not isinstance(raw, dict) or "catalogue_version" not in raw:
        raise ProjectError(f"{where}: is no catalogue", _HINT)
    if raw["catalogue_version"] != 1:
        raise ProjectError(
            f"{where}: has the catalogue_version {raw['catalogue_version']!r}; this deedbook reads 1", "update deedbook"
        )
    error = next(iter(_schema().iter_errors(raw)), None)
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "the document"
        raise ProjectError(f"{where}: is no sound catalogue: at {place}: {error.message[:300]}", _HINT)
    datasets = {name: _dataset(name, entry, where) for name, entry in raw["datasets"].items()}
    keys = tuple(Key(item["id"], item["text"], item["since"], item["until"], item["rotation"]) for item in raw["keys"])
    return Catalogue(title=raw["title"], updated=raw["updated"], sequence=raw["sequence"], keys=keys, datasets=datasets)


def read_latest_json(content: bytes, where: str) -> Latest:
    """What a `latest.json` says.

    Raises:
        ProjectError: when it is none.
    """
    raw = _json(content, where)
    try:
        if raw["catalogue_version"] != 1 or type(raw["sequence"]) is not int:
            raise ValueError("catalogue_version or sequence")
        pointers = {
            str(name): Pointer(str(item["version"]), str(item["path"]), str(item["release_sha256"]))
            for name, item in raw["datasets"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProjectError(f"{where}: is no list of latest versions: {error}", _HINT) from None
    for name, pointer in pointers.items():
        _check_path(name, pointer.version, pointer.path, where)
    return Latest(raw["sequence"], pointers)


def _json(content: bytes, where: str) -> Any:
    if len(content) > LARGEST:
        raise ProjectError(f"{where}: is larger than {LARGEST >> 20} MB, so it is no catalogue", _HINT)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{where}: is no catalogue: it is no JSON ({error})", _HINT) from None


@cache
def _schema() -> Validator:
    from jsonschema import Draft202012Validator

    text = resources.files("deedbook.catalogue").joinpath("catalogue.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _dataset(name: str, raw: Mapping[str, Any], where: str) -> Dataset:
    entries = tuple(_entry(name, item, where) for item in raw["versions"])
    versions = [entry.version for entry in entries]
    if len(set(versions)) < len(versions):
        raise ProjectError(f"{where}: {name} has a version twice", _HINT)
    dataset = Dataset(
        name=name,
        title=raw["title"],
        description=raw["description"],
        licenses=tuple(raw["licenses"]),
        latest=raw["latest"],
        versions=entries,
    )
    latest = dataset.entry(dataset.latest) if dataset.latest is not None else None
    if dataset.latest is not None and (latest is None or latest.is_yanked):
        why = "is yanked" if latest else "is not among its versions"
        raise ProjectError(f"{where}: the latest version of {name}, {dataset.latest}, {why}", _HINT)
    return dataset


def _entry(name: str, raw: Mapping[str, Any], where: str) -> Entry:
    _check_path(name, raw["version"], raw["path"], where)
    previous = raw["previous"]
    plain = {key: raw[key] for key in Entry.__dataclass_fields__ if key not in {"previous", "mirrors"}}
    return Entry(
        **plain,
        previous=Link(previous["version"], previous["sha256"]) if previous else None,
        mirrors=tuple(raw["mirrors"]),
    )


def _check_path(name: str, version: str, path: str, where: str) -> None:
    """A version stands at `NAME/VERSION/` and nowhere else, so that no path can leave the catalogue."""
    if not SEMVER.fullmatch(version) or path != f"{name}/{version}/":
        raise ProjectError(
            f"{where}: says that version {version!r} of {name!r} stands at {path!r}, where none can stand", _HINT
        )
