"""`deedbook.open`: the tables of a published release as typed frames.

    events = deedbook.open("alignment-events@1.2.0", catalog="https://...")["events"]

A table comes when it is first asked for, in the smallest format that keeps its types, and is proven like everything that is
fetched. Missing is null; ids and codes are text, dates dates, times UTC.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deedbook.errors import UsageError
from deedbook.fetching.citing import Citation, Style, citation_of, render
from deedbook.fetching.pins import demand, read_lock
from deedbook.fetching.releases import Listing
from deedbook.fetching.retrieving import Asking, find_release, obtain, pin_of
from deedbook.integrity.signatures import public_key

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from deedbook.schema import TableSchema

DESCRIPTOR = "datapackage.json"
Progress = Callable[[str, float], None]


class Release(Mapping[str, "pl.DataFrame"]):
    """A published release: its tables by name, each fetched when it is asked for.

    Args:
        listing: What was proven of it.
        asking: The catalogue, for `changes`.
    """

    def __init__(self, listing: Listing, asking: Asking) -> None:
        self._listing = listing
        self._asking = asking
        self._frames: dict[str, pl.DataFrame] = {}

    def __repr__(self) -> str:
        """Names the release."""
        return f"<Release {self.pin}>"

    @property
    def name(self) -> str:
        """The dataset."""
        return self._listing.source.dataset.name

    @property
    def version(self) -> str:
        """Its version, in full."""
        return self._listing.source.entry.version

    @property
    def pin(self) -> str:
        """The line for a `deedbook.lock`."""
        return pin_of(self._listing.source).line

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        return (str(table["name"]) for table in self._listing.manifest["tables"])

    def __len__(self) -> int:
        """How many tables."""
        return len(self._listing.manifest["tables"])

    def __getitem__(self, table: str) -> pl.DataFrame:
        """The table, typed; fetched now if it was not before."""
        if table not in self._frames:
            if table not in list(self):
                raise KeyError(f"{table}; the tables are {', '.join(self)}")
            self._frames[table] = _read(self._listing, table)
        return self._frames[table]

    def path(self, name: str) -> Path:
        """A proven file of the release; it lies in the cache and may only be read.

        Raises:
            UsageError: when the release has no such file.
        """
        if name not in self._listing.files:
            raise UsageError(f"{self._listing.source.label}: has no file {name!r}", "see its release.json")
        return obtain(self._listing.source, [self._listing.files[name]])[name]

    def pandas(self, table: str) -> pd.DataFrame:
        """A table for pandas, without pyarrow: nullable types, dates as datetime64, UTC times."""
        from deedbook.fetching.frames import to_pandas

        return to_pandas(self[table])

    def cite(self, style: Style = "text") -> str:
        """How to cite the release."""
        return render(self.citation, style).strip()

    @property
    def citation(self) -> Citation:
        """What a citation is made of."""
        return citation_of(self._listing)

    def changes(
        self, from_: str, to: str | None = None, *, table: str, rows: pl.DataFrame | Path | str | None = None
    ) -> pl.DataFrame:
        """What happened to the rows of a table between two versions.

        Args:
            from_: The version that somebody used.
            to: The later one; this release when None.
            table: The table.
            rows: What they used of it: a frame or a CSV or Parquet file that has the columns of its primary key. Every row when None.

        Returns:
            One row per change: `key`, `change` (added, removed, re-keyed, value, representation), `field`, `old`, `new`. An added
            row is none that somebody used; it is left out when `rows` is given.

        Raises:
            UsageError: when a version or the table does not exist, or the file lacks a column of the key.
        """
        from deedbook.fetching.revisions import used_changes

        old, new = self._other(from_), self._listing if to is None else self._other(to)
        return used_changes(old, new, table, rows)

    def _other(self, version: str) -> Listing:
        return find_release(f"{self.name}@{version}", self._asking)[0]


def open_release(
    name: str,
    *,
    catalog: str | None = None,
    key: str | None = None,
    offline: bool = False,
    lock: Path | str | None = None,
) -> Release:
    """A published release, proven; its tables come when they are asked for.

    Args:
        name: NAME, NAME@1, NAME@1.2, NAME@1.2.0 or NAME@latest. A script names all three numbers.
        catalog: URL or folder of the catalogue; that of the user's configuration when None.
        key: The publisher's minisign key or its file.
        offline: Use only what was fetched before.
        lock: A `deedbook.lock` that says which version it must be.

    Raises:
        DeedbookError: saying what is wrong, and in `hint` what to do; a yanked version warns instead.
    """
    import warnings

    pin = None
    if lock is not None:
        pin = read_lock(Path(lock)).get(name.partition("@")[0])
        if pin is None:
            raise UsageError(f"{lock}: does not lock {name}", "fetch it once with --lock")
        name, catalog = f"{pin.name}@{pin.version}", catalog or pin.catalogue
    asking = Asking(catalog, public_key(key) if key is not None else None, offline)
    listing, said = find_release(name, asking)
    if pin is not None:
        demand(pin, pin_of(listing.source))
    if listing.source.entry.is_yanked:
        warnings.warn(said[0], UserWarning, stacklevel=2)
    return Release(listing, asking)


def _read(listing: Listing, table: str) -> pl.DataFrame:
    import polars as pl

    if f"{table}.parquet" in listing.files:
        return pl.read_parquet(obtain(listing.source, [listing.files[f"{table}.parquet"]])[f"{table}.parquet"])
    schema, text = read_text_table(listing, table)
    return typed_table(text, schema, table)


def read_text_table(listing: Listing, table: str, progress: Progress | None = None) -> tuple[TableSchema, pl.DataFrame]:
    """The schema of a table and its canonical text, null being missing.

    Raises:
        UsageError: when the release has no such table.
    """

    from deedbook.descriptor import load_package
    from deedbook.release.formats.csv import read_csv
    from deedbook.release.tables import schema_of

    name = f"{table}.csv"
    if name not in listing.files or listing.files[name].table != table:
        tables = ", ".join(str(entry["name"]) for entry in listing.manifest["tables"])
        raise UsageError(f"{listing.source.label}: has no table {table!r}", f"its tables are {tables}")
    found = obtain(listing.source, [listing.files[DESCRIPTOR], listing.files[name]], progress)
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        descriptor = Path(folder) / DESCRIPTOR
        descriptor.write_bytes(found[DESCRIPTOR].read_bytes())
        schema = schema_of(load_package(descriptor).resource(table))
    return schema, read_csv(found[name])


def typed_table(text: pl.DataFrame, schema: TableSchema, table: str) -> pl.DataFrame:
    """Canonical text as typed columns."""
    from deedbook.release.tables import type_rows

    return type_rows(text, schema, table)[0]
