"""The content-addressed store of verified files: a name is a sha256, so that nothing in it can be out of date.

Safe for several processes: a file appears by one rename, and whoever downloads it holds its lock. A file is hashed again
whenever it is used; one that was damaged since is removed and counts as never fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deedbook import files
from deedbook.fetching.partial import Partial
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.locks import locked

_PATIENCE = 6 * 3600.0
"""Seconds to wait for another process that downloads the same file."""


class Cache:
    """The store in one folder.

    Args:
        root: Made when something is put.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, sha256: str) -> Path | None:
        """The file with that content, whole; None when it is not here."""
        path = self._object(sha256)
        try:
            if sha256_of(path) == sha256:
                return path
            path.unlink()
        except FileNotFoundError:
            pass
        return None

    @contextmanager
    def adding(self, sha256: str, size: int) -> Iterator[Partial]:
        """A partial file for a content that is not here yet, for this process alone; `keep` makes it an object."""
        folder, locks = self._root / "partial", self._root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        locks.mkdir(parents=True, exist_ok=True)
        with (
            locked(locks / f"{sha256}.lock", who="download", wait=_PATIENCE),
            Partial(folder / f"{sha256}.part", size) as it,
        ):
            yield it

    def keep(self, partial: Partial, sha256: str) -> Path:
        """Makes a verified partial file an object."""
        path = self._object(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.finish(path)
        return path

    def put(self, content: bytes, sha256: str) -> Path:
        """Makes verified bytes an object."""
        path = self._object(sha256)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(path, content)
        return path

    def note(self, key: str, content: bytes) -> None:
        """Keeps something small under a key that does not follow from its content; whoever reads it proves it."""
        path = self._root / "notes" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, content)

    def recall_note(self, key: str) -> bytes | None:
        """What was kept under the key."""
        path = self._root / "notes" / key
        return path.read_bytes() if path.is_file() else None

    def _object(self, sha256: str) -> Path:
        return self._root / "objects" / sha256[:2] / sha256
