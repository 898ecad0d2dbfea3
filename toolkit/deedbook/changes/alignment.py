"""Which column of the old table is which of the new one, by which key rows are matched, and when two cells are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_text


@dataclass(frozen=True, slots=True)
class Pair:
    """A field that both tables have; the names differ when it was renamed. None is a side that lacks it."""

    old: Field | None
    new: Field | None

    @property
    def name(self) -> str:
        """Its name: the new one where there is one."""
        item = self.new or self.old
        return item.name if item else ""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the rows of two tables are compared.

    Attributes:
        pairs: The compared fields, in the new order.
        key: The positions in `pairs` of the key; empty when whole rows are compared.
        added: The fields of the new table without a counterpart.
        removed: The fields of the old one.
    """

    pairs: tuple[Pair, ...]
    key: tuple[int, ...]
    added: tuple[Field, ...] = ()
    removed: tuple[Field, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pairs."""
        return tuple(pair.name for pair in self.pairs)

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's pairs."""
        return tuple(self.pairs[at].name for at in self.key)


def align(old: TableSchema, new: TableSchema, *, everything: bool = False) -> Alignment:
    """Pairs the fields of two tables by name, then renamed ones.

    Args:
        old: The old schema.
        new: The new one.
        everything: Also pair a field that one side lacks with nothing, so that filling it is a change of the row.
    """
    renamed = renamed_fields(old, new)
    by_name = {item.name: item for item in old.fields}
    counterparts = [by_name.get(renamed.get(item.name, item.name)) for item in new.fields]
    taken = {item.name for item in counterparts if item}
    added = tuple(item for item, other in zip(new.fields, counterparts, strict=True) if other is None)
    removed = tuple(item for item in old.fields if item.name not in taken)
    pairs = [
        Pair(other, item)
        for item, other in zip(new.fields, counterparts, strict=True)
        if other is not None or everything
    ]
    if everything:
        pairs += [Pair(item, None) for item in removed]
    return Alignment(tuple(pairs), _key(pairs, old, new), added, removed)


def _key(pairs: Sequence[Pair], old: TableSchema, new: TableSchema) -> tuple[int, ...]:
    """The new primary key where both sides have its fields, else the old one, else none."""
    by_new = {pair.new.name: at for at, pair in enumerate(pairs) if pair.new and pair.old}
    by_old = {pair.old.name: at for at, pair in enumerate(pairs) if pair.new and pair.old}
    for key, places in ((new.primary_key, by_new), (old.primary_key, by_old)):
        if key and all(name in places for name in key):
            return tuple(places[name] for name in key)
    return ()


def renamed_fields(old: TableSchema, new: TableSchema) -> dict[str, str]:
    """New name to old name of each field that was declared under another name and is otherwise the same.

    The same means: every property but the name, with a title or description to tell it by; or type and position, when all
    other fields stand where they stood.
    """
    gone = [item for item in old.fields if item.name not in new.positions]
    come = [item for item in new.fields if item.name not in old.positions]
    found: dict[str, str] = {}
    for item in come:
        twins = [other for other in gone if _is_twin(item, other, old, new) and other.name not in found.values()]
        if len(twins) == 1:
            found[item.name] = twins[0].name
    return found


def _is_twin(new: Field, old: Field, old_schema: TableSchema, new_schema: TableSchema) -> bool:
    if new.type != old.type:
        return False
    if (new.title or new.description) and (new.title, new.description) == (old.title, old.description):
        return True
    same_place = new_schema.positions[new.name] == old_schema.positions[old.name]
    return same_place and len(new_schema.names) == len(old_schema.names) and new.constraints == old.constraints


def is_packed_set(item: Field) -> bool:
    """Whether the order of the items in a cell means nothing (`"packed": "set"` in the schema)."""
    return item.raw.get("packed") == "set"


def value_text(item: Field) -> pl.Expr:
    """The column of the field's name as a text that is equal where the values are: packed sets are sorted."""
    text = canonical_text(item)
    if not is_packed_set(item):
        return text
    delimiter = str(item.raw.get("delimiter", ","))
    items = text.str.split(delimiter).list.eval(pl.element().str.strip_chars()).list.unique().list.sort()
    return pl.when(text.is_not_null()).then(items.list.join(delimiter))


def key_text(parts: Sequence[str]) -> pl.Expr:
    r"""The key columns as one text: joined by `|`, with `|` and the backslash escaped, as in `findings.join_key`."""
    escaped = [
        pl.col(name).fill_null("").str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)
        for name in parts
    ]
    return pl.concat_str(escaped, separator="|")
