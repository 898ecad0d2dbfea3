"""What changed between two releases in the rows that somebody used."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import polars as pl

from deedbook.changes.compare import compare
from deedbook.changes.records import KEY, TableChanges
from deedbook.changes.sources import Side, side_of_folder
from deedbook.errors import UsageError
from deedbook.fetching.opening import DESCRIPTOR, read_text_table
from deedbook.fetching.releases import Listing
from deedbook.fetching.retrieving import obtain

COLUMNS = ("key", "change", "field", "old", "new")


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
    if not changes.tables:
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
    return _listed(changes.tables[0], keys)


def _side(listing: Listing, table: str, folder: Path) -> Side:
    """A folder with the one table of a release."""
    files = [listing.files[name] for name in (DESCRIPTOR, f"{table}.csv") if name in listing.files]
    if len(files) < 2:
        raise UsageError(f"{listing.source.label}: has no table {table!r}", "name a table that both releases have")
    folder.mkdir()
    for name, path in obtain(listing.source, files).items():
        shutil.copyfile(path, folder / name)  # a link would lead out of the package
    return side_of_folder(folder)


def _listed(found: TableChanges, keys: set[str] | None) -> pl.DataFrame:
    """The changes in one frame, of the rows with these (old) keys; of all when None."""
    renamed = dict(found.rekeyed.iter_rows())
    back = {new: old for old, new in renamed.items()}
    rows: list[tuple[str, str, str | None, str | None, str | None]] = []
    rows += [(key, "removed", None, None, None) for key in found.removed.get_column(KEY)]
    rows += [(old, "re-keyed", None, old, new) for old, new in renamed.items()]
    rows += [(back.get(cell.key, cell.key), cell.kind, cell.field, cell.old, cell.new) for cell in found.iter_cells()]
    if keys is None:
        rows += [(key, "added", None, None, None) for key in found.added.get_column(KEY)]
    else:
        rows = [row for row in rows if row[0] in keys]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").sort(COLUMNS, nulls_last=True)


def _keys(rows: pl.DataFrame | Path | str, primary_key: tuple[str, ...], table: str) -> set[str]:
    """The keys of a user's rows as text, joined as everywhere."""
    if not primary_key:
        raise UsageError(f"{table}: has no primary key, so rows cannot be told apart", "leave out `rows`")
    frame = rows if isinstance(rows, pl.DataFrame) else _load(Path(rows))
    missing = [name for name in primary_key if name not in frame.columns]
    if missing:
        raise UsageError(f"the rows have no column {missing[0]!r}", f"the key of {table} is {', '.join(primary_key)}")
    escaped = [
        pl.col(name)
        .cast(pl.String)
        .str.replace_all("\\", "\\\\", literal=True)
        .str.replace_all("|", "\\|", literal=True)
        if len(primary_key) > 1
        else pl.col(name).cast(pl.String)
        for name in primary_key
    ]
    return set(frame.select(pl.concat_str(escaped, separator="|").drop_nulls()).to_series())


def _load(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", "name a CSV or Parquet file") from None
