"""What the pages of a site are made from: the datasets of a catalogue, each with its releases, every one proven before it is read.

A release that is not what the catalogue says is kept apart with what is wrong: its pages say that, and show nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.catalogue.records import CATALOG, Catalogue, Dataset, Entry, read_catalogue_json
from deedbook.descriptor import load_package
from deedbook.errors import DeedbookError, ProjectError, UsageError
from deedbook.integrity.digests import MANIFEST, sha256_of
from deedbook.integrity.proof import demand_whole
from deedbook.project import CODE_VALUES, DESCRIPTOR, load_project
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import schema_of, type_rows
from deedbook.schema import TableSchema
from deedbook.site.messages import LANGUAGES
from deedbook.versioning.previous import CHANGES

CODEBOOK, VALIDATION = "codebook.json", "validation.json"
Progress = Callable[[str, float], None]
Labels = Mapping[str, Mapping[str, str]]
"""What the codes of a list are called: code to language to label."""


def text_of_value(value: object) -> str:
    """A typed value as the CSV of its release has it, but for decimals of many digits; empty for a missing one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a released table.

    Attributes:
        type: Of Table Schema; `format` is its format.
        codes: Code to language to label, in the declared order; empty without a code list.
        refers_to: What it refers to, as `table.field`.
        statistics: What `codebook.json` says of its values.
        raw: The field as the release's descriptor has it.
    """

    name: str
    title: str
    description: str
    type: str
    format: str
    codes: Labels
    refers_to: tuple[str, ...]
    statistics: Mapping[str, Any]
    crosswalk: Mapping[str, str]
    raw: Mapping[str, Any]

    def label(self, value: object, lang: str) -> str:
        """What people read in place of a value: the label of a code, else its text; empty for a missing one."""
        if value is None:
            return ""
        text = text_of_value(value)
        labels = self.codes.get(text)
        return labels.get(lang) or labels.get("en") or text if labels else text


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a release.

    Attributes:
        key: The fields of its primary key.
        path: Its Parquet file; its CSV where the release has no Parquet.
        raw: Its schema as the release's descriptor has it.
    """

    name: str
    title: str
    description: str
    rows: int
    is_view: bool
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    path: Path
    raw: Mapping[str, Any]
    _read: Callable[[], pl.LazyFrame] = field(repr=False)

    def field(self, name: str) -> Field | None:
        """The field of that name; None when there is none."""
        return next((one for one in self.fields if one.name == name), None)

    def scan(self) -> pl.LazyFrame:
        """Its rows, a typed column a field, not read yet."""
        return self._read()

    def frame(self) -> pl.DataFrame:
        """Its rows, a typed column a field."""
        return self.scan().collect()


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """A release that was proven; each is read once, and equal to itself alone.

    Attributes:
        entry: What the catalogue says of it.
        folder: Its files.
        package: Its datapackage.json.
        manifest: Its release.json.
        codebook: Its codebook.json.
    """

    name: str
    version: str
    entry: Entry
    folder: Path
    package: Mapping[str, Any]
    manifest: Mapping[str, Any]
    codebook: Mapping[str, Any]
    tables: Mapping[str, Table]

    @property
    def title(self) -> str:
        """What the dataset is called."""
        return str(self.package.get("title") or self.name)

    @property
    def description(self) -> str:
        """What it is; empty when the descriptor does not say."""
        return str(self.package.get("description") or "")

    @property
    def changes(self) -> Mapping[str, Any] | None:
        """Its changes.json, read now; None when it has none."""
        found: Mapping[str, Any] | None = self.document(CHANGES)
        return found

    @property
    def validation(self) -> Mapping[str, Any] | None:
        """Its validation.json, read now; None when it has none."""
        found: Mapping[str, Any] | None = self.document(VALIDATION)
        return found

    def document(self, name: str) -> Any:
        """A JSON document of the release, read now; None when there is none."""
        path = self.folder / name
        return json.loads(path.read_bytes()) if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A version that the catalogue names and whose files are not what it says, with what is wrong."""

    entry: Entry
    problem: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A dataset of a catalogue with its releases, newest first."""

    dataset: Dataset
    editions: tuple[Edition, ...]
    damaged: tuple[Damaged, ...] = ()

    @property
    def name(self) -> str:
        """That of the dataset."""
        return self.dataset.name

    @property
    def latest(self) -> Edition | None:
        """The release that people see first: the catalogue's latest, else the newest that is not withdrawn, else the newest."""
        wanted = [one for one in self.editions if one.version == self.dataset.latest]
        sound = [one for one in self.editions if not one.entry.is_yanked]
        return next(iter([*wanted, *sound, *self.editions]), None)


def read_root(root: Path) -> Catalogue:
    """The catalogue in a folder.

    Raises:
        ProjectError: when there is none.
    """
    path = root / CATALOG
    if not path.is_file():
        hint = "name a folder that `deedbook publish` wrote: it holds a catalog.json"
        raise ProjectError(f"{root}: has no {CATALOG}, so it is no catalogue", hint)
    return read_catalogue_json(path.read_bytes(), str(path))


def catalogue_of(place: Path) -> Path:
    """The folder of a catalogue: that folder itself, or the one that the project in it publishes to.

    Raises:
        UsageError: when that is none, or there are several.
    """
    if (place / CATALOG).is_file():
        return place
    project = load_project(place)
    found = [folder for folder in project.release_folders[1:] if (folder / CATALOG).is_file()]
    if len(found) == 1:
        return found[0]
    many = f"publishes to {len(found)} catalogues" if found else "publishes to no folder that holds a catalogue yet"
    raise UsageError(f"{place}: {many}", "name the catalogue: `deedbook site FOLDER`")


def read_site(root: Path, progress: Progress = lambda _what, _share: None) -> tuple[Shelf, ...]:
    """Every dataset of the catalogue in a folder, by name, each release proven.

    Raises:
        ProjectError: when there is no catalogue.
    """
    catalogue = read_root(root)
    count, done = sum(len(one.versions) for one in catalogue.datasets.values()), 0
    shelves = []
    for name, dataset in sorted(catalogue.datasets.items()):
        editions: list[Edition] = []
        damaged: list[Damaged] = []
        for entry in dataset.versions:
            progress("proving releases", done / count)
            done += 1
            try:
                editions.append(read_edition(root, name, entry))
            except DeedbookError as error:
                damaged.append(Damaged(entry, error.message.replace(f"{root}/", "")))
        shelves.append(Shelf(dataset, tuple(editions), tuple(damaged)))
    return tuple(shelves)


def read_edition(root: Path, name: str, entry: Entry) -> Edition:
    """A release of a catalogue, proven.

    Raises:
        RefusalError: when its files are not what they say, or it is another one than the catalogue names.
        ProjectError: when it cannot be read.
    """
    folder = root / entry.path
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise ProjectError(f"{entry.path} has no {MANIFEST}: its files are not here", "publish it again")
    if sha256_of(manifest) != entry.release_sha256:
        raise ProjectError(f"{entry.path} is another release than the catalogue names", "verify the catalogue")
    demand_whole(folder)
    try:
        package, about, codebook = (json.loads((folder / one).read_bytes()) for one in (DESCRIPTOR, MANIFEST, CODEBOOK))
        tables = _tables(folder, codebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(f"{entry.path} cannot be read: {error}", "build and publish it again") from None
    return Edition(name, entry.version, entry, folder, package, about, codebook, tables)


def _tables(folder: Path, codebook: Mapping[str, Any]) -> dict[str, Table]:
    package = load_package(folder / DESCRIPTOR)
    known = {table["name"]: table for table in codebook["tables"]}
    labels = _labels(folder)
    found = {}
    for resource in package.resources:
        schema, about = schema_of(resource), known[resource.name]
        said = {one["name"]: one for one in about["fields"]}
        fields = tuple(
            Field(
                name=one.name,
                title=one.title or one.name,
                description=one.description,
                type=one.type,
                format=one.format,
                codes=_codes(one.raw, labels.get(one.code_list, {})),
                refers_to=tuple(said[one.name]["refers_to"]),
                statistics=said[one.name]["statistics"],
                crosswalk=said[one.name]["crosswalk"],
                raw=one.raw,
            )
            for one in schema.fields
        )
        parquet = folder / f"{resource.name}.parquet"
        is_typed = parquet.is_file()
        found[resource.name] = Table(
            name=resource.name,
            title=about["title"] or resource.name,
            description=about["description"],
            rows=about["rows"],
            is_view=about["is_view"],
            key=schema.primary_key,
            fields=fields,
            path=parquet if is_typed else resource.files[0],
            raw=schema.raw,
            _read=partial(pl.scan_parquet, parquet) if is_typed else partial(_typed, resource.files[0], schema),
        )
    return found


def _typed(path: Path, schema: TableSchema) -> pl.LazyFrame:
    return type_rows(read_csv(path), schema)[0].lazy()


def _codes(raw: Mapping[str, Any], labels: Labels) -> dict[str, dict[str, str]]:
    """The codes of a field with their labels, those of the table of codes in every language that it has."""
    listed = raw.get("categories") or [{"value": one} for one in raw.get("constraints", {}).get("enum", ())]
    codes = {}
    for one in listed:
        value, label = (one["value"], one.get("label")) if isinstance(one, Mapping) else (one, None)
        codes[str(value)] = {"en": str(label or value), **labels.get(str(value), {})}
    return codes


def _labels(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """What the table of codes calls them: list to code to language to label; nothing without such a table."""
    path = folder / f"{CODE_VALUES}.csv"
    rows = read_csv(path) if path.is_file() else pl.DataFrame()
    columns = {lang: f"label_{lang}" for lang in LANGUAGES if f"label_{lang}" in rows.columns}
    found: dict[str, dict[str, dict[str, str]]] = {}
    if {"list", "code"} <= set(rows.columns):
        for row in rows.iter_rows(named=True):
            labels = {lang: row[column] for lang, column in columns.items() if row[column]}
            found.setdefault(row["list"] or "", {})[row["code"] or ""] = labels
    return found
