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
from deedbook.changes.sources import Side, find_release
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
    if (path / CONFIG).is_file() or (path / DESCRIPTOR).is_file():
        project = load_project(path)
        folders, names = project.release_folders, [project.package.name]
    elif any(path.glob(f"*/{MANIFEST}")):
        folders, names = (path.parent,), [path.name]
    else:
        folders, names = (path,), sorted({file.parent.parent.name for file in path.glob(f"*/*/{MANIFEST}")})
    found = {
        folder.name
        for name in names
        for root in folders
        for folder in (root / name).glob("*")
        if SEMVER.fullmatch(folder.name)
    }
    versions = [version for version in found if find_release(folders, names[0], version)]
    if len(names) > 1:
        raise UsageError(f"{path} holds several datasets", f"name the folder of one: {', '.join(names)}")
    if not versions:
        raise UsageError(f"{path} holds no release", "name a project, a release, or NAME with --from CATALOGUE")
    return Homes(folders, names[0], max(versions, key=lambda text: (read_version(text).is_final, read_version(text))))


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
        if changes is None:
            if table in document["tables_added"]:
                yield Event(*about, "came with its table")
                return
            if table in document["tables_removed"]:
                yield Event(*about, "went with its table")
            continue
        for cell in changes["changed"]:
            if cell["key"] == key and cell["kind"] == "value":
                yield Event(
                    *about, cell["field"], cell["old"], cell["new"], cell.get("reason", ""), cell.get("note", "")
                )
        moved = next((pair for pair in changes["rekeyed"] if key in {pair["new"], pair["old"]}), None)
        if moved:
            key = moved["old"]
            yield Event(*about, "re-keyed", key, moved["new"], moved.get("reason", ""), moved.get("note", ""))
        gone = next((row for row in changes["removed"] if row["key"] == key), None)
        if gone:
            yield Event(*about, "withdrawn", reason=gone.get("reason", ""), note=gone.get("note", ""))
        if key in changes["added"]:
            yield Event(*about, "added")
            return


def with_span(changes: Changes, old: Side, new: Side) -> Changes:
    """The changes between two releases with what those in between tell: which they are, and the last reason of each change.

    Two sides that are no releases of one dataset, the older one first, stay as they are.
    """
    packages = [side.package for side in (old, new)]
    roots = [package.root.resolve() for package in packages]
    is_older = all(
        SEMVER.fullmatch(package.version) and (root / MANIFEST).is_file()
        for package, root in zip(packages, roots, strict=True)
    )
    if (
        not is_older
        or packages[0].name != packages[1].name
        or read_version(packages[0].version) >= read_version(packages[1].version)
    ):
        return changes
    folders = tuple(root.parent.parent for root in reversed(roots))
    versions: list[str] = []
    follows, reasons = packages[1].version, dict[Place, dict[str, str]]()
    keys, fields = (
        dict[tuple[str, str], str](),
        dict[tuple[str, str], str](),
    )  # what those of earlier versions are called now
    for document in read_chain(Homes(folders, packages[1].name, packages[1].version)):
        if document["version"] == packages[0].version:
            break
        versions.append(document["version"])
        follows = (document["previous"] or {}).get("version", "")
        for table in document["tables"]:
            name = table["table"]
            for item in (*table["removed"], *table["rekeyed"], *table["changed"]):
                key, field = item.get("key", item.get("old")), item.get("field", "")
                place = name, keys.get((name, key), key), fields.get((name, field), field)
                if said := {part: item[part] for part in ("reason", "note", "source") if part in item}:
                    reasons.setdefault(place, said)
            keys |= {(name, pair["old"]): keys.get((name, pair["new"]), pair["new"]) for pair in table["rekeyed"]}
        renamed = [item for item in document["schema"] if item["kind"] == "field-renamed"]
        fields |= {
            (one["table"], one["old"]): fields.get((one["table"], one["field"]), one["field"]) for one in renamed
        }
    missing = None if follows == packages[0].version else follows or packages[0].version
    return replace(changes, reasons=reasons, span=Span(tuple(versions[1:]), missing))
