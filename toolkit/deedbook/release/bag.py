"""A release as a BagIt 1.0 bag (RFC 8493), for repositories that take in bags.

    BAG/bagit.txt                version and encoding
    BAG/bag-info.txt             Bagging-Date (the day of the release's epoch), External-Identifier, Payload-Oxum, ...
    BAG/data/                    the files of the release, byte by byte
    BAG/manifest-sha256.txt      checksums of data/
    BAG/tagmanifest-sha256.txt   checksums of the three files above

The same release gives the same bytes: no clock is asked. The bag is written beside its place and renamed once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deedbook import __version__
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.files import explained_disk, rename
from deedbook.integrity.containers import ArchiveError, opened
from deedbook.integrity.digests import MANIFEST, sha256_of
from deedbook.integrity.proof import demand_whole
from deedbook.project import DESCRIPTOR

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def make_bag(release: Path, target: Path | None = None) -> Path:
    """Writes a release as a bag and returns its folder.

    Args:
        release: The folder of a release, or its `.zip`.
        target: The bag's folder; `NAME-VERSION.bag` in the working directory when None.

    Raises:
        UsageError: when there is no such release.
        ProjectError: when it is no release, or an archive that cannot be unpacked.
        SpaceError: when the disk is full.
        RefusalError: when the release is damaged, or something stands in the bag's place.
    """
    if not release.exists():
        raise UsageError(
            f"{release}: no such file or folder", "name the folder of a release, dist/NAME/VERSION, or its .zip"
        )
    try:
        with opened(release) as folder:
            manifest = _read(folder / MANIFEST)
            demand_whole(folder)
            place = target or Path(f"{manifest.get('name')}-{manifest.get('version')}.bag")
            if place.exists():
                raise RefusalError(f"{place} exists already", "a bag is never overwritten: name another with --output")
            staged = place.with_name(f".{place.name}.part")
            shutil.rmtree(staged, ignore_errors=True)
            try:
                with explained_disk(f"{place.parent} cannot take the bag"):
                    _fill(staged, folder, manifest)
                    rename(staged, place)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            return place
    except ArchiveError as error:
        raise ProjectError(f"{release}: {error}", "download it again") from None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path}: cannot be read, so there is no release: {error}") from None
    return record if isinstance(record, dict) else {}


def _fill(bag: Path, release: Path, manifest: Mapping[str, Any]) -> None:
    data = bag / "data"
    data.mkdir(parents=True)
    files = sorted(release.iterdir())
    for file in files:
        shutil.copyfile(file, data / file.name)
    payload = "".join(f"{sha256_of(data / file.name)}  data/{file.name}\n" for file in files)
    size = sum(file.stat().st_size for file in files)
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": _info(manifest, _read(release / DESCRIPTOR), f"{size}.{len(files)}"),
        "manifest-sha256.txt": payload,
    }
    tags["tagmanifest-sha256.txt"] = "".join(
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(tags.items())
    )
    for name, text in tags.items():
        (bag / name).write_text(text, encoding="utf-8", newline="\n")


def _info(manifest: Mapping[str, Any], described: Mapping[str, Any], oxum: str) -> str:
    epoch = dt.datetime.fromtimestamp(int(manifest.get("epoch") or 0), dt.UTC)
    name, version = str(manifest.get("name")), str(manifest.get("version"))
    licences = [str(item.get("name") or item.get("path")) for item in manifest.get("licenses") or ()]
    entries = {
        "Bag-Software-Agent": f"deedbook {__version__}",
        "Bagging-Date": f"{epoch:%Y-%m-%d}",
        "External-Identifier": str(described.get("id") or f"{name} {version}"),
        "External-Description": f"{manifest.get('title') or name}, version {version}",
        "Rights": ", ".join(licences),
        "Payload-Oxum": oxum,
    }
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in entries.items() if value)
