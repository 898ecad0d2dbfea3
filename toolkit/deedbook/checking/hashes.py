"""The hashes of a whole table's key: a table to look others up in, and radix partitions on disk beyond the memory budget.

    TMP/deedbook-keys-PID-XXXX/LOG/NN.bin   pairs of (hash, record) as native 64-bit integers, NN the hash's top bits

The folder goes when the validation ends; one that a killed process left behind goes at the next start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.keys import HashedBlock

if TYPE_CHECKING:
    import numpy.typing as npt

Hashes: TypeAlias = "npt.NDArray[np.uint64]"

PARTITIONS = 64
_SHIFT = 58
"""A partition is named by the six top bits of a hash."""
_FEW = 10_000
"""Hashes that polars puts into a set of its own for every block sooner than numpy looks them up."""
_PREFIX = "deedbook-keys-"
_PAIR = [("hash", "u8"), ("record", "i8")]


@dataclass(slots=True)
class Spill:
    """Where hashes go when they no longer fit into memory.

    Attributes:
        budget: Bytes that all hashes together may take in memory.
        used: Bytes that they take now.
    """

    budget: int
    used: int = 0
    folder: Path | None = None
    _logs: int = 0

    def reserve(self, size: int) -> bool:
        """Counts so many more bytes as used; False, and nothing counted, when they are too many."""
        if self.used + size > self.budget:
            return False
        self.used += size
        return True

    def release(self, size: int) -> None:
        """Counts bytes as free that are in memory no longer."""
        self.used -= size

    def new_log(self) -> Path:
        """A folder for the partitions of one log."""
        if self.folder is None:
            import tempfile

            remove_abandoned()
            self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._logs += 1
        folder = self.folder / str(self._logs)
        folder.mkdir()
        return folder


@contextmanager
def open_spill(budget: int) -> Iterator[Spill]:
    """A spill whose folder is removed at the end, whatever happens."""
    spill = Spill(budget)
    try:
        yield spill
    finally:
        if spill.folder is not None:
            import shutil

            shutil.rmtree(spill.folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Removes the folders of processes that no longer run."""
    import shutil
    import tempfile

    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).split("-")[0]
        try:
            os.kill(int(pid), 0)  # signal 0 only asks
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError, OverflowError):  # it runs under another user, or the folder is none of ours
            continue


@dataclass(slots=True)
class Partitions:
    """(hash, record) pairs on disk, by the hash's top bits."""

    folder: Path
    _known: set[int] = field(default_factory=set)

    def add(self, hashes: Hashes, records: Rows) -> None:
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

    def read(self, number: int) -> tuple[Hashes, Rows]:
        """One partition."""
        if number not in self._known:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        pairs = np.fromfile(self.folder / f"{number:02d}.bin", _PAIR)
        return np.ascontiguousarray(pairs["hash"]), np.ascontiguousarray(pairs["record"])


def partition_of(hashes: Hashes) -> Rows:
    """The partition of each hash."""
    return (hashes >> np.uint64(_SHIFT)).astype(np.int64)


@dataclass(slots=True)
class HashLog:
    """The hashes of a whole table's key: in memory, block by block, or on disk once they no longer fit."""

    spill: Spill
    blocks: list[tuple[int, HashedBlock]] = field(default_factory=list)
    partitions: Partitions | None = None

    def add(self, first: int, block: HashedBlock) -> None:
        """Appends a block whose first record is `first`."""
        if self.partitions is None and not self.spill.reserve(block.nbytes):
            self.partitions = Partitions(self.spill.new_log())
            for number, kept in self.blocks:
                self.partitions.add(kept.hashes.to_numpy(), kept.row_numbers(number))
                self.spill.release(kept.nbytes)
            self.blocks.clear()
        if self.partitions is None:
            self.blocks.append((first, block))
        else:
            self.partitions.add(block.hashes.to_numpy(), block.row_numbers(first))

    def hashes(self) -> pl.Series:
        """All hashes that are in memory."""
        return pl.concat([pl.Series([], dtype=pl.UInt64), *(block.hashes for _, block in self.blocks)])

    def as_set(self) -> HashSet | None:
        """The hashes to look others up in; None when they are on disk."""
        return HashSet(self.hashes()) if self.partitions is None else None

    def repeated_rows(self) -> Rows | None:
        """The records whose hash occurs more than once, rising; None when there is none."""
        if self.partitions is None:
            repeated = _repeated(self.hashes())
            return self._rows_among(HashSet(repeated), known=True) if len(repeated) else None
        parts = (self.partitions.read(number) for number in range(PARTITIONS))
        found = [records[np.isin(hashes, _repeated(pl.Series(hashes)))] for hashes, records in parts]
        return _rising(found)

    def rows_absent_from(self, parent: HashLog) -> Rows | None:
        """The records whose hash another log does not have, rising; None when there is none."""
        if self.partitions is None and parent.partitions is None:
            return self._rows_among(HashSet(parent.hashes()), known=False)
        found = []
        for number in range(PARTITIONS):
            hashes, records = self._part(number)
            known, _ = parent._part(number)
            found.append(records[~np.isin(hashes, known)])
        return _rising(found)

    def _part(self, number: int) -> tuple[Hashes, Rows]:
        """The hashes whose top bits are a partition's number."""
        if self.partitions is not None:
            return self.partitions.read(number)
        chosen = [(block.hashes.to_numpy(), block.row_numbers(first)) for first, block in self.blocks]
        masks = [partition_of(hashes) == number for hashes, _ in chosen]
        return (
            np.concatenate([h[mask] for (h, _), mask in zip(chosen, masks, strict=True)] or [np.empty(0, np.uint64)]),
            np.concatenate([r[mask] for (_, r), mask in zip(chosen, masks, strict=True)] or [np.empty(0, np.int64)]),
        )

    def _rows_among(self, other: HashSet, *, known: bool) -> Rows | None:
        """The records whose hash is in a set, or is not."""
        places = ((first, block, other.places(block.hashes, known=known)) for first, block in self.blocks)
        return _rising([block.row_numbers(first)[found] for first, block, found in places if found is not None])


def _rising(parts: Sequence[Rows]) -> Rows | None:
    """All records, rising; None when there is none."""
    return np.sort(np.concatenate(parts)) if any(map(len, parts)) else None


def _repeated(hashes: pl.Series) -> pl.Series:
    """The hashes that occur more than once, rising."""
    ordered = hashes.sort()
    return ordered[1:].filter(ordered[1:] == ordered[:-1])


class HashSet:
    """A set of 64-bit hashes with vectorised look-up, made ready by the first thread that looks something up.

    A few are a list for polars. Many are a table of slots: rising, each at the slot that its top bits name or the next free
    one behind it; at most half of the slots are taken, and the last one is free, so that every search ends.
    """

    def __init__(self, hashes: pl.Series) -> None:
        self._few = hashes.implode() if len(hashes) < _FEW else None
        self._hashes, self._lock = hashes, Lock()

    @cached_property
    def _slots(self) -> tuple[Hashes, np.uint64]:
        """The table, and by how much a hash is shifted to name its slot."""
        ordered = _nonzero(self._hashes.sort().to_numpy())
        is_first = np.ones(len(ordered), np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
        distinct = ordered if is_first.all() else ordered[is_first]
        bits = max(4, (2 * len(distinct)).bit_length())
        shift = np.uint64(64 - bits)
        places = np.arange(len(distinct), dtype=np.int64)
        slots = np.maximum.accumulate(_home(distinct, shift) - places) + places
        table = np.zeros(max(1 << bits, int(slots.max(initial=0)) + 1) + 1, np.uint64)
        table[slots] = distinct
        self._hashes = self._hashes.clear()
        return table, shift

    def places(self, hashes: pl.Series, *, known: bool) -> Rows | None:
        """The places of the hashes that are in the set, or that are not; None when there is none."""
        if self._few is not None:
            is_found = hashes.is_in(self._few)
            is_wanted = is_found if known else ~is_found
            return is_wanted.arg_true().cast(pl.Int64).to_numpy() if is_wanted.any() else None
        found = np.flatnonzero(self._contains(hashes.to_numpy()) == known)
        return found if len(found) else None

    def _contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each hash, whether it is in the table."""
        with self._lock:
            table, shift = self._slots
        wanted = _nonzero(hashes)
        slots = _home(wanted, shift)
        here = table[slots]
        found = here == wanted
        open_ = np.flatnonzero((here < wanted) & (here != 0))
        while len(open_):
            slots[open_] += 1
            here = table[slots[open_]]
            sought = wanted[open_]
            found[open_[here == sought]] = True
            open_ = open_[(here < sought) & (here != 0)]
        return np.asarray(found)


def _home(hashes: Hashes, shift: np.uint64) -> Rows:
    """The slot that the top bits of each hash name."""
    return (hashes >> shift).view(np.int64)


def _nonzero(hashes: Hashes) -> Hashes:
    """The hashes with 0, which marks a free slot, moved to 1."""
    return np.maximum(hashes, np.uint64(1))
