"""A release as a folder, whether it is one or is packed in a `.zip`.

An archive is unpacked into a temporary folder, one file at a time: plain files with plain names only, all in the root or all in
one folder, within limits of number and size, whatever its directory claims.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

MOST_FILES = 5_000
MOST_BYTES = 1 << 40
_HIGHEST_RATIO = 2_000
_CHUNK = 1 << 20


class ArchiveError(ValueError):
    """The archive is damaged, or holds what no release holds."""


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a release.

    Raises:
        ArchiveError: when it is an archive that cannot be unpacked.
    """
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        try:
            _unpack(path, Path(folder))
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            UnicodeDecodeError,
        ) as error:
            raise ArchiveError(f"cannot be unpacked: {error}") from None
        yield Path(folder)


def _unpack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_FILES:
            raise ArchiveError(f"holds {len(members):,} files")
        left = min(MOST_BYTES, _HIGHEST_RATIO * max(path.stat().st_size, 1))
        for name, member in _named(members).items():
            with archive.open(member) as packed, (folder / name).open("xb") as file:
                while chunk := packed.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ArchiveError("unpacks to more than a release can be")
                    file.write(chunk)


def _named(members: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The members by plain name."""
    places = [PurePosixPath(member.filename.replace("\\", "/")) for member in members]
    if len({place.parent for place in places}) > 1 or any(len(place.parts) > 2 for place in places):
        raise ArchiveError("holds files in several folders; a release is flat")
    found: dict[str, zipfile.ZipInfo] = {}
    for place, member in zip(places, members, strict=True):
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if is_link or ".." in place.parts or place.is_absolute() or ":" in place.name or place.name in found:
            raise ArchiveError(f"holds {member.filename!r}, which no release does")
        found[place.name] = member
    return found


def copy_flat(source: Path, target: Path) -> None:
    """Copies the files of a release folder to a new one."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)
