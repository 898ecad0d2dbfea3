"""Parquet: typed columns, zstd, row groups of about as many cells, dataset and version in the file's key-value metadata."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.cells import Pair, demand_columns, pairs_of
from deedbook.release.tables import Table

_GROUP = 100_000
"""Cells in a row group: a browser reads one event among a million of 20 columns in one request of 340 kB, and a narrow table has
few groups to be unpacked; the file grows by less than 5 %."""
_FEWEST, _MOST = 1_000, 10_000
"""Rows of a group: below, what is said of each column of each group outweighs the cells of a wide table."""
_SLICE = 120_000
"""Rows that are compared at a time."""
_LEVEL = 3
"""Zstandard's own default."""


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table; nothing is lost."""
    table.rows.lazy.sink_parquet(
        path,
        compression="zstd",
        compression_level=_LEVEL,
        row_group_size=group_of(table.rows.width),
        metadata={
            "dataset": edition.name,
            "version": edition.version,
            "created": edition.moment,
            "table": table.name,
            "primary_key": ",".join(table.schema.primary_key),
        },
    )
    return []


def group_of(width: int) -> int:
    """The rows of a group, of a table of so many columns."""
    return min(max(_GROUP // max(1, width), _FEWEST), _MOST)


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a file, beside the table's."""
    scan = pl.scan_parquet(path)
    demand_columns(scan.collect_schema().names(), table.rows.columns)
    height = scan.select(pl.len()).collect().item()
    slices = (scan.slice(start, _SLICE).collect() for start in range(0, height, _SLICE))
    yield from pairs_of(table.rows, slices)
