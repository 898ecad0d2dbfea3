"""`deedbook.open`: the tables of a published release as typed frames.

    events = deedbook.open("alignment-events@1.2.0", catalog="https://...")["events"]

A table comes when it is first asked for, in the smallest format that keeps its types, and is proven like everything that is
fetched. Missing is null; ids are text, codes are categories in their declared order, dates dates, times UTC.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook.catalogue.records import Entry
from deedbook.changes.compare import compare
from deedbook.changes.records import KEY, TableChanges, key_text
from deedbook.changes.sources import Side
from deedbook.descriptor import Package, load_package
from deedbook.errors import DeedbookError, UsageError, of_extra
from deedbook.fetching import releases
from deedbook.fetching.citations import citation_of
from deedbook.fetching.copies import obtain
from deedbook.fetching.pins import Pin, find_pins
from deedbook.fetching.releases import Asking, Listing, find_release, open_dataset
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.citation import Citation, Style, write
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import schema_of, type_rows
from deedbook.schema import TableSchema
from deedbook.versioning.history import demand_document
from deedbook.versioning.previous import CHANGES

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("key", "change", "field", "old", "new")
_IN_PYTHON = {
    "add --from URL_OR_FOLDER": 'name it: catalog="URL or folder"',
    "leave out --offline once": "leave out offline=True once",
    "name it with --key": "name it: key=",
    "leave out --locked, or fetch it once with --lock": "write it with `deedbook fetch NAME --lock`",
    ", or choose formats and tables with --format and --table": "",
}
"""What the command line calls what is an argument here."""


class Release(Mapping[str, pl.DataFrame]):
    """A published release: its tables by name, each fetched when it is asked for.

    Args:
        listing: What was proven of it.
        asking: The catalogue, for `changes`.

    Attributes:
        name: The dataset.
        version: Its version, in full.
        pin: The line for a `deedbook.lock`.
        tables: The names of the tables.
    """

    def __init__(self, listing: Listing, asking: Asking) -> None:
        self._listing, self._asking = listing, asking
        self._frames: dict[str, pl.DataFrame] = {}
        pin = listing.source.pin
        self.name, self.version, self.pin, self.tables = pin.name, pin.version, pin.line, listing.tables

    def __repr__(self) -> str:
        """Names the release and its tables."""
        return f"<Release {self.pin}: {', '.join(self)}>"

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        return iter(self.tables)

    def __len__(self) -> int:
        """How many tables."""
        return len(self.tables)

    def _ipython_key_completions_(self) -> tuple[str, ...]:
        return self.tables

    def __getitem__(self, table: str) -> pl.DataFrame:
        """The table, typed; fetched now if it was not before."""
        if table not in self._frames:
            if table not in self.tables:
                raise KeyError(f"{table}; the tables are {', '.join(self)}")
            with _in_python():
                if f"{table}.parquet" in self._listing.files:
                    frame = pl.read_parquet(self.path(f"{table}.parquet"))
                else:
                    schema, text = read_text_table(self._listing, table)
                    frame, _ = type_rows(text, schema)
                codes = {name: tuple(labels) for name, labels in self.labels[table].items()}
                texts = set(frame.select(pl.col(pl.String)).columns)
                known = texts.intersection(name for name, of in codes.items() if set(map(type, of)) == {str})
                self._frames[table] = frame.with_columns(pl.col(name).cast(pl.Enum(codes[name])) for name in known)
        return self._frames[table]

    @cached_property
    def _fields(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The fields of each table as the descriptor has them."""
        resources = json.loads(self.path(DESCRIPTOR).read_bytes())["resources"]
        fields = {resource["name"]: resource.get("schema", {}).get("fields", []) for resource in resources}
        return {table: fields.get(table, []) for table in self.tables}

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, Mapping[Any, str]]]:
        """What the codes mean: table to field to code to label, in the declared order; fields without codes are left out."""
        return {
            table: {
                field["name"]: {code["value"]: str(code.get("label", code["value"])) for code in field["categories"]}
                for field in fields
                if field.get("categories")
            }
            for table, fields in self._fields.items()
        }

    @cached_property
    def codebook(self) -> pl.DataFrame:
        """One row a field: `table`, `field`, `type`, `title`, `description`."""
        columns = ("name", "type", "title", "description")
        rows = [
            (table, *(str(field.get(name, "")) for name in columns))
            for table, fields in self._fields.items()
            for field in fields
        ]
        names = ("table", "field", *columns[1:])
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    def path(self, name: str) -> Path:
        """A proven file of the release; it lies in the cache and may only be read.

        Raises:
            UsageError: when the release has no such file.
        """
        if name not in self._listing.files:
            raise UsageError(f"{self._listing.source.label}: has no file {name!r}", "see its release.json")
        with _in_python():
            return obtain(self._listing.source, [self._listing.files[name]])[name]

    def pandas(self, table: str) -> pd.DataFrame:
        """A table for pandas, without pyarrow: nullable types, codes as categories.

        Dates are `datetime64[s]`, moments `datetime64[us, UTC]`, or without a zone.

        Raises:
            UsageError: when pandas is not installed.
        """
        with of_extra("pandas"):
            import pandas as pd
        ordered = {field["name"] for field in self._fields.get(table, []) if field.get("categoriesOrdered")}
        return pd.DataFrame({column.name: _pandas_column(pd, column, ordered) for column in self[table]})

    def cite(self, style: Style = "text") -> str:
        """How to cite the release."""
        return write(self.citation, style).strip()

    @property
    def citation(self) -> Citation:
        """What a citation is made of; as text, it is one."""
        with _in_python():
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
        with _in_python():
            named = [find_release(f"{self.name}@{version}", self._asking)[0] for version in (from_, to) if version]
            old, new = (_package(listing, table) for listing in [*named, self._listing][:2])
            keys = None if rows is None else _keys(rows, schema_of(old.resource(table)).primary_key, table)
            sides = (Side(package.version, Project(package.root, package)) for package in (old, new))
            changes = compare(*sides, tables=(table,))
        found = pl.concat([pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String)), *map(_rows_of, changes.tables)])
        used = found if keys is None else found.filter(pl.col("change") != "added", pl.col("key").is_in(keys))
        return used.sort(_COLUMNS, nulls_last=True)


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
        name: NAME, NAME@1, NAME@1.2, NAME@1.2.0 or NAME@latest; or the address of the release's page. A script names all three
            numbers.
        catalog: URL or folder of the catalogue; that of the user's configuration when None.
        key: The publisher's minisign key or its file.
        offline: Use only what was fetched before.
        lock: A `deedbook.lock` that says which version it must be.

    Raises:
        DeedbookError: saying what is wrong, and in `hint` what to do; a yanked version, and a catalogue that has not been renewed
            for long, warn instead.
    """
    with _in_python():
        wanted: str | Pin = name
        if lock is not None:
            (wanted,) = find_pins(Path(lock), name)
            catalog = catalog or wanted.catalogue
        asking = Asking(catalog, key, offline)
        listing, said = find_release(wanted, asking)
    for warning in (*said[: listing.source.entry.is_yanked], *listing.source.opened.age()):
        warnings.warn(warning, UserWarning, stacklevel=2)
    return Release(listing, asking)


def list_versions(name: str, *, catalog: str | None = None) -> tuple[Entry, ...]:
    """The published versions of a dataset, newest first, each with `version`, `state`, `created`, `doi`, `reason` ...

    Args:
        name: The dataset.
        catalog: URL or folder of the catalogue; that of the user's configuration when None.

    Raises:
        DeedbookError: when there is no such catalogue or dataset, or it cannot be had.
    """
    with _in_python():
        return open_dataset(name, Asking(catalog))[1].versions


@contextmanager
def _in_python() -> Iterator[None]:
    """Errors of the block say what to do in terms of Python, and say it in the traceback."""
    try:
        yield
    except DeedbookError as error:
        for option, argument in _IN_PYTHON.items():
            error.hint = error.hint.replace(option, argument)
        error.args = (f"{error.message}\n{error.hint}" if error.hint else error.message,)
        raise


def _pandas_column(pd: ModuleType, values: pl.Series, ordered: Collection[str]) -> Any:
    items, dtype = values.to_list(), values.dtype
    if isinstance(dtype, pl.Enum):
        return pd.Categorical(items, categories=dtype.categories.to_list(), ordered=values.name in ordered)
    if isinstance(dtype, pl.Date):
        return pd.array(["NaT" if item is None else item.isoformat() for item in items], dtype="datetime64[s]")
    if isinstance(dtype, pl.Datetime):
        texts = pd.Series(values.dt.to_string("iso:strict").to_list(), dtype="object")
        moments = pd.to_datetime(texts, format="ISO8601", utc=dtype.time_zone is not None)
        return moments.dt.as_unit("us").array
    kinds = {"boolean": dtype == pl.Boolean, "Int64": dtype.is_integer(), "Float64": dtype.is_float(), "string": True}
    return pd.array(items, dtype=next(kind for kind, is_it in kinds.items() if is_it))


def table_file(listing: Listing, table: str, progress: releases.Progress = releases.untold) -> tuple[TableSchema, Path]:
    """The schema of a table and its canonical CSV.

    Raises:
        UsageError: when the release has no such table.
    """
    resource = _package(listing, table, progress).resource(table)
    return schema_of(resource), resource.files[0]


def read_text_table(
    listing: Listing, table: str, progress: releases.Progress = releases.untold
) -> tuple[TableSchema, pl.DataFrame]:
    """The schema of a table and its canonical text, null being missing.

    Raises:
        UsageError: when the release has no such table.
    """
    schema, path = table_file(listing, table, progress)
    return schema, read_csv(path)


def read_chain(listing: Listing) -> Iterator[Mapping[str, Any]]:
    """The `changes.json` of a release and of those before it in the catalogue, newest first, each proven.

    Raises:
        ProjectError: when one does not tell its changes.
        RefusalError: when something is not as the catalogue says.
        RemoteError: when it cannot be had.
    """
    while True:
        source = listing.source
        yield demand_document(json.loads(releases.obtain_document(source, listing.files[CHANGES])), source.label)
        entry = source.dataset.entry(source.entry.previous.version) if source.entry.previous else None
        if entry is None:
            return
        listing = releases.read_listing(replace(source, entry=entry))


def _package(listing: Listing, table: str, progress: releases.Progress = releases.untold) -> Package:
    """What a release says of itself, with the proven file of one table."""
    there = {file.table: file for file in listing.files.values() if listing.format_of(file) == "csv"}
    listing.demand("table", [table], [name for name in listing.tables if name in there])
    found = obtain(listing.source, [listing.files[DESCRIPTOR], there[table]], progress)
    package = load_package(found[DESCRIPTOR])
    own = replace(package.resource(table), files=(found[there[table].name],))
    return replace(package, resources=tuple(own if one.name == table else one for one in package.resources))


def _rows_of(found: TableChanges) -> pl.DataFrame:
    """Each change of a table as a row with `_COLUMNS`; the keys are the old ones."""
    old, new = found.rekeyed.get_column("old"), found.rekeyed.get_column("new")
    parts = [
        found.removed.select(pl.col(KEY).alias("key"), pl.lit("removed").alias("change")),
        found.rekeyed.select(pl.col("old").alias("key"), pl.lit("re-keyed").alias("change"), "old", "new"),
        found.cells.select(pl.col("key").replace(new, old), pl.col("kind").alias("change"), "field", "old", "new"),
        found.added.select(pl.col(KEY).alias("key"), pl.lit("added").alias("change")),
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))
    return pl.concat([empty, *parts], how="diagonal")


def _keys(rows: pl.DataFrame | Path | str, primary_key: tuple[str, ...], table: str) -> set[str]:
    """The keys of a user's rows as text, joined as everywhere."""
    if not primary_key:
        raise UsageError(f"{table}: has no primary key, so rows cannot be told apart", "leave out `rows`")
    try:
        if not isinstance(rows, pl.DataFrame):
            is_parquet = Path(rows).suffix == ".parquet"
            rows = pl.read_parquet(rows) if is_parquet else pl.read_csv(rows, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{rows}: cannot be read: {error}", "name a CSV or Parquet file") from None
    missing = [name for name in primary_key if name not in rows.columns]
    if missing:
        raise UsageError(f"the rows have no column {missing[0]!r}", f"the key of {table} is {', '.join(primary_key)}")
    parts = rows.select(pl.col(*primary_key).cast(pl.String)).drop_nulls()
    return set(parts.select(key_text(primary_key)).to_series())
