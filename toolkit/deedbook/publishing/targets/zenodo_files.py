"""Which files of a release are deposited one by one: a record holds about a hundred, a release can have more.

    up to 99 files   each is deposited under its own name
    more             whole formats go, the least asked for first, into `NAME-VERSION-more.zip`, until 99 files and the archive are left

Whoever unpacks that archive beside the other files has the release as it was built: `sha256sum -c SHA256SUMS` proves all of it.
The archive is stored, not compressed, with fixed dates, so that its bytes are the same whoever makes it.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from deedbook.publishing.steps import PublishableFile, PublishableRelease

MOST_FILES = 99
"""Deposited one by one: one less than a record holds, for the archive."""
_MOVED = (".jsonl", ".rds", ".sav", ".dta", ".diff.csv", ".svg", ".parquet", ".csv")
"""In this order; what ends in none of them is deposited by itself."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is deposited: `single` by itself, `packed` in the archive of that name."""

    single: tuple[PublishableFile, ...]
    packed: tuple[PublishableFile, ...]
    archive: str


def select_files(release: PublishableRelease, most: int = MOST_FILES) -> Selection:
    """Which files go where; the same for the same release."""
    archive = f"{release.name}-{release.version}-more.zip"
    single, packed = list(release.files), list[PublishableFile]()
    for suffix in (*_MOVED, ""):
        if len(single) <= most:
            break
        moved = [file for file in single if file.name.endswith(suffix) and not _is_key(file.name)]
        if not suffix:
            moved = sorted(moved, key=lambda file: file.name)[: len(single) - most]
        names = {file.name for file in moved}
        single = [file for file in single if file.name not in names]
        packed += moved
    return Selection(tuple(single), tuple(sorted(packed, key=lambda file: file.name)), archive)


def _is_key(name: str) -> bool:
    """Whether the file proves or explains the others, and so stands by itself."""
    return name.startswith("SHA256SUMS") or name in {
        "release.json",
        "README.md",
        "CODEBOOK.md",
        "LICENSE",
        "datacite.json",
    }


def write_archive(release: PublishableRelease, selection: Selection, folder: Path) -> Path:
    """Writes the archive into a folder."""
    path = folder / selection.archive
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in selection.packed:
            entry = zipfile.ZipInfo(file.name, _EPOCH)
            entry.external_attr, entry.create_system, entry.file_size = 0o644 << 16, 3, file.size
            with (release.folder / file.name).open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    return path


def digest_of(path: Path, kind: str) -> str:
    """The digest of a file in hexadecimal; md5 is what deposit servers tell, and proves nothing else here."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
