"""Primary keys, unique keys and foreign keys by 64-bit hashes of canonical values.

Keys compare as values, so `3.0` and `3` are one number. No two equal hashes prove that a key is unique; equal ones are
confirmed on the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.hashes import SEED, HashedBlock
from deedbook.schema import Field, TableSchema
from deedbook.types import key_text

KeyKind = Literal["primary-key", "unique-key", "unique-error", "reference", "foreign-key"]
ParentKey = tuple[str, tuple[Field, ...]]
"""A table, and the fields of it that others refer to."""
_NUMERIC = frozenset({"integer", "number"})
_TEXT_SEED = 0x0DEEDB01
"""Texts have a seed of their own: the empty text and 0.0 have the same hash otherwise."""
_WRITTEN_OTHERWISE = frozenset({"bareNumber", "decimalChar", "groupChar"})
_TOLD = 15
"""Characters of a canonical number that a 64-bit float tells from all others."""
_PLAIN = 1e14
"""A number from one up to this that is written in 15 characters, with an exponent or not, has a canonical text that is no longer."""


@dataclass(frozen=True, slots=True)
class Key:
    """Fields whose values together identify a row, are referred to, or refer to a row.

    Attributes:
        kind: The finding's rule when it is broken; `reference` when the fields are only referred to.
        fields: Their descriptions, in key order.
        parent: Of a foreign key the table and the fields that it refers to; those of a parent without a schema have the types of
            what refers to them.
    """

    kind: KeyKind
    fields: tuple[Field, ...]
    parent: ParentKey = ("", ())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(item.name for item in self.fields)

    @property
    def columns(self) -> str:
        """The names as findings and checks list them."""
        return ", ".join(self.names)

    @property
    def column(self) -> str | None:
        """The one field that a finding points at; None for a key of several."""
        return self.fields[0].name if len(self.fields) == 1 else None


def unique_keys(schema: TableSchema) -> list[Key]:
    """Every key of a table that may not repeat."""
    unique = [(item.name,) for item in schema.fields if item.constraints.get("unique")]
    declared: list[tuple[KeyKind, Sequence[tuple[str, ...]]]] = [
        ("primary-key", [schema.primary_key] if schema.primary_key else []),
        ("unique-key", schema.unique_keys),
        ("unique-error", unique),
    ]
    return [Key(kind, tuple(map(schema.field, names))) for kind, keys in declared for names in keys]


def key_texts(fields: Sequence[Field]) -> list[pl.Expr]:
    """The canonical text of each part of a key; null where a part is missing."""
    return [key_text(item).alias(f"k{at}") for at, item in enumerate(fields)]


def _plain_hash(item: Field, column: pl.Series, parsed: Mapping[str, pl.Series]) -> tuple[pl.Expr, pl.Expr]:
    """The hash of one part of a key, null where it is missing, and whether any number is not written so plainly that it holds."""
    text = pl.col(item.name)
    if item.type not in _NUMERIC:
        hashed = key_text(item).hash(_TEXT_SEED)
        return pl.when(text.is_not_null()).then(hashed) if column.has_nulls() else hashed, pl.lit(value=False)
    if _WRITTEN_OTHERWISE & set(item.options):
        return text, pl.lit(value=True)
    read = pl.lit(parsed[item.name]) if item.name in parsed else text
    number = read.cast(pl.Float64, strict=False) + 0.0
    is_odd = (text.str.len_bytes() > _TOLD) | (number.is_null() & text.is_not_null())
    if item.type == "number":
        is_odd |= ~number.abs().is_between(1, _PLAIN, closed="left") & (number != 0)
        is_odd |= (number == 0) & (text != "0")
    return pl.when(text.is_not_null()).then(number.hash(SEED)), is_odd.any()


def _exact_parts(frame: pl.DataFrame, fields: Sequence[Field], parts: list[pl.Series]) -> list[pl.Series]:
    """The hashes of a key with those of numbers however they are written.

    A 64-bit float tells numbers of 15 characters apart, of longer ones the text goes in.
    """
    hashes = []
    for item, part in zip(fields, parts, strict=True):
        if item.type in _NUMERIC:
            exact = pl.coalesce(
                key_text(item), pl.col(item.name)
            )  # what is no value of the field may be one of a number
            number = (exact.cast(pl.Float64, strict=False) + 0.0).hash(SEED)
            is_told = (exact.str.len_bytes() <= _TOLD) & ~exact.str.contains("E", literal=True)
            hashed = pl.when(is_told).then(number).otherwise(number ^ exact.hash(SEED))
            hashes.append(pl.when(exact.is_not_null()).then(hashed).alias(part.name))
    found = frame.lazy().select(hashes).collect(engine="in-memory")
    return [found[part.name] if part.name in found.columns else part for part in parts]


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
    columns = []
    for number, (fields, _) in enumerate(keys):
        hashed = [_plain_hash(item, frame[item.name], parsed) for item in fields]
        columns += [part.alias(f"{number} {at}") for at, (part, _) in enumerate(hashed)]
        columns.append(pl.any_horizontal(False, *(is_odd for _, is_odd in hashed)).alias(f"{number} odd"))
    plain = frame.lazy().select(columns).collect(engine="in-memory") if keys else frame  # one query for all keys
    blocks = []
    for number, (fields, skip) in enumerate(keys):
        parts = [plain[f"{number} {at}"].alias(f"k{at}") for at in range(len(fields))]
        if frame.height and plain[f"{number} odd"][0]:
            parts = _exact_parts(frame, fields, parts)
        blocks.append(HashedBlock.of(parts, skip))
    return blocks
