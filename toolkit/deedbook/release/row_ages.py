"""Since when each row of a release has been there, and in which version one of its edited cells last changed.

The table and that of the release before are dealt to buckets by their keys, and a bucket of each is compared at a time. Of a row with a
key there lie its key and a hash of its other cells, of a row without one all its cells: a changed row is taken for an unchanged one where
both have the same 64 bits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import polars as pl

from deedbook.changes.records import KEY, key_text
from deedbook.release.rows import Rows, Scratch, dealt
from deedbook.schema import TableSchema

HISTORY = ("first_release", "last_changed_in")
_ROW, _CELLS, _NTH, _OLD, _FIRST = "\0row", "\0cells", "\0nth", "\0old", "\0first"
"""What no field is called."""
_SINCE = ("\0first_release", "\0last_changed_in")
_SEED = 0x0DEEDB00
_DEALT = 4
"""Buckets' bytes that are dealt at a time: of more, fewer pieces come, whose number grows with the square of that of buckets."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The table in the release before.

    Attributes:
        version: What the release after it is called.
        parts: Its rows with the column names of today, the first part perhaps without rows; no part of a new table.
        rekeyed: The `old` and `new` keys of rows that have another one since; None for none.
    """

    version: str
    parts: Iterator[pl.DataFrame]
    rekeyed: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is dealt of the rows of a table: their key, and a hash of their other cells.

    Attributes:
        keys: The fields of the key; all that the release before has, of a table without one.
        exprs: What makes the marks of text columns.
    """

    keys: list[str]
    exprs: tuple[pl.Expr, ...]

    @classmethod
    def of(cls, schema: TableSchema, known: Sequence[str]) -> Self:
        """Those of a table of which the release before has these columns."""
        keys = list(schema.primary_key) or [name for name in schema.names if name in known]
        others = [name for name in schema.names if name not in keys]
        cells = pl.struct(others).hash(_SEED) if others else pl.lit(0, pl.UInt64)
        return cls(keys, (*map(pl.col, keys), cells.alias(_CELLS)))

    def numbered(self, text: Rows) -> Iterator[pl.DataFrame]:
        """Those of all rows, with their numbers."""
        start = 0
        for part in chain([text.slice(0, 0)], text.slices()):
            yield part.select(self.exprs).with_row_index(_ROW, start)
            start += part.height

    def buckets(self, text: Rows, size: int) -> int:
        """How many buckets of about so many bytes they need; equal rows without a key stay in their order in one."""
        sample = text.slice(0, 1000).select(self.exprs)
        whole = int(sample.estimated_size()) * text.height // max(1, sample.height)
        return 1 + whole // size if self.keys else 1


@dataclass(slots=True)
class _Ages:
    """What the release before tells of ages, as its parts are read.

    Attributes:
        versions: All that are named.
        first: The keys of rows that had another one, and since when they have been there.
    """

    versions: set[str]
    first: list[pl.DataFrame]

    def noted(self, rows: Iterable[pl.DataFrame], rekeyed: pl.DataFrame, keys: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same rows; a row is as old under a new key."""
        for part in rows:
            for name in _SINCE:
                self.versions.update(part.get_column(name).drop_nulls().unique())
            if rekeyed.height:
                own = part.select(key_text(keys).alias("old"), pl.col(_SINCE[0]).alias(_FIRST))
                self.first.append(rekeyed.join(own, on="old").select(pl.col("new").alias(KEY), _FIRST))
            yield part


def row_ages(text: Rows, schema: TableSchema, earlier: Earlier, scratch: Scratch) -> pl.DataFrame | None:
    """The columns of `HISTORY`, as an Enum. Rows are known by their key; without one by all their cells, equal rows by their order.

    Args:
        text: The table as canonical text.
        schema: Its own; an added column is no change of a row that leaves it empty.
        earlier: The release before.
        scratch: Where buckets are put; with the bytes of a part.

    Returns:
        None where every row is new, since nothing tells the ages of old ones.
    """
    head = next(earlier.parts, pl.DataFrame())
    if not {*schema.primary_key, *HISTORY} <= {*head.columns}:
        return None
    marks, size = _Marks.of(schema, head.columns), _DEALT * scratch.size
    count, told = marks.buckets(text, scratch.size), _Ages({earlier.version}, [_NO_FIRST])
    added = [pl.lit(None, pl.String).alias(name) for name in schema.names if name not in head.columns]
    since = [pl.col(name).alias(since) for name, since in zip(HISTORY, _SINCE, strict=True)]
    old = (part.with_columns(added).select(*marks.exprs, *since) for part in chain([head], earlier.parts))
    rekeyed = pl.DataFrame(schema={"old": pl.String, "new": pl.String}) if earlier.rekeyed is None else earlier.rekeyed
    now = dealt(_gathered(marks.numbered(text), size), marks.keys, count, scratch.folder / "now")
    before = _gathered(told.noted(old, rekeyed, marks.keys), size)
    both = zip(now, dealt(before, marks.keys, count, scratch.folder / "before"), strict=True)
    first, kind, is_keyed = pl.concat(told.first), pl.Enum(sorted(told.versions)), bool(schema.primary_key)
    ages = [pl.col(name).fill_null(earlier.version).cast(kind) for name in HISTORY]
    found = [_compared(one, it, marks.keys, first, is_keyed=is_keyed).select(_ROW, *ages) for one, it in both]
    return pl.concat(found).sort(_ROW).select(HISTORY)


_NO_FIRST = pl.DataFrame(schema={KEY: pl.String, _FIRST: pl.String})


def _gathered(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Consecutive frames, several as one of about so many bytes."""
    held, total = list[pl.DataFrame](), 0
    for frame in frames:
        held.append(frame)
        total += int(frame.estimated_size())
        if total >= size:
            yield pl.concat(held)
            held, total = [], 0
    yield from [pl.concat(held)] if held else ()


def _compared(
    rows: pl.DataFrame, old: pl.DataFrame, keys: list[str], moved: pl.DataFrame, *, is_keyed: bool
) -> pl.DataFrame:
    """The numbers and ages of the rows of a bucket, null of the new; `moved` tells since when those with another key have been there."""
    first, last = map(pl.col, _SINCE)
    if not is_keyed:
        nth = pl.int_range(pl.len()).over(pl.lit(0), *keys).alias(_NTH)
        rows, old, keys = rows.with_columns(nth), old.with_columns(nth), [*keys, _NTH]
    both = rows.join(old, on=keys, how="left", suffix=_OLD, nulls_equal=True)
    if moved.height:
        both = both.with_columns(key_text(keys).alias(KEY)).join(moved, on=KEY, how="left")
        first = first.fill_null(pl.col(_FIRST))
    is_same = pl.col(_CELLS).eq(pl.col(_CELLS + _OLD)) & last.is_not_null()
    return both.select(_ROW, first.alias(HISTORY[0]), pl.when(is_same).then(last).alias(HISTORY[1]))
