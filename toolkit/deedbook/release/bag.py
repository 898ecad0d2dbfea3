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
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deedbook import __version__
from deedbook.errors import ProjectError, RefusalError
from deedbook.files import explained_disk, new_folder
from deedbook.integrity.containers import ArchiveError, opened_release
from deedbook.integrity.digests import MANIFEST, sha256_of, sums_text
from deedbook.integrity.proof import demand_whole
from deedbook.project import DESCRIPTOR


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
    try:
        with opened_release(release) as folder:
            manifest = _read(folder / MANIFEST)
            demand_whole(folder)
            place = target or Path(f"{manifest.get('name')}-{manifest.get('version')}.bag")
            if place.exists():
                raise RefusalError(f"{place} exists already", "a bag is never overwritten: name another with --output")
            with explained_disk(f"{place.parent} cannot take the bag"):
                place.parent.mkdir(parents=True, exist_ok=True)
                with new_folder(place, place.with_name(f".{place.name}.part")) as staged:
                    _fill(staged, folder, manifest)
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
    data.mkdir()
    files = sorted(release.iterdir())
    for file in files:
        shutil.copyfile(file, data / file.name)
    tags = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": _info(manifest, _read(release / DESCRIPTOR), files),
        "manifest-sha256.txt": sums_text({f"data/{file.name}": sha256_of(data / file.name) for file in files}),
    }
    for name, text in tags.items():
        (bag / name).write_text(text, encoding="utf-8", newline="\n")
    sums = sums_text({name: sha256_of(bag / name) for name in tags})
    (bag / "tagmanifest-sha256.txt").write_text(sums, encoding="utf-8", newline="\n")


def _info(manifest: Mapping[str, Any], described: Mapping[str, Any], files: list[Path]) -> str:
    epoch = dt.datetime.fromtimestamp(int(manifest.get("epoch") or 0), dt.UTC)
    release_name = f"{manifest.get('name')} {manifest.get('version')}"
    licences = [str(item.get("name") or item.get("path")) for item in manifest.get("licenses") or ()]
    entries = {
        "Bag-Software-Agent": f"deedbook {__version__}",
        "Bagging-Date": f"{epoch:%Y-%m-%d}",
        "External-Identifier": str(described.get("id") or release_name),
        "External-Description": f"{manifest.get('title') or manifest.get('name')}, version {manifest.get('version')}",
        "Rights": ", ".join(licences),
        "Payload-Oxum": f"{sum(file.stat().st_size for file in files)}.{len(files)}",
    }
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in entries.items() if value)
