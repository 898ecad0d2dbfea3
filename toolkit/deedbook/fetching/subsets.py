"""Rows of a table that an SQL expression picks, as something that can be cited and had again.

The expression is what stands after WHERE, over the typed columns of one table; it can name no other table, file or function
that reads one. The rows keep the release's order. Their identity is that of a released table: the sha256 of their canonical CSV.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from deedbook import files
from deedbook.errors import RefusalError, UsageError
from deedbook.fetching.opening import read_text_table, typed_table
from deedbook.fetching.releases import Listing
from deedbook.release.formats.csv import write_csv

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class SubsetRecord:
    """What identifies a subset of a release."""

    table: str
    where: str
    rows: int
    sha256: str

    @property
    def text(self) -> str:
        """As it stands in a citation."""
        return f"subset: {self.table} where {self.where}; {self.rows:,} rows, sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Subset:
    """The rows themselves, as canonical CSV."""

    record: SubsetRecord
    content: bytes


def read_subset(
    listing: Listing, table: str, where: str, *, digest: str | None = None, progress: Progress | None = None
) -> Subset:
    """The rows of a table that the expression picks.

    Args:
        listing: The release.
        table: Its table.
        where: An SQL expression that is true or false.
        digest: The sha256 that the rows must have, with or without `sha256:` before it.
        progress: Told how much of the table has come.

    Raises:
        UsageError: when there is no such table, or the expression does not fit to it.
        RefusalError: when the rows are others than those with the digest.
        RemoteError: when the table cannot be had.
    """
    schema, text = read_text_table(listing, table, progress)
    rows = text.filter(_mask(typed_table(text, schema, table), where, table))
    content = _canonical(rows)
    found = hashlib.sha256(content).hexdigest()
    wanted = (digest or found).removeprefix("sha256:").lower()
    if found != wanted:
        raise RefusalError(
            f"{listing.source.label}: {table} where {where} gives {rows.height:,} rows with the sha256 {found}, not {wanted}",
            "check the version and the expression in the citation",
        )
    return Subset(SubsetRecord(table, where, rows.height, found), content)


def write_subset(subset: Subset, folder: Path) -> Path:
    """Puts the rows into `folder/TABLE.csv`.

    Raises:
        RefusalError: when something else stands there.
        UsageError: when it cannot be written.
    """
    path = folder / f"{subset.record.table}.csv"
    try:
        if path.exists() and path.read_bytes() != subset.content:
            raise RefusalError(f"{path} exists and holds something else", "name another folder with -o")
        folder.mkdir(parents=True, exist_ok=True)
        files.replace(path, subset.content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}", "name another folder with -o") from None
    return path


def _mask(rows: pl.DataFrame, where: str, table: str) -> pl.Series:
    """Which rows the expression picks; one that is neither true nor false for a row does not pick it."""
    try:
        mask = rows.select(pl.sql_expr(where).alias("picked")).to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        first = (str(error).strip().splitlines() or ["it cannot be read"])[0]
        raise UsageError(
            f"the expression {where!r}: {first}",
            f"the columns of {table} are {', '.join(rows.columns[:20])}; a date is written DATE '2000-12-31'",
        ) from None
    if mask.dtype != pl.Boolean or (mask.len() != rows.height and mask.len() != 1):
        raise UsageError(f"the expression {where!r} is not true or false for a row", "compare a column with a value")
    return (mask.new_from_index(0, rows.height) if mask.len() != rows.height else mask).fill_null(value=False)


def _canonical(rows: pl.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        path = Path(folder) / "rows.csv"
        write_csv(rows, path)
        return path.read_bytes()
