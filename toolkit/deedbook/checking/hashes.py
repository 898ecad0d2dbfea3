"""The 64-bit hashes of a whole table's key: a log, in which others are looked up.

Logs that no longer fit into the memory budget go to one temporary file without a name, which is gone when the process is, however
it ends: pairs of (hash, record) as native 64-bit integers, each block's pairs in the order of the hashes' top bits.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import and_
from threading import Lock
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows

if TYPE_CHECKING:
    import numpy.typing as npt

SEED = 0x0DEEDB00
Hashes: TypeAlias = "npt.NDArray[np.uint64]"
PARTITIONS = 64
_SHIFT = 58
"""A partition is named by the six top bits of a hash."""
_FEW = 10_000
"""Hashes that polars puts into a set of its own for every block sooner than numpy looks them up."""
_LISTED = 1_000
"""Hashes that are sooner told apart in Python: a query costs as much as some hundred of them."""
_SORTED = 1 << 22
"""Hashes that are sorted at once: of fifty million, a sorted copy would take as much as all that validation takes else."""
PAIR = np.dtype([("hash", "u8"), ("record", "i8")])


@dataclass(frozen=True, slots=True)
class HashedBlock:
    """The hashes of one block's keys.

    Attributes:
        hashes: One for each row with a whole key.
        is_whole: Which rows (of the block) have one; None when every row has.
    """

    hashes: pl.Series
    is_whole: pl.Series | None
    height: int

    @classmethod
    def of(cls, parts: Sequence[pl.Series], skip: Rows | None) -> HashedBlock:
        """The hashes of a key whose parts have these, null where one is missing, without some rows."""
        whole = parts[0] if len(parts) == 1 else pl.DataFrame(parts).to_struct().hash(SEED)
        if skip is None and not any(part.has_nulls() for part in parts):
            return cls(whole, None, len(whole))
        is_whole = reduce(and_, (part.is_not_null() for part in parts))
        if skip is not None:
            is_whole = is_whole.scatter(skip, values=False)
        return cls(whole.filter(is_whole), is_whole, len(whole))

    @property
    def nbytes(self) -> int:
        """The bytes that the block takes."""
        return 8 * len(self.hashes) + (0 if self.is_whole is None else self.height // 8)

    def row_numbers(self, first: int) -> Rows:
        """The records that the hashes belong to, when the block's first one is `first`."""
        if self.is_whole is None:
            return np.arange(first, first + self.height, dtype=np.int64)
        return np.flatnonzero(self.is_whole.to_numpy()) + first


@dataclass(slots=True)
class Spill:
    """The bytes that all hashes together may take in memory, those that they take now, and the file for what is more."""

    budget: int
    file: IO[bytes] = field(default_factory=io.BytesIO)
    used: int = 0

    def reserve(self, size: int) -> bool:
        """Counts so many more bytes as used; False, and nothing counted, when they are too many."""
        if self.used + size > self.budget:
            return False
        self.used += size
        return True


@dataclass(slots=True)
class Partitions:
    """(hash, record) pairs on disk, by the hash's top bits: for each block, where its pairs of each partition start."""

    file: IO[bytes]
    bounds: list[Rows] = field(default_factory=list)

    def add(self, hashes: Hashes, records: Rows) -> None:
        """Appends the pairs of a block."""
        part = (hashes >> np.uint64(_SHIFT)).astype(np.int64)
        order = np.argsort(part, kind="stable")
        pairs = np.empty(len(hashes), PAIR)
        pairs["hash"], pairs["record"] = hashes[order], records[order]
        start = self.file.seek(0, 2) // PAIR.itemsize
        self.bounds.append(start + np.searchsorted(part[order], np.arange(PARTITIONS + 1)))
        self.file.write(pairs.tobytes())

    def read(self, number: int) -> tuple[Hashes, Rows]:
        """One partition."""
        found = [np.empty(0, PAIR)]
        for bounds in self.bounds:
            self.file.seek(int(bounds[number]) * PAIR.itemsize)
            size = int(bounds[number + 1] - bounds[number]) * PAIR.itemsize
            found.append(np.frombuffer(self.file.read(size), PAIR))
        pairs = np.concatenate(found)
        return np.ascontiguousarray(pairs["hash"]), np.ascontiguousarray(pairs["record"])


@dataclass(slots=True)
class HashLog:
    """The hashes of a whole table's key: in memory, block by block, or on disk once they no longer fit."""

    spill: Spill
    blocks: list[tuple[int, HashedBlock]] = field(default_factory=list)
    partitions: Partitions | None = None

    def add(self, first: int, block: HashedBlock) -> None:
        """Appends a block whose first record is `first`."""
        if self.partitions is None and self.spill.reserve(block.nbytes):
            self.blocks.append((first, block))
        else:
            self.on_disk().add(block.hashes.to_numpy(), block.row_numbers(first))

    def on_disk(self) -> Partitions:
        """All hashes as partitions; those that are in memory are written out."""
        if self.partitions is None:
            self.partitions = Partitions(self.spill.file)
            for first, block in self.blocks:
                self.partitions.add(block.hashes.to_numpy(), block.row_numbers(first))
                self.spill.used -= block.nbytes
            self.blocks.clear()
        return self.partitions

    def clear(self) -> None:
        """Gives back the memory of hashes that nobody asks for any more."""
        self.spill.used -= sum(block.nbytes for _, block in self.blocks)
        self.blocks.clear()

    def hashes(self) -> pl.Series:
        """All hashes that are in memory, none copied."""
        return pl.concat([pl.Series([], dtype=pl.UInt64), *(block.hashes for _, block in self.blocks)])

    def pairs(self) -> Iterator[tuple[Hashes, Rows]]:
        """All hashes with their records, part by part."""
        yield from ((block.hashes.to_numpy(), block.row_numbers(first)) for first, block in self.blocks)
        if self.partitions is not None:
            yield from map(self.partitions.read, range(PARTITIONS))

    def as_set(self) -> HashSet | None:
        """The hashes to look others up in; None when they are on disk, where they go when there is no memory for the set."""
        if self.partitions is None:
            known = HashSet(self.hashes())
            if self.spill.reserve(known.nbytes):
                return known
            self.on_disk()
        return None

    def repeated_rows(self) -> Rows | None:
        """The records whose hash occurs more than once, rising; None when there is none."""
        if self.partitions is None:
            repeated = _repeated(self.hashes())
            return self._rows_among(HashSet(repeated), known=True) if len(repeated) else None
        parts = (self.partitions.read(number) for number in range(PARTITIONS))
        return _rising([records[np.isin(hashes, _repeated(pl.Series(hashes)))] for hashes, records in parts])

    def rows_absent_from(self, parent: HashLog) -> Rows | None:
        """The records whose hash another log does not have, rising; None when there is none."""
        if self.partitions is None and (known := parent.as_set()) is not None:
            parent.spill.used -= known.nbytes
            return self._rows_among(known, known=False)
        mine, its = self.on_disk(), parent.on_disk()
        parts = ((mine.read(number), its.read(number)) for number in range(PARTITIONS))
        return _rising([records[~np.isin(hashes, others)] for (hashes, records), (others, _) in parts])

    def _rows_among(self, other: HashSet, *, known: bool) -> Rows | None:
        """The records whose hash is in a set, or is not."""
        places = ((first, block, other.places(block.hashes, known=known)) for first, block in self.blocks)
        return _rising([block.row_numbers(first)[found] for first, block, found in places if found is not None])


def _rising(parts: Sequence[Rows]) -> Rows | None:
    """All records, rising; None when there is none."""
    return np.sort(np.concatenate(parts)) if any(map(len, parts)) else None


def _repeated(hashes: pl.Series) -> pl.Series:
    """The hashes that occur more than once, rising."""
    if len(hashes) <= _LISTED and len(set(hashes.to_list())) == len(hashes):
        return hashes.clear()
    return pl.Series(
        np.concatenate([np.empty(0, np.uint64), *(part[1:][part[1:] == part[:-1]] for part in _sorted_parts(hashes))])
    )


def _sorted_parts(hashes: pl.Series) -> Iterator[Hashes]:
    """The hashes rising, equal ones in one part: no more than one part is copied at once."""
    bits = (len(hashes) // _SORTED).bit_length()
    if not bits:
        yield np.sort(hashes.to_numpy())  # a third of what polars takes
        return
    chunks, step = hashes.get_chunks(), 1 << (64 - bits)
    for low in range(0, 1 << 64, step):  # a query of polars would copy all of them into one chunk
        part = np.concatenate([it.filter((it >= low) & (it <= low + step - 1)).to_numpy() for it in chunks])
        part.sort()
        yield part


class HashSet:
    """A set of 64-bit hashes with vectorised look-up, made ready by the first thread that looks something up.

    A few are a list for polars, and a set for a few of them at once. Many are a table of slots: rising, each at the slot that its top bits name or the next free
    one behind it; at most half of the slots are taken, and the last one is free, so that every search ends.
    """

    def __init__(self, hashes: pl.Series) -> None:
        self._few = hashes.implode() if len(hashes) < _FEW else None
        self._known = frozenset(hashes.to_list()) if len(hashes) <= _LISTED else None
        self._hashes, self._lock = hashes, Lock()
        self._bits = max(4, (2 * len(hashes)).bit_length())

    @property
    def nbytes(self) -> int:
        """The bytes that the table of slots takes."""
        return 8 << self._bits if self._few is None else 0

    @cached_property
    def slots(self) -> tuple[Hashes, np.uint64]:
        """The table, and by how much a hash is shifted to name its slot."""
        shift, free = np.uint64(64 - self._bits), 0
        table = np.zeros(
            (1 << self._bits) + len(self._hashes) + 1, np.uint64
        )  # of which hardly any behind the named slots
        for ordered in map(_nonzero, _sorted_parts(self._hashes)):
            is_first = np.ones(len(ordered), np.bool_)
            np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
            distinct = ordered if is_first.all() else ordered[is_first]
            places = np.arange(len(distinct), dtype=np.int64)
            slots = np.maximum(np.maximum.accumulate(_home(distinct, shift) - places), free) + places
            table[slots] = distinct
            free = int(slots.max(initial=free - 1)) + 1
        self._hashes = self._hashes.clear()
        return table, shift

    def places(self, hashes: pl.Series, *, known: bool) -> Rows | None:
        """The places of the hashes that are in the set, or that are not; None when there is none."""
        if self._known is not None and len(hashes) <= _LISTED:
            listed = [at for at, hashed in enumerate(hashes.to_list()) if (hashed in self._known) == known]
            return np.array(listed, np.int64) if listed else None
        is_found = self.contains(hashes.to_numpy()) if self._few is None else hashes.is_in(self._few).to_numpy()
        found = np.flatnonzero(is_found == known)
        return found if len(found) else None

    def contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each hash, whether it is in the table."""
        with self._lock:
            table, shift = self.slots
        wanted = _nonzero(hashes)
        slots = _home(wanted, shift)
        here = table[slots]
        found = here == wanted
        open_ = np.flatnonzero(~found)
        here = here[open_]
        while len(open_):
            open_ = open_[(here < wanted[open_]) & (here != 0)]
            slots[open_] += 1
            here = table[slots[open_]]
            found[open_] = here == wanted[open_]
        return np.asarray(found)


def _home(hashes: Hashes, shift: np.uint64) -> Rows:
    """The slot that the top bits of each hash name."""
    return (hashes >> shift).view(np.int64)


def _nonzero(hashes: Hashes) -> Hashes:
    """The hashes with 0, which marks a free slot, moved to 1."""
    return np.maximum(hashes, np.uint64(1))
