"""Which table refers to which, and in what order tables are read so that parents come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deedbook.checking.keys import Key, Reference, unique_keys
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.schema import Field, TableSchema

References = Mapping[str, tuple[Reference, ...]]
"""The foreign keys of each table."""


def references_of(package: Package) -> References:
    """The foreign keys of every table with the tables that they refer to.

    Raises:
        ProjectError: when a table or field that is referred to does not exist.
    """
    return {resource.name: tuple(_references(resource, package)) for resource in package.resources}


def _references(resource: Resource, package: Package) -> list[Reference]:
    if resource.schema is None:
        return []
    where = resource.schema_source or resource.name
    found = []
    for key in resource.schema.foreign_keys:
        if key.package:
            continue
        name = key.resource or resource.name
        parent = next((item for item in package.resources if item.name == name), None)
        if parent is None:
            raise ProjectError(
                f"{where}: a foreign key refers to the table `{name}`, which the package does not have",
                "correct the foreign key, or add the table to the descriptor",
            )
        known = parent.schema.names if parent.schema else ()
        if known and (unknown := [field for field in key.reference if field not in known]):
            raise ProjectError(
                f"{where}: a foreign key refers to `{name}`.`{unknown[0]}`, which is no field",
                "correct the foreign key",
            )
        found.append(Reference(key, tuple(resource.schema.field(field) for field in key.fields), name))
    return found


def schema_of(resource: Resource, references: References) -> TableSchema:
    """The schema of a table; where none is declared, one that says nothing of the columns that others refer to."""
    if resource.schema is not None and resource.schema.fields:
        return resource.schema
    names = sorted({name for key in referred_fields(references, resource.name) for name in key})
    return TableSchema(tuple(Field(name, type="any") for name in names), fields_match="subset")


def referred_keys(resource: Resource, references: References) -> list[Key]:
    """The keys of a table that others refer to, beyond its own; without a schema its values are of the types of what refers."""
    schema = resource.schema if resource.schema is not None and resource.schema.fields else None
    own = {key.names for key in unique_keys(schema)} if schema else set()
    found: dict[tuple[str, ...], Key] = {}
    for item in (item for others in references.values() for item in others if item.parent == resource.name):
        names = item.key.reference
        if schema:
            fields = tuple(schema.field(name) for name in names)
        else:
            fields = tuple(replace(mine, name=name) for mine, name in zip(item.fields, names, strict=True))
        found.setdefault(names, Key("reference", fields))
    return [found[names] for names in sorted(found) if names not in own]


def referred_fields(references: References, table: str) -> set[tuple[str, ...]]:
    """The fields of a table that others, or the table itself, refer to."""
    return {item.key.reference for others in references.values() for item in others if item.parent == table}


def parents_first(package: Package, references: References) -> list[Resource]:
    """The tables so that as few as possible come before a table that they refer to."""
    ordered: list[Resource] = []
    waiting = list(package.resources)
    while waiting:
        placed = {item.name for item in ordered}
        ready = [item for item in waiting if {ref.parent for ref in references[item.name]} <= placed | {item.name}]
        chosen = ready or waiting[:1]
        ordered += chosen
        waiting = [item for item in waiting if item not in chosen]
    return ordered
