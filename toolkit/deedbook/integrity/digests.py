"""SHA-256 of files: about 1.4 GB/s, so a written file is simply read again, though not more often than it must."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

SUMS = "SHA256SUMS"
PROVENANCE = "provenance.intoto.jsonl"
DigestOf = Callable[[Path], str]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums_text(digests: Mapping[str, str]) -> str:
    """The one text of `SHA256SUMS` for these digests by file name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


class Digests:
    """The sha256 of files that nobody else writes: a file is read once, and again when its size or time has changed.

    Only for what is written down while a release is being made. Whoever proves a release reads its files.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def __call__(self, path: Path) -> str:
        """The sha256 of a file, in hexadecimal."""
        stat = path.stat()
        state = (path, stat.st_size, stat.st_mtime_ns)
        if state not in self._known:
            self._known[state] = sha256_of(path)
        return self._known[state]
