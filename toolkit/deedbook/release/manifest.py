"""`release.json`: what a release consists of.

    release.json   release_version, name, title, version, state, created, epoch, previous {version, sha256} or null,
                   bump {floor, minimum, override, rules} or null for a first release,
                   licenses, tables [name, rows, fields, primary_key, is_view, sha256], files [name, bytes, sha256,
                   media_type, table or null]

`release.json` lists every file that was written before it. Its own sha256 is what the next release names as `previous`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deedbook.errors import ProjectError
from deedbook.integrity.digests import MANIFEST
from deedbook.names import alike
from deedbook.release.contents import Contents
from deedbook.release.pages import json_text
from deedbook.versioning.previous import CHANGES, read_json


def write_manifest(contents: Contents) -> None:
    """Writes `release.json` about everything that stands in the folder."""
    edition, folder, previous = contents.edition, contents.folder, contents.edition.previous
    record: dict[str, Any] = {
        "release_version": 1,
        "name": edition.name,
        "title": edition.title,
        "version": edition.version,
        "state": edition.state,
        "created": edition.moment,
        "epoch": int(edition.epoch.timestamp()),
        "previous": {"version": previous.version, "sha256": previous.sha256} if previous else None,
        "bump": read_json(folder / CHANGES).get("bump"),
        "licenses": contents.project.package.raw.get("licenses", []),
        "tables": [
            {
                "name": table.outline.name,
                "rows": table.rows,
                "fields": len(table.outline.schema.fields),
                "primary_key": list(table.outline.schema.primary_key),
                "is_view": table.outline.is_view,
                "sha256": table.file.sha256,
            }
            for table in contents.tables
        ],
        "files": [
            {
                "name": file.name,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "media_type": file.media_type,
                "table": file.table or None,
            }
            for file in contents.files()
        ],
    }
    if same := alike(entry["name"] for entry in record["files"]):
        raise ProjectError(f"{same[0]} and {same[1]} cannot be two files on every system", "rename one of the tables")
    (folder / MANIFEST).write_text(json_text(record, 2), encoding="utf-8", newline="\n")


def table_digests(folder: Path) -> dict[str, str]:
    """The content digests of the tables of a built release by name.

    Raises:
        ProjectError: when its `release.json` is missing or malformed.
    """
    file = folder / MANIFEST
    try:
        return {str(entry["name"]): str(entry["sha256"]) for entry in json.loads(file.read_bytes())["tables"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"{file}: is no readable release manifest: {error}", f"move {folder} away and build again"
        ) from None
