"""Rows of a table that somebody uses: those that an expression picks, and what changed in them between two releases.

The expression is what stands after WHERE, over the typed columns of one table; it can name no other table, file or function
that reads one. The rows keep the release's order. Their identity is that of a released table: the sha256 of their canonical CSV.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from deedbook import files
from deedbook.changes.alignment import key_text
from deedbook.changes.compare import compare
from deedbook.changes.records import KEY, TableChanges
from deedbook.changes.sources import Side, side_of_folder
from deedbook.descriptor import load_package
from deedbook.errors import RefusalError, UsageError
from deedbook.fetching.releases import Listing
from deedbook.fetching.retrieval import Progress, obtain, untold
from deedbook.project import DESCRIPTOR
from deedbook.release.formats.csv import read_csv, write_csv
from deedbook.release.tables import schema_of, type_rows
from deedbook.schema import TableSchema

COLUMNS = ("key", "change", "field", "old", "new")
_MOST_VALUES = 10_000
"""Of a column among which the nearest to a mistyped one is looked for."""


def read_text_table(listing: Listing, table: str, progress: Progress = untold) -> tuple[TableSchema, pl.DataFrame]:
    """The schema of a table and its canonical text, null being missing.

    Raises:
        UsageError: when the release has no such table.
    """
    name = f"{table}.csv"
    if name not in listing.files or listing.files[name].table != table:
        tables = ", ".join(listing.tables)
        raise UsageError(f"{listing.source.label}: has no table {table!r}", f"its tables are {tables}")
    found = obtain(listing.source, [listing.files[DESCRIPTOR], listing.files[name]], progress)
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        descriptor = Path(folder) / DESCRIPTOR
        descriptor.write_bytes(found[DESCRIPTOR].read_bytes())
        schema = schema_of(load_package(descriptor).resource(table))
    return schema, read_csv(found[name])


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
    listing: Listing, table: str, where: str, *, digest: str | None = None, progress: Progress = untold
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
    rows = text.filter(_mask(type_rows(text, schema, table)[0], where, table))
    with tempfile.TemporaryDirectory(prefix="deedbook-") as scratch:
        write_csv(rows, Path(scratch) / "rows.csv")
        content = (Path(scratch) / "rows.csv").read_bytes()
    found = hashlib.sha256(content).hexdigest()
    wanted = (digest or found).removeprefix("sha256:").lower()
    if found != wanted:
        raise RefusalError(
            f"{listing.source.label}: {table} where {where} gives {rows.height:,} rows with the sha256 {found}, not {wanted}",
            "check the version and the expression in the citation",
        )
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


def used_changes(old: Listing, new: Listing, table: str, rows: pl.DataFrame | Path | str | None) -> pl.DataFrame:
    """One row per change; see `opening.Release.changes`.

    Raises:
        UsageError: when a release lacks the table, or the file a column of its key.
    """
    schema, _ = read_text_table(old, table)
    keys = None if rows is None else _keys(rows, schema.primary_key, table)
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        sides = [_side(listing, table, Path(folder) / str(number)) for number, listing in enumerate((old, new))]
        changes = compare(sides[0], sides[1], tables=(table,))
    found = [row for one in changes.tables for row in _changed_rows(one, with_added=keys is None)]
    used = [row for row in found if keys is None or row[0] in keys]
    return pl.DataFrame(used, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").sort(COLUMNS, nulls_last=True)


def _changed_rows(found: TableChanges, *, with_added: bool) -> Iterator[tuple[str | None, ...]]:
    """Key, change, field, old and new of each change; the keys are the old ones."""
    renamed = dict(found.rekeyed.iter_rows())
    back = {to: was for was, to in renamed.items()}
    yield from ((key, "removed", None, None, None) for key in found.removed.get_column(KEY))
    yield from ((was, "re-keyed", None, was, to) for was, to in renamed.items())
    for key, name, kind, was, now in found.cells.iter_rows():
        yield back.get(key, key), kind, name, was, now
    if with_added:
        yield from ((key, "added", None, None, None) for key in found.added.get_column(KEY))


def _side(listing: Listing, table: str, folder: Path) -> Side:
    """A folder with the one table of a release."""
    wanted = [listing.files[name] for name in (DESCRIPTOR, f"{table}.csv") if name in listing.files]
    if len(wanted) < 2:
        raise UsageError(f"{listing.source.label}: has no table {table!r}", "name a table that both releases have")
    folder.mkdir()
    for name, path in obtain(listing.source, wanted).items():
        shutil.copyfile(path, folder / name)  # a link would lead out of the package
    return side_of_folder(folder)


def _keys(rows: pl.DataFrame | Path | str, primary_key: tuple[str, ...], table: str) -> set[str]:
    """The keys of a user's rows as text, joined as everywhere."""
    if not primary_key:
        raise UsageError(f"{table}: has no primary key, so rows cannot be told apart", "leave out `rows`")
    try:
        if isinstance(rows, pl.DataFrame):
            frame = rows
        else:
            frame = pl.read_parquet(rows) if Path(rows).suffix == ".parquet" else pl.read_csv(rows, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{rows}: cannot be read: {error}", "name a CSV or Parquet file") from None
    missing = [name for name in primary_key if name not in frame.columns]
    if missing:
        raise UsageError(f"the rows have no column {missing[0]!r}", f"the key of {table} is {', '.join(primary_key)}")
    parts = frame.select(pl.col(*primary_key).cast(pl.String)).drop_nulls()
    return set(parts.select(key_text(primary_key)).to_series())
