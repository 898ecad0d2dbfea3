"""Writes the metadata of a release beside its data: first one file a standard, then the page that lists them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deedbook.descriptor import Package
from deedbook.integrity.digests import DigestOf, sha256_of
from deedbook.release.edition import Edition
from deedbook.release.metadata.croissant import croissant
from deedbook.release.metadata.csvw import csvw
from deedbook.release.metadata.datacite import datacite
from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.metadata.dcat import dcat
from deedbook.release.metadata.page import index_html
from deedbook.release.metadata.record import Record, make_record, read_files
from deedbook.release.metadata.rocrate import ro_crate
from deedbook.release.tables import Outline
from deedbook.versioning.previous import CHANGES, read_json

_WRITERS: tuple[tuple[str, Callable[[Record], dict[str, Any]]], ...] = (
    ("croissant.json", croissant),
    ("csv-metadata.json", csvw),
    ("datacite.json", datacite),
    ("ro-crate-metadata.json", ro_crate),
)


def write_metadata(
    package: Package,
    edition: Edition,
    tables: Sequence[tuple[Outline, CsvFile]],
    folder: Path,
    digest: DigestOf = sha256_of,
) -> None:
    """Describes everything that stands in the folder; what is written later has no checksum in these files."""
    record = make_record(package, edition, tables, folder, digest)
    for name, describe in _WRITERS:
        _write(folder / name, json.dumps(describe(record), ensure_ascii=False, indent=2) + "\n")
    _write(folder / "dcat.ttl", dcat(record))
    files = read_files(folder, {outline.name for outline, _ in tables}, digest)
    _write(folder / "index.html", index_html(record, files, read_json(folder / CHANGES)))


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
