"""R-67: the previous release and the changes are this release, table by table, whatever found the changes.

Each row counts as a 64-bit hash of its canonical cells, each table as the sum of its rows, whatever their order. The previous
sum without withdrawn and old rows and with added and new ones must be the sum of this release, read from its file. So a
change that the comparison missed or invented is caught, with one block of a table in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from deedbook.changes.alignment import align
from deedbook.changes.compare import edited_tables
from deedbook.changes.highlighter import split_key
from deedbook.changes.records import CELLS, KEY, Changes, TableChanges
from deedbook.changes.sources import Side
from deedbook.descriptor import Resource
from deedbook.reading.tables import read_each
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_text

_WHOLE = 1 << 64
_OLD, _CHANGED = "\0old", "\0changed"


def unreconciled(old: Side, new: Side, changes: Changes) -> Iterator[TableChanges]:
    """The tables whose previous rows and changes are not their rows now."""
    before, after = ({item.name: item for item in edited_tables(side.package)} for side in (old, new))
    for table in changes.tables:
        sides = before[table.table], after[table.table]
        pairs = align(*(side.schema or TableSchema(()) for side in sides)).pairs
        expected = _content(sides[0], [pair.old for pair in pairs if pair.old]) + _net(table)
        if expected % _WHOLE != _content(sides[1], [pair.new for pair in pairs if pair.new]):
            yield table


def _content(resource: Resource, fields: Sequence[Field]) -> int:
    """The sum of the rows of a table."""
    texts = [canonical_text(item).alias(str(at)) for at, item in enumerate(fields)]
    return sum(read_each(resource, lambda frame: _sum(frame.select(texts)))) % _WHOLE


def _net(table: TableChanges) -> int:
    """What the changes add to the sum of a table."""
    before = _before(table)
    now = table.touched.filter(pl.col(KEY).is_in(before.get_column(KEY).implode()))
    came, now_sum, went, before_sum = (
        _sum(rows.select(pl.col(name).cast(pl.String).alias(str(at)) for at, name in enumerate(table.fields)))
        for rows in (table.added, now, table.removed, before)
    )
    return came + now_sum - went - before_sum


def _before(table: TableChanges) -> pl.DataFrame:
    """The touched rows as they were."""
    parts_of_keys = [
        (new, name, part or None)
        for old, new in table.rekeyed.iter_rows()
        for name, part in zip(table.key, split_key(old), strict=True)
    ]
    columns = {name: CELLS[name] for name in ("key", "field", "old")}
    known = pl.concat([table.cells.select(list(columns)), pl.DataFrame(parts_of_keys, schema=columns, orient="row")])
    rows = table.touched.filter(pl.col(KEY).is_in(known.get_column("key").implode()))
    for (name,), part in known.partition_by("field", as_dict=True).items():
        was = part.select(pl.col("key").alias(KEY), pl.col("old").alias(_OLD), pl.lit(True).alias(_CHANGED))
        joined = rows.join(was, on=KEY, how="left", maintain_order="left")
        rows = joined.with_columns(pl.when(_CHANGED).then(_OLD).otherwise(name).alias(str(name))).drop(_OLD, _CHANGED)
    return rows


def _sum(rows: pl.DataFrame) -> int:
    if not rows.width or rows.is_empty():
        return 0
    return int(np.add.reduce(rows.hash_rows(seed=67).to_numpy(), dtype=np.uint64))
