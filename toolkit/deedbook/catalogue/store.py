"""Where a catalogue is kept: what every kind of place must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deedbook.errors import RefusalError, RemoteError

Progress = Callable[[int], None]
"""Told how many bytes more have been moved."""


class ExistsError(RefusalError):
    """Something stands where a new file was to be put."""


class ConflictError(RemoteError):
    """Somebody else replaced the document since it was read."""


@dataclass(frozen=True, slots=True)
class Versioned:
    """A small document as it was read; `tag` names this state of it."""

    content: bytes
    tag: str


class Store(Protocol):
    """A place of files with relative paths; nothing in it is ever half-written.

    Attributes:
        where: What people call it; without credentials.
    """

    where: str

    def read(self, path: str) -> Versioned | None:
        """A small document; None when there is none.

        Raises:
            ProjectError: when it is larger than any document.
        """

    def size(self, path: str) -> int | None:
        """The bytes of what stands there; None when nothing does."""

    def digest(self, path: str, progress: Progress) -> str | None:
        """The sha256 of what is really stored, by reading it back; None when nothing is."""

    def put_new(self, path: str, file: Path, sha256: str, progress: Progress) -> None:
        """Puts a file of any size where nothing stands.

        Raises:
            ExistsError: when something stands there; it is left as it is.
            RefusalError: when the file does not have that sha256; nothing is put.
        """

    def replace(self, path: str, content: bytes, tag: str | None) -> str:
        """Puts a small document in place of the state that `tag` names, None being none, and returns the new tag.

        Raises:
            ConflictError: when another state stands there.
        """

    def tidy(self, digests: Iterable[str]) -> None:
        """Removes what interrupted uploads left of files with these sha256, all of which are in place."""
