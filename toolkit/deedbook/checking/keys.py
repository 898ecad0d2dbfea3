"""Primary keys, unique keys and foreign keys by 64-bit hashes of canonical values.

Keys compare as values, so `3.0` and `3` are one number. No two equal hashes prove that a key is unique; equal ones are
confirmed on the values. A foreign key is looked up in an open-addressing table of the parent's hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.canonical import canonical_text
from deedbook.checking.cells import Rows
from deedbook.schema import Field, ForeignKey, TableSchema

Hashes: TypeAlias = npt.NDArray[np.uint64]
KeyKind = Literal["primary-key", "unique-key", "unique-error", "reference"]
_SEED = 0x0DEEDB00


@dataclass(frozen=True, slots=True)
class Key:
    """Fields whose values together identify a row, or are referred to.

    Attributes:
        kind: The finding's rule when a value comes again; `reference` when the fields are only referred to.
        fields: Their descriptions, in key order.
    """

    kind: KeyKind
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(item.name for item in self.fields)


def unique_keys(schema: TableSchema) -> list[Key]:
    """Every key of a table that may not repeat."""
    declared: list[tuple[KeyKind, tuple[str, ...]]] = []
    if schema.primary_key:
        declared.append(("primary-key", schema.primary_key))
    declared += [("unique-key", names) for names in schema.unique_keys]
    declared += [("unique-error", (item.name,)) for item in schema.fields if item.constraints.get("unique")]
    return [Key(kind, tuple(schema.field(name) for name in names)) for kind, names in declared]


def key_texts(fields: Sequence[Field]) -> list[pl.Expr]:
    """The canonical text of each part of a key; null where a part is missing."""
    return [canonical_text(item).alias(f"k{at}") for at, item in enumerate(fields)]


def hash_of(width: int) -> pl.Expr:
    """The hash of the parts `k0`, `k1`, ...; equal parts have equal hashes in every block and table."""
    parts = [pl.col(f"k{at}") for at in range(width)]
    return (parts[0] if width == 1 else pl.struct(parts)).hash(_SEED)


@dataclass(frozen=True, slots=True)
class HashedBlock:
    """The hashes of one block's keys.

    Attributes:
        hashes: One for each row with a whole key.
        rows: The rows (in the block) that they belong to; None when every row has one.
    """

    hashes: Hashes
    rows: Rows | None
    height: int

    def row_numbers(self, first: int) -> Rows:
        """The records that the hashes belong to, when the block's first one is `first`."""
        rows = np.arange(self.height, dtype=np.int64) if self.rows is None else self.rows
        return rows + first


def hash_block(frame: pl.DataFrame, names: Sequence[str], skip: Rows) -> HashedBlock:
    """The hashes of a block's keys.

    Args:
        frame: The columns `k0`, `k1`, ... of `key_texts`.
        skip: Rows to leave out, because a part of their key is bad.
    """
    whole = pl.all_horizontal(pl.col(f"k{at}").is_not_null() for at in range(len(names)))
    columns = frame.select(hash_of(len(names)).alias("hash"), whole.alias("whole"))
    usable = columns["whole"].to_numpy()
    if len(skip):
        usable = usable.copy()
        usable[skip] = False
    hashes = columns["hash"].to_numpy()
    if usable.all():
        return HashedBlock(hashes, None, frame.height)
    rows = np.flatnonzero(usable)
    return HashedBlock(hashes[rows], rows, frame.height)


@dataclass
class HashLog:
    """The hashes of a whole table's key, block by block."""

    blocks: list[tuple[int, HashedBlock]] = field(default_factory=list)

    def add(self, first: int, block: HashedBlock) -> None:
        """Appends a block whose first record is `first`."""
        self.blocks.append((first, block))

    def hashes(self) -> Hashes:
        """All hashes."""
        return np.concatenate([block.hashes for _, block in self.blocks] or [np.empty(0, np.uint64)])

    def repeated_rows(self) -> Rows:
        """The records whose hash occurs more than once, rising."""
        every = np.sort(self.hashes())
        repeated = np.unique(every[1:][every[1:] == every[:-1]])
        return self.rows_with(HashSet(repeated)) if len(repeated) else np.empty(0, np.int64)

    def rows_with(self, wanted: HashSet, *, absent: bool = False) -> Rows:
        """The records whose hash is in a set, or with `absent` is not, rising."""
        found = [
            block.row_numbers(first)[wanted.contains(block.hashes) != absent] for first, block in self.blocks
        ]
        return np.concatenate(found or [np.empty(0, np.int64)])


class HashSet:
    """A set of 64-bit hashes with vectorised look-up: open addressing, at most half full."""

    def __init__(self, hashes: Hashes) -> None:
        size = 1 << max(4, (2 * len(hashes)).bit_length())
        self._mask = np.uint64(size - 1)
        self._table = np.zeros(size, np.uint64)
        pending = _nonzero(hashes)
        slots = pending & self._mask
        while len(pending):
            free = self._table[slots] == 0
            self._table[slots[free]] = pending[free]
            homeless = self._table[slots] != pending
            pending = pending[homeless]
            slots = (slots[homeless] + np.uint64(1)) & self._mask

    def contains(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each hash, whether it is in the set."""
        wanted = _nonzero(hashes)
        slots = wanted & self._mask
        here = self._table[slots]
        found = here == wanted
        open_ = np.flatnonzero(~found & (here != 0))
        while len(open_):
            slots[open_] = (slots[open_] + np.uint64(1)) & self._mask
            here = self._table[slots[open_]]
            hit = here == wanted[open_]
            found[open_[hit]] = True
            open_ = open_[~hit & (here != 0)]
        return found


def _nonzero(hashes: Hashes) -> Hashes:
    """The hashes with 0, which marks a free slot, moved to 1."""
    return np.where(hashes == 0, np.uint64(1), hashes)


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of a table, its own fields described, and the parent's fields that it refers to."""

    key: ForeignKey
    fields: tuple[Field, ...]
    parent: str
