"""JSON Lines: one object per row, numbers and booleans as such, dates and times as ISO text, missing as null."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.comparison import Pair, demand_columns, pairs_of
from deedbook.release.tables import Limit, Table, non_finite_columns, text_of

_BYTES = 8 << 20
"""Read at once: some ten thousand rows."""


def write(table: Table, _edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; columns with NaN or infinity are text in it, since JSON has no such numbers."""
    _plain(table).write_ndjson(path)
    return tuple(
        Limit("JSON Lines", table.name, f"`{name}` is text: JSON has neither NaN nor infinity")
        for name in non_finite_columns(table.rows)
    )


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a file, beside the table's."""
    expected = _plain(table)
    with path.open("rb") as file:
        first = file.readline()
        if first.strip():
            demand_columns(list(json.loads(first)), expected.columns)
        file.seek(0)
        parts = iter(lambda: file.readlines(_BYTES), [])
        yield from pairs_of(expected, (pl.read_ndjson(b"".join(lines), schema=expected.schema) for lines in parts))


def _plain(table: Table) -> pl.DataFrame:
    """The rows with every column that JSON cannot hold as text."""
    special = non_finite_columns(table.rows)
    return table.rows.with_columns(
        text_of(name, dtype) for name, dtype in table.rows.schema.items() if dtype.is_temporal() or name in special
    )
