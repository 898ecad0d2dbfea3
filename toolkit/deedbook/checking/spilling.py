"""Key hashes beyond the memory budget: radix partitions in a temporary folder.

    TMP/deedbook-keys-PID-XXXX/LOG/NN.bin   pairs of (hash, record) as native 64-bit integers, NN the hash's top bits

The folder goes when the validation ends; one that a killed process left behind goes at the next start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Hashes: TypeAlias = "npt.NDArray[np.uint64]"
Records: TypeAlias = "npt.NDArray[np.int64]"

PARTITIONS = 64
_SHIFT = 58
_PREFIX = "deedbook-keys-"
_PAIR = [("hash", "u8"), ("record", "i8")]


@dataclass(slots=True)
class Shelf:
    """Where hashes go when they no longer fit.

    Attributes:
        budget: Bytes that all hashes together may take in memory.
        used: Bytes that they take now.
    """

    budget: int
    used: int = 0
    _folder: Path | None = None
    _logs: int = 0

    def is_full(self, size: int) -> bool:
        """Whether so many more bytes are too many; otherwise they count as used."""
        if self.used + size > self.budget:
            return True
        self.used += size
        return False

    def clear(self) -> None:
        """Removes the folder."""
        if self._folder is not None:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)

    def release(self, size: int) -> None:
        """Bytes that are in memory no longer."""
        self.used -= size

    def new_log(self) -> Path:
        """A folder for the partitions of one log."""
        if self._folder is None:
            import tempfile

            remove_abandoned()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._logs += 1
        folder = self._folder / str(self._logs)
        folder.mkdir()
        return folder


@contextmanager
def open_shelf(budget: int) -> Iterator[Shelf]:
    """A shelf whose folder is removed at the end, whatever happens."""
    shelf = Shelf(budget)
    try:
        yield shelf
    finally:
        shelf.clear()


def remove_abandoned() -> None:
    """Removes the folders of processes that no longer run."""
    import shutil
    import tempfile

    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@dataclass(slots=True)
class Partitions:
    """(hash, record) pairs on disk, by the hash's top bits."""

    folder: Path
    count: int = 0
    _known: set[int] = field(default_factory=set)

    def add(self, hashes: Hashes, records: Records) -> None:
        """Appends pairs."""
        part = partition_of(hashes)
        order = np.argsort(part, kind="stable")
        pairs = np.empty(len(hashes), _PAIR)
        pairs["hash"], pairs["record"] = hashes[order], records[order]
        bounds = np.searchsorted(part[order], np.arange(PARTITIONS + 1))
        for number in range(PARTITIONS):
            piece = pairs[bounds[number] : bounds[number + 1]]
            if len(piece):
                self._known.add(number)
                with (self.folder / f"{number:02d}.bin").open("ab") as file:
                    file.write(piece.tobytes())
        self.count += len(hashes)

    def read(self, number: int) -> tuple[Hashes, Records]:
        """One partition."""
        if number not in self._known:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        pairs = np.fromfile(self.folder / f"{number:02d}.bin", _PAIR)
        return np.ascontiguousarray(pairs["hash"]), np.ascontiguousarray(pairs["record"])


def partition_of(hashes: Hashes) -> Records:
    """The partition of each hash."""
    return (hashes >> np.uint64(_SHIFT)).astype(np.int64)
