"""Since when each row of a release has been there, and in which version one of its edited cells last changed.

The table and that of the release before are dealt to buckets by their keys, and a bucket of each is compared at a time. Of a row with a
key there lie its key and a hash of its other cells, of a row without one all its cells: a changed row is taken for an unchanged one where
both have the same 64 bits.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from deedbook.changes.records import KEY, key_text
from deedbook.release.rows import Rows, dealt
from deedbook.schema import TableSchema

HISTORY = ("first_release", "last_changed_in")
_ROW, _CELLS, _NTH, _OLD, _FIRST = "\0row", "\0cells", "\0nth", "\0old", "\0first"
"""What no field is called."""
_SINCE = ("\0first_release", "\0last_changed_in")
_SEED = 0x0DEEDB00


def row_ages(
    text: Rows,
    schema: TableSchema,
    old: Iterator[pl.DataFrame],
    version: str,
    rekeyed: pl.DataFrame | None,
    scratch: Path,
    size: int,
) -> pl.DataFrame | None:
    """The columns of `HISTORY`, as categories. Rows are known by their key; without one by all their cells, equal rows by their order.

    Args:
        text: The table as canonical text.
        schema: Its own; an added column is no change of a row that leaves it empty.
        old: The table in the release before, in parts with the column names of today, the first perhaps without rows; no part of a new table.
        version: What the release is called.
        rekeyed: The `old` and `new` keys of rows that have another one.
        scratch: Where buckets are put.
        size: About how many bytes a bucket has.

    Returns:
        None where every row is new, since nothing tells the ages of old ones.
    """
    head = next(old, pl.DataFrame())
    if not {*schema.primary_key, *HISTORY} <= {*head.columns}:
        return None
    known = [name for name in schema.names if name in head.columns]
    keys = list(schema.primary_key) or known
    others = [name for name in schema.names if name not in keys]
    added = [pl.lit(None, pl.String).alias(name) for name in schema.names if name not in known]
    ages = [pl.col(name).alias(since) for name, since in zip(HISTORY, _SINCE, strict=True)]
    moves = pl.DataFrame(schema={"old": pl.String, "new": pl.String}) if rekeyed is None else rekeyed
    moved = [pl.DataFrame(schema={KEY: pl.String, _FIRST: pl.String})]

    def told(part: pl.DataFrame) -> pl.DataFrame:
        cells = part.select(others).hash_rows(_SEED) if others else pl.zeros(part.height, pl.UInt64, eager=True)
        return part.with_columns(cells.alias(_CELLS))

    def now() -> Iterator[pl.DataFrame]:
        start = 0
        for part in chain([text.slice(0, 0)], text.slices()):
            yield told(part).select(*keys, _CELLS).with_row_index(_ROW, start)
            start += part.height

    def before() -> Iterator[pl.DataFrame]:
        for part in chain([head], old):
            found = told(part.with_columns(added)).select(*keys, _CELLS, *ages)
            if moves.height:  # a row is as old under a new key
                own = found.select(key_text(keys).alias("old"), pl.col(_SINCE[0]).alias(_FIRST))
                moved.append(moves.join(own, on="old").select(pl.col("new").alias(KEY), _FIRST))
            yield found

    sample = told(text.slice(0, 1000)).select(*keys, _CELLS)
    count = 1 + int(sample.estimated_size()) * text.height // max(1, sample.height) // size if keys else 1
    buckets = (dealt(now(), keys, count, scratch / "now"), dealt(before(), keys, count, scratch / "before"))
    pairs, is_keyed = pl.concat(moved), bool(schema.primary_key)
    found = [
        _compared(rows.collect(), earlier.collect(), keys, pairs, version, is_keyed=is_keyed)
        for rows, earlier in zip(*buckets, strict=True)
    ]
    return pl.concat(found).sort(_ROW).select(HISTORY)


def _compared(
    rows: pl.DataFrame, old: pl.DataFrame, keys: list[str], moved: pl.DataFrame, version: str, *, is_keyed: bool
) -> pl.DataFrame:
    """The numbers and ages of the rows of a bucket; `moved` tells since when those with another key have been there."""
    first, last = map(pl.col, _SINCE)
    if not is_keyed:
        nth = pl.int_range(pl.len()).over(pl.lit(0), *keys).alias(_NTH)
        rows, old, keys = rows.with_columns(nth), old.with_columns(nth), [*keys, _NTH]
    both = rows.join(old, on=keys, how="left", suffix=_OLD, nulls_equal=True)
    if moved.height:
        both = both.with_columns(key_text(keys).alias(KEY)).join(moved, on=KEY, how="left")
        first = first.fill_null(pl.col(_FIRST))
    is_same = pl.col(_CELLS).eq(pl.col(_CELLS + _OLD)) & last.is_not_null()
    ages = first.fill_null(version), pl.when(is_same).then(last).otherwise(pl.lit(version))
    named = (age.cast(pl.Categorical).alias(name) for name, age in zip(HISTORY, ages, strict=True))
    return both.select(_ROW, *named)
