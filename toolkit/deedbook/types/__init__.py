"""The types of Table Schema: what text is a value of each, how its values are written, and what polars makes of them.

One file for a type or a family of types. `TYPES` is the list of them; to add one, write its `Kind` and put it there. The law
that holds them together, and that a test walks through all types, formats and options: a canonical text reads back, as a
value of the `canonical_field`, to the value that the source text has in the source's field. Validation, releases, keys and
diffs all ask here, so they cannot disagree on what a text is worth.
"""

import datetime as dt
from collections.abc import Mapping, Set
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types import duration, moment, number, place, structure, text
from deedbook.types.kind import NUMERIC_OPTIONS, Kind, Parser, converted, is_plain, or_none, rewritten

TYPES: tuple[Kind, ...] = tuple(
    kind for family in (text, number, moment, duration, place, structure) for kind in family.KINDS
)
_BY_NAME = {kind.name: kind for kind in TYPES}
_LEXICAL_OPTIONS = NUMERIC_OPTIONS | {"trueValues", "falseValues"}

MISFIT = "\ufdd0"
"""A character that no text holds (Unicode keeps it for programs): the value behind it is of a type that its field cannot take."""


def kind_of(field: Field) -> Kind:
    """What is known of the type of a field."""
    return _BY_NAME[field.type]


def parser(field: Field, *, lenient: bool = False) -> Parser:
    """The exact parser of a field: the value of a text, or a `ValueError`.

    Args:
        field: Its type, format and options.
        lenient: Also accept what frictionless-py accepts: surrounding space, `1_000`, `2024-2-3`.
    """
    return kind_of(field).parser(field, lenient)


def dtype_of(field: Field) -> pl.DataType:
    """The polars type of a field's values; what has no type of its own stays text."""
    return kind_of(field).dtype


def typed(field: Field) -> pl.Expr:
    """The column of the field's name as values of `dtype_of`; a text that is no value becomes null.

    So does an integer beyond 64 bits. A moment without a zone counts as UTC.
    """
    kind, text = kind_of(field), pl.col(field.name)
    if kind.dtype == pl.String():
        return text
    if is_plain(field) and (kind.cast or kind.dtype.is_numeric()):
        column = kind.cast(field, text) if kind.cast else text.cast(kind.dtype, strict=False)
        return column.alias(field.name)
    parse = kind.parser(field, False)
    return converted(text, lambda text: kind.fit(parse(text)), kind.dtype)


def canonical_text(field: Field) -> pl.Expr:
    """The column of the field's name as canonical text: equal values have equal texts.

    Numbers are the shortest decimal without an exponent or trailing zeros, booleans `true` or `false`, dates ISO 8601,
    moments UTC with a `Z`, or without when they have no zone. Types without a canonical form keep their text. Texts have
    passed validation; one that is no value of the type becomes null.
    """
    kind, text = kind_of(field), pl.col(field.name)
    write, canonical = kind.write, kind.canonical if is_plain(field) else None
    if write is None or canonical == "":
        return text
    parse = kind.parser(field, False)
    return rewritten(text, canonical, lambda text: write(parse(text)))


def key_text(field: Field) -> pl.Expr:
    """The column of the field's name as text that is equal where the values are, of the types too that keep their text."""
    kind, text = kind_of(field), pl.col(field.name)
    write, canonical = kind.key or kind.write, kind.canonical if is_plain(field) and not kind.key else None
    if write is None:
        return text
    if canonical == "":  # of texts that validation took; --lenient takes others too
        canonical = rf"\A{moment.LEXICAL[field.type]}\z"
    parse = kind.parser(field, True)  # a text that only --lenient accepts is in a key what it is in a cell
    return rewritten(text, canonical, lambda text: write(parse(text)))


def canonical_value(field: Field, text: str) -> str:
    """The canonical text of one text, which stays as it is when it is no value of the field."""
    kind = kind_of(field)
    value = or_none(kind.parser(field, False), text)
    return kind.write(value) if kind.write and value is not None else text


def written_as(field: Field, text: str) -> str:
    """A canonical text as the field writes its value, where it writes it otherwise."""
    kind = kind_of(field)
    value = or_none(kind.parser(canonical_field(field), False), text)
    return kind.native(value, field) or text


def canonical_field(item: Field) -> Field:
    """The field as it describes canonical text: default formats and number characters, empty means missing."""
    kind = kind_of(item)
    changed = kind.formats is None and not is_plain(item)
    constraints = {name: _canonical_bound(item, value) for name, value in item.constraints.items()}
    if item.type != "string":
        constraints.pop("pattern", None)  # it was written for the edited text, not for canonical text
    raw = _without(item.raw, {*_LEXICAL_OPTIONS, "missingValues", "format" if changed else ""})
    if "constraints" in raw:
        raw["constraints"] = dict(constraints)
    return replace(
        item,
        format="default" if changed else item.format,
        constraints=MappingProxyType(constraints),
        options=MappingProxyType(_without(item.options, _LEXICAL_OPTIONS)),
        missing_values=None,
        raw=MappingProxyType(raw),
    )


def _without(mapping: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def _canonical_bound(item: Field, value: Any) -> Any:
    """A bound or enum that is written in the field's own text form, in canonical form."""
    if isinstance(value, list):
        return [_canonical_bound(item, entry) for entry in value]
    return canonical_value(item, value) if isinstance(value, str) else value


def native_text(value: Any, field: Field | None, missing: tuple[str, ...] = ("",)) -> str:
    """The text that a value of JSON or a spreadsheet would have in a CSV file, so that one engine judges every table.

    None is the first missing value, a value without a field its plain text. A value of a type that its field cannot take
    (the number 1 in a `string` field) is its plain text behind `MISFIT`: a type error, whatever the text says.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return "" if "" in missing or not missing else missing[0]
    if field is None or field.type == "any":
        return _plain(value)
    text = kind_of(field).native(value, field)
    return f"{MISFIT}{_plain(value)}" if text is None else text


def without_mark(text: str) -> str:
    """The text of a native value as a person knows it."""
    return text.removeprefix(MISFIT)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dt.date() | dt.time():
            return value.isoformat()
        case Mapping() | list():
            return structure.dump_json(value)
    return number.plain_number(value) if number.is_number(value) else str(value)
