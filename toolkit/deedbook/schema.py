"""A Table Schema (Data Package v1 and v2) as typed, immutable records.

`read_schema` turns the JSON into `TableSchema`; everything after it works on these records. Custom properties of ours:
`codeList` on a field names a list of `code_values.csv` (its values become v2 `categories`), `crosswalk` names the
counterparts in other event datasets, `derivedFields` describes columns that exist only in releases.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, partial
from itertools import compress, count, filterfalse
from operator import attrgetter, ge, gt
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from deedbook.errors import ProjectError
from deedbook.findings import listed, shorten
from deedbook.properties import enforced, misplaced, texts, wrong_forms

FIELD_TYPES = (
    *("any", "array", "boolean", "date", "datetime", "duration", "geojson", "geopoint", "integer", "list", "number"),
    *("object", "string", "time", "year", "yearmonth"),
)
_ITEM_TYPES = ("boolean", "date", "datetime", "integer", "number", "string", "time")
_MOST_ROWS = 3
"""That a question of a draft names."""
_SEVERAL = re.compile(r"\*|\^.*\$", re.DOTALL)
"""Names that polars takes for all columns, or for those that fit a pattern."""
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
    def allowed(self) -> list[str]:
        """The values that are listed as allowed; none where any is."""
        if self.constraints.get("enum") is not None:
            return [str(value) for value in self.constraints["enum"]]
        return [str(label.value) for label in self.categories]

    @property
    def required(self) -> bool:
        """Whether a cell may not be missing."""
        return bool(self.constraints.get("required", False))

    @property
    def is_selective(self) -> bool:
        """Whether not every text fits it."""
        named = bool(self.categories or self.constraints.keys() & {"pattern", "enum"})
        return named or self.type not in {"any", "string"}

    def contradictions(self) -> Iterator[str]:
        """What it says of its values that cannot all be true."""
        for low, high, are_crossed, said in _LIMITS:
            below, above = self.constraints.get(low), self.constraints.get(high)
            if below is None or above is None:
                continue
            (kind, least), (other, most) = _limit(below), _limit(above)
            if kind and kind == other and are_crossed(least, most):
                yield f"{low} {below} is {said} {high} {above}"
        enum, known = self.constraints.get("enum"), {str(label.value) for label in self.categories}
        for value in enum if known and isinstance(enum, list) else ():
            if str(value) not in known:
                yield f"the enum value {value!r} is not among the categories"
                break


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

    @property
    def demanded(self) -> tuple[Field, ...]:
        """The fields that a file has to have."""
        if self.fields_match not in {"superset", "partial"}:
            return self.fields
        return tuple(item for item in self.fields if item.required or item.name in self.primary_key)

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

    @property
    def has_plain_spaces(self) -> bool:
        """Whether its free texts are to have no space at their ends and no two in a row: `plainSpaces` of its `deedbook`."""
        return own_settings(self.raw).get("plainSpaces") is True

    @property
    def questions(self) -> tuple[tuple[str, str], ...]:
        """What its draft left to a person: the field, empty for the table, and the question with the first rows that it is about."""
        kept = own_settings(self.raw).get("guess")
        guesses = [item for item in kept if isinstance(item, Mapping)] if isinstance(kept, list) else []
        return tuple(
            (str(item.get("field", "")), f"{item['todo']}{_rows_of(item)}") for item in guesses if item.get("todo")
        )

    def contradictions(self) -> Iterator[str]:
        """What it says of its fields and keys that cannot all be true."""
        yield from (f"field `{name}` is declared twice" for name in repeated(sorted(self.names)))
        keys = [("primaryKey", self.primary_key), *(("uniqueKeys", key) for key in self.unique_keys)]
        for key in self.foreign_keys:
            keys += [("foreignKeys", key.fields), ("foreignKeys.reference", () if key.resource else key.reference)]
        for what, names in keys:
            unknown = filterfalse(self.positions.__contains__, names)
            yield from (f"{what} names `{name}`, which is no field" for name in unknown)
            yield from (f"{what} names `{name}` twice" for name in repeated(names))
        for item in filter(attrgetter("constraints"), self.fields):
            yield from (f"field `{item.name}`: {problem}" for problem in item.contradictions())

    def missing_of(self, item: Field) -> tuple[str, ...]:
        """The texts that mean "no value" in that field."""
        labels = self.missing_values if item.missing_values is None else item.missing_values
        return tuple(label.value for label in labels)

    @cached_property
    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """For each field the texts that mean "no value"."""
        return {item.name: self.missing_of(item) for item in self.fields}

    def with_missing(self, text: str) -> Self:
        """The same schema, that text meaning "no value" in every field."""
        own = [None if it.missing_values is None else (*it.missing_values, Label(text)) for it in self.fields]
        fields = tuple(replace(it, missing_values=texts) for it, texts in zip(self.fields, own, strict=True))
        return replace(self, fields=fields, missing_values=(*self.missing_values, Label(text)))

    def with_categories(self, code_lists: Mapping[str, Sequence[Label]]) -> Self:
        """The same schema, each field with a `codeList` having that list's codes as categories."""
        fields = (
            item
            if item.categories or item.code_list not in code_lists
            else replace(item, categories=tuple(code_lists[item.code_list]))
            for item in self.fields
        )
        return replace(self, fields=tuple(fields)) if code_lists else self


_NOTHING: Mapping[str, Any] = MappingProxyType({})
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
    read_field = partial(_read_field, problems)
    fields = tuple(map(read_field, count(1), raw.get("fields", [])))
    problems += misplaced(raw, "schema")
    derived, unique, foreign = (
        _listed(raw.get(name, []), name, problems) for name in ("derivedFields", "uniqueKeys", "foreignKeys")
    )
    match = raw.get("fieldsMatch", "exact")
    match = match[0] if isinstance(match, list) and len(match) == 1 else match
    if match not in FIELDS_MATCH:
        problems.append(f"fieldsMatch {raw['fieldsMatch']!r} is not one of {', '.join(sorted(FIELDS_MATCH))}")
    schema = TableSchema(
        fields=fields,
        primary_key=_names(raw.get("primaryKey", ()), "primaryKey", problems),
        unique_keys=tuple(_names(key, "uniqueKeys", problems) for key in unique),
        foreign_keys=tuple(_read_foreign_keys(foreign, problems)),
        missing_values=_missing_values(raw.get("missingValues", [""]), "missingValues", problems),
        fields_match=match,
        **texts(raw, {"title": "", "description": ""}),
        derived_fields=tuple(map(read_field, count(1), derived)),
        raw=MappingProxyType(raw),
    )
    problems += schema.contradictions()
    if problems:
        raise ProjectError(f"{where}: " + "; ".join(problems), "correct the schema and run the command again")
    return schema


def own_settings(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a descriptor or a schema says under `deedbook`; nothing where that is no object."""
    own = raw.get("deedbook")
    return own if isinstance(own, Mapping) else {}


def _rows_of(guess: Mapping[str, Any]) -> str:
    """The first rows that speak against a guess, with their text."""
    kept = guess.get("exceptions")
    rows = [item for item in kept if isinstance(item, Mapping)] if isinstance(kept, list) else []
    said = [f"row {item.get('row')} `{shorten(str(item.get('value', '')), 30)}`" for item in rows]
    return f" ({listed(said, _MOST_ROWS)})" if said else ""


def repeated(names: Iterable[str]) -> list[str]:
    """The names that stand there more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


_FIELD_FAULTS = (
    "field {position} is named `{name}`, which stands for several columns in the engine",
    "field `{name}`: format is empty; leave it out",
    f"field `{{name}}` has the unknown type {{kind!r}} (known: {', '.join(FIELD_TYPES)})",
    f"field `{{name}}`: itemType is one of {', '.join(_ITEM_TYPES)}",
)


def _read_field(problems: list[str], position: int, raw: object) -> Field:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str) or not raw["name"]:
        problems.append(f"field {position} has no name")
        return Field(name=f"field{position}")
    name, kind, told = raw["name"], raw.get("type", "any"), f"field `{raw['name']}`"
    problems += map(partial("{}: {}".format, told), misplaced(raw, "field"))
    problems += [f"{told}: {key} is {form}, not {raw[key]!r}" for key, form in wrong_forms(raw, "field")]
    has_odd_items = kind == "list" and raw.get("itemType", "string") not in _ITEM_TYPES
    faults = (_SEVERAL.fullmatch(name), raw.get("format") == "", kind not in FIELD_TYPES, has_odd_items)
    problems += [words.format(position=position, name=name, kind=kind) for words in compress(_FIELD_FAULTS, faults)]
    options = {key: value for key, value in raw.items() if key in _OPTIONS}
    missing = _missing_values(raw.get("missingValues", []), f"`{name}`.missingValues", problems)
    return Field(
        name=name,
        type=kind,
        **texts(raw, {"format": "default", "title": "", "description": "", "codeList": ""}),
        constraints=_read_constraints(raw.get("constraints", {}), told, problems),
        options=_frozen(options),
        missing_values=missing if "missingValues" in raw else None,
        categories=_labels(raw.get("categories", []), f"`{name}`.categories", problems),
        raw=MappingProxyType(raw),
    )


def _read_constraints(raw: object, told: str, problems: list[str]) -> Mapping[str, Any]:
    """The constraints as declared, the two that are true or false as such; v1 allows them as texts."""
    if not isinstance(raw, Mapping):
        problems.append(f"{told}: `constraints` is an object")
        return {}
    problems += [f"{told}: constraint {problem}" for problem in misplaced(raw, "constraints")]
    enum = raw.get("enum", [None])
    if not (enum and isinstance(enum, list)):
        problems.append(f"{told}: enum is a list of at least one value, not {enum!r}")
    constraints = dict(raw)
    for flag in sorted({"required", "unique"} & raw.keys()):
        constraints[flag] = str(raw[flag]).lower() == "true"
        if str(raw[flag]).lower() not in {"true", "false"}:
            problems.append(f"{told}: {flag} is true or false, not {raw[flag]!r}")
    return _frozen(constraints)


def _frozen(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mapping that stays as it is; the empty one of most fields is shared: of 100,000 fields, their own would take 22 MB."""
    return MappingProxyType(declared) if declared else _NOTHING


def _missing_values(raw: object, what: str, problems: list[str]) -> tuple[Label, ...]:
    labels = _labels(raw, what, problems)
    if odd := [label.value for label in labels if not isinstance(label.value, str)]:
        problems.append(f"{what} are texts, so write {str(odd[0])!r} in quotes, not {odd[0]!r}")
    return labels


def _listed(raw: object, what: str, problems: list[str]) -> list[Any]:
    if isinstance(raw, list):
        return raw
    problems.append(f"{what} is a list")
    return []


def _labels(raw: object, what: str, problems: list[str]) -> tuple[Label, ...]:
    entries = [entry if isinstance(entry, Mapping) else {"value": entry} for entry in _listed(raw, what, problems)]
    problems += [f"{what}: {dict(entry)!r} has no `value`" for entry in entries if "value" not in entry]
    return tuple(Label(entry["value"], str(entry.get("label", ""))) for entry in entries if "value" in entry)


def _names(raw: object, what: str, problems: list[str]) -> tuple[str, ...]:
    names = (raw,) if isinstance(raw, str) else raw
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(names)
    problems.append(f"{what} is a field name or a list of field names")
    return ()


def _read_foreign_keys(entries: Sequence[Any], problems: list[str]) -> Iterator[ForeignKey]:
    for raw in entries:
        reference = raw.get("reference") if isinstance(raw, Mapping) else None
        if not isinstance(reference, Mapping):
            problems.append("a foreign key has `fields` and `reference`")
            continue
        fields = _names(raw.get("fields", ()), "foreignKeys.fields", problems)
        target = _names(reference.get("fields", ()), "foreignKeys.reference.fields", problems)
        if fields and len(fields) == len(target):
            place = (str(reference.get(name) or "") for name in ("resource", "package"))
            yield ForeignKey(fields, next(place), target, next(place))
            continue
        faulty = f"foreign key {fields} refers to {len(target)} fields, it has {len(fields)}"
        problems.append(faulty if fields else "a foreign key names no field")


def _limit(value: object) -> tuple[str, Any]:
    """A limit that can be compared with another of its kind: a number, or a date or time as ISO 8601 writes it."""
    text = "" if isinstance(value, bool) else str(value)
    if (isinstance(value, int | float | Decimal) and text) or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return "number", Decimal(text)
    return "date" if re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}.*)?", text) else "", text


_LIMITS: tuple[tuple[str, str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", "maximum", gt, "above"),
    ("exclusiveMinimum", "maximum", ge, "not below"),
    ("minimum", "exclusiveMaximum", ge, "not below"),
    ("exclusiveMinimum", "exclusiveMaximum", ge, "not below"),
    ("minLength", "maxLength", gt, "above"),
)
"""A lower and an upper limit, when no value lies between them, and what is said then."""
