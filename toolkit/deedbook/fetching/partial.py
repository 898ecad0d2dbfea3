"""A file that is coming: written grain by grain, in any order, by several threads, and found again after a kill.

    SHA256.part   as long as the file will be; a grain that has not come is a hole
    SHA256.have   a line for what is there: `g NUMBER` for a grain, `t TAG ADDRESS` for the ETag that an address had

Both only save work: whatever they say, the sha256 of the whole decides in the end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from deedbook import files

GRAIN = 1 << 20
"""Bytes that are noted together; only the last grain of a file is shorter."""


class Partial:
    """A partial file of a known size, open for writing.

    Args:
        path: Its `.part`; the folder exists.
        size: Bytes of the whole file.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.grains = -(-size // GRAIN)
        self.tags: dict[str, str] = {}
        self._noted = path.with_suffix(".have")
        self._have: set[int] = set()
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        if path.is_file() and path.stat().st_size == size:
            self._recall()
        self._file: IO[bytes] = path.open("r+b" if self._have else "w+b", buffering=0)
        self._file.truncate(size)
        self._notes: IO[bytes] = self._noted.open("ab" if self._have else "wb", buffering=0)
        self.resumed = len(self._have)

    def _recall(self) -> None:
        """Reads the notes; a line that a kill tore is no note."""
        content = self._noted.read_bytes() if self._noted.is_file() else b""
        for line in content.decode("utf-8", "replace").split("\n")[:-1]:
            kind, _, rest = line.partition(" ")
            if kind == "g" and rest.isdecimal() and int(rest) < self.grains:
                self._have.add(int(rest))
            elif kind == "t":
                tag, _, address = rest.partition(" ")
                self.tags[address] = tag

    def __enter__(self) -> Partial:
        """The file, open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it; what has come stays."""
        self._file.close()
        self._notes.close()

    def length(self, grain: int) -> int:
        """Bytes of a grain."""
        return min(GRAIN, self.size - grain * GRAIN)

    def write(self, grain: int, content: bytes) -> None:
        """Puts a whole grain where it belongs."""
        with self._lock:
            self._file.seek(grain * GRAIN)
            rest = memoryview(content)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._notes.write(b"g %d\n" % grain)
            self._have.add(grain)
            self._arrived.notify_all()

    def note_tag(self, address: str, tag: str) -> None:
        """Remembers the ETag that parts of this file came with."""
        with self._lock:
            if tag and " " not in tag and "\n" not in tag and self.tags.get(address) != tag:
                self.tags[address] = tag
                self._notes.write(f"t {tag} {address}\n".encode())

    def wait_for(self, grain: int, seconds: float) -> bool:
        """Whether the grain is there, now or within that time."""
        with self._lock:
            return self._arrived.wait_for(lambda: grain in self._have, seconds)

    def runs(self, most: int) -> Iterator[tuple[int, int]]:
        """What is missing, as ranges of grains (first, the one after the last) of at most that many."""
        missing = [grain for grain in range(self.grains) if grain not in self._have]
        first = None
        for position, grain in enumerate(missing):
            first = grain if first is None else first
            is_last = position + 1 == len(missing) or missing[position + 1] != grain + 1
            if is_last or grain + 1 - first == most:
                yield first, grain + 1
                first = None

    def bytes_there(self) -> int:
        """How much has come."""
        with self._lock:
            return sum(self.length(grain) for grain in self._have)

    def empty(self) -> None:
        """Forgets everything that came."""
        with self._lock:
            self._have.clear()
            self.tags.clear()
            self.resumed = 0
            self._notes.truncate(0)
            self._file.truncate(0)
            self._file.truncate(self.size)

    def discard(self) -> None:
        """Removes both files."""
        self.path.unlink(missing_ok=True)
        self._noted.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Gives the file its name, read-only; the one step that makes it a verified one.

        The notes go first: a kill in between costs the file once more, and leaves nothing that nobody removes.
        """
        self._noted.unlink(missing_ok=True)
        self.path.chmod(0o444)
        files.sync(self.path)
        files.rename(self.path, target)
