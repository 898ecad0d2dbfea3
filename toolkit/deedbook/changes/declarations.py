"""What two sides declare otherwise: tables, fields, constraints, keys, codes, licences and descriptive metadata.

Schemas are compared as they describe canonical text, so a project and the release made from it declare the same. Every property
that a release publishes is compared here; what a release does not say (`UNPUBLISHED`) means nothing for its version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from decimal import Decimal
from typing import Any

from deedbook.changes.alignment import Pair, align, is_packed_set
from deedbook.changes.records import SchemaChange, SchemaKind
from deedbook.descriptor import Package, Resource
from deedbook.properties import PROPERTIES
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_field, parser

UNPUBLISHED: Mapping[str, Set[str]] = {
    "package": frozenset({"$schema", "profile", "deedbook", "created", "version", "dialect"}),
    "resource": frozenset(
        {"$schema", "bytes", "compression", "data", "dialect", "encoding", "format", "hash", "innerpath", "mediatype"}
        | {"name", "path", "profile", "rows", "schema", "stats", "type", "url"}
    ),
    "schema": frozenset({"$schema", "fieldsMatch", "missingValues"}),
    "field": frozenset(
        {"missingValues", "derived", "decimalChar", "groupChar", "bareNumber", "trueValues", "falseValues"}
    ),
}
"""Properties that mean nothing for a version: they name or date the release, or say how the edited text is written."""
_LICENCE: tuple[SchemaKind, ...] = ("licence-restricted", "licence-relaxed", "metadata-changed")
_BOUND: tuple[SchemaKind, ...] = ("constraint-tightened", "constraint-relaxed")
_RETYPED: tuple[SchemaKind, ...] = ("field-retyped",)
KINDS: Mapping[str, Mapping[str, tuple[SchemaKind, ...]]] = {
    "package": {"resources": ("table-removed", "table-added"), "licenses": _LICENCE},
    "resource": {"licenses": _LICENCE},
    "schema": {
        "fields": ("field-removed", "field-renamed", "field-moved", "field-inserted", "field-added"),
        "derivedFields": ("field-removed", "field-renamed", "field-moved", "field-added", "derived-changed"),
        "primaryKey": ("key-changed", *_BOUND),
        "uniqueKeys": _BOUND,
        "foreignKeys": _BOUND,
    },
    "field": {
        "name": ("field-renamed",),
        **dict.fromkeys(("type", "format", "packed"), _RETYPED),
        **dict.fromkeys(("constraints", "codeList"), _BOUND),
        "categories": (*_BOUND, "code-removed", "code-changed", "code-added"),
    },
    "constraints": dict.fromkeys(PROPERTIES["constraints"], _BOUND),
}
"""What a change of a property is, by level; a change of any other one that is published is `metadata-changed`."""
_DOI = re.compile(r"(?:^|doi\.org/|doi:)10\.\d{4,9}/", re.IGNORECASE)
_IS_LOWER = {"minimum": True, "exclusiveMinimum": True, "minLength": True} | dict.fromkeys(
    ("maximum", "exclusiveMaximum", "maxLength"), False
)
"""The constraints that are bounds, and whether of the lower end."""
_CONDITIONS = {
    "": "CC0-1.0 PDDL-1.0 ODC-PDDL-1.0 UNLICENSE",
    "by": "CC-BY-4.0 CC-BY-3.0 ODC-BY-1.0 MIT BSD-3-CLAUSE APACHE-2.0",
    "by sa": "CC-BY-SA-4.0 CC-BY-SA-3.0 ODBL-1.0 ODC-ODBL-1.0",
    "by nc": "CC-BY-NC-4.0 CC-BY-NC-3.0",
    "by nc sa": "CC-BY-NC-SA-4.0 CC-BY-NC-SA-3.0",
    "by sa nd": "CC-BY-ND-4.0 CC-BY-ND-3.0",
    "by nc sa nd": "CC-BY-NC-ND-4.0 CC-BY-NC-ND-3.0",
}
_DEMANDS = {name: demands.split() for demands, names in _CONDITIONS.items() for name in names.split()}
"""What licences demand: one is freer than another when it demands less of the same; who may not share changes at all (nd) may
not share them under other terms (sa). An unknown licence demands its own terms."""


def kinds_of(level: str, name: str) -> tuple[SchemaKind, ...]:
    """What a change of a property can be; empty when it means nothing for a version."""
    if name in UNPUBLISHED.get(level, frozenset()):
        return ()
    return KINDS[level].get(name, ("metadata-changed",))


def package_changes(old: Package, new: Package) -> Iterator[SchemaChange]:
    """What the packages declare otherwise, apart from their tables."""
    # a DOI names one version, so that of the next one is another
    before, after = (
        {key: value for key, value in package.raw.items() if key != "id" or not _DOI.search(str(value))}
        | {"title": package.title or package.name}
        for package in (old, new)
    )
    yield from _property_changes("package", before, after)


def table_changes(
    old: Mapping[str, Resource], new: Mapping[str, Resource], licences: tuple[Any, Any] = (None, None)
) -> Iterator[SchemaChange]:
    """Tables that one side lacks, and what the schemas of the others declare otherwise, in the order of the new side.

    Args:
        old: The old tables.
        new: The new ones.
        licences: Those of the packages, which hold for a table without its own.
    """
    yield from (SchemaChange("table-removed", table=name) for name in old if name not in new)
    for name, resource in new.items():
        if name in old:
            yield from _changes_of_table(old[name], resource, licences)
        else:
            yield SchemaChange("table-added", table=name)


def code_changes(old: Mapping[str, Resource], new: Mapping[str, Resource], *, listed: bool) -> Iterator[SchemaChange]:
    """Codes that came, went or mean something else, by code list (else table and field) in the order of the new side.

    Args:
        old: The old tables.
        new: The new ones.
        listed: Also those of named code lists; else only categories that a field has of its own.
    """
    before, after = _code_lists(old.values(), listed=listed), _code_lists(new.values(), listed=listed)
    for name, codes in after.items():
        earlier = before.get(name, codes)  # where the field or its list is new, that says it all
        for code in dict.fromkeys((*earlier, *codes)):
            was, now = earlier.get(code), codes.get(code)
            kind: SchemaKind = "code-removed" if now is None else "code-added" if was is None else "code-changed"
            if was != now:
                yield SchemaChange(kind, name, "", code, was or "", now or "")


def _code_lists(resources: Iterable[Resource], *, listed: bool) -> dict[str, dict[str, str]]:
    """Label by code, by name of the code list, or `TABLE.FIELD` where categories have no list."""
    lists: dict[str, dict[str, str]] = {}
    for resource in resources:
        for item in resource.schema.fields if resource.schema else ():
            if item.categories and (listed or not item.code_list):
                name = item.code_list or f"{resource.name}.{item.name}"
                lists.setdefault(name, {}).update({str(label.value): label.label for label in item.categories})
    return lists


def _property_changes(
    scope: str, old: Mapping[str, Any], new: Mapping[str, Any], table: str = "", field: str = ""
) -> Iterator[SchemaChange]:
    """Properties with other values; what a licence allows and demands is told apart from what describes."""
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name) or None, new.get(name) or None
        if before == after or "metadata-changed" not in kinds_of(scope, name):
            continue
        licence = _licence_change(before, after, table) if name == "licenses" and not field else None
        yield licence or SchemaChange("metadata-changed", table, field, name, _said(before), _said(after))


def _licence_change(old: Any, new: Any, table: str) -> SchemaChange | None:
    """Other licences; None where only what is said of them differs."""
    before, after = _licences(old), _licences(new)
    if before.keys() == after.keys():
        return None
    were, are = set().union(*before.values()), set().union(*after.values())
    is_freer = after and (not before or are < were)  # without a licence nobody may do anything
    kind: SchemaKind = "licence-relaxed" if is_freer else "licence-restricted"
    return SchemaChange(kind, table, "", "licenses", ", ".join(before), ", ".join(after))


def _licences(entries: Any) -> dict[str, list[str]]:
    """The declared licences, and what each demands."""
    names = [str(one.get("name") or one.get("path") or "") for one in entries or () if isinstance(one, Mapping)]
    return {name: _DEMANDS.get(name.upper(), name.split()) for name in names}


def _changes_of_table(old: Resource, new: Resource, licences: tuple[Any, Any]) -> Iterator[SchemaChange]:
    table, before, after = new.name, old.schema or TableSchema(()), new.schema or TableSchema(())
    of_packages = licences if old.raw.get("licenses") or new.raw.get("licenses") else (None, None)
    said = [_said_of(old, before, of_packages[0]), _said_of(new, after, of_packages[1])]
    # a release gives a table the title of its schema, so it may change in both
    both = (
        *_property_changes("resource", said[0], said[1], table),
        *_property_changes("schema", before.raw, after.raw, table),
    )
    yield from dict.fromkeys(both)
    pairs = align(before, after, everything=True).pairs
    yield from _changes_of_fields(table, before, after, pairs)
    names = {pair.old.name: pair.name for pair in pairs if pair.old}
    if tuple(names[name] for name in before.primary_key) != after.primary_key:
        yield SchemaChange("key-changed", table, old=", ".join(before.primary_key), new=", ".join(after.primary_key))
    for (subject, was), now in zip(_keys(before, names).items(), _keys(after, {}).values(), strict=True):
        yield from (SchemaChange("constraint-tightened", table, "", subject, "", key) for key in sorted(now - was))
        yield from (SchemaChange("constraint-relaxed", table, "", subject, key, "") for key in sorted(was - now))


def _said_of(item: Resource, schema: TableSchema, licences: Any) -> dict[str, Any]:
    """What a table says of itself, in its own words or those of its schema; licences of the package count where it has none."""
    words = {"title": item.title or schema.title, "description": item.description or schema.description}
    return {**item.raw, **words, "licenses": item.raw.get("licenses") or licences}


def _keys(schema: TableSchema, names: Mapping[str, str]) -> dict[str, set[str]]:
    """The unique and foreign keys as texts, by their new names."""

    def joined(fields: Iterable[str]) -> str:
        return ", ".join(names.get(name, name) for name in fields)

    foreign = {f"{joined(key.fields)} -> {key.resource}({', '.join(key.reference)})" for key in schema.foreign_keys}
    return {"uniqueKeys": set(map(joined, schema.unique_keys)), "foreignKeys": foreign}


def _changes_of_fields(
    table: str, before: TableSchema, after: TableSchema, pairs: Sequence[Pair]
) -> Iterator[SchemaChange]:
    yield from (
        SchemaChange("field-removed", table, pair.name, old=pair.old.type)
        for pair in pairs
        if pair.old and not pair.new
    )
    kept = {at: pair.old.name for at, pair in enumerate(pairs) if pair.old and pair.new}
    for at, (old, new) in enumerate((pair.old, pair.new) for pair in pairs):
        if old and new:
            if old.name != new.name:
                yield SchemaChange("field-renamed", table, new.name, old=old.name, new=new.name)
            yield from _changes_of_field(table, (old, before), (new, after))
        elif new:
            is_appended = at > max(kept, default=-1) and not new.required and new.name not in after.primary_key
            yield SchemaChange("field-added" if is_appended else "field-inserted", table, new.name, new=new.type)
    order = [before.positions[name] for name in kept.values()]
    if order != sorted(order):
        yield SchemaChange("field-moved", table, old=", ".join(before.names), new=", ".join(after.names))


def _changes_of_field(
    table: str, was: tuple[Field, TableSchema], now: tuple[Field, TableSchema]
) -> Iterator[SchemaChange]:
    old, new = (canonical_field(item) for item, _ in (was, now))
    types = _type_of(old), _type_of(new)
    if types[0] != types[1]:
        yield SchemaChange("field-retyped", table, new.name, old=types[0], new=types[1])
        return
    bounds = _bounds(old, was[1]), _bounds(new, now[1])
    for name in sorted({*bounds[0], *bounds[1]}):
        values = [side.get(name) for side in bounds]
        if values[0] == values[1] or (not any(values) and name in {"required", "unique", "categories"}):
            continue
        kinds: tuple[SchemaKind, SchemaKind] = ("constraint-tightened", "constraint-relaxed")
        for kind, holds in zip(kinds, _movement(new, name, *values), strict=True):
            if holds:
                yield SchemaChange(kind, table, new.name, name, *map(_said, values))
    yield from _property_changes("field", old.raw, new.raw, table, new.name)


def _bounds(item: Field, schema: TableSchema) -> dict[str, Any]:
    """What binds the values of a field, also without the words that a release adds: of the fields of its keys, that they are required."""
    required = {"required": True} if item.name in schema.primary_key else {}
    # which codes a list has is told by `code_changes`
    return {**item.constraints, **required, "categories": item.code_list or ("its own" if item.categories else None)}


def _movement(item: Field, name: str, old: Any, new: Any) -> tuple[bool, bool]:
    """Whether a constraint that differs now refuses what it accepted, and accepts what it refused."""
    is_free = [value is None or value is False for value in (old, new)]
    if any(is_free):
        return is_free[0], is_free[1]
    if isinstance(old, list) and isinstance(new, list):
        before, after = set(map(str, old)), set(map(str, new))
        return bool(before - after), bool(after - before)
    if name in _IS_LOWER:
        read = Decimal if name.endswith("Length") else parser(item)
        with suppress(ArithmeticError, TypeError, ValueError):
            low, high = read(str(old)), read(str(new))
            if high > low or high < low:
                rises = bool(high > low) == _IS_LOWER[name]
                return rises, not rises
    return True, False  # another pattern, a month in place of 30 days: nobody can tell, so the reader is warned


def _type_of(item: Field) -> str:
    form = "" if item.format in {"default", ""} else f" ({item.format})"
    return f"{item.type}{form}{' packed as a set' if is_packed_set(item) else ''}"


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
