"""What two sides declare otherwise: tables, fields, constraints, keys, codes, licences and descriptive metadata.

Schemas are compared as they describe canonical text, so a project and the release made from it declare the same. Which field of the
old table is which of the new one is told here too, and with it how the rows of both are matched.

    declarations.toml   every property that a release publishes, with what a change of it is; or that it means nothing
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from deedbook.changes.records import KEY, SchemaChange, TableChanges
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.project import CODE_VALUES
from deedbook.schema import Field, TableSchema, own_settings
from deedbook.types import canonical_field, parser

_LISTED: Mapping[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
UNPUBLISHED: Mapping[str, Sequence[str]] = _LISTED["unpublished"]
KINDS: Mapping[str, Mapping[str, Sequence[str]]] = _LISTED["kinds"]
_DEMANDS = {name: demands.split() for demands, names in _LISTED["licences"].items() for name in names}
_BOUND, _OTHER = ("constraint-tightened", "constraint-relaxed"), ("metadata-changed",)
_DOI = re.compile(r"(?:^|doi\.org/|doi:)10\.\d{4,9}/", re.IGNORECASE)
_LOWER, _UPPER = ("minimum", "exclusiveMinimum", "minLength"), ("maximum", "exclusiveMaximum", "maxLength")


class Pair(NamedTuple):
    """A field that both tables have; the names differ when it was renamed. None is a side that lacks it."""

    old: Field | None
    new: Field | None

    @property
    def name(self) -> str:
        """Its name: the new one where there is one."""
        return next(item.name for item in (self.new, self.old) if item)

    @property
    def names(self) -> tuple[str, str]:
        """Its names on both sides, where both have it."""
        return (self.old.name, self.new.name) if self.old and self.new else ("", "")

    def is_renamed(self, *, is_in_place: bool) -> bool:
        """Whether two fields of other names may be one: told by the same words, or in the same place with the same bounds."""
        old, new = self
        if not old or not new or old.type != new.type:
            return False
        if (said := (new.title, new.description)) == (old.title, old.description) and any(said):
            return True
        # a release says of the fields of its keys that they are required
        return is_in_place and {**old.constraints, "required": None} == {**new.constraints, "required": None}


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the rows of two tables are compared.

    Attributes:
        pairs: The compared fields, in the new order.
        key: The positions in `pairs` of the key; empty when whole rows are compared.
    """

    pairs: tuple[Pair, ...]
    key: tuple[int, ...]

    @property
    def others(self) -> tuple[int, ...]:
        """The positions of the fields that are not of the key."""
        return tuple(at for at in range(len(self.pairs)) if at not in self.key)

    @property
    def new_names(self) -> dict[str, str]:
        """What the old fields are called now."""
        return {pair.old.name: pair.name for pair in self.pairs if pair.old}


def align(old: TableSchema, new: TableSchema, *, everything: bool = False) -> Alignment:
    """Pairs the fields of two tables by name, then renamed ones.

    Rows are matched by the new primary key where both sides have its fields, else by the old one, else not at all.

    Args:
        old: The old schema.
        new: The new one.
        everything: Also pair a field that one side lacks with nothing, so that filling it is a change of the row.
    """
    renamed, before = renamed_fields(old, new), dict(zip(old.names, old.fields, strict=True))
    pairs = [Pair(before.pop(renamed.get(item.name, item.name), None), item) for item in new.fields]
    pairs = [*pairs, *(Pair(item, None) for item in before.values())] if everything else [it for it in pairs if it.old]
    for side, key in ((1, new.primary_key), (0, old.primary_key)):
        names = [pair.names[side] for pair in pairs]
        if key and set(key) <= set(names):
            return Alignment(tuple(pairs), tuple(map(names.index, key)))
    return Alignment(tuple(pairs), ())


def renamed_fields(old: TableSchema, new: TableSchema) -> dict[str, str]:
    """New name to old name of each field that was declared under another name: as `deedbook.renamed_fields` of the new schema says.

    Of others, one that is otherwise the same. The same means: every property but the name, with a title or description to tell it by;
    or type and position, when all other fields stand where they stood.

    Raises:
        ProjectError: when what is declared names a field that is not there.
    """
    found = _renamed(new.raw, "renamed_fields", old.names, new.names)
    for item in (item for item in new.fields if item.name not in {*old.names, *found}):
        at, taken = new.positions[item.name] if len(new.names) == len(old.names) else -1, {*new.names, *found.values()}
        left = [other for other in old.fields if other.name not in taken]
        twins = [it.name for it in left if Pair(it, item).is_renamed(is_in_place=old.positions[it.name] == at)]
        if len(twins) == 1:
            found[item.name] = twins[0]
    return found


def identity_of(schema: TableSchema) -> tuple[str, ...]:
    """The fields that say what a row is about, as `deedbook.identity` of the schema declares.

    Raises:
        ProjectError: when it is no list of fields.
    """
    names = own_settings(schema.raw).get("identity", [])
    if not isinstance(names, list) or not set(map(str, names)) <= set(schema.names):
        raise ProjectError("`deedbook.identity` of a schema is a list of its fields", "correct it")
    return tuple(names)


def _renamed(raw: Mapping[str, Any], what: str, old: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """New name to old name as declared under `deedbook`, as far as it lies between these names."""
    declared = own_settings(raw).get(what)
    names = declared if isinstance(declared, Mapping) else {}
    wrong = ", ".join(f"`{name}`" for name in names if name not in new)
    if declared is not None and names is not declared:
        wrong = "it is no object"
    if wrong:
        raise ProjectError(f"`deedbook.{what}` has new names with the old ones, and {wrong} is not there", "correct it")
    came, went = set(new).difference(old), set(old).difference(new)
    return {now: str(was) for now, was in names.items() if now in came and str(was) in went}


def renamed_tables(old: Package, new: Package) -> dict[str, str]:
    """New name to old name of the tables that `deedbook.renamed_tables` of the new descriptor declares.

    Raises:
        ProjectError: when what is declared names a table that is not there.
    """
    names = [[item.name for item in package.resources] for package in (old, new)]
    return _renamed(new.raw, "renamed_tables", *names)


def named_as(old: Package, new: Package) -> Package:
    """The old package with its renamed tables under their new names, in foreign keys too."""
    if not (renamed := {was: now for now, was in renamed_tables(old, new).items()}):
        return old
    resources = []
    for item in old.resources:
        keys = (replace(key, resource=renamed.get(key.resource, key.resource)) for key in item.described.foreign_keys)
        schema = replace(item.schema, foreign_keys=tuple(keys)) if item.schema else None
        resources.append(replace(item, name=renamed.get(item.name, item.name), schema=schema))
    return replace(old, resources=tuple(resources))


def is_packed_set(item: Field) -> bool:
    """Whether the order of the items in a cell means nothing (`"packed": "set"` in the schema)."""
    return item.raw.get("packed") == "set"


def kinds_of(level: str, name: str) -> Sequence[str]:
    """What a change of a property can be; empty when it means nothing for a version."""
    if name in UNPUBLISHED.get(level, ()):
        return ()
    return KINDS[level].get(name, _BOUND if level == "constraints" else _OTHER)


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
        if name not in old:
            yield SchemaChange("table-added", table=name)
            continue
        sides, schemas = (old[name], resource), (old[name].described, resource.described)
        has_own = any(side.raw.get("licenses") for side in sides)
        said = [
            {**side.raw, "licenses": side.raw.get("licenses") or (licence if has_own else None)}
            | dict(zip(("title", "description"), side.words, strict=True))
            for side, licence in zip(sides, licences, strict=True)
        ]
        words = [
            *_property_changes("resource", said[0], said[1], name),
            *_property_changes("schema", schemas[0].raw, schemas[1].raw, name),
        ]
        yield from dict.fromkeys(words)  # a release gives a table the title of its schema, so it may change in both
        alignment = align(*schemas, everything=True)
        yield from _field_changes(name, *schemas, alignment.pairs)
        yield from _key_changes(name, *schemas, alignment.new_names)


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
            if was != now:
                kind = "code-removed" if now is None else "code-added" if was is None else "code-changed"
                yield SchemaChange(kind, name, "", code, was or "", now or "")


def vocabulary_changes(table: TableChanges) -> Iterator[SchemaChange]:
    """The rows of the table of codes as changes of codes; a label or definition is what a code means."""
    if table.table != CODE_VALUES:
        return
    for kind, rows in (("code-removed", table.removed), ("code-added", table.added)):
        for key in rows.get_column(KEY):
            name, _, code = key.partition("|")
            yield SchemaChange(kind, name, subject=code)
    for key, field, _, old, new in table.values.filter(pl.col("field").is_in(("label_en", "definition"))).iter_rows():
        name, _, code = key.partition("|")
        yield SchemaChange("code-changed", name, field, code, old or "", new or "")


def _code_lists(resources: Iterable[Resource], *, listed: bool) -> dict[str, dict[str, str]]:
    """Label by code, by name of the code list, or `TABLE.FIELD` where categories have no list."""
    lists: dict[str, dict[str, str]] = {}
    for resource in resources:
        for item in resource.described.fields:
            if item.categories and (listed or not item.code_list):
                codes = lists.setdefault(item.code_list or f"{resource.name}.{item.name}", {})
                codes |= {str(label.value): label.label for label in item.categories}
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
    kind = "licence-relaxed" if is_freer else "licence-restricted"
    return SchemaChange(kind, table, "", "licenses", ", ".join(before), ", ".join(after))


def _licences(entries: Any) -> dict[str, list[str]]:
    """The declared licences, and what each demands."""
    names = [str(one.get("name") or one.get("path") or "") for one in entries or () if isinstance(one, Mapping)]
    return {name: _DEMANDS.get(name.upper(), name.split()) for name in names}


def _key_changes(
    table: str, before: TableSchema, after: TableSchema, names: Mapping[str, str]
) -> Iterator[SchemaChange]:
    """How rows are told apart and refer to others, by the new names of fields."""
    if tuple(map(names.get, before.primary_key)) != after.primary_key:
        yield SchemaChange("key-changed", table, old=", ".join(before.primary_key), new=", ".join(after.primary_key))

    def keys(schema: TableSchema, known: Mapping[str, str]) -> dict[str, set[str]]:
        unique = [", ".join(known.get(name, name) for name in key) for key in schema.unique_keys]
        fields = [", ".join(known.get(name, name) for name in key.fields) for key in schema.foreign_keys]
        ends = [f"{key.resource}({', '.join(key.reference)})" for key in schema.foreign_keys]
        return {"uniqueKeys": set(unique), "foreignKeys": set(map(" -> ".join, zip(fields, ends, strict=True)))}

    for (subject, was), now in zip(keys(before, names).items(), keys(after, {}).values(), strict=True):
        yield from (SchemaChange("constraint-tightened", table, "", subject, "", key) for key in sorted(now - was))
        yield from (SchemaChange("constraint-relaxed", table, "", subject, key, "") for key in sorted(was - now))


def _field_changes(
    table: str, before: TableSchema, after: TableSchema, pairs: Sequence[Pair]
) -> Iterator[SchemaChange]:
    """Fields that went, then those that stayed or came, then whether those that stayed have another order."""
    last, places = max((at for at, pair in enumerate(pairs) if all(pair)), default=-1), []
    for at, (old, new) in sorted(enumerate(pairs), key=lambda it: it[1].new is not None):
        if old and new:
            places.append(before.positions[old.name])
            yield from _changes_of_field(table, (old, before), (new, after))
        elif old:
            yield SchemaChange("field-removed", table, old.name, old=old.type)
        elif new:
            is_appended = all((at > last, not new.required, new.name not in after.primary_key))
            yield SchemaChange("field-added" if is_appended else "field-inserted", table, new.name, new=new.type)
    if places != sorted(places):
        yield SchemaChange("field-moved", table, old=", ".join(before.names), new=", ".join(after.names))


def _changes_of_field(
    table: str, was: tuple[Field, TableSchema], now: tuple[Field, TableSchema]
) -> Iterator[SchemaChange]:
    old, new = canonical_field(was[0]), canonical_field(now[0])
    if old.name != new.name:
        yield SchemaChange("field-renamed", table, new.name, old=old.name, new=new.name)
    if (before := _type_of(old)) != (after := _type_of(new)):
        yield SchemaChange("field-retyped", table, new.name, old=before, new=after)
        return
    bounds = _bounds(old, was[1]), _bounds(new, now[1])
    for name in sorted({*bounds[0], *bounds[1]}):
        values = bounds[0].get(name), bounds[1].get(name)
        for kind, holds in zip(_BOUND, _movement(new, name, *values), strict=True):
            if holds and values[0] != values[1]:
                yield SchemaChange(kind, table, new.name, name, *map(_said, values))
    yield from _property_changes("field", old.raw, new.raw, table, new.name)


def _bounds(item: Field, schema: TableSchema) -> dict[str, Any]:
    """What binds the values of a field, also without the words that a release adds: of the fields of its keys, that they are required."""
    required = {"required": True} if item.name in schema.primary_key else {}
    # which codes a list has is told by `code_changes`
    categories = item.code_list or ("its own" if item.categories else None)
    found = {**item.constraints, **required, "categories": categories}
    return {name: value for name, value in found.items() if value or name not in {"required", "unique", "categories"}}


def _movement(item: Field, name: str, old: Any, new: Any) -> tuple[bool, bool]:
    """Whether a constraint that differs now refuses what it accepted, and accepts what it refused."""
    is_free = [value is None or value is False for value in (old, new)]
    if any(is_free):
        return is_free[0], is_free[1]
    if isinstance(old, list) and isinstance(new, list):
        before, after = set(map(str, old)), set(map(str, new))
        return bool(before - after), bool(after - before)
    if name in (*_LOWER, *_UPPER):
        read = Decimal if name.endswith("Length") else parser(item)
        with suppress(ArithmeticError, TypeError, ValueError):
            low, high = read(str(old)), read(str(new))
            if high > low or high < low:
                rises = bool(high > low) == (name in _LOWER)
                return rises, not rises
    return True, False  # another pattern, a month in place of 30 days: nobody can tell, so the reader is warned


def _type_of(item: Field) -> str:
    form = "" if item.format in {"default", ""} else f" ({item.format})"
    return f"{item.type}{form}{' packed as a set' if is_packed_set(item) else ''}"


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
