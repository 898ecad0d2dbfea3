"""`release.json`: what a release consists of.

    release.json   release_version, name, title, version, state, created, epoch, previous {version, sha256} or null,
                   bump {floor, minimum, override, rules} or null for a first release,
                   licenses, tables [name, rows, fields, primary_key, is_view, sha256], files [name, bytes, sha256,
                   media_type, table or null]

`release.json` lists every file that was written before it. Its own sha256 is what the next release names as `previous`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.integrity.digests import MANIFEST, DigestOf, sha256_of
from deedbook.release.edition import Edition, moment_text
from deedbook.release.formats import media_type, table_of
from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.tables import Outline
from deedbook.versioning.previous import CHANGES, read_json


@dataclass(frozen=True, slots=True)
class Manifest:
    """A `release.json` that was read back; `digests` are the tables' content digests by name."""

    name: str
    version: str
    digests: Mapping[str, str]
    files: Mapping[str, str]


def write_manifest(
    package: Package,
    edition: Edition,
    tables: Sequence[tuple[Outline, CsvFile]],
    folder: Path,
    digest: DigestOf = sha256_of,
) -> None:
    """Writes `release.json` about everything that stands in the folder."""
    digests = {path.name: digest(path) for path in sorted(folder.iterdir())}
    content = _release_json(package, edition, tables, folder, digests)
    (folder / MANIFEST).write_text(content, encoding="utf-8", newline="\n")


def _release_json(
    package: Package,
    edition: Edition,
    tables: Sequence[tuple[Outline, CsvFile]],
    folder: Path,
    digests: Mapping[str, str],
) -> str:
    names = {outline.name for outline, _ in tables}
    record = {
        "release_version": 1,
        "name": edition.name,
        "title": edition.title,
        "version": edition.version,
        "state": edition.state,
        "created": moment_text(edition.created),
        "epoch": int(edition.epoch.timestamp()),
        "previous": _previous(edition),
        "bump": read_json(folder / CHANGES).get("bump"),
        "licenses": package.raw.get("licenses", []),
        "tables": [_table(outline, file) for outline, file in tables],
        "files": [_file(folder / name, digest, names) for name, digest in sorted(digests.items())],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """What the `release.json` of a built release says.

    Raises:
        ProjectError: when it is missing or malformed.
    """
    file = folder / MANIFEST
    try:
        raw: Any = json.loads(file.read_text(encoding="utf-8"))
        return Manifest(
            name=str(raw["name"]),
            version=str(raw["version"]),
            digests={str(entry["name"]): str(entry["sha256"]) for entry in raw["tables"]},
            files={str(entry["name"]): str(entry["sha256"]) for entry in raw["files"]},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"{file}: is no readable release manifest: {error}", f"move {folder} away and build again"
        ) from None


def _previous(edition: Edition) -> dict[str, str] | None:
    previous = edition.previous
    return {"version": previous.version, "sha256": previous.sha256} if previous else None


def _table(outline: Outline, file: CsvFile) -> dict[str, Any]:
    return {
        "name": outline.name,
        "rows": file.rows,
        "fields": len(outline.schema.fields),
        "primary_key": list(outline.schema.primary_key),
        "is_view": outline.is_view,
        "sha256": file.sha256,
    }


def _file(path: Path, digest: str, tables: set[str]) -> dict[str, Any]:
    return {
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": digest,
        "media_type": media_type(path.name),
        "table": table_of(path.name, tables),
    }
