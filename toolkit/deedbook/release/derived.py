"""Columns and tables that exist only in releases: what the project derives, and since when each row has been there.

The project's `schemas/dataset.py` may have `derive(tables, created)`. It gets the typed tables by name and returns frames
by name: for a table of the package its primary key and the columns that its schema lists under `derivedFields`; for any
other name a whole view, described by `schemas/NAME.schema.json`. Every table gains `first_release` and
`last_changed_in`: the versions in which a row first appeared and in which one of its edited cells last changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from deedbook.changes.alignment import renamed_fields
from deedbook.changes.compare import edited_tables
from deedbook.changes.declarations import table_changes
from deedbook.changes.records import SchemaChange
from deedbook.descriptor import Resource, load_json, load_package
from deedbook.errors import ProjectError
from deedbook.findings import plural
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.edition import Edition
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import (
    Outline,
    kinds_of_missing,
    read_canonical,
    release_schema,
    schema_of,
    sort_by_key,
    to_canonical,
)
from deedbook.schema import Field, TableSchema, read_schema
from deedbook.types import canonical_field, typed
from deedbook.versioning.previous import read_created

FIRST_RELEASE = "first_release"
LAST_CHANGED_IN = "last_changed_in"
HISTORY = (FIRST_RELEASE, LAST_CHANGED_IN)
Derive = Callable[[Mapping[str, pl.DataFrame], dt.date], Mapping[str, pl.DataFrame]]

HISTORY_FIELDS = tuple(
    Field(
        name=name,
        title=title,
        description=text,
        raw={"name": name, "type": "string", "title": title, "description": text},
    )
    for name, title, text in (
        (FIRST_RELEASE, "First release", "The version in which this row first appeared."),
        (LAST_CHANGED_IN, "Last changed in", "The version in which an edited cell of this row last changed."),
    )
)


def derive_frames(project: Project, derive: Derive | None, created: dt.datetime) -> dict[str, pl.DataFrame]:
    """What the project's own code derives, by name of table or view; nothing without such code."""
    if derive is None:
        return {}
    tables = {}
    for resource in project.package.resources:
        schema = schema_of(resource)
        fields = [canonical_field(item) for item in schema.fields]
        tables[resource.name] = read_canonical(resource).select(typed(item).alias(item.name) for item in fields)
    return dict(derive(tables, created.date()))


def derived_changes(project: Project, derive: Derive | None, previous: Path) -> Iterator[SchemaChange]:
    """What the project derives otherwise than the release in a folder did, as on the day of that release.

    Args:
        project: What is to be released; its data passed validation.
        derive: Its own code.
        previous: The folder of the release before.
    """
    package = load_package(previous / DESCRIPTOR)
    before, frames = (
        {item.name: item for item in package.resources},
        derive_frames(project, derive, read_created(package)),
    )
    edited = {resource.name: schema_of(resource) for resource in project.package.resources}
    views = before.keys() - {item.name for item in edited_tables(package)}
    for name in sorted(views - edited.keys() - frames.keys()):
        yield SchemaChange("table-removed", table=name)
    for name, frame in frames.items():
        if name not in edited:
            outline, text = derived_view(project, name, frame)
            schema, keys, fields = outline.schema, [], outline.schema.fields
            if name not in before:
                yield SchemaChange("table-added", table=name)
        else:
            schema = edited[name]
            keys, fields = [schema.field(key) for key in schema.primary_key], schema.derived_fields
            names = tuple(item.name for item in (*keys, *fields))
            _demand_columns(frame, names, name, "derivedFields")
            text = to_canonical(frame.select(names), (*keys, *fields))
        if name in before:
            yield from _differences(before[name], schema, [item.name for item in keys], fields, text, previous)


def _differences(
    was: Resource, schema: TableSchema, keys: list[str], fields: Sequence[Field], text: pl.DataFrame, previous: Path
) -> Iterator[SchemaChange]:
    """How derived columns of a table, or all of a view, differ from the release before."""
    known = tuple(item for item in schema_of(was).fields if item.raw.get("derived") and item.name not in HISTORY)
    old_side, new_side = (
        {was.name: replace(was, raw={}, title="", description="", schema=TableSchema(tuple(items)))}
        for items in (known, fields)
    )
    yield from table_changes(old_side, new_side)
    old = _previous_rows(previous, was.name, schema)
    if old is None:
        return
    both = [item.name for item in fields if item.name in old.columns]
    if not keys:
        count = sum(
            one.join(other, on=both, how="anti", nulls_equal=True).height for one, other in ((old, text), (text, old))
        )
        yield from [SchemaChange("derived-changed", was.name, new=plural(count, "row"))] * bool(count and both)
        return
    rows = text.join(old, on=keys, how="inner", suffix=_OLD)
    for name in both:
        if count := rows.select(pl.col(name).ne_missing(pl.col(name + _OLD)).sum()).item():
            yield SchemaChange("derived-changed", was.name, name, new=plural(count, "row"))


def edited_table(
    project: Project, name: str, frames: Mapping[str, pl.DataFrame], edition: Edition
) -> tuple[Outline, pl.DataFrame]:
    """A table of the package as canonical text, sorted by its key, with its derived and history columns.

    Raises:
        ProjectError: when what was derived does not fit the table or its `derivedFields`.
    """
    resource = project.package.resource(name)
    schema = schema_of(resource)
    text = sort_by_key(read_canonical(resource), schema)
    added = schema.derived_fields
    if added or name in frames:
        text = _join_derived(text, schema, name, frames.get(name))
    added = (*(kind for _, _, kind in kinds_of_missing(schema) if kind.name in text.columns), *added)
    history = tuple(item for item in HISTORY_FIELDS if item.name not in {*schema.names, *(f.name for f in added)})
    since = _history(text, schema, name, edition)
    text = text.with_columns(since[item.name] for item in history).select(
        *schema.names, *(item.name for item in (*added, *history))
    )
    outline = Outline(
        name,
        release_schema(schema, (*added, *history)),
        resource.title or schema.title,
        resource.description or schema.description,
        frozenset(item.name for item in (*added, *history)),
    )
    return outline, text


def derived_view(project: Project, name: str, frame: pl.DataFrame) -> tuple[Outline, pl.DataFrame]:
    """A table that is computed as a whole, as canonical text.

    Raises:
        ProjectError: when `schemas/NAME.schema.json` is missing or lists other columns.
    """
    folder = project.schemas
    if folder is None:
        raise ProjectError(f"dataset.py derives `{name}`, which is no table of the package")
    file = folder / f"{name}.schema.json"
    schema = read_schema(load_json(file, "schema of a derived table"), str(file))
    _demand_columns(frame, schema.names, name, str(file))
    text = sort_by_key(to_canonical(frame, schema.fields), schema)
    plain = release_schema(schema, ())
    return Outline(name, plain, schema.title, schema.description, frozenset(schema.names), is_view=True), text


def _join_derived(text: pl.DataFrame, schema: TableSchema, name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    wanted = tuple(item.name for item in schema.derived_fields)
    if frame is None:
        raise ProjectError(
            f"the schema of `{name}` lists derivedFields ({', '.join(wanted)}) that nothing derives",
            "return them from `derive` in schemas/dataset.py, or take them out of the schema",
        )
    keys = schema.primary_key
    if not keys:
        raise ProjectError(f"`{name}` has derived columns but no primary key to place them by")
    _demand_columns(frame, (*keys, *wanted), name, "derivedFields")
    fields = (*(schema.field(key) for key in keys), *schema.derived_fields)
    columns = to_canonical(frame.select(*keys, *wanted), fields)
    joined = text.join(columns, on=list(keys), how="left", maintain_order="left", validate="1:1")
    if columns.height != text.height or text.join(columns, on=list(keys), how="anti").height:
        raise ProjectError(f"`derive` gives {columns.height} rows for `{name}`, which has {text.height} of other keys")
    return joined


def _demand_columns(frame: pl.DataFrame, names: tuple[str, ...], table: str, where: str) -> None:
    missing = [name for name in names if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in names]
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has the undeclared {', '.join(unknown)}"] * bool(
            unknown
        )
        raise ProjectError(
            f"what dataset.py derives for `{table}` {' and '.join(parts)} ({where})",
            "make the schema and `derive` agree",
        )


def _history(text: pl.DataFrame, schema: TableSchema, name: str, edition: Edition) -> dict[str, pl.Expr | pl.Series]:
    """The history columns by name. Rows are known by their key; without one by all their cells, equal rows by their order."""
    now = pl.lit(edition.version, pl.String)
    new: dict[str, pl.Expr | pl.Series] = {column: now.alias(column) for column in (FIRST_RELEASE, LAST_CHANGED_IN)}
    old = _previous_rows(edition.previous.folder, name, schema) if edition.previous else None
    if old is None or not {*schema.primary_key, *new} <= set(old.columns):
        return new
    known = [column for column in schema.names if column in old.columns]
    keys = list(schema.primary_key) or known
    # an added column is no change of a row that leaves it empty
    added = [column for column in schema.names if column not in old.columns]
    rows = text.select(*schema.names)
    if not schema.primary_key:
        nth = pl.int_range(pl.len()).over(keys or pl.lit(0)).alias(_NTH)
        rows, old, keys = rows.with_columns(nth), old.with_columns(nth), [*keys, _NTH]
    both = rows.join(old, on=keys, how="left", maintain_order="left", suffix=_OLD, nulls_equal=True)
    before = {column: f"{column}{_OLD}" if column in schema.names else column for column in new}
    equal = pl.all_horizontal(
        *(pl.col(column).eq_missing(pl.col(column + _OLD)) for column in known if column not in keys),
        *(pl.col(column).is_null() for column in added),
        pl.col(before[LAST_CHANGED_IN]).is_not_null(),
    )
    history = both.select(
        pl.col(before[FIRST_RELEASE]).fill_null(edition.version).alias(FIRST_RELEASE),
        pl.when(equal).then(before[LAST_CHANGED_IN]).otherwise(now).alias(LAST_CHANGED_IN),
    )
    return history.to_dict()  # type: ignore[return-value]  # invariant, but nobody writes into it


_OLD, _NTH = "\0old", "\0nth"
"""What no field is called."""


def _previous_rows(folder: Path, name: str, schema: TableSchema) -> pl.DataFrame | None:
    """The table as it stood in the release before, its columns by their names of today; None when it was not there."""
    file = folder / f"{name}.csv"
    if not file.is_file():
        return None
    edited = {item.name: item.schema for item in edited_tables(load_package(folder / DESCRIPTOR))}
    names = {was: now for now, was in renamed_fields(edited.get(name) or schema, schema).items()}
    return read_csv(file).rename(names)
