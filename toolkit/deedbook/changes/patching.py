"""The rows that a highlighter diff has to name beside those that changed, so that `daff patch` finds these.

daff (1.4.2) finds an old row by its cells in the five columns with most distinct values. Where other rows have the same, it
takes the one that follows the row before it in the diff, if it had found that one when it looked ahead. So a row that
resembles others is led up to from the last two neighbours that do not; the first row of a table can follow the header, whose
cells daff knows with a `_` in front. Rows that resemble others before the first two that do not are beyond daff's means.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from deedbook.changes.aligning import Alignment, key_text
from deedbook.descriptor import Resource
from deedbook.reading.tables import read_text
from deedbook.types import canonical_text

MOST_ROWS = 500_000
"""Rows of the largest table that daff is prepared for; it takes minutes for fewer."""
_INDEXED = 5


def context_rows(
    old: Resource, alignment: Alignment, keys: Iterable[str], rows: int
) -> dict[str, list[tuple[str, ...]]]:
    """By old key, the rows before it that have to be named, in order: cells by the alignment's pairs.

    Args:
        old: The old table.
        alignment: How its columns and keys are paired.
        keys: The old keys of the rows that the diff names.
        rows: The rows of the table.
    """
    if not rows or rows > MOST_ROWS or not alignment.key:
        return {}
    fields = [pair.old for pair in alignment.pairs]
    columns = [
        (pl.col(item.name) if item else pl.lit(None, pl.String)).fill_null("").alias(f"r{at}")
        for at, item in enumerate(fields)
    ]
    keyed = [canonical_text(item).alias(f"t{at}") for at in alignment.key if (item := fields[at]) is not None]
    key = key_text([f"t{at}" for at in alignment.key]).alias("key")
    table = pl.concat(frame.select(*columns, *keyed).with_columns(key) for frame in read_text(old))
    names = [f"r{at}" for at, item in enumerate(fields) if item is not None]
    names.sort(key=lambda name: -table.get_column(name).n_unique())
    is_alone = table.select(pl.struct(names[:_INDEXED]).is_unique()).to_series().to_list()
    place = {key: at for at, key in enumerate(table.get_column("key"))}
    cells = table.select(pl.col(f"r{at}") for at in range(len(fields)))
    header = tuple(f"_{pair.old.name}" if pair.old else "" for pair in alignment.pairs)
    named = sorted(at for key in keys if (at := place.get(key)) is not None)
    found: dict[str, list[tuple[str, ...]]] = {}
    last = -1
    for at in named:
        start = _lead(is_alone, at)
        first = [header] if at == 0 and not is_alone[at] else []
        found[table["key"][at]] = first + [tuple(row) for row in cells[max(start, last + 1) : at].iter_rows()]
        last = at
    return {key: rows for key, rows in found.items() if rows}


def _lead(is_alone: list[bool], at: int) -> int:
    """The first of the rows that lead to this one."""
    if is_alone[at]:
        return at
    start = at - 1
    while start > 0 and not (is_alone[start] and is_alone[start - 1]):
        start -= 1
    return max(start - 1, 0)
