"""A made-up format of data: the module that a newcomer would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.cells import Pair, demand_columns, pairs_of
from deedbook.release.rows import Rows
from deedbook.release.tables import Table, texts_of


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table, after a line that names the release."""
    path.write_text(f"{edition.name} {edition.version}\n" + _plain(table).write_csv(separator="\t"))
    return ["everything is text"]


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a file, beside the table's."""
    found = pl.read_csv(path, skip_lines=1, separator="\t", infer_schema=False)
    demand_columns(found.columns, table.rows.columns)
    yield from pairs_of(Rows.of(_plain(table)), [found])


def _plain(table: Table) -> pl.DataFrame:
    rows = table.rows.lazy.collect()
    return rows.select(map(texts_of, rows.iter_columns()))
