"""A release as a BagIt 1.0 bag (RFC 8493), for repositories that take in bags.

    BAG/bagit.txt                version and encoding
    BAG/bag-info.txt             Bagging-Date (the day of the release's epoch), External-Identifier, Payload-Oxum, ...
    BAG/data/                    the files of the release, byte by byte
    BAG/manifest-sha256.txt      checksums of data/
    BAG/tagmanifest-sha256.txt   checksums of the three files above

The same release gives the same bytes: no clock is asked. The bag is written beside its place and renamed once.
"""

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deedbook import __version__, files
from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity import proof
from deedbook.integrity.containers import ArchiveError, opened_release
from deedbook.integrity.digests import MANIFEST, sha256_of, sums_text
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
            read = proof.read_from(folder)
            if (content := read(MANIFEST)) is None:
                raise ProjectError(f"{folder / MANIFEST}: cannot be read, so there is no release")
            proof.demand_whole(folder)
            manifest, described = proof.json_object(content), proof.json_object(read(DESCRIPTOR) or b"")
            place = target or Path(f"{manifest.get('name')}-{manifest.get('version')}.bag")
            if place.exists():
                raise RefusalError(f"{place} exists already", "a bag is never overwritten: name another with --output")
            with files.explained_disk(f"{place.parent} cannot take the bag"):
                place.parent.mkdir(parents=True, exist_ok=True)
                with files.new_folder(place, place.with_name(f".{place.name}.part")) as staged:
                    _fill(staged, folder, manifest, described)
            return place
    except ArchiveError as error:
        raise ProjectError(f"{release}: {error}", "download it again") from None


def _fill(bag: Path, release: Path, manifest: Mapping[str, Any], described: Mapping[str, Any]) -> None:
    (bag / "data").mkdir()
    payload = [Path(shutil.copyfile(file, bag / "data" / file.name)) for file in sorted(release.iterdir())]
    epoch = dt.datetime.fromtimestamp(int(manifest.get("epoch", 0)), dt.UTC)
    name, version = manifest.get("name"), manifest.get("version")
    about = {
        "Bag-Software-Agent": f"deedbook {__version__}",
        "Bagging-Date": f"{epoch:%Y-%m-%d}",
        "External-Identifier": str(described.get("id", f"{name} {version}")),
        "External-Description": f"{manifest.get('title', name)}, version {version}",
        "Rights": ", ".join(str(item.get("name") or item.get("path")) for item in manifest.get("licenses", ())),
        "Payload-Oxum": f"{sum(file.stat().st_size for file in payload)}.{len(payload)}",
    }
    (bag / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    info = "".join(f"{label}: {' '.join(text.split())}\n" for label, text in about.items() if text)
    (bag / "bag-info.txt").write_bytes(info.encode())
    (bag / "manifest-sha256.txt").write_bytes(_sums(bag, payload))
    tags = [bag / name for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")]
    (bag / "tagmanifest-sha256.txt").write_bytes(_sums(bag, tags))


def _sums(bag: Path, files: Iterable[Path]) -> bytes:
    return sums_text({file.relative_to(bag).as_posix(): sha256_of(file) for file in files}).encode()
