"""Two sides of a comparison to their `Changes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from deedbook.changes.describing import describe_codes, describe_package, describe_tables
from deedbook.changes.finding import Comparing
from deedbook.changes.records import KEY, Changes, SchemaChange, TableChanges
from deedbook.changes.rows import compare_rows
from deedbook.changes.sources import Side
from deedbook.descriptor import Package, Resource
from deedbook.project import CODE_VALUES
from deedbook.reading.tables import read_each, refuse_unknown_columns

_MEANING = frozenset({"label_en", "definition"})

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of the whole comparison is behind it (0 to 1)."""


def compare(
    old: Side,
    new: Side,
    *,
    literal: bool = True,
    derived: bool = False,
    everything: bool = False,
    tables: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Changes:
    """What differs between two sides.

    Args:
        old: The side before.
        new: The side after.
        literal: Report cells that mean the same and are written otherwise; else canonical texts are compared.
        derived: Also compare the columns and tables that only releases have.
        everything: Compare fields that one side lacks as well, and give texts as they stand in the files, for a patch.
        tables: Names of the tables to compare; all when empty.
        progress: Told what is read.

    Raises:
        ProjectError: when a table cannot be read.
    """
    before, after = _visible(old.package, derived=derived), _visible(new.package, derived=derived)
    if tables:
        before, after = ([item for item in side if item.name in tables] for side in (before, after))
    vocabulary = all(any(is_vocabulary(item.name) for item in side) for side in (before, after))
    schema = [*describe_package(old.package, new.package), *describe_tables(before, after)]
    schema += describe_codes(before, after, listed=not vocabulary)
    earlier = {item.name: item for item in before}
    common = [item for item in after if item.name in earlier]
    for resource in (*old.package.resources, *new.package.resources):
        if resource.name in {item.name for item in common}:
            refuse_unknown_columns(resource)
    total, read = sum(_size(item) + _size(earlier[item.name]) for item in common), 0
    found = []
    for resource in common:
        advance = _advancing(progress, resource.name, read, total)
        read += _size(resource) + _size(earlier[resource.name])
        comparing = Comparing(literal=literal, everything=everything, advance=advance)
        found.append(compare_rows(earlier[resource.name], resource, comparing))
    schema += [change for table in found if is_vocabulary(table.table) for change in _code_changes(table)]
    names = {item.name for item in after}
    return Changes(
        old=old.label,
        new=new.label,
        schema=tuple(schema),
        tables=tuple(found),
        rows_of_new={item.name: _height(item) for item in after if item.name not in earlier},
        rows_of_gone={item.name: _height(item) for item in before if item.name not in names},
    )


def is_vocabulary(table: str) -> bool:
    """Whether the table holds codes: what happens to its rows is told as changes of codes."""
    return table == CODE_VALUES


def _code_changes(table: TableChanges) -> Iterator[SchemaChange]:
    """The rows of `code_values` as changes of codes; a label or definition is what a code means."""
    for key in table.removed.get_column(KEY):
        name, _, code = key.partition("|")
        yield SchemaChange("code-removed", name, subject=code)
    for key in table.added.get_column(KEY):
        name, _, code = key.partition("|")
        yield SchemaChange("code-added", name, subject=code)
    for cell in table.iter_cells():
        if cell.kind == "value" and cell.field in _MEANING:
            name, _, code = cell.key.partition("|")
            yield SchemaChange("code-changed", name, cell.field, code, cell.old or "", cell.new or "")


def _visible(package: Package, *, derived: bool) -> list[Resource]:
    """The tables, without columns and tables that a release derived."""
    if derived:
        return list(package.resources)
    kept = []
    for resource in package.resources:
        schema = resource.schema
        if schema is None or not schema.fields:
            kept.append(resource)
            continue
        fields = tuple(item for item in schema.fields if not item.raw.get("derived"))
        if fields:
            kept.append(replace(resource, schema=replace(schema, fields=fields)))
    return kept


def _advancing(progress: Progress | None, name: str, read: int, total: int) -> Callable[[int], None]:
    """What is told how many bytes were read, and tells how far the comparison is."""

    def advance(size: int) -> None:
        nonlocal read
        read += size
        if progress:
            progress(f"comparing {name}", min(1.0, read / total) if total else 1.0)

    return advance


def _size(resource: Resource) -> int:
    """The bytes of its files, as far as they are there."""
    return sum(file.stat().st_size for file in resource.sources if file and file.is_file())


def _height(resource: Resource) -> int:
    return sum(read_each(resource, lambda frame: frame.height, strict=True))
