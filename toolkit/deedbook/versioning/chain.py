"""What a chain of releases tells, read from the `changes.json` of each: the versions, the way of one row, the reasons over a span.

A chain is walked from its newest release back by `previous`, and the sha256 that each document gives of the `release.json` before it
is proven on the way. Keys and fields are followed through re-keying and renaming.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema

from deedbook.changes.records import Changes, Place, Span, changes_schema
from deedbook.changes.sources import Side, find_release, find_releases
from deedbook.descriptor import Package
from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.digests import MANIFEST, sha256_of
from deedbook.project import CONFIG, DESCRIPTOR, load_project
from deedbook.versioning.numbers import SEMVER, read_version
from deedbook.versioning.previous import CHANGES, read_json

Document = Mapping[str, Any]
"""The content of a `changes.json`."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Where the releases of a dataset stand as `NAME/VERSION/`, and the newest final one of them (else the newest)."""

    folders: tuple[Path, ...]
    name: str
    newest: str

    @property
    def folder(self) -> Path:
        """That of the newest release."""
        return find_release(self.folders, self.name, self.newest) or Path()


def find_homes(path: Path) -> Homes:
    """The releases that a folder means: a release and those beside it, a project's, those in `dist/NAME` or in a catalogue.

    Raises:
        UsageError: when there is none.
        ProjectError: when a project or a release cannot be read.
    """
    path = path.resolve()
    if (path / MANIFEST).is_file() and not (path / CONFIG).is_file():
        return Homes((path.parent.parent,), path.parent.name, path.name)
    folders, names = _places(path)
    if len(names) > 1:
        raise UsageError(f"{path} holds several datasets", f"name the folder of one: {', '.join(names)}")
    versions = [version for version in find_releases(folders, "".join(names)) if SEMVER.fullmatch(version)]
    if not versions:
        raise UsageError(f"{path} holds no release", "name a project, a release, or NAME with --from CATALOGUE")
    newest = max(map(read_version, versions), key=lambda version: (version.is_final, version))
    return Homes(folders, names[0], next(text for text in versions if read_version(text) == newest))


def _places(path: Path) -> tuple[tuple[Path, ...], list[str]]:
    """The folders with releases that a folder means, and the datasets there."""
    if (path / CONFIG).is_file() or (path / DESCRIPTOR).is_file():
        project = load_project(path)
        return project.release_folders, [project.package.name]
    if any(path.glob(f"*/{MANIFEST}")):
        return (path.parent,), [path.name]
    return (path,), sorted({file.parent.parent.name for file in path.glob(f"*/*/{MANIFEST}")})


def read_chain(homes: Homes) -> Iterator[Document]:
    """The documents from the newest release back; it ends before a release that is not there.

    Raises:
        ProjectError: when a release is not the one that the next one follows, or does not tell its changes.
    """
    version, sha256 = homes.newest, ""
    while folder := find_release(homes.folders, homes.name, version):
        if sha256 and sha256_of(folder / MANIFEST) != sha256:
            message = f"{folder} is not the release that the next one follows: its release.json has another sha256"
            raise ProjectError(message, "fetch the published release again")
        document = demand_document(read_json(folder / CHANGES), str(folder))
        yield document
        if not document["previous"]:
            return
        version, sha256 = document["previous"]["version"], document["previous"]["sha256"]


def demand_document(document: Document, where: str) -> Document:
    """The document, once it has the shape of a `changes.json`.

    Raises:
        ProjectError: when it has not.
    """
    shape = changes_schema()
    required = [*shape["required"], "version", "created", "previous", "history"]
    validator = jsonschema.Draft202012Validator(shape | {"required": required})
    if (error := next(validator.iter_errors(document), None)) is not None:
        said = f"{where}: its {CHANGES} does not tell the changes as it should: {error.message[:200]}"
        raise ProjectError(
            said, "verify the release; one of an older deedbook can only be compared with `deedbook diff`"
        )
    return document


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a row in one version; `what` is a field, or what became of the whole row."""

    version: str
    created: str
    what: str
    old: str | None = None
    new: str | None = None
    reason: str = ""
    note: str = ""


def row_history(documents: Iterable[Document], table: str, key: str) -> Iterator[Event]:
    """What happened to a row, newest first, by the keys and field names of their time; the last is how it came.

    Args:
        documents: The chain.
        table: The name of the table.
        key: The row's key, its parts joined by `|`; also one that it no longer has.
    """
    for document in documents:
        about = document["version"], document["created"][:10]
        changes = next((item for item in document["tables"] if item["table"] == table), None)
        if table in document["tables_added"]:
            yield Event(*about, "came with its table")
            return
        if table in document["tables_removed"]:
            yield Event(*about, "went with its table")
        for what, item in _happened(changes, key) if changes else ():
            said = {name: item.get(name, "") for name in ("reason", "note")}
            yield Event(*about, what, item.get("old"), item.get("new"), **said)
            if "field" not in item:  # of the whole row
                key = item.get("old", key)
            if what == "added" and not item:
                return


def _happened(changes: Document, key: str) -> Iterator[tuple[str, Document]]:
    """What happened to a row of a table in one version, the change of its key after those of its cells."""
    yield from ((cell["field"], cell) for cell in changes["changed"] if (cell["key"], cell["kind"]) == (key, "value"))
    for pair in changes["rekeyed"]:
        if key in {pair["old"], pair["new"]}:
            yield "re-keyed", pair
            key = pair["old"]
    yield from (("withdrawn", row) for row in changes["removed"] if row["key"] == key)
    yield from [("added", {})] * (key in changes["added"])


def with_span(changes: Changes, old: Side, new: Side) -> Changes:
    """The changes between two releases with what those in between tell: which they are, and the last reason of each change.

    Two sides that are no releases of one dataset, the older one first, stay as they are.
    """
    older, newer = old.package, new.package
    if not (_is_release(older) and _is_release(newer) and older.name == newer.name):
        return changes
    if read_version(older.version) >= read_version(newer.version):
        return changes
    folders = tuple(package.root.resolve().parent.parent for package in (newer, older))
    versions: list[str] = []
    follows, reasons = newer.version, dict[Place, dict[str, str]]()
    keys, fields = (
        dict[tuple[str, str], str](),
        dict[tuple[str, str], str](),
    )  # what those of earlier versions are called now
    for document in read_chain(Homes(folders, newer.name, newer.version)):
        if document["version"] == older.version:
            break
        versions.append(document["version"])
        follows = (document["previous"] or {"version": ""})["version"]
        for (table, key, field), said in _explained(document):
            reasons.setdefault((table, keys.get((table, key), key), fields.get((table, field), field)), said)
        for (table, was), now in _moved(document, "keys").items():
            keys[table, was] = keys.get((table, now), now)
        for (table, was), now in _moved(document, "fields").items():
            fields[table, was] = fields.get((table, now), now)
    missing = None if follows == older.version else follows or older.version
    return replace(changes, reasons=reasons, span=Span(tuple(versions[1:]), missing))


def _is_release(package: Package) -> bool:
    return bool(SEMVER.fullmatch(package.version)) and (package.root / MANIFEST).is_file()


def _explained(document: Document) -> Iterator[tuple[Place, dict[str, str]]]:
    """The places of a document that have a reason, and what is said of them."""
    for table in document["tables"]:
        for item in (*table["removed"], *table["rekeyed"], *table["changed"]):
            if said := {part: item[part] for part in ("reason", "note", "source") if part in item}:
                yield (table["table"], item.get("key", item.get("old")), item.get("field", "")), said


def _moved(document: Document, what: str) -> dict[tuple[str, str], str]:
    """What the keys or fields of the version before are called in this one, by table and old name."""
    if what == "keys":
        return {(table["table"], pair["old"]): pair["new"] for table in document["tables"] for pair in table["rekeyed"]}
    renamed = [item for item in document["schema"] if item["kind"] == "field-renamed"]
    return {(item["table"], item["old"]): item["field"] for item in renamed}
