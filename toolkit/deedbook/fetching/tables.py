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
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook.catalogue.records import Entry
from deedbook.errors import DeedbookError, UsageError
from deedbook.fetching.catalogues import open_catalogue
from deedbook.fetching.citations import Citation, Style, citation_of, render
from deedbook.fetching.locations import choose_catalogue, find_home, read_location
from deedbook.fetching.releases import Listing
from deedbook.fetching.retrieval import Asking, dataset_of, demand, find_release, obtain, pin_of, read_lock, read_spec
from deedbook.fetching.rows import read_text_table, used_changes
from deedbook.integrity.signatures import public_key
from deedbook.project import DESCRIPTOR
from deedbook.release.tables import type_rows

if TYPE_CHECKING:
    import pandas as pd

_IN_PYTHON = {
    "add --from URL_OR_FOLDER": 'name it: catalog="URL or folder"',
    "leave out --offline once": "leave out offline=True once",
    "name it with --key": "name it: key=",
    "fetch it once with --lock": "write it with `deedbook fetch NAME --lock`",
}
"""What the command line calls what is an argument here."""


class Release(Mapping[str, pl.DataFrame]):
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
        """Names the release and its tables."""
        return f"<Release {self.pin}: {', '.join(self)}>"

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

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables."""
        return self._listing.tables

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
                self._frames[table] = _as_categories(self._read(table), self.labels[table])
        return self._frames[table]

    def _read(self, table: str) -> pl.DataFrame:
        if f"{table}.parquet" in self._listing.files:
            return pl.read_parquet(self.path(f"{table}.parquet"))
        schema, text = read_text_table(self._listing, table)
        return type_rows(text, schema, table)[0]

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
                field["name"]: dict(map(_code_and_label, field["categories"]))
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
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise UsageError("pandas is not installed", "install it: pip install 'deedbook[pandas]'") from None
        ordered = {field["name"] for field in self._fields.get(table, []) if field.get("categoriesOrdered")}
        return pd.DataFrame({column.name: _pandas_column(pd, column, ordered) for column in self[table]})

    def cite(self, style: Style = "text") -> str:
        """How to cite the release."""
        return render(self.citation, style).strip()

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
        home = find_home()
        location = read_location(choose_catalogue(catalog, home))
        catalogue = open_catalogue(location, home).catalogue
        return dataset_of(catalogue, read_spec(name)[0], location.text).versions


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


def _code_and_label(category: Any) -> tuple[Any, str]:
    """A category of a Data Package is a value, or an object with a value and a label."""
    if isinstance(category, Mapping):
        return category["value"], str(category.get("label", category["value"]))
    return category, str(category)


def _as_categories(frame: pl.DataFrame, labels: Mapping[str, Mapping[Any, str]]) -> pl.DataFrame:
    """The frame with its columns of text codes as enumerations in the declared order."""
    enums = {
        name: pl.Enum(list(codes))
        for name, codes in labels.items()
        if name in frame.columns and frame.schema[name] == pl.String and all(isinstance(code, str) for code in codes)
    }
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in enums.items())


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
