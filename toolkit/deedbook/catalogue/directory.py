"""A catalogue in a folder: a file is written beside its place, put on the disk and named once; nothing leaves the folder.

ROOT/.lock                    held, for moments only, while something is compared and gets its name
ROOT/.../.FILE.TOKEN.part     a file being written (files); what a dead writer left is removed by the next one
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from deedbook import files
from deedbook.catalogue.records import LARGEST
from deedbook.catalogue.store import ConflictError, ExistsError, Progress, Versioned
from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.digests import sha256_of

_PATIENCE = 60.0
"""Seconds to wait for the lock, which nobody holds for longer than a small file takes."""


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
        with _explained(place), suppress(FileNotFoundError), place.open("rb") as file:
            content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ProjectError(f"{place}: is larger than {LARGEST >> 20} MB, so it is no document of a catalogue")
            return Versioned(content, hashlib.sha256(content).hexdigest())
        return None

    def size(self, path: str) -> int | None:
        """The bytes of a file; None when there is none."""
        place = self._place(path)
        return place.stat().st_size if place.is_file() else None

    def digest(self, path: str) -> str | None:
        """The sha256 of a file as it is on the disk; None when there is none."""
        place = self._place(path)
        with _explained(place), suppress(FileNotFoundError):
            return sha256_of(place)
        return None

    def put_new(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Copies a file to where nothing stands.

        Raises:
            ExistsError: when something stands there.
            RefusalError: when it does not have that sha256.
            SpaceError: when the disk is full or the folder cannot be written.
        """
        place = self._place(path)

        def demand_free() -> None:
            if os.path.lexists(place):
                raise ExistsError(f"{place} exists already", "a published file is never rewritten")

        def prove(staged: Path) -> None:
            if sha256_of(staged) != sha256:
                raise RefusalError(f"{file} was changed while it was being published", "build and verify it again")
            stack.enter_context(self._locked())  # until the file has its name
            demand_free()

        with _explained(self.root), ExitStack() as stack:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._place(path)  # once more, now that its folders stand
            demand_free()
            try:
                with files.replacement(place, prove=prove) as copy, file.open("rb") as source:
                    while chunk := source.read(1 << 20):
                        files.write_all(copy.fileno(), chunk)
                        progress(len(chunk))
            except FileNotFoundError:  # who put it there first has tidied this copy away
                demand_free()
                raise
            files.sync(place.parent.parent)

    def replace(self, path: str, content: bytes, tag: str | None) -> str:
        """Puts a document in place of the one with that tag.

        Raises:
            ConflictError: when another one stands there.
            SpaceError: when the disk is full or the folder cannot be written.
        """
        place = self._place(path)
        with _explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                found = self.read(path)
                if (found.tag if found else None) != tag:
                    raise ConflictError(f"{place} was replaced by somebody else", "publish again")
                files.replace(place, content)
        return hashlib.sha256(content).hexdigest()

    def sizes(self) -> dict[str, int]:
        """The bytes of every file of a version, by path; what is not finished is none."""
        found = (file for file in self.root.glob("*/*/*") if file.is_file() and not file.name.startswith("."))
        return {file.relative_to(self.root).as_posix(): file.stat().st_size for file in found}

    def tidy(self, digests: Iterable[str]) -> None:  # noqa: ARG002  # here, what is nobody's any more can be told without
        """Removes what dead writers left, in the root and in version folders."""
        if (self.root / ".lock").exists():
            with self._locked():  # whoever takes a lock removes it
                pass
        for folder in (self.root, *self.root.glob("*/"), *self.root.glob("*/*/")):
            if not folder.is_symlink():
                files.sweep(folder)

    def _locked(self) -> AbstractContextManager[None]:
        return files.locked(self.root / ".lock", who="publisher", wait=_PATIENCE)

    def _place(self, path: str) -> Path:
        """Where a relative path is.

        Raises:
            RefusalError: when it would leave the folder, through `..` or a symbolic link.
        """
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\\" in part or "\0" in part or ":" in part for part in parts):
            raise RefusalError(f"{path!r} is no path inside the catalogue {self.root}", "do not use this catalogue")
        place = self.root.joinpath(*parts)
        if os.path.realpath(place) != str(place) or (place.exists() and not place.is_file()):
            message = f"{place} is a symbolic link or otherwise not what a catalogue has there"
            raise RefusalError(message, "put a plain copy in its place")
        return place


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Turns what the system says into what a publisher can act on."""
    hint = "free some space and publish again; nothing is done twice"
    try:
        with files.explained_disk(f"{place} stays as it was", hint):
            yield
    except OSError as error:
        message = f"{error.filename or place}: {error.strerror or error}"
        raise RefusalError(message, "make it a folder that you can write to") from None
