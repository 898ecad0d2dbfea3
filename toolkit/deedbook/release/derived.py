"""Columns and tables that exist only in releases: what the project derives, and since when each row has been there.

What derives (`derivations.py`) returns rows by name: for a table of the package its primary key and the columns that its schema lists
under `derivedFields`; for any other name a whole view, described by `schemas/NAME.schema.json`. Every table gains `first_release` and
`last_changed_in`: the versions in which a row first appeared and in which one of its edited cells last changed.

Rows are worked on in parts, sorted on disk: of a table and what is derived for it the same rows stand at the same place.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from deedbook import files
from deedbook.changes.compare import edited_tables
from deedbook.changes.declarations import named_as, renamed_fields, table_changes
from deedbook.changes.records import SchemaChange
from deedbook.checking.rules import RuleBook
from deedbook.descriptor import Package, Resource, load_json, load_package
from deedbook.errors import ProjectError
from deedbook.findings import plural
from deedbook.project import DESCRIPTOR, Project
from deedbook.release import tables
from deedbook.release.derivations import Derived, derive
from deedbook.release.edition import Edition
from deedbook.release.formats.csv import read_parts
from deedbook.release.row_ages import HISTORY, Earlier, row_ages
from deedbook.release.rows import PART_BYTES, Order, Rows, Scratch, dealt
from deedbook.release.tables import Outline, schema_of
from deedbook.schema import Field, TableSchema, read_schema
from deedbook.versioning.previous import read_created

ReadSorted = Callable[[Resource, Scratch], tuple[Rows, set[str]]]
"""What `read_sorted` is."""
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
_BUCKET = 2 * PART_BYTES
"""Bytes of what is derived that are compared at a time with what was."""
Beside = Callable[[pl.DataFrame, int], list[pl.Series]]
"""More columns of a part of a table, by the number of its first row."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the tables of a release go back to.

    Attributes:
        version: What it is called.
        package: The release before, its tables by their names of today; None for a first release.
        rekeyed: By table the `old` and `new` keys of rows that have another one since then.
    """

    version: str
    package: Package | None = None
    rekeyed: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, edition: Edition, rekeyed: Mapping[str, pl.DataFrame]) -> "Lineage":
        """That of a release of a project."""
        if edition.previous is None:
            return cls(edition.version)
        package = named_as(load_package(edition.previous.folder / DESCRIPTOR), project.package)
        return cls(edition.version, package, rekeyed)


def derived_changes(project: Project, book: RuleBook, previous: Path) -> Iterator[SchemaChange]:
    """What the project derives otherwise than the release in a folder did, as on the day of that release.

    Args:
        project: What is to be released; its data passed validation.
        book: Its own code.
        previous: The folder of the release before.
    """
    package = named_as(load_package(previous / DESCRIPTOR), project.package)
    before = {item.name: item for item in package.resources}
    edited = {resource.name: schema_of(resource) for resource in project.package.resources}
    found = derive(project, book, read_created(package))
    views = before.keys() - {item.name for item in edited_tables(package)}
    for name in sorted(views - edited.keys() - found.keys()):
        yield SchemaChange("table-removed", table=name)
    for name, item in found.items():
        view = None if name in edited else view_outline(project, item)
        if name in before:
            yield from _changes_of(item, view.schema if view else edited[name], package, is_view=view is not None)
        elif view:
            yield SchemaChange("table-added", table=name)


def _changes_of(derived: Derived, schema: TableSchema, package: Package, *, is_view: bool) -> Iterator[SchemaChange]:
    """What is derived otherwise for a table or a view that stands in the release before."""
    name, before = derived.name, package.resource(derived.name)
    keys, computed = ((), schema.fields) if is_view else (schema.primary_key, schema.derived_fields)
    new = _canonical_parts(derived, [*map(schema.field, keys), *computed], "" if is_view else "derivedFields")
    held = (item for item in schema_of(before).fields if item.name not in HISTORY)
    known = TableSchema(tuple(item for item in held if item.raw.get("derived")))
    bare = replace(before, raw={}, title="", description="", schema=known)
    yield from table_changes({name: bare}, {name: replace(bare, schema=TableSchema(computed))})
    old = _previous_parts(package, name, schema, PART_BYTES)
    counts = _changed_values(keys, [item.name for item in computed], old, new)
    for column, count in (+counts).items():
        yield SchemaChange("derived-changed", name, column, new=plural(count, "row"))


def _changed_values(
    keys: Sequence[str], computed: Sequence[str], old: Iterator[pl.DataFrame], new: Iterable[pl.DataFrame]
) -> Counter[str]:
    """How many rows have other derived values, field by field; of a view, how many rows stand on one side only.

    Rows of both are dealt to buckets on disk, and a bucket of each is compared at a time.
    """
    head, found = next(old, pl.DataFrame()), Counter[str]()
    fields = [name for name in computed if name in head.columns]
    if not fields:
        return found
    by = [*keys] or fields
    names = list(dict.fromkeys([*by, *fields]))
    with files.scratch("derived") as place:
        rows = Rows.spilled(new, place / "rows")
        count = 1 + rows.bytes // _BUCKET
        now, was = (
            dealt((part.select(names) for part in parts), by, count, place / name)
            for name, parts in (("now", chain([rows.slice(0, 0)], rows.slices())), ("was", chain([head], old)))
        )
        for sides in zip(now, was, strict=True):
            found.update(_unequal(*sides, keys, fields) if keys else {"": _on_one_side(*sides, fields)})
    return found


def _unequal(new: pl.DataFrame, old: pl.DataFrame, keys: Sequence[str], fields: Sequence[str]) -> dict[str, int]:
    """How many rows of a key have another value, field by field."""
    rows = new.join(old, on=keys, how="inner", suffix=_OLD)
    return rows.select(pl.col(name).ne_missing(pl.col(name + _OLD)).sum() for name in fields).row(0, named=True)


def _on_one_side(new: pl.DataFrame, old: pl.DataFrame, fields: Sequence[str]) -> int:
    """How many rows have no equal on the other side."""
    return sum(one.join(it, on=fields, how="anti", nulls_equal=True).height for one, it in ((new, old), (old, new)))


def read_sorted(resource: Resource, scratch: Scratch) -> tuple[Rows, set[str]]:
    """A table of the package as canonical text, sorted by its key, and which columns have values."""
    filled = set[str]()

    def noted() -> Iterator[pl.DataFrame]:
        for part in tables.canonical_parts(resource, scratch.size):
            filled.update(item.name for item in part.iter_columns() if item.null_count() < len(item))
            yield part

    return sorted_rows(noted(), schema_of(resource), scratch), filled


def edited_table(
    resource: Resource, derived: Derived | None, lineage: Lineage, scratch: Scratch, read: ReadSorted = read_sorted
) -> tuple[Outline, Rows]:
    """A table of the package as canonical text, sorted by its key, with its derived and history columns.

    Raises:
        ProjectError: when what was derived does not fit the table or its `derivedFields`.
    """
    schema = schema_of(resource)
    text, filled = read(resource, scratch)
    added = {item.name: item for item in (*tables.told_kinds(schema, filled), *schema.derived_fields)}
    history = {item.name: item for item in HISTORY_FIELDS if item.name not in {*schema.names, *added}}
    names = [*schema.names, *added, *history]
    ages = _ages(text, resource, [*history], lineage, scratch)
    new = [] if ages else [pl.lit(lineage.version).alias(name) for name in history]
    released = tables.release_schema(schema, (*added.values(), *history.values()))
    outline = Outline(resource.name, released, *resource.words, frozenset({*added, *history}))
    beside = [*filter(None, (_derived_columns(resource, derived, text, scratch.below("derived")), ages))]
    if not beside:
        return outline, text.with_columns(new).select([pl.col(names)])

    def completed(part: pl.DataFrame, start: int) -> pl.DataFrame:
        return part.with_columns(*chain.from_iterable(one(part, start) for one in beside), *new).select(names)

    return outline, text.mapped(completed, scratch.folder / "whole")


def _derived_columns(resource: Resource, derived: Derived | None, text: Rows, scratch: Scratch) -> Beside | None:
    """The derived columns of a table, which were sorted by their key as the table is; None where it has none."""
    name, schema = resource.name, schema_of(resource)
    if derived is None:
        if not schema.derived_fields:
            return None
        wanted = ", ".join(item.name for item in schema.derived_fields)
        raise ProjectError(
            f"the schema of `{name}` lists derivedFields ({wanted}) that nothing derives",
            "return them from `derive` in schemas/dataset.py, or take them out of the schema",
        )
    if not schema.primary_key:
        raise ProjectError(f"`{name}` has derived columns but no primary key to place them by")
    fields = [*map(schema.field, schema.primary_key), *schema.derived_fields]
    rows = sorted_rows(_canonical_parts(derived, fields, "derivedFields"), schema, scratch)
    if rows.height != text.height:
        raise ProjectError(f"`derive` gives {rows.height} rows for `{name}`, which has {text.height} of other keys")

    def beside(part: pl.DataFrame, start: int) -> list[pl.Series]:
        found = rows.slice(start, part.height)
        if not found.select(schema.primary_key).equals(part.select(schema.primary_key)):
            raise ProjectError(f"`derive` gives rows of other keys than those of `{name}`")
        return [found.get_column(item.name) for item in schema.derived_fields]

    return beside


def _ages(text: Rows, resource: Resource, names: Sequence[str], lineage: Lineage, scratch: Scratch) -> Beside | None:
    """Those of the history columns of a table that have these names; None where every row is new."""
    if lineage.package is None:
        return None
    schema = schema_of(resource)
    old = _previous_parts(lineage.package, resource.name, schema, scratch.size)
    earlier = Earlier(lineage.version, old, lineage.rekeyed.get(resource.name))
    with tempfile.TemporaryDirectory(prefix="ages-", dir=scratch.folder) as place:
        ages = row_ages(text, schema, earlier, Scratch(Path(place), scratch.size))
    if ages is None:
        return None
    return lambda part, start: ages.slice(start, part.height).select(pl.col(names).cast(pl.String)).get_columns()


def sorted_rows(parts: Iterable[pl.DataFrame], schema: TableSchema, scratch: Scratch) -> Rows:
    """Parts of canonical text in the order of the key; as they come without one."""
    order = Order(partial(tables.ranks_of, schema=schema))

    def noted() -> Iterator[pl.DataFrame]:
        for part in parts:
            if schema.primary_key:
                order.add(part)
            yield part

    scratch.folder.mkdir(exist_ok=True)
    rows = Rows.spilled(noted(), scratch.folder / "read")
    if order.is_kept:
        return rows
    return Rows.spilled(rows.sorted_parts(order, scratch.folder / "dealt"), scratch.folder / "sorted")


def view_outline(project: Project, derived: Derived) -> Outline:
    """What a table that is derived as a whole is, apart from its rows.

    Raises:
        ProjectError: when `schemas/NAME.schema.json` is missing or lists other columns.
    """
    name, folder = derived.name, project.schemas
    if folder is None:
        raise ProjectError(f"dataset.py derives `{name}`, which is no table of the package")
    file = folder / f"{name}.schema.json"
    schema = read_schema(load_json(file, "schema of a derived table"), str(file))
    _demand_columns(derived, schema.names, str(file))
    plain = tables.release_schema(schema, ())
    return Outline(name, plain, schema.title, schema.description, frozenset(schema.names), is_view=True)


def derived_view(project: Project, derived: Derived, scratch: Scratch) -> tuple[Outline, Rows]:
    """A table that is derived as a whole as canonical text, sorted by its key."""
    outline = view_outline(project, derived)
    parts = _canonical_parts(derived, outline.schema.fields, "")
    return outline, sorted_rows(parts, outline.schema, scratch)


def _canonical_parts(derived: Derived, fields: Sequence[Field], where: str) -> Iterator[pl.DataFrame]:
    """What is derived as canonical text, part by part; `where` says what lists its columns, empty where that is proven."""
    if where:
        _demand_columns(derived, tuple(item.name for item in fields), where)
    return (tables.to_canonical(part, fields) for part in derived.parts(PART_BYTES))


def _demand_columns(derived: Derived, names: Sequence[str], where: str) -> None:
    missing = ", ".join(name for name in names if name not in derived.columns)
    unknown = ", ".join(name for name in derived.columns if name not in names)
    parts = [f"{what} {names}" for what, names in (("lacks", missing), ("has the undeclared", unknown)) if names]
    if parts:
        raise ProjectError(
            f"what dataset.py derives for `{derived.name}` {' and '.join(parts)} ({where})",
            "make the schema and `derive` agree",
        )


def _previous_parts(package: Package, name: str, schema: TableSchema, size: int) -> Iterator[pl.DataFrame]:
    """The table as it stood in the release before, in parts of about so many bytes, the first without rows; none when it was not there."""
    held = {item.name: item for item in package.resources}
    if name not in held or not (file := held[name].sources[0]) or not file.is_file():
        return
    edited = {item.name: item.schema for item in edited_tables(package)}
    names = {was: now for now, was in renamed_fields(edited.get(name) or schema, schema).items()}
    yield from (part.rename(names) for part in read_parts(file, size))
