"""Columns and tables that exist only in releases: what the project derives, and since when each row has been there.

The project's `schemas/dataset.py` may have `derive(tables, created)`. It gets the typed tables by name and returns frames
by name: for a table of the package its primary key and the columns that its schema lists under `derivedFields`; for any
other name a whole view, described by `schemas/NAME.schema.json`. Every table gains `first_release` and
`last_changed_in`: the versions in which a row first appeared and in which one of its edited cells last changed.
"""

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from deedbook.changes.compare import edited_tables
from deedbook.changes.declarations import named_as, renamed_fields, table_changes
from deedbook.changes.records import SchemaChange
from deedbook.descriptor import Package, Resource, load_json, load_package
from deedbook.errors import ProjectError
from deedbook.findings import plural
from deedbook.project import DESCRIPTOR, Project
from deedbook.release import tables
from deedbook.release.edition import Edition
from deedbook.release.formats.csv import read_parts
from deedbook.release.row_ages import HISTORY, row_ages
from deedbook.release.rows import PART_BYTES, Order, Rows
from deedbook.release.tables import Outline, schema_of
from deedbook.schema import Field, TableSchema, read_schema
from deedbook.types import canonical_field, typed
from deedbook.versioning.previous import read_created

Derive = Callable[[Mapping[str, pl.DataFrame], dt.date], Mapping[str, pl.DataFrame]]

HISTORY_FIELDS = tuple(
    Field(
        name, title=title, description=text, raw={"name": name, "type": "string", "title": title, "description": text}
    )
    for name, title, text in (
        (HISTORY[0], "First release", "The version in which this row first appeared."),
        (HISTORY[1], "Last changed in", "The version in which an edited cell of this row last changed."),
    )
)
_OLD = "\0old"
"""The end of what no field is called."""


def derive_frames(project: Project, derive: Derive | None, created: dt.datetime) -> dict[str, pl.DataFrame]:
    """What the project's own code derives, by name of table or view; nothing without such code."""
    return dict(derive(typed_tables(project), created.date())) if derive else {}


def typed_tables(project: Project) -> dict[str, pl.DataFrame]:
    """Every table of the project as values, by name."""
    frames = {}
    for resource in project.package.resources:
        fields = map(canonical_field, schema_of(resource).fields)
        frames[resource.name] = tables.read_canonical(resource).select(typed(item).alias(item.name) for item in fields)
    return frames


def derived_changes(project: Project, derive: Derive | None, previous: Path) -> Iterator[SchemaChange]:
    """What the project derives otherwise than the release in a folder did, as on the day of that release.

    Args:
        project: What is to be released; its data passed validation.
        derive: Its own code.
        previous: The folder of the release before.
    """
    package = named_as(load_package(previous / DESCRIPTOR), project.package)
    before = {item.name: item for item in package.resources}
    edited = {resource.name: schema_of(resource) for resource in project.package.resources}
    frames = derive_frames(project, derive, read_created(package))
    views = before.keys() - {item.name for item in edited_tables(package)}
    for name in sorted(views - edited.keys() - frames.keys()):
        yield SchemaChange("table-removed", table=name)
    for name, frame in frames.items():
        if schema := edited.get(name):
            keys, fields, text = schema.primary_key, schema.derived_fields, _derived_columns(name, schema, frame)
        else:
            outline, text = derived_view(project, name, frame)
            keys, fields, schema = (), outline.schema.fields, outline.schema
            yield from [SchemaChange("table-added", table=name)] * (name not in before)
        if name in before:
            held = (item for item in schema_of(before[name]).fields if item.name not in HISTORY)
            known = TableSchema(tuple(item for item in held if item.raw.get("derived")))
            bare = replace(before[name], raw={}, title="", description="", schema=known)
            yield from table_changes({name: bare}, {name: replace(bare, schema=TableSchema(fields))})
            yield from _changed_values(name, keys, fields, _previous_rows(package, name, schema), text)


def _changed_values(
    table: str, keys: Sequence[str], computed: Sequence[Field], old: pl.DataFrame, new: pl.DataFrame
) -> Iterator[SchemaChange]:
    """How many rows have other derived values, field by field; of a view, how many rows stand on one side only."""
    fields = [item.name for item in computed if item.name in old.columns]
    if not old.width:
        return
    if keys:
        rows = new.join(old, on=keys, how="inner", suffix=_OLD)
        counts = {name: rows.select(pl.col(name).ne_missing(pl.col(name + _OLD)).sum()).item() for name in fields}
    else:
        sides = ((old, new), (new, old)) if fields else ()
        counts = {"": sum(one.join(other, on=fields, how="anti", nulls_equal=True).height for one, other in sides)}
    for name, count in counts.items():
        if count:
            yield SchemaChange("derived-changed", table, name, new=plural(count, "row"))


def edited_table(
    project: Project,
    name: str,
    frames: Mapping[str, pl.DataFrame],
    edition: Edition,
    scratch: Path,
    size: int,
    rekeyed: pl.DataFrame | None = None,
) -> tuple[Outline, Rows]:
    """A table of the package as canonical text, sorted by its key, with its derived and history columns.

    In memory are its keys and what is derived.

    Args:
        project: The project.
        name: The table.
        frames: What was derived.
        edition: What is released.
        scratch: Where its parts are put.
        size: How many bytes of its file become a part.
        rekeyed: The `old` and `new` keys of rows that have another one since the release before.

    Raises:
        ProjectError: when what was derived does not fit the table or its `derivedFields`.
    """
    resource = project.package.resource(name)
    schema = schema_of(resource)
    text, filled = _sorted_parts(resource, schema, scratch, size)
    beside = list[pl.DataFrame]()
    if schema.derived_fields or name in frames:
        joined = _join_derived(text.whole(schema.primary_key), schema, name, frames.get(name))
        beside.append(joined.select(item.name for item in schema.derived_fields))
    added = {item.name: item for item in (*tables.told_kinds(schema, filled), *schema.derived_fields)}
    history = {item.name: item for item in HISTORY_FIELDS if item.name not in {*schema.names, *added}}
    added |= history
    since = _ages(text, project, name, edition, rekeyed, scratch, size)
    beside += [] if since is None else [since.select(*history)]
    new = [pl.lit(edition.version).alias(name) for name in history if since is None]
    released = tables.release_schema(schema, tuple(added.values()))
    outline = Outline(name, released, *resource.words, frozenset(added))
    names = [*schema.names, *added]
    if not beside:
        return outline, text.with_columns(new).select([pl.col(names)])

    def completed(part: pl.DataFrame, start: int) -> pl.DataFrame:
        held = (column.cast(pl.String) for frame in beside for column in frame.slice(start, part.height))
        return part.with_columns(*held, *new).select(names)

    return outline, text.mapped(completed, scratch / "whole")


def _ages(
    text: Rows, project: Project, name: str, edition: Edition, rekeyed: pl.DataFrame | None, scratch: Path, size: int
) -> pl.DataFrame | None:
    """The history columns of a table; None where every row is new."""
    if not edition.previous:
        return None
    schema = schema_of(project.package.resource(name))
    package = named_as(load_package(edition.previous.folder / DESCRIPTOR), project.package)
    old = _previous_parts(package, name, schema, size)
    with tempfile.TemporaryDirectory(prefix="ages-", dir=scratch) as place:
        return row_ages(text, schema, old, edition.version, rekeyed, Path(place), size)


def _sorted_parts(resource: Resource, schema: TableSchema, scratch: Path, size: int) -> tuple[Rows, set[str]]:
    """A table as canonical text in the order of its key, and which columns have values."""
    filled, order = set[str](), Order(partial(tables.ranks_of, schema=schema))

    def noted() -> Iterator[pl.DataFrame]:
        for part in tables.canonical_parts(resource, size):
            filled.update(item.name for item in part.iter_columns() if item.null_count() < len(item))
            if schema.primary_key:
                order.add(part)
            yield part

    text = Rows.spilled(noted(), scratch / "read")
    if order.is_kept:
        return text, filled
    return Rows.spilled(text.sorted_parts(order, scratch / "dealt"), scratch / "sorted"), filled


def derived_view(project: Project, name: str, frame: pl.DataFrame) -> tuple[Outline, pl.DataFrame]:
    """A table that is computed as a whole, and as such in memory, as canonical text.

    Raises:
        ProjectError: when `schemas/NAME.schema.json` is missing or lists other columns.
    """
    folder = project.schemas
    if folder is None:
        raise ProjectError(f"dataset.py derives `{name}`, which is no table of the package")
    file = folder / f"{name}.schema.json"
    schema = read_schema(load_json(file, "schema of a derived table"), str(file))
    _demand_columns(frame, schema.names, name, str(file))
    text = tables.sort_by_key(tables.to_canonical(frame, schema.fields), schema)
    plain = tables.release_schema(schema, ())
    return Outline(name, plain, schema.title, schema.description, frozenset(schema.names), is_view=True), text


def _derived_columns(name: str, schema: TableSchema, frame: pl.DataFrame) -> pl.DataFrame:
    """The derived columns of a table as canonical text, behind its key."""
    fields = [*map(schema.field, schema.primary_key), *schema.derived_fields]
    names = tuple(item.name for item in fields)
    _demand_columns(frame, names, name, "derivedFields")
    return tables.to_canonical(frame.select(names), fields)


def _join_derived(text: pl.DataFrame, schema: TableSchema, name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    if frame is None:
        wanted = ", ".join(item.name for item in schema.derived_fields)
        raise ProjectError(
            f"the schema of `{name}` lists derivedFields ({wanted}) that nothing derives",
            "return them from `derive` in schemas/dataset.py, or take them out of the schema",
        )
    keys = list(schema.primary_key)
    if not keys:
        raise ProjectError(f"`{name}` has derived columns but no primary key to place them by")
    columns = _derived_columns(name, schema, frame)
    joined = text.join(columns, on=keys, how="left", maintain_order="left", validate="1:1")
    if columns.height != text.height or text.join(columns, on=keys, how="anti").height:
        raise ProjectError(f"`derive` gives {columns.height} rows for `{name}`, which has {text.height} of other keys")
    return joined


def _demand_columns(frame: pl.DataFrame, names: tuple[str, ...], table: str, where: str) -> None:
    missing = ", ".join(name for name in names if name not in frame.columns)
    unknown = ", ".join(name for name in frame.columns if name not in names)
    parts = [f"{what} {names}" for what, names in (("lacks", missing), ("has the undeclared", unknown)) if names]
    if parts:
        raise ProjectError(
            f"what dataset.py derives for `{table}` {' and '.join(parts)} ({where})",
            "make the schema and `derive` agree",
        )


def _previous_rows(package: Package, name: str, schema: TableSchema) -> pl.DataFrame:
    """The table as it stood in the release before, its columns by their names of today; without columns when it was not there."""
    return pl.concat([pl.DataFrame(), *_previous_parts(package, name, schema, PART_BYTES)], how="diagonal")


def _previous_parts(package: Package, name: str, schema: TableSchema, size: int) -> Iterator[pl.DataFrame]:
    """The same in parts of about so many bytes, the first without rows; none when it was not there."""
    held = {item.name: item for item in package.resources}
    if name not in held or not (file := held[name].sources[0]) or not file.is_file():
        return
    edited = {item.name: item.schema for item in edited_tables(package)}
    names = {was: now for now, was in renamed_fields(edited.get(name) or schema, schema).items()}
    yield from (part.rename(names) for part in read_parts(file, size))
