"""A catalogue in a folder: written beside, put on the disk, named once; nothing outside the folder is ever touched.

ROOT/.lock          held, for moments only, while something gets its name
ROOT/.upload/       files being written, each locked by its writer; what a dead one left is removed by the next
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deedbook import files
from deedbook.catalogue.reading import LARGEST
from deedbook.catalogue.store import ConflictError, ExistsError, Progress, Versioned
from deedbook.errors import DeedbookError, ProjectError, RefusalError, SpaceError
from deedbook.integrity.locks import locked, try_lock

_LOCK = ".lock"
_UPLOAD = ".upload"
_PATIENCE = 60.0
"""Seconds to wait for the lock, which nobody holds for longer than a rename takes."""
_CHUNK = 1 << 20


class DirectoryStore:
    """A store whose root is a folder; it is made by the first write.

    Args:
        root: The folder; it may itself be a symbolic link, nothing below it may be one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.where = f"{root}{os.sep}"

    def read(self, path: str) -> Versioned | None:
        """A small document and its sha256 as the tag; None when there is none."""
        place = self._place(path)
        try:
            with place.open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explained(error, place) from None
        if len(content) > LARGEST:
            raise ProjectError(f"{place}: is larger than {LARGEST >> 20} MB, so it is no document of a catalogue")
        return Versioned(content, _tag(content))

    def size(self, path: str) -> int | None:
        """The bytes of a file; None when there is none."""
        try:
            return self._place(path).stat().st_size
        except FileNotFoundError:
            return None

    def digest(self, path: str, progress: Progress) -> str | None:
        """The sha256 of a file as it is on the disk; None when there is none."""
        try:
            with self._place(path).open("rb") as file:
                return _hash(file.fileno(), progress)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explained(error, self.root / path) from None

    def put_new(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Copies a file to where nothing stands.

        Raises:
            ExistsError: when something stands there.
            RefusalError: when it does not have that sha256.
            SpaceError: when the disk is full or the folder cannot be written.
        """
        place = self._place(path)
        if os.path.lexists(place):
            raise ExistsError(f"{place} exists already", "a published file is never rewritten")
        with self._temporary() as (temporary, handle):
            with file.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    files.write_all(handle, chunk)
                    progress(len(chunk))
            os.fsync(handle)
            os.lseek(handle, 0, os.SEEK_SET)
            if _hash(handle, lambda _bytes: None) != sha256:
                raise RefusalError(f"{file} was changed while it was being published", "build and verify it again")
            self._name(temporary, place)

    def replace(self, path: str, content: bytes, tag: str | None) -> str:
        """Puts a document in place of the one with that tag.

        Raises:
            ConflictError: when another one stands there.
            SpaceError: when the disk is full or the folder cannot be written.
        """
        place = self._place(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                found = self.read(path)
                if (found.tag if found else None) != tag:
                    raise ConflictError(f"{place} was replaced by somebody else", "publish again")
                files.replace(place, content)
        except OSError as error:
            raise _explained(error, place) from None
        return _tag(content)

    def tidy(self, digests: Iterable[str]) -> None:  # noqa: ARG002  # here, what is nobody's any more can be told without
        """Removes what dead writers left."""
        if self.root.is_dir():
            with self._locked():
                with suppress(FileNotFoundError):
                    self._sweep()
                self._drop_empty()
                # a document is written under this lock, so whoever left one half written is dead
                for folder in (self.root, *(item for item in self.root.iterdir() if item.is_dir())):
                    files.sweep(folder, age=0)

    def _name(self, temporary: Path, place: Path) -> None:
        """Gives a finished file its name, unless something has it."""
        with self._locked():
            place.parent.mkdir(parents=True, exist_ok=True)
            self._place(place.relative_to(self.root).as_posix())
            if os.path.lexists(place):
                raise ExistsError(f"{place} exists already", "a published file is never rewritten")
            files.rename(temporary, place)
            files.sync(place.parent.parent)
            self._drop_empty()

    def _place(self, path: str) -> Path:
        """Where a relative path is.

        Raises:
            RefusalError: when it would leave the folder, through `..` or a symbolic link.
        """
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\\" in part or "\0" in part or ":" in part for part in parts):
            raise RefusalError(f"{path!r} is no path inside the catalogue {self.root}", "do not use this catalogue")
        place = self.root
        for number, part in enumerate(parts, start=1):
            place = place / part
            if not _is_fit(place, is_last=number == len(parts)):
                raise RefusalError(
                    f"{place} is a symbolic link or otherwise not what a catalogue has there",
                    "put a plain copy in its place",
                )
        return place

    @contextmanager
    def _temporary(self) -> Iterator[tuple[Path, int]]:
        """A new file below the root that goes away unless it was given a name."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._locked():
                (self.root / _UPLOAD).mkdir(exist_ok=True)
                self._sweep()
                temporary = self.root / _UPLOAD / secrets.token_hex(8)
                handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
                try_lock(handle)
        except OSError as error:
            raise _explained(error, self.root) from None
        try:
            yield temporary, handle
        except OSError as error:
            raise _explained(error, self.root) from None
        finally:
            os.close(handle)
            temporary.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Removes what dead writers left; whoever lives holds a lock on its file, and takes it under ours."""
        for item in (self.root / _UPLOAD).iterdir():
            with suppress(OSError):
                handle = os.open(item, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
                try:
                    if try_lock(handle):
                        item.unlink()
                finally:
                    os.close(handle)

    def _drop_empty(self) -> None:
        """Removes the folder of temporary files when none is left; new ones are made under the same lock."""
        with suppress(OSError):
            (self.root / _UPLOAD).rmdir()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with locked(self.root / _LOCK, who="publisher", wait=_PATIENCE):
            yield


def _is_fit(place: Path, *, is_last: bool) -> bool:
    """Whether a plain file stands there, a folder where more of the path follows, or nothing."""
    try:
        kind = place.lstat().st_mode
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _explained(error, place) from None
    return stat.S_ISREG(kind) if is_last else stat.S_ISDIR(kind)


def _hash(handle: int, progress: Progress) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(handle, _CHUNK):
        digest.update(chunk)
        progress(len(chunk))
    return digest.hexdigest()


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _explained(error: OSError, place: Path) -> DeedbookError:
    if reason := files.disk_refusal(error):
        return SpaceError(f"{reason}: {place}", "free some space and publish again; nothing is done twice")
    return RefusalError(
        f"{error.filename or place}: {error.strerror or error}", "make it a folder that you can write to"
    )
