"""Which table refers to which, in what order tables are read so that parents come first, and which key may have been meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl

from deedbook.checking.explanation import nearest_word
from deedbook.checking.keys import Key, ParentKey, unique_keys
from deedbook.checking.spellings import respelled
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.reading.tables import read_text
from deedbook.schema import Field, ForeignKey, TableSchema
from deedbook.types.mistakes import mistakes_of_text

_LABELS = ("name", "title", "label", "label_en")
_MOST_PARENTS = 200_000
"""Rows of a parent that is searched for a hint: reading more takes longer than the hint is worth."""
_MOST_CANDIDATES = 500
"""Keys that are compared letter by letter, some 10 ms for each finding that is shown."""

References = Mapping[str, tuple[Key, ...]]
"""The foreign keys of each table."""


def references_of(package: Package) -> References:
    """The foreign keys of every table with the tables that they refer to.

    A file alone has none into other tables: what it needs is said when its declarations are listed.

    Raises:
        ProjectError: when a table or field that is referred to does not exist.
    """
    tables = {resource.name: resource for resource in package.resources}
    is_alone = package.path is None and len(tables) == 1
    found = {}
    for name, resource in tables.items():
        schema = resource.schema or TableSchema(())
        declared = [key for key in schema.foreign_keys if not key.package]
        own = [key for key in declared if key.resource in {"", name} or not is_alone]
        found[name] = tuple(_reference(resource, schema, key, tables) for key in own)
    return found


def _reference(resource: Resource, schema: TableSchema, key: ForeignKey, tables: Mapping[str, Resource]) -> Key:
    where, name = resource.schema_source or resource.name, key.resource or resource.name
    if name not in tables:
        raise ProjectError(
            f"{where}: a foreign key refers to the table `{name}`, which the package does not have",
            "correct the foreign key, or add the table to the descriptor",
        )
    fields, parent = tuple(schema.field(field) for field in key.fields), tables[name].schema
    if parent is None or not parent.fields:
        pairs = zip(fields, key.reference, strict=True)
        target = tuple(Field(at, mine.type, mine.format, options=mine.options) for mine, at in pairs)
        return Key("foreign-key", fields, (name, target))
    if unknown := [field for field in key.reference if field not in parent.names]:
        problem = f"{where}: a foreign key refers to `{name}`.`{unknown[0]}`, which is no field"
        raise ProjectError(problem, "correct the foreign key")
    return Key("foreign-key", fields, (name, tuple(parent.field(field) for field in key.reference)))


def schema_of(resource: Resource, references: References) -> TableSchema:
    """The schema of a table; where none is declared, one that says nothing of the columns that others refer to."""
    if resource.schema is not None and resource.schema.fields:
        return resource.schema
    names = sorted({item.name for target in _targets(resource, references) for item in target})
    return TableSchema(tuple(Field(name, type="any") for name in names), fields_match="subset")


def referred_keys(resource: Resource, references: References) -> list[Key]:
    """The keys of a table that others, or the table itself, refer to, beyond its own."""
    own = {key.fields for key in unique_keys(resource.schema)} if resource.schema is not None else set()
    found = [Key("reference", target) for target in _targets(resource, references) if target not in own]
    return sorted(found, key=lambda key: (key.names, str(key.fields)))


def _targets(resource: Resource, references: References) -> list[tuple[Field, ...]]:
    """The fields of a table that are referred to, each combination once."""
    every = (item.parent for others in references.values() for item in others)
    return list(dict.fromkeys(target for name, target in every if name == resource.name))


def parents_first(package: Package, references: References) -> list[Resource]:
    """The tables so that as few as possible come before a table that they refer to."""
    parents = {name: {item.parent[0] for item in own} - {name} for name, own in references.items()}
    ordered: dict[str, Resource] = {}
    waiting = list(package.resources)
    while waiting:
        ready = [item for item in waiting if parents[item.name] <= ordered.keys()] or waiting[:1]
        ordered |= {item.name: item for item in ready}
        waiting = [item for item in waiting if item.name not in ordered]
    return list(ordered.values())


def with_suggestions(
    shown: Iterable[tuple[Finding, Key | None]], tables: Mapping[str, tuple[Resource, int]]
) -> Iterator[Finding]:
    """The findings, those of a foreign key of one field with a hint at a key that is spelled alike.

    Args:
        shown: The findings of a table, each with the foreign key that its row breaks.
        tables: The resource of each table, and how many rows it has.
    """
    known: dict[ParentKey, pl.DataFrame] = {}
    for finding, key in shown:
        if key is None or key.column is None or not finding.value:
            yield finding
            continue
        name, (target,) = key.parent
        if key.parent not in known:
            known[key.parent] = _keys_with_labels(*tables[name], target.name)
        yield _with_suggestion(finding, known[key.parent], name)


def _keys_with_labels(resource: Resource, rows: int, name: str) -> pl.DataFrame:
    """The parent's keys with a label each; none of a table that is too large to be searched for a hint."""
    frames = [pl.DataFrame(schema={"key": pl.String, "label": pl.String})]
    for frame in read_text(resource) if rows <= _MOST_PARENTS else ():
        label = next((column for column in _LABELS if column in frame.columns and column != name), name)
        frames.append(frame.select(key=name, label=label).drop_nulls("key"))
    return pl.concat(frames).unique("key", keep="last", maintain_order=True)


def _with_suggestion(finding: Finding, known: pl.DataFrame, parent: str) -> Finding:
    """The finding with the key that was meant: one that differs in what nobody means, or a word that is spelled alike.

    The nearest neighbour of an identifier (`E000018`) is another thing, and is not proposed.
    """
    value, keys = finding.value or "", known["key"]
    if (keys == value).any():
        return replace(finding, hint="it is there as a value of another type: give both fields the same")
    near = respelled(value, keys)
    length = pl.col("key").str.len_chars().cast(pl.Int64)
    words = known.filter(length.is_between(len(value) - 1, len(value) + 1))["key"]
    meant = near.text if near else nearest_word(value, words.head(_MOST_CANDIDATES))
    if meant is None:
        hint = f"was it deleted from `{parent}`, or not added yet?"
        mistake = next((it for it in mistakes_of_text("turned-into-date") if it.has(value)), None)
        return replace(finding, hint=f"it {mistake.cause}: {mistake.hint}" if mistake else hint)
    label = known.row(by_predicate=pl.col("key") == meant)[1]
    hint = f"did you mean `{meant}`{f' {label}' if label not in {None, '', meant} else ''}?"
    message = f"{finding.message}: {near.difference}" if near else finding.message
    return replace(finding, message=message, hint=hint, proposal=meant)
