"""A Table Schema (Data Package v1 and v2) as typed, immutable records.

`read_schema` turns the JSON into `TableSchema`; everything after it works on these records. Custom properties of ours:
`codeList` on a field names a list of `code_values.csv` (its values become v2 `categories`), `crosswalk` names the
counterparts in other event datasets, `derivedFields` describes columns that exist only in releases.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from deedbook.errors import ProjectError
from deedbook.properties import enforced, misplaced, texts, wrong_forms

_MOMENTS = frozenset({"date", "datetime", "duration", "time", "year", "yearmonth"})
_COMPOUNDS = frozenset({"array", "geojson", "geopoint", "list", "object"})
FIELD_TYPES = frozenset({"any", "boolean", "integer", "number", "string"}) | _MOMENTS | _COMPOUNDS
FieldsMatch = Literal["exact", "equal", "subset", "superset", "partial"]
FIELDS_MATCH: tuple[str, ...] = get_args(FieldsMatch)


@dataclass(frozen=True, slots=True)
class Label:
    """A value with its label for people: a category or a missing value."""

    value: Any
    label: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: what its cells may be.

    Attributes:
        options: The properties that steer parsing (`decimalChar`, `trueValues`, `delimiter`, ...), as declared.
        constraints: Constraint name to its declared value; names we do not know are kept and reported as not checked.
        missing_values: The field's own missing values; None when the schema's apply.
        categories: The allowed values with labels, in order; empty when none are declared.
        raw: The whole JSON object.
    """

    name: str
    type: str = "string"
    format: str = "default"
    title: str = ""
    description: str = ""
    constraints: Mapping[str, Any] = field(default_factory=dict, hash=False)
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    missing_values: tuple[Label, ...] | None = field(default=None, hash=False)
    categories: tuple[Label, ...] = field(default=(), hash=False)
    code_list: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def required(self) -> bool:
        """Whether a cell may not be missing."""
        return bool(self.constraints.get("required", False))


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to rows of another table; `resource` is empty for a reference to the own table.

    Attributes:
        package: Another package that the table belongs to, which a validation does not read; empty for the own one.
    """

    fields: tuple[str, ...]
    resource: str
    reference: tuple[str, ...]
    package: str = ""


@dataclass(frozen=True)
class TableSchema:
    """What a table may hold: its columns in order, its keys, and what counts as missing."""

    fields: tuple[Field, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    missing_values: tuple[Label, ...] = (Label(""),)
    fields_match: FieldsMatch = "exact"
    title: str = ""
    description: str = ""
    derived_fields: tuple[Field, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The field names in order."""
        return tuple(item.name for item in self.fields)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Where each name comes first."""
        return {name: at for at, name in reversed(list(enumerate(self.names)))}

    @cached_property
    def keyed(self) -> frozenset[str]:
        """The fields that are part of a key, or refer to one."""
        keys = (self.primary_key, *self.unique_keys, *(key.fields for key in self.foreign_keys))
        return frozenset(name for key in keys for name in key)

    def field(self, name: str) -> Field:
        """The field of that name.

        Raises:
            KeyError: when there is none.
        """
        return self.fields[self.positions[name]]

    def missing_of(self, item: Field) -> tuple[str, ...]:
        """The texts that mean "no value" in that field."""
        labels = self.missing_values if item.missing_values is None else item.missing_values
        return tuple(label.value for label in labels)

    def with_missing(self, text: str) -> TableSchema:
        """The same schema, that text meaning "no value" in every field."""
        fields = tuple(
            item if item.missing_values is None else replace(item, missing_values=(*item.missing_values, Label(text)))
            for item in self.fields
        )
        return replace(self, fields=fields, missing_values=(*self.missing_values, Label(text)))

    def with_categories(self, code_lists: Mapping[str, Sequence[Label]]) -> TableSchema:
        """The same schema, each field with a `codeList` having that list's codes as categories."""
        fields = tuple(
            replace(item, categories=tuple(code_lists[item.code_list]))
            if item.code_list in code_lists and not item.categories
            else item
            for item in self.fields
        )
        return replace(self, fields=fields)


_OPTIONS = enforced("field") - {"name", "type", "format", "missingValues", "constraints", "categories", "codeList"}
"""Properties of a field that steer parsing: all with an effect but those that have an attribute of their own."""


def read_schema(raw: object, where: str) -> TableSchema:
    """The typed form of a Table Schema.

    Args:
        raw: The parsed JSON.
        where: The file or place, for messages.

    Raises:
        ProjectError: when the schema is malformed or contradicts itself; the message names every problem.
    """
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where}: a Table Schema is a JSON object", 'start it with {"fields": [...]}')
    if not isinstance(raw.get("fields", []), list):
        raise ProjectError(f"{where}: `fields` is a list of field objects")
    problems: list[str] = []
    fields = tuple(_read_field(*entry, problems) for entry in enumerate(raw.get("fields", []), start=1))
    problems += misplaced(raw, "schema")
    derived, unique, foreign = (_list(raw, name, problems) for name in ("derivedFields", "uniqueKeys", "foreignKeys"))
    match = raw.get("fieldsMatch", "exact")
    match = match[0] if isinstance(match, list) and len(match) == 1 else match
    if match not in FIELDS_MATCH:
        problems.append(f"fieldsMatch {raw['fieldsMatch']!r} is not one of {', '.join(sorted(FIELDS_MATCH))}")
    schema = TableSchema(
        fields=fields,
        primary_key=_names(raw.get("primaryKey", ()), "primaryKey", problems),
        unique_keys=tuple(_names(key, "uniqueKeys", problems) for key in unique),
        foreign_keys=tuple(key for entry in foreign if (key := _read_foreign_key(entry, problems)) is not None),
        missing_values=_missing_values(raw.get("missingValues", [""]), "missingValues", problems),
        fields_match=cast("FieldsMatch", match if match in FIELDS_MATCH else "exact"),
        **texts(raw, {"title": "", "description": ""}),
        derived_fields=tuple(_read_field(*entry, problems) for entry in enumerate(derived, start=1)),
        raw=MappingProxyType(dict(raw)),
    )
    known = set(schema.names)
    problems += [f"field `{name}` is declared twice" for name in repeated(sorted(schema.names))]
    keys = [("primaryKey", schema.primary_key), *(("uniqueKeys", key) for key in schema.unique_keys)]
    keys += [("foreignKeys", key.fields) for key in schema.foreign_keys]
    keys += [("foreignKeys.reference", key.reference) for key in schema.foreign_keys if not key.resource]
    for what, names in keys:
        problems += [f"{what} names `{name}`, which is no field" for name in names if name not in known]
        problems += [f"{what} names `{name}` twice" for name in repeated(names)]
    for item in (item for item in schema.fields if item.constraints):
        problems += [f"field `{item.name}`: {problem}" for problem in _contradictions(item)]
    if problems:
        raise ProjectError(f"{where}: " + "; ".join(problems), "correct the schema and run the command again")
    return schema


def _list(raw: Mapping[str, Any], name: str, problems: list[str]) -> list[Any]:
    entries = raw.get(name, [])
    if isinstance(entries, list):
        return entries
    problems.append(f"{name} is a list")
    return []


def repeated(names: Iterable[str]) -> list[str]:
    """The names that stand there more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _read_field(position: int, raw: object, problems: list[str]) -> Field:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str) or not raw["name"]:
        problems.append(f"field {position} has no name")
        return Field(name=f"field{position}")
    name = raw["name"]
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        problems.append(f"field {position} is named `{name}`, which stands for several columns in the engine")
    problems += [f"field `{name}`: {problem}" for problem in misplaced(raw, "field")]
    problems += [f"field `{name}`: {key} is {form}, not {raw[key]!r}" for key, form in wrong_forms(raw, "field")]
    if raw.get("format") == "":
        problems.append(f"field `{name}`: format is empty; leave it out")
    kind = raw.get("type", "any")
    if not isinstance(kind, str) or kind not in FIELD_TYPES:
        problems.append(f"field `{name}` has the unknown type {kind!r} (known: {', '.join(sorted(FIELD_TYPES))})")
        kind = "any"
    if kind == "list" and raw.get("itemType", "string") not in _ITEM_TYPES:
        problems.append(f"field `{name}`: itemType is one of {', '.join(_ITEM_TYPES)}")
    own = raw.get("missingValues", [])
    missing = _missing_values(own, f"`{name}`.missingValues", problems)
    return Field(
        name=name,
        type=kind,
        **texts(raw, {"format": "default", "title": "", "description": "", "codeList": ""}),
        constraints=_read_constraints(raw.get("constraints", {}), name, problems),
        options=MappingProxyType({key: value for key, value in raw.items() if key in _OPTIONS}),
        missing_values=missing if "missingValues" in raw else None,
        categories=_labels(raw.get("categories", []), f"`{name}`.categories", problems),
        raw=MappingProxyType(dict(raw)),
    )


def _read_constraints(raw: object, name: str, problems: list[str]) -> Mapping[str, Any]:
    """The constraints as declared, the two that are true or false as such; v1 allows them as texts."""
    if not isinstance(raw, Mapping):
        problems.append(f"field `{name}`: `constraints` is an object")
        return MappingProxyType({})
    constraints = dict(raw)
    problems += [f"field `{name}`: constraint {problem}" for problem in misplaced(raw, "constraints")]
    if "enum" in raw and not (isinstance(raw["enum"], list) and raw["enum"]):
        problems.append(f"field `{name}`: enum is a list of at least one value, not {raw['enum']!r}")
    for flag in sorted({"required", "unique"} & constraints.keys()):
        value = {"true": True, "false": False}.get(str(constraints[flag]).lower())
        if value is None:
            problems.append(f"field `{name}`: {flag} is true or false, not {constraints[flag]!r}")
        constraints[flag] = bool(value)
    return MappingProxyType(constraints)


def _missing_values(raw: object, what: str, problems: list[str]) -> tuple[Label, ...]:
    labels = _labels(raw, what, problems)
    if odd := [label.value for label in labels if not isinstance(label.value, str)]:
        problems.append(f"{what} are texts, so write {str(odd[0])!r} in quotes, not {odd[0]!r}")
    return labels


def _labels(raw: object, what: str, problems: list[str]) -> tuple[Label, ...]:
    if not isinstance(raw, list):
        problems.append(f"{what} is a list")
        return ()
    entries = [entry if isinstance(entry, Mapping) else {"value": entry} for entry in raw]
    problems += [f"{what}: {dict(entry)!r} has no `value`" for entry in entries if "value" not in entry]
    return tuple(Label(entry["value"], str(entry.get("label", ""))) for entry in entries if "value" in entry)


def _names(raw: object, what: str, problems: list[str]) -> tuple[str, ...]:
    if isinstance(raw, str):
        return (raw,)
    if isinstance(raw, list | tuple) and all(isinstance(name, str) for name in raw):
        return tuple(raw)
    problems.append(f"{what} is a field name or a list of field names")
    return ()


def _read_foreign_key(raw: object, problems: list[str]) -> ForeignKey | None:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("reference"), Mapping):
        problems.append("a foreign key has `fields` and `reference`")
        return None
    reference = raw["reference"]
    fields = _names(raw.get("fields", ()), "foreignKeys.fields", problems)
    target = _names(reference.get("fields", ()), "foreignKeys.reference.fields", problems)
    if fields and len(fields) == len(target):
        return ForeignKey(fields, str(reference.get("resource") or ""), target, str(reference.get("package") or ""))
    faulty = f"foreign key {fields} refers to {len(target)} fields, it has {len(fields)}"
    problems.append(faulty if fields else "a foreign key names no field")
    return None


def _contradictions(item: Field) -> Iterator[str]:
    """What a field says that cannot all be true."""
    for low, high, is_strict in _LIMITS:
        below, above = item.constraints.get(low), item.constraints.get(high)
        if _are_crossed(_limit(below), _limit(above), is_strict=is_strict):
            yield f"{low} {below} is {'not below' if is_strict else 'above'} {high} {above}"
    enum, known = item.constraints.get("enum"), {str(label.value) for label in item.categories}
    if known and isinstance(enum, list) and (odd := [value for value in enum if str(value) not in known]):
        yield f"the enum value {odd[0]!r} is not among the categories"


def _are_crossed(low: Decimal | str | None, high: Decimal | str | None, *, is_strict: bool) -> bool:
    """Whether no value lies between two limits of one kind."""
    if low is None or type(low) is not type(high):
        return False
    return low > high or (is_strict and low == high)  # type: ignore[operator]  # of the same type, as seen above


def _limit(value: object) -> Decimal | str | None:
    """A limit that can be compared with another: a number, or a date or time as ISO 8601 writes it."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", value):
        return Decimal(value)
    return value if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}.*)?", value) else None


_LIMITS = (
    ("minimum", "maximum", False),
    ("exclusiveMinimum", "maximum", True),
    ("minimum", "exclusiveMaximum", True),
    ("exclusiveMinimum", "exclusiveMaximum", True),
    ("minLength", "maxLength", False),
)
"""A lower and an upper limit, and whether no value lies between them when they are equal."""
_ITEM_TYPES = ("boolean", "date", "datetime", "integer", "number", "string", "time")
