"""R-67: the previous release and the changes are this release, table by table, whatever found the changes.

Each row counts as a 64-bit hash of its canonical cells, each table as the sum of its rows, whatever their order. The previous
sum without withdrawn and old rows and with added and new ones must be the sum of this release, read from its file. So a
change that the comparison missed or invented is caught, with one block of a table in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from deedbook.changes.aligning import align
from deedbook.changes.highlighter import split_key
from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.changes.sources import Side
from deedbook.descriptor import Resource
from deedbook.reading.tables import read_each
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_text

_WHOLE = 1 << 64
_OLD, _CHANGED = "\0old", "\0changed"


def unbalanced(old: Side, new: Side, changes: Changes) -> Iterator[TableChanges]:
    """The tables whose previous rows and changes are not their rows now."""
    for table in changes.tables:
        before, after = old.package.resource(table.table), new.package.resource(table.table)
        pairs = align(_edited(before), _edited(after)).pairs
        old_fields = [pair.old for pair in pairs if pair.old is not None]
        new_fields = [pair.new for pair in pairs if pair.new is not None]
        expected = _content(before, old_fields) + _net(table)
        if expected % _WHOLE != _content(after, new_fields):
            yield table


def _edited(resource: Resource) -> TableSchema:
    schema = resource.schema or TableSchema(())
    return replace(schema, fields=tuple(item for item in schema.fields if not item.raw.get("derived")))


def _content(resource: Resource, fields: Sequence[Field]) -> int:
    """The sum of the rows of a table."""
    texts = [canonical_text(item).alias(str(at)) for at, item in enumerate(fields)]
    return sum(read_each(resource, lambda frame: _sum(frame.select(texts)))) % _WHOLE


def _net(table: TableChanges) -> int:
    """What the changes add to the sum of a table."""
    names = list(table.fields)
    before = _before(table)
    now = table.touched.filter(pl.col(KEY).is_in(before.get_column(KEY).implode()))
    gained = sum(_sum(_numbered(rows, names)) for rows in (table.added, now))
    return gained - sum(_sum(_numbered(rows, names)) for rows in (table.removed, before))


def _before(table: TableChanges) -> pl.DataFrame:
    """The touched rows as they were."""
    rekeyed = [(new, *split_key(old)) for old, new in table.rekeyed.iter_rows()]
    cells = [
        table.cells.select("key", "field", "old"),
        pl.DataFrame(
            [(row[0], name, part or None) for row in rekeyed for name, part in zip(table.key, row[1:], strict=True)],
            schema={"key": pl.String, "field": pl.String, "old": pl.String},
            orient="row",
        ),
    ]
    known = pl.concat(cells)
    rows = table.touched.filter(pl.col(KEY).is_in(known.get_column("key").implode()))
    for (name,), part in known.partition_by("field", as_dict=True).items():
        was = part.select(pl.col("key").alias(KEY), pl.col("old").alias(_OLD), pl.lit(True).alias(_CHANGED))
        joined = rows.join(was, on=KEY, how="left", maintain_order="left")
        rows = joined.with_columns(pl.when(_CHANGED).then(_OLD).otherwise(name).alias(str(name))).drop(_OLD, _CHANGED)
    return rows


def _numbered(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(pl.String).alias(str(at)) for at, name in enumerate(names))


def _sum(rows: pl.DataFrame) -> int:
    if not rows.width or rows.is_empty():
        return 0
    return int(np.add.reduce(rows.hash_rows(seed=67).to_numpy(), dtype=np.uint64))
