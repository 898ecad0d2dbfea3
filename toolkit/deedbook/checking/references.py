"""Which table refers to which, in what order tables are read so that parents come first, and which key may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from deedbook.checking.explanation import nearest_word
from deedbook.checking.keys import Key, unique_keys
from deedbook.checking.spellings import respelled
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.reading.tables import read_text
from deedbook.schema import Field, ForeignKey, TableSchema
from deedbook.types.mistakes import ANY_TYPE, TURNED_INTO_DATE

ParentKey = tuple[str, tuple[Field, ...]]
"""A table, and the fields of it that others refer to."""
_LABELS = ("name", "title", "label", "label_en")
_MOST_PARENTS = 200_000
"""Rows of a parent that is searched for a hint: reading more takes longer than the hint is worth."""
_MOST_CANDIDATES = 500
"""Keys that are compared letter by letter, some 10 ms for each finding that is shown."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of a table.

    Attributes:
        fields: The table's own fields.
        target: The parent's fields; those of a parent without a schema have the types of what refers to them.
    """

    key: ForeignKey
    fields: tuple[Field, ...]
    parent: str
    target: tuple[Field, ...]

    @property
    def columns(self) -> str:
        """The table's own fields by name, as findings and checks list them."""
        return ", ".join(self.key.fields)


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
    for key in (key for key in resource.schema.foreign_keys if not key.package):
        name = key.resource or resource.name
        parent = next((item for item in package.resources if item.name == name), None)
        if parent is None and package.path is None and len(package.resources) == 1:
            continue  # a file alone: what it needs is said when its declarations are listed
        if parent is None:
            raise ProjectError(
                f"{where}: a foreign key refers to the table `{name}`, which the package does not have",
                "correct the foreign key, or add the table to the descriptor",
            )
        fields = tuple(resource.schema.field(field) for field in key.fields)
        if parent.schema is None or not parent.schema.fields:
            pairs = zip(fields, key.reference, strict=True)
            target = tuple(Field(at, mine.type, mine.format, options=mine.options) for mine, at in pairs)
        elif unknown := [field for field in key.reference if field not in parent.schema.names]:
            raise ProjectError(
                f"{where}: a foreign key refers to `{name}`.`{unknown[0]}`, which is no field",
                "correct the foreign key",
            )
        else:
            target = tuple(parent.schema.field(field) for field in key.reference)
        found.append(Reference(key, fields, name, target))
    return found


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
    every = (item for others in references.values() for item in others)
    return list(dict.fromkeys(item.target for item in every if item.parent == resource.name))


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


def with_suggestions(
    shown: Iterable[tuple[Finding, Reference | None]], parent: Callable[[str], tuple[Resource, int]]
) -> list[Finding]:
    """The findings, those of a foreign key of one field with a hint at a key that is spelled alike.

    Args:
        shown: The findings of a table, each with the foreign key that its row breaks.
        parent: The resource of a table, and how many rows it has.
    """
    known: dict[tuple[str, str], pl.DataFrame] = {}
    done = []
    for finding, reference in shown:
        if reference is None or len(reference.fields) > 1 or not finding.value:
            done.append(finding)
            continue
        place = reference.parent, reference.target[0].name
        if place not in known:
            known[place] = _keys_with_labels(*parent(place[0]), place[1])
        done.append(_with_suggestion(finding, known[place], reference.parent))
    return done


def _keys_with_labels(resource: Resource, rows: int, name: str) -> pl.DataFrame:
    """The parent's keys with a label each; none of a table that is too large to be searched for a hint."""
    frames = [pl.DataFrame(schema={"key": pl.String, "label": pl.String})]
    for frame in read_text(resource) if rows <= _MOST_PARENTS else ():
        label = next((column for column in _LABELS if column in frame.columns and column != name), name)
        frames.append(frame.select(key=name, label=label).drop_nulls("key"))
    known = pl.concat(frames).unique("key", keep="last", maintain_order=True)
    return known.with_columns(length=pl.col("key").str.len_chars().cast(pl.Int64))


def _with_suggestion(finding: Finding, known: pl.DataFrame, parent: str) -> Finding:
    """The finding with the key that was meant: one that differs in what nobody means, or a word that is spelled alike.

    The nearest neighbour of an identifier (`E000018`) is another thing, and is not proposed.
    """
    value, keys = finding.value or "", known["key"]
    if (keys == value).any():
        return replace(finding, hint="it is there as a value of another type: give both fields the same")
    near = respelled(value, keys)
    words = known.filter(pl.col("length").is_between(len(value) - 1, len(value) + 1))["key"]
    meant = near.text if near else nearest_word(value, words.head(_MOST_CANDIDATES))
    if meant is None:
        hint = f"was it deleted from `{parent}`, or not added yet?"
        mistake = next((it for it in (*ANY_TYPE, TURNED_INTO_DATE) if it.has(value)), None)
        return replace(finding, hint=f"it {mistake.cause}: {mistake.hint}" if mistake else hint)
    label = known.filter(pl.col("key") == meant)["label"][0]
    hint = f"did you mean `{meant}`{f' {label}' if label and label != meant else ''}?"
    message = f"{finding.message}: {near.difference}" if near else finding.message
    return replace(finding, message=message, hint=hint, proposal=meant)
