"""What two sides declare otherwise: tables, fields, constraints, keys, codes, licence and descriptive metadata.

Schemas are compared as they describe canonical text, so a project and the release made from it declare the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deedbook.changes.aligning import is_packed_set, renamed_fields
from deedbook.changes.records import SchemaChange, SchemaKind
from deedbook.descriptor import Package, Resource
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_field

_PACKAGE_TEXTS = ("name", "title", "description", "keywords", "contributors", "sources", "homepage", "id")
_DOI = re.compile(r"(?:^|doi\.org/|doi:)10\.\d{4,9}/", re.IGNORECASE)
_FIELD_TEXTS = ("title", "description", "example", "unit", "rdfType")
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength"})
_FREEDOM: tuple[frozenset[str], ...] = (
    frozenset({"CC0-1.0", "PDDL-1.0", "ODC-PDDL-1.0", "UNLICENSE"}),
    frozenset({"CC-BY-4.0", "CC-BY-3.0", "ODC-BY-1.0", "MIT", "BSD-3-CLAUSE", "APACHE-2.0"}),
    frozenset({"CC-BY-SA-4.0", "CC-BY-SA-3.0", "ODBL-1.0", "ODC-ODBL-1.0"}),
    frozenset({"CC-BY-NC-4.0", "CC-BY-NC-3.0"}),
    frozenset({"CC-BY-NC-SA-4.0", "CC-BY-NC-SA-3.0"}),
    frozenset({"CC-BY-ND-4.0", "CC-BY-ND-3.0"}),
    frozenset({"CC-BY-NC-ND-4.0", "CC-BY-NC-ND-3.0"}),
)
"""Licences from the freest to the most restrictive; one that is not here counts as more restrictive than all."""


def describe_package(old: Package, new: Package) -> list[SchemaChange]:
    """What the packages declare otherwise, apart from their tables."""
    titled = [_as_released(package) for package in (old, new)]
    found = _texts(titled[0], titled[1], _PACKAGE_TEXTS, "", "")
    before, after = _licences(old), _licences(new)
    if [item.get("name") or item.get("path") for item in before] != [
        item.get("name") or item.get("path") for item in after
    ]:
        worse = _restriction(after) > _restriction(before) or _restriction(after) == len(_FREEDOM)
        kind: SchemaKind = "licence-restricted" if worse else "licence-relaxed"
        found.append(SchemaChange(kind, subject="licenses", old=_named(before), new=_named(after)))
    elif before != after:
        found.append(SchemaChange("metadata-changed", subject="licenses", old=_said(before), new=_said(after)))
    return found


def _as_released(package: Package) -> dict[str, Any]:
    """The descriptor as a release says it, without the DOI: that names one version, so the next one has another."""
    kept = {key: value for key, value in package.raw.items() if key != "id" or not _DOI.search(str(value))}
    return {**kept, "title": package.title or package.name}


def describe_tables(old: Sequence[Resource], new: Sequence[Resource]) -> list[SchemaChange]:
    """Tables that one side lacks, and what the schemas of the others declare otherwise, in the order of the new side."""
    before, after = {item.name: item for item in old}, {item.name: item for item in new}
    found = [SchemaChange("table-removed", table=name) for name in before if name not in after]
    for name, resource in after.items():
        if name not in before:
            found.append(SchemaChange("table-added", table=name))
        else:
            found += _describe_table(before[name], resource)
    return found


def describe_codes(old: Sequence[Resource], new: Sequence[Resource], *, listed: bool = True) -> list[SchemaChange]:
    """Codes that came, went or mean something else, by code list (else table and field) in the order of the new side.

    Args:
        old: The old tables.
        new: The new ones.
        listed: Also those of named code lists; else only categories that a field has of its own.
    """
    before, after = _code_lists(old, listed=listed), _code_lists(new, listed=listed)
    found = []
    for name, codes in after.items():
        if name not in before:
            continue  # the field or its list is new, which says it all
        earlier = before[name]
        found += [
            SchemaChange("code-removed", name, subject=code, old=earlier[code]) for code in earlier if code not in codes
        ]
        found += [
            SchemaChange("code-added", name, subject=code, new=codes[code]) for code in codes if code not in earlier
        ]
        found += [
            SchemaChange("code-changed", name, subject=code, old=earlier[code], new=codes[code])
            for code in codes
            if code in earlier and codes[code] != earlier[code]
        ]
    return found


def _describe_table(old: Resource, new: Resource) -> Iterator[SchemaChange]:
    before, after = old.schema or TableSchema(()), new.schema or TableSchema(())
    titles = [
        {"title": item.title or s.title, "description": item.description or s.description}
        for item, s in ((old, before), (new, after))
    ]
    yield from _texts(titles[0], titles[1], ("title", "description"), new.name, "")
    renamed = renamed_fields(before, after)
    yield from _describe_fields(new.name, before, after, renamed)
    old_key = tuple(_new_name(name, renamed) for name in before.primary_key)
    if old_key != after.primary_key:
        yield SchemaChange("key-changed", new.name, old=", ".join(before.primary_key), new=", ".join(after.primary_key))
    yield from _describe_keys(new.name, before, after, renamed)


def _describe_fields(
    table: str, before: TableSchema, after: TableSchema, renamed: Mapping[str, str]
) -> Iterator[SchemaChange]:
    kept = {*after.names, *renamed.values()}
    gone = [name for name in before.names if name not in kept]
    yield from (SchemaChange("field-removed", table, name, old=before.field(name).type) for name in gone)
    known = [name for name in after.names if name in before.positions or name in renamed]
    last_known = max((after.positions[name] for name in known), default=-1)
    for at, item in enumerate(after.fields):
        earlier = renamed.get(item.name, item.name)
        if item.name not in before.positions and item.name not in renamed:
            appended = at > last_known and not item.required and item.name not in after.primary_key
            yield SchemaChange("field-added" if appended else "field-inserted", table, item.name, new=item.type)
            continue
        if earlier != item.name:
            yield SchemaChange("field-renamed", table, item.name, old=earlier, new=item.name)
        keys = (earlier in before.primary_key, item.name in after.primary_key)
        yield from _describe_field(table, canonical_field(before.field(earlier)), canonical_field(item), keys)
    common = [renamed.get(name, name) for name in known]
    if common != sorted(common, key=before.positions.__getitem__):
        yield SchemaChange("field-moved", table, old=", ".join(before.names), new=", ".join(after.names))


def _describe_field(table: str, old: Field, new: Field, in_key: tuple[bool, bool]) -> Iterator[SchemaChange]:
    if _type_of(old) != _type_of(new):
        yield SchemaChange("field-retyped", table, new.name, old=_type_of(old), new=_type_of(new))
        return
    before, after = dict(old.constraints), dict(new.constraints)
    for constraints, is_key in ((before, in_key[0]), (after, in_key[1])):
        if is_key:
            constraints["required"] = True  # a release says so of its keys
    for name in sorted({*before, *after}):
        yield from _describe_constraint(table, new.name, name, before.get(name), after.get(name))
    yield from _texts(old.raw, new.raw, _FIELD_TEXTS, table, new.name)


def _describe_constraint(table: str, field: str, name: str, old: Any, new: Any) -> Iterator[SchemaChange]:
    if old == new or (not old and not new and name in {"required", "unique"}):
        return
    tightened, relaxed = _movement(name, old, new)
    if tightened:
        yield SchemaChange("constraint-tightened", table, field, name, _said(old), _said(new))
    if relaxed:
        yield SchemaChange("constraint-relaxed", table, field, name, _said(old), _said(new))


def _movement(name: str, old: Any, new: Any) -> tuple[bool, bool]:
    """Whether a constraint that differs now refuses what it accepted, and accepts what it refused."""
    if not new or old is None:
        return bool(new), not new
    if new is None:
        return False, True
    if name == "enum" and isinstance(old, list) and isinstance(new, list):
        before, after = {str(item) for item in old}, {str(item) for item in new}
        return bool(before - after), bool(after - before)
    if name in _LOWER_BOUNDS | _UPPER_BOUNDS:
        try:
            rises = float(new) > float(old)
        except (TypeError, ValueError):
            rises = str(new) > str(old)
        return (rises, not rises) if name in _LOWER_BOUNDS else (not rises, rises)
    return True, False  # another pattern or JSON schema: nobody can tell, so the reader is warned


def _describe_keys(
    table: str, before: TableSchema, after: TableSchema, renamed: Mapping[str, str]
) -> Iterator[SchemaChange]:
    old_unique = {tuple(_new_name(name, renamed) for name in key) for key in before.unique_keys}
    new_unique = set(after.unique_keys)
    old_foreign = {_reference(key.fields, key.resource, key.reference, renamed) for key in before.foreign_keys}
    new_foreign = {_reference(key.fields, key.resource, key.reference, {}) for key in after.foreign_keys}
    for subject, old, new in (
        ("uniqueKeys", {", ".join(key) for key in old_unique}, {", ".join(key) for key in new_unique}),
        ("foreignKeys", old_foreign, new_foreign),
    ):
        yield from (SchemaChange("constraint-tightened", table, subject=subject, new=key) for key in sorted(new - old))
        yield from (SchemaChange("constraint-relaxed", table, subject=subject, old=key) for key in sorted(old - new))


def _reference(fields: tuple[str, ...], resource: str, reference: tuple[str, ...], renamed: Mapping[str, str]) -> str:
    names = ", ".join(_new_name(name, renamed) for name in fields)
    return f"{names} -> {resource}({', '.join(reference)})"


def _new_name(name: str, renamed: Mapping[str, str]) -> str:
    return next((new for new, old in renamed.items() if old == name), name)


def _type_of(item: Field) -> str:
    form = "" if item.format in {"default", ""} else f" ({item.format})"
    return f"{item.type}{form}{' packed as a set' if is_packed_set(item) else ''}"


def _code_lists(resources: Sequence[Resource], *, listed: bool) -> dict[str, dict[str, str]]:
    """Label by code, by name of the code list, or `TABLE.FIELD` where categories have no list."""
    lists: dict[str, dict[str, str]] = {}
    for resource in resources:
        for item in resource.schema.fields if resource.schema else ():
            if item.categories and (listed or not item.code_list):
                name = item.code_list or f"{resource.name}.{item.name}"
                lists.setdefault(name, {}).update({str(label.value): label.label for label in item.categories})
    return lists


def _texts(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Sequence[str], table: str, field: str
) -> list[SchemaChange]:
    return [
        SchemaChange("metadata-changed", table, field, name, _said(old.get(name)), _said(new.get(name)))
        for name in names
        if (old.get(name) or None) != (new.get(name) or None)
    ]


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _licences(package: Package) -> list[Mapping[str, Any]]:
    found = package.raw.get("licenses")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _named(licences: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(item.get("name") or item.get("path") or "") for item in licences)


def _restriction(licences: Sequence[Mapping[str, Any]]) -> int:
    """The rank of the strictest licence; none at all, or an unknown one, is the strictest."""
    names = [str(item.get("name") or "").upper() for item in licences]
    ranks = [next((at for at, names in enumerate(_FREEDOM) if name in names), len(_FREEDOM)) for name in names]
    return max(ranks, default=len(_FREEDOM))
