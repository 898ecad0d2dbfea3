"""Parquet: typed columns, zstd, row groups of a fixed size, dataset and version in the file's key-value metadata."""

from __future__ import annotations

from pathlib import Path

from deedbook.release.edition import Edition, moment_text
from deedbook.release.tables import Table

ROW_GROUP = 122_880
"""Rows in a group: a multiple of DuckDB's vector size, and small enough to read a part of a table."""
_LEVEL = 3


def write_parquet(table: Table, edition: Edition, path: Path) -> None:
    """Writes one table."""
    table.rows.write_parquet(
        path,
        compression="zstd",
        compression_level=_LEVEL,
        row_group_size=ROW_GROUP,
        metadata={
            "dataset": edition.name,
            "version": edition.version,
            "created": moment_text(edition.created),
            "table": table.name,
            "primary_key": ",".join(table.schema.primary_key),
        },
    )
