"""SHA-256 of files, and `SHA256SUMS`, which `sha256sum -c` proves: one line `DIGEST  NAME` a file, sorted by name.

It lists every file of a release but itself and its signature. Hashing does 0.4 to 1.4 GB/s, whatever the processor has for it, so what
was written is read back and hashed once.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from deedbook.names import alike, file_problem

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.minisig"
MANIFEST = "release.json"
PROVENANCE = "provenance.intoto.jsonl"
BUILD_FILE = "BUILD.json"
_DIGEST = re.compile("[0-9a-f]{64}")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Digests:
    """The sha256 of files as they are read back: a file is read once, and again when anything of its state has changed.

    Only within the run that makes a release: of its inputs, and of its files once each is whole. Whoever proves a release later
    reads its files.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int, int, int], str] = {}

    def __call__(self, path: Path) -> str:
        """The sha256 of a file, in hexadecimal."""
        stat = path.stat()
        # no program can set the last of these times
        state = (path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if state not in self._known:
            self._known[state] = sha256_of(path)
        return self._known[state]


def sums_text(digests: Mapping[str, str]) -> str:
    """The one text of `SHA256SUMS` for these digests by file name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def read_sums(content: bytes) -> tuple[dict[str, str], str]:
    """The digests by file name that a `SHA256SUMS` lists, and what is wrong with it; empty when nothing is.

    The form is held to the byte, and names must be such as a release may have on every system.
    """
    text = content.decode("utf-8", "replace")
    sums = {name: digest for digest, mark, name in (line.partition("  ") for line in text.split("\n")) if mark}
    if sums_text(sums) != text or not all(map(_DIGEST.fullmatch, sums.values())):
        return sums, "is not the sorted list of `DIGEST  NAME` that a release has"
    for name in sums:
        if problem := "cannot be listed" if name in {SUMS, SIGNATURE} else file_problem(name):
            return sums, f"lists {name!r}, which {problem}"
    if same := alike(sums):
        return sums, f"lists {same[0]!r} and {same[1]!r}, which some systems take for one file"
    return sums, ""
