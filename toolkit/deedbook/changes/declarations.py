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

from deedbook.changes.alignment import is_packed_set, renamed_fields
from deedbook.changes.records import SchemaChange, SchemaKind
from deedbook.descriptor import Package, Resource
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_field, parser

_STORED = frozenset({"bytes", "compression", "data", "dialect", "encoding", "format", "hash", "innerpath", "mediatype"})
UNPUBLISHED: Mapping[str, Set[str]] = {
    "package": frozenset({"$schema", "profile", "resources", "deedbook", "created", "version"}),
    "resource": _STORED | {"$schema", "name", "path", "profile", "rows", "schema", "stats", "type"},
    "schema": frozenset({"$schema", "derivedFields", "fieldsMatch", "missingValues"}),
    "field": frozenset(
        {"missingValues", "derived", "decimalChar", "groupChar", "bareNumber", "trueValues", "falseValues"}
    ),
}
"""Properties that mean nothing for a version: they name or date the release, or say how the edited text is written."""
_STRUCTURE = {
    "schema": frozenset({"fields", "primaryKey", "uniqueKeys", "foreignKeys"}),
    "field": frozenset({"name", "type", "format", "constraints", "categories", "codeList", "packed"}),
}
"""Properties that have changes of their own kinds."""
_DOI = re.compile(r"(?:^|doi\.org/|doi:)10\.\d{4,9}/", re.IGNORECASE)
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength"})
_CONDITIONS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"CC0-1.0", "PDDL-1.0", "ODC-PDDL-1.0", "UNLICENSE"}), ""),
    (frozenset({"CC-BY-4.0", "CC-BY-3.0", "ODC-BY-1.0", "MIT", "BSD-3-CLAUSE", "APACHE-2.0"}), "by"),
    (frozenset({"CC-BY-SA-4.0", "CC-BY-SA-3.0", "ODBL-1.0", "ODC-ODBL-1.0"}), "by sa"),
    (frozenset({"CC-BY-NC-4.0", "CC-BY-NC-3.0"}), "by nc"),
    (frozenset({"CC-BY-NC-SA-4.0", "CC-BY-NC-SA-3.0"}), "by nc sa"),
    (frozenset({"CC-BY-ND-4.0", "CC-BY-ND-3.0"}), "by sa nd"),
    (frozenset({"CC-BY-NC-ND-4.0", "CC-BY-NC-ND-3.0"}), "by nc sa nd"),
)
"""What licences demand: one is freer than another when it demands less of the same; who may not share changes at all (nd) may
not share them under other terms (sa). An unknown licence demands its own terms."""


def package_changes(old: Package, new: Package) -> Iterator[SchemaChange]:
    """What the packages declare otherwise, apart from their tables."""
    # a DOI names one version, so that of the next one is another
    before, after = (
        {key: value for key, value in package.raw.items() if key != "id" or not _DOI.search(str(value))}
        | {"title": package.title or package.name}
        for package in (old, new)
    )
    yield from _property_changes(before, after, UNPUBLISHED["package"])


def table_changes(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> Iterator[SchemaChange]:
    """Tables that one side lacks, and what the schemas of the others declare otherwise, in the order of the new side."""
    yield from (SchemaChange("table-removed", table=name) for name in old if name not in new)
    for name, resource in new.items():
        if name in old:
            yield from _table_changes(old[name], resource)
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
    old: Mapping[str, Any], new: Mapping[str, Any], unpublished: Set[str], table: str = "", field: str = ""
) -> Iterator[SchemaChange]:
    """Properties with other values; what a licence allows and demands is told apart from what describes."""
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name) or None, new.get(name) or None
        if before == after or name in unpublished:
            continue
        if name == "licenses" and not field:
            yield _licence_change(before, after, table)
        else:
            yield SchemaChange("metadata-changed", table, field, name, _said(before), _said(after))


def _licence_change(old: Any, new: Any, table: str) -> SchemaChange:
    entries = [[item for item in licences or () if isinstance(item, Mapping)] for licences in (old, new)]
    names = [[str(item.get("name") or item.get("path") or "") for item in licences] for licences in entries]
    if names[0] == names[1]:
        return SchemaChange("metadata-changed", table, "", "licenses", _said(old), _said(new))
    demands = []
    for licences in names:
        known = {name: terms for found, terms in _CONDITIONS for name in licences if name.upper() in found}
        demands.append({term for name in licences for term in known.get(name, name).split()})
    is_freer = names[1] and (not names[0] or demands[1] < demands[0])  # without a licence nobody may do anything
    kind: SchemaKind = "licence-relaxed" if is_freer else "licence-restricted"
    return SchemaChange(kind, table, "", "licenses", ", ".join(names[0]), ", ".join(names[1]))


def _table_changes(old: Resource, new: Resource) -> Iterator[SchemaChange]:
    before, after = old.schema or TableSchema(()), new.schema or TableSchema(())
    said = [
        {**item.raw, "title": item.title or schema.title, "description": item.description or schema.description}
        for item, schema in ((old, before), (new, after))
    ]
    of_schema = _property_changes(before.raw, after.raw, UNPUBLISHED["schema"] | _STRUCTURE["schema"], new.name)
    # a release gives a table the title of its schema, so it may change in both
    yield from dict.fromkeys((*_property_changes(said[0], said[1], UNPUBLISHED["resource"], new.name), *of_schema))
    renamed = renamed_fields(before, after)
    names = {was: name for name, was in renamed.items()}
    yield from _field_changes(new.name, before, after, renamed)
    if tuple(names.get(name, name) for name in before.primary_key) != after.primary_key:
        yield SchemaChange("key-changed", new.name, old=", ".join(before.primary_key), new=", ".join(after.primary_key))
    for (subject, was), now in zip(_keys(before, names).items(), _keys(after, {}).values(), strict=True):
        yield from (SchemaChange("constraint-tightened", new.name, "", subject, "", key) for key in sorted(now - was))
        yield from (SchemaChange("constraint-relaxed", new.name, "", subject, key, "") for key in sorted(was - now))


def _keys(schema: TableSchema, names: Mapping[str, str]) -> dict[str, set[str]]:
    """The unique and foreign keys as texts, by their new names."""

    def joined(fields: Sequence[str]) -> str:
        return ", ".join(names.get(name, name) for name in fields)

    foreign = {f"{joined(key.fields)} -> {key.resource}({', '.join(key.reference)})" for key in schema.foreign_keys}
    return {"uniqueKeys": set(map(joined, schema.unique_keys)), "foreignKeys": foreign}


def _field_changes(
    table: str, before: TableSchema, after: TableSchema, renamed: Mapping[str, str]
) -> Iterator[SchemaChange]:
    kept = {*after.names, *renamed.values()}
    for name in before.names:
        if name not in kept:
            yield SchemaChange("field-removed", table, name, old=before.field(name).type)
    known = [name for name in after.names if name in before.positions or name in renamed]
    last_known = max((after.positions[name] for name in known), default=-1)
    for at, item in enumerate(after.fields):
        earlier = renamed.get(item.name, item.name)
        if item.name not in known:
            is_appended = at > last_known and not item.required and item.name not in after.primary_key
            yield SchemaChange("field-added" if is_appended else "field-inserted", table, item.name, new=item.type)
            continue
        if earlier != item.name:
            yield SchemaChange("field-renamed", table, item.name, old=earlier, new=item.name)
        fields = canonical_field(before.field(earlier)), canonical_field(item)
        yield from _changes_of_field(table, *fields, (earlier in before.primary_key, item.name in after.primary_key))
    common = [before.positions[renamed.get(name, name)] for name in known]
    if common != sorted(common):
        yield SchemaChange("field-moved", table, old=", ".join(before.names), new=", ".join(after.names))


def _changes_of_field(table: str, old: Field, new: Field, in_key: tuple[bool, bool]) -> Iterator[SchemaChange]:
    if _type_of(old) != _type_of(new):
        yield SchemaChange("field-retyped", table, new.name, old=_type_of(old), new=_type_of(new))
        return
    # a release says of the fields of its keys that they are required
    before, after = (
        {**item.constraints, **({"required": True} if is_key else {}), "categories": _bound_to(item)}
        for item, is_key in zip((old, new), in_key, strict=True)
    )
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now or (not was and not now and name in {"required", "unique", "categories"}):
            continue
        tightened, relaxed = _movement(new, name, was, now)
        if tightened:
            yield SchemaChange("constraint-tightened", table, new.name, name, _said(was), _said(now))
        if relaxed:
            yield SchemaChange("constraint-relaxed", table, new.name, name, _said(was), _said(now))
    yield from _property_changes(old.raw, new.raw, UNPUBLISHED["field"] | _STRUCTURE["field"], table, new.name)


def _bound_to(item: Field) -> str | None:
    """The code list, or that there are categories: which codes those have is told by `code_changes`."""
    return item.code_list or ("its own" if item.categories else None)


def _movement(item: Field, name: str, old: Any, new: Any) -> tuple[bool, bool]:
    """Whether a constraint that differs now refuses what it accepted, and accepts what it refused."""
    if old is None or old is False:
        return True, False
    if new is None or new is False:
        return False, True
    if name == "enum" and isinstance(old, list) and isinstance(new, list):
        texts = [{str(entry) for entry in entries} for entries in (old, new)]
        return bool(texts[0] - texts[1]), bool(texts[1] - texts[0])
    if name in _LOWER_BOUNDS | _UPPER_BOUNDS:
        read = Decimal if name in {"minLength", "maxLength"} else parser(item)
        with suppress(ArithmeticError, TypeError, ValueError):
            before, after = read(str(old)), read(str(new))
            if after > before or after < before:
                return (after > before, after < before) if name in _LOWER_BOUNDS else (after < before, after > before)
    return True, False  # another pattern, a month in place of 30 days: nobody can tell, so the reader is warned


def _type_of(item: Field) -> str:
    form = "" if item.format in {"default", ""} else f" ({item.format})"
    return f"{item.type}{form}{' packed as a set' if is_packed_set(item) else ''}"


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
