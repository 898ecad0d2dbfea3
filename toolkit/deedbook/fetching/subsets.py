"""The rows of a released table that somebody uses, and what identifies them.

The expression that picks them is what stands after WHERE, over the typed columns of one table; it can name no other table, file or
function that reads one. The rows keep the release's order. Their identity is that of a released table: the sha256 of their
canonical CSV.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from deedbook import files
from deedbook.errors import RefusalError, UsageError
from deedbook.fetching import releases
from deedbook.fetching.releases import Listing
from deedbook.fetching.tables import read_text_table
from deedbook.release.formats.csv import write_csv
from deedbook.release.tables import type_rows

_MOST_VALUES = 10_000
"""Of a column among which the nearest to a mistyped one is looked for."""


@dataclass(frozen=True, slots=True)
class Subset:
    """Rows of a release, and what identifies them.

    Attributes:
        sha256: Of `content`.
        content: The rows as canonical CSV.
        advice: What to tell somebody who picked none.
    """

    table: str
    where: str
    rows: int
    sha256: str
    content: bytes = field(repr=False)
    advice: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As it stands in a citation."""
        return f"subset: {self.table} where {self.where}; {self.rows:,} rows, sha256:{self.sha256}"


def read_subset(
    listing: Listing,
    table: str,
    where: str,
    *,
    digest: str | None = None,
    progress: releases.Progress = releases.untold,
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
    rows = text.filter(_mask(type_rows(text, schema)[0], where, table))
    file = io.BytesIO()
    write_csv(rows, file)
    content = file.getvalue()
    found = hashlib.sha256(content).hexdigest()
    wanted = (digest or found).removeprefix("sha256:").lower()
    if found != wanted:
        what = f"{table} where {where} gives {rows.height:,} rows with the sha256 {found}, not {wanted}"
        raise RefusalError(f"{listing.source.label}: {what}", "check the version and the expression in the citation")
    return Subset(table, where, rows.height, found, content, () if rows.height else (_advice(text, table, where),))


def write_subset(subset: Subset, folder: Path) -> Path:
    """Puts the rows into `folder/TABLE.csv`.

    Raises:
        RefusalError: when something else stands there.
        UsageError: when it cannot be written.
    """
    path = folder / f"{subset.table}.csv"
    try:
        if path.exists() and path.read_bytes() != subset.content:
            raise RefusalError(f"{path} exists and holds something else", "name another folder with -o")
        folder.mkdir(parents=True, exist_ok=True)
        files.replace(path, subset.content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}", "name another folder with -o") from None
    return path


def _advice(text: pl.DataFrame, table: str, where: str) -> str:
    """That an expression picks no row, and which value it may mean in place of one that no row has."""
    words, known = set(re.findall(r"\w+", where)), dict[str, str]()
    for name in words.intersection(text.columns):
        values = text.get_column(name).drop_nulls().unique(maintain_order=True).head(_MOST_VALUES)
        known |= dict.fromkeys(values, name)
    folded = {value.casefold(): value for value in known}
    said = f"no row of {table} fits {where}: the subset is empty"
    for value in re.findall(r"'((?:[^']|'')*)'", where):
        for near in difflib.get_close_matches(value.casefold(), folded, 1) if value not in known else ():
            said += f"; {known[folded[near]]} has no {value!r}, the nearest is {folded[near]!r}"
    return said


def _mask(rows: pl.DataFrame, where: str, table: str) -> pl.Series:
    """Which rows the expression picks; one that is neither true nor false for a row does not pick it."""
    try:
        mask = rows.with_columns(pl.sql_expr(where).alias("\0picked")).to_series(-1)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        first = (str(error).strip().splitlines() or ["it cannot be read"])[0]
        hint = f"the columns of {table} are {', '.join(rows.columns[:20])}; a date is written DATE '2000-12-31'"
        raise UsageError(f"the expression {where!r}: {first}", hint) from None
    if mask.dtype != pl.Boolean:
        raise UsageError(f"the expression {where!r} is not true or false for a row", "compare a column with a value")
    return mask.fill_null(value=False)
