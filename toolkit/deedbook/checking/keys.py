"""Primary keys, unique keys and foreign keys by 64-bit hashes of canonical values.

Keys compare as values, so `3.0` and `3` are one number. No two equal hashes prove that a key is unique; equal ones are
confirmed on the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.schema import Field, TableSchema
from deedbook.types import key_text

KeyKind = Literal["primary-key", "unique-key", "unique-error", "reference"]
_NUMERIC = frozenset({"integer", "number"})
_SEED, _TEXT_SEED = 0x0DEEDB00, 0x0DEEDB01
"""Texts have a seed of their own: the empty text and 0.0 have the same hash otherwise."""
_WRITTEN_OTHERWISE = frozenset({"bareNumber", "decimalChar", "groupChar"})
_TOLD = 15
"""Characters of a canonical number that a 64-bit float tells from all others."""
_PLAIN = 1e14
"""A number from one up to this that is written in 15 characters, with an exponent or not, has a canonical text that is no longer."""


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
    return [key_text(item).alias(f"k{at}") for at, item in enumerate(fields)]


def _part_hash(texts: pl.Series, item: Field, parsed: pl.Series | None) -> pl.Series:
    """The hash of one part of a key, null where it is missing: equal values have equal hashes in every block and table.

    Numbers whose canonical text has up to 15 characters are told apart by a 64-bit float; that of longer ones goes in as well.
    """
    plain = texts
    if item.type not in _NUMERIC or _WRITTEN_OTHERWISE & set(item.options):
        plain = texts.to_frame().select(key_text(item)).to_series()
    if item.type not in _NUMERIC:
        hashes = plain.hash(_TEXT_SEED)
    else:
        if parsed is None or (parsed.has_nulls() and (parsed.is_null() & texts.is_not_null()).any()):
            parsed = plain  # an integer beyond 64 bits is not among the parsed ones
        numbers = parsed.cast(pl.Float64, strict=False) + 0.0
        hashes = numbers.hash(_SEED)
        may_be_long = plain.str.len_bytes() > _TOLD
        if item.type == "number" and not numbers.abs().is_between(1, _PLAIN, closed="left").all():
            may_be_long |= plain.str.contains("[eE]")
        if may_be_long.any():
            exact = texts.to_frame().select(key_text(item)).to_series()
            tagged = hashes ^ exact.hash(_SEED)
            is_told = (exact.str.len_bytes() <= _TOLD) & ~exact.str.contains("E", literal=True)
            hashes = hashes.zip_with(is_told.fill_null(True), tagged)
    return pl.select(pl.when(texts.is_not_null()).then(hashes)).to_series() if texts.null_count() else hashes


def _plain_hashes(
    frame: pl.DataFrame, fields: Sequence[Field], parsed: Mapping[str, pl.Series]
) -> list[pl.Series] | None:
    """What `_part_hash` gives for each part of a key, in one go; None where a number is not written plainly."""
    parts: list[pl.Expr] = []
    doubts: list[pl.Expr] = []
    for item in fields:
        text = pl.col(item.name)
        if item.type not in _NUMERIC:
            parts.append(pl.when(text.is_not_null()).then(key_text(item).hash(_TEXT_SEED)))
            continue
        if _WRITTEN_OTHERWISE & set(item.options):
            return None
        read = pl.lit(parsed[item.name]) if item.name in parsed else text.cast(pl.Float64, strict=False)
        number = read.cast(pl.Float64, strict=False) + 0.0
        parts.append(pl.when(text.is_not_null()).then(number.hash(_SEED)))
        is_odd = (text.str.len_bytes() > _TOLD) | (number.is_null() & text.is_not_null())
        if item.type == "number":
            is_odd |= ~number.abs().is_between(1, _PLAIN, closed="left") & (number != 0)
            is_odd |= (number == 0) & (text != "0")
        doubts.append(is_odd.any())
    columns = [expression.alias(str(at)) for at, expression in enumerate([*parts, *doubts])]
    found = frame.lazy().select(columns).collect(engine="in-memory").get_columns()
    return None if frame.height and any(value[0] for value in found[len(parts) :]) else found[: len(parts)]


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

    @property
    def nbytes(self) -> int:
        """The bytes that the block takes."""
        return 8 * len(self.hashes) + (0 if self.is_whole is None else self.height // 8)

    def row_numbers(self, first: int) -> Rows:
        """The records that the hashes belong to, when the block's first one is `first`."""
        if self.is_whole is None:
            return np.arange(first, first + self.height, dtype=np.int64)
        return np.flatnonzero(self.is_whole.to_numpy()) + first


def hash_blocks(
    frame: pl.DataFrame,
    keys: Sequence[tuple[Sequence[Field], Rows | None]],
    parsed: Mapping[str, pl.Series] = MappingProxyType({}),
) -> list[HashedBlock]:
    """The hashes of a block's keys.

    Args:
        frame: The columns of the keys as text, missing values null.
        keys: The fields of each, and the rows to leave out, because a part of their key is bad.
        parsed: Columns of plain numbers that are parsed already, by field; null is no number.
    """
    blocks = []
    for fields, skip in keys:
        parts = _plain_hashes(frame, fields, parsed)
        if parts is None:
            parts = [_part_hash(frame[item.name], item, parsed.get(item.name)) for item in fields]
        named = pl.DataFrame([part.alias(f"k{at}") for at, part in enumerate(parts)])
        whole = named.to_series() if len(parts) == 1 else named.to_struct().hash(_SEED)
        if skip is None and not any(part.has_nulls() for part in parts):
            blocks.append(HashedBlock(whole, None, frame.height))
            continue
        is_whole = reduce(and_, (part.is_not_null() for part in parts))
        if skip is not None:
            is_whole = is_whole.scatter(skip, values=False)
        blocks.append(HashedBlock(whole.filter(is_whole), is_whole, frame.height))
    return blocks
