"""Which rows of two tables differ: eight bytes a row and side, one pass over each.

A row is a hash of all its compared cells, key included, so the hashes that stand on one side only are the rows that are
added, removed or changed, wherever they stand in the file. A changed row is overlooked when its 64-bit hash equals that of
another row of the other side: for 10 million rows, one in 10^12 of the changed ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.descriptor import Resource
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.reading.pipeline import default_workers
from deedbook.reading.tables import read_each

if TYPE_CHECKING:
    import numpy.typing as npt

_SEED = 0x0DEEDB00
_WINDOW = 1 << 18
Positions: TypeAlias = "npt.NDArray[np.int64]"
Hashes: TypeAlias = "npt.NDArray[np.uint64]"
Advance = Callable[[int], None]
"""Told about how many bytes were read."""


@dataclass(frozen=True, slots=True)
class Screened:
    """A table as hashes of its rows, and the rows of each block that they were read from."""

    hashes: Hashes
    heights: tuple[int, ...]

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return sum(self.heights)


def screen(resource: Resource, columns: Sequence[pl.Expr], advance: Advance) -> Screened:
    """The hash of every row over these columns."""
    blocks: list[Hashes] = []

    for hashes in read_each(resource, lambda frame: hash_rows(frame, columns), strict=True):
        blocks.append(hashes)
        advance(BLOCK_SIZE)
    whole = np.concatenate(blocks) if blocks else np.empty(0, np.uint64)
    return Screened(whole, tuple(len(block) for block in blocks))


def hash_rows(frame: pl.DataFrame, columns: Sequence[pl.Expr]) -> Hashes:
    """The hash of each row over these columns."""
    return frame.select(columns).hash_rows(_SEED).to_numpy()


def differing(old: Screened, new: Screened, *, is_keyed: bool) -> tuple[Positions, Positions]:
    """The numbers of the rows that have no equal on the other side, rising."""
    return unmatched(old.hashes, new.hashes, is_keyed=is_keyed)


def unmatched(old: Hashes, new: Hashes, *, is_keyed: bool) -> tuple[Positions, Positions]:
    """The places of the hashes that have no equal on the other side, rising.

    Without a key a row may stand there more than once; of two copies against one, the second is without an equal.
    """
    if is_keyed:
        found = _unmatched(old, new)
        if len(old) - len(found[0]) == len(new) - len(found[1]):
            return found
    return _unmatched(_numbered(old), _numbered(new))


def _unmatched(old: Hashes, new: Hashes) -> tuple[Positions, Positions]:
    """First within windows of the same place, which is where most rows of two versions stand; then what that left over."""

    def compare(start: int) -> tuple[Positions, Positions]:
        ours, theirs = old[start : start + _WINDOW], new[start : start + _WINDOW]
        return np.flatnonzero(~_is_in(ours, theirs)) + start, np.flatnonzero(~_is_in(theirs, ours)) + start

    starts = range(0, max(len(old), len(new)), _WINDOW)
    with ThreadPoolExecutor(default_workers(), thread_name_prefix="deedbook") as pool:
        left = list(pool.map(compare, starts)) if len(starts) > 1 else [compare(start) for start in starts]
    rest = [np.concatenate([np.empty(0, np.int64), *(parts[side] for parts in left)]) for side in (0, 1)]
    if len(rest[0]) + len(rest[1]) == 0:
        return rest[0], rest[1]
    ours, theirs = old[rest[0]], new[rest[1]]
    return rest[0][~_is_in(ours, theirs)], rest[1][~_is_in(theirs, ours)]


def _is_in(values: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    if np.array_equal(values, others):
        return np.ones(len(values), np.bool_)
    return pl.Series(values).is_in(pl.Series(others).implode()).to_numpy()


def _numbered(hashes: Hashes) -> Hashes:
    """The hashes, those of the second and later copies of a row changed by the number of the copy."""
    frame = pl.DataFrame({"hash": hashes}).with_columns(copy=pl.int_range(pl.len(), dtype=pl.UInt32).over("hash"))
    again = frame.select(pl.struct("hash", "copy").hash(_SEED)).to_series()
    return frame.select(pl.when(pl.col("copy") > 0).then(again).otherwise("hash")).to_series().to_numpy()
