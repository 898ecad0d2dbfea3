"""Which column of the old table is which of the new one, by which key rows are matched, and when two cells are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from deedbook.descriptor import Resource
from deedbook.reading.tables import read_text
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
        return self.new.name if self.new else self.old.name if self.old else ""

    @property
    def names(self) -> tuple[str, str]:
        """Its names on both sides, where both have it."""
        return (self.old.name, self.new.name) if self.old and self.new else ("", "")


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the rows of two tables are compared.

    Attributes:
        pairs: The compared fields, in the new order.
        key: The positions in `pairs` of the key; empty when whole rows are compared.
    """

    pairs: tuple[Pair, ...]
    key: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pairs."""
        return tuple(pair.name for pair in self.pairs)


def align(old: TableSchema, new: TableSchema, *, everything: bool = False) -> Alignment:
    """Pairs the fields of two tables by name, then renamed ones.

    Rows are matched by the new primary key where both sides have its fields, else by the old one, else not at all.

    Args:
        old: The old schema.
        new: The new one.
        everything: Also pair a field that one side lacks with nothing, so that filling it is a change of the row.
    """
    renamed = renamed_fields(old, new)
    before = {item.name: item for item in old.fields}
    pairs = [Pair(before.pop(renamed.get(item.name, item.name), None), item) for item in new.fields]
    gone = [Pair(item, None) for item in before.values()]
    pairs = [*pairs, *gone] if everything else [pair for pair in pairs if pair.old]
    names = [[pair.names[side] for pair in pairs] for side in (0, 1)]
    return Alignment(tuple(pairs), _places(names[1], new.primary_key) or _places(names[0], old.primary_key))


def _places(names: Sequence[str], key: Sequence[str]) -> tuple[int, ...]:
    """Where the parts of a key stand; empty unless all do."""
    return tuple(names.index(part) for part in key) if set(key) <= set(names) else ()


def renamed_fields(old: TableSchema, new: TableSchema) -> dict[str, str]:
    """New name to old name of each field that was declared under another name and is otherwise the same.

    The same means: every property but the name, with a title or description to tell it by; or type and position, when all
    other fields stand where they stood.
    """
    gone = [item for item in old.fields if item.name not in new.positions]
    is_as_wide = len(new.names) == len(old.names)
    found: dict[str, str] = {}
    for item in (item for item in new.fields if item.name not in old.positions):
        at = new.positions[item.name] if is_as_wide else -1
        twins = [other.name for other in gone if _is_twin(item, other, is_in_place=old.positions[other.name] == at)]
        left = [name for name in twins if name not in found.values()]
        if len(left) == 1:
            found[item.name] = left[0]
    return found


def _is_twin(item: Field, other: Field, *, is_in_place: bool) -> bool:
    """Whether a field may be another one that was renamed."""
    said = item.title, item.description
    if any(said) and said == (other.title, other.description):
        return item.type == other.type
    # a release says of the fields of its keys that they are required
    bounds = [{**one.constraints, "required": None} for one in (item, other)]
    return is_in_place and item.type == other.type and bounds[0] == bounds[1]


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


def ids_of(resource: Resource) -> list[str]:
    """The keys of a table whose key is one field, as canonical text; none of other tables."""
    schema = resource.schema or TableSchema(())
    if len(schema.primary_key) != 1:
        return []
    text = canonical_text(schema.field(schema.primary_key[0])).alias("id")
    return [key for frame in read_text(resource) for key in frame.select(text).to_series().drop_nulls()]


def key_text(parts: Sequence[str]) -> pl.Expr:
    r"""The key columns as one text: joined by `|`, with `|` and the backslash escaped, as in `findings.join_key`."""
    escaped = [
        pl.col(name).fill_null("").str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)
        for name in parts
    ]
    return pl.concat_str(escaped, separator="|")
