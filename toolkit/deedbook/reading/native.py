"""Values of JSON and spreadsheets, which have types of their own, as the texts that a CSV file would hold.

A value whose own type its field can take becomes the text of that value in the field's format, so one engine judges every
table. A value of another type (the number 1 in a `string` field) becomes its plain text behind `MISFIT`: it is a type error,
whatever the text says.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from deedbook.schema import Field

MISFIT = "\ufdd0"
"""A character that no text holds (Unicode keeps it for programs): the value behind it is of a type that its field cannot take."""


def text_of(value: Any, field: Field | None, missing: tuple[str, ...] = ("",)) -> str:
    """The text of a value in its field; None is the first missing value, a value without a field its plain text."""
    if isinstance(value, str):
        return value
    if value is None:
        return "" if "" in missing or not missing else missing[0]
    if field is None or field.type == "any":
        return _plain(value)
    text = _fitting(value, field)
    return f"{MISFIT}{_plain(value)}" if text is None else text


def without_mark(text: str) -> str:
    """The text of a value as a person knows it."""
    return text.removeprefix(MISFIT)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() | Decimal() if _is_whole(value):
            return str(int(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _is_whole(value: float | Decimal) -> bool:
    return -(10**18) < value < 10**18 and value == int(value)


def _fitting(value: Any, field: Field) -> str | None:
    """The value as its field writes it; None when it is of a type that the field cannot take."""
    match value:
        case bool():
            return _truth(value, field)
        case int() | float() | Decimal():
            return _number(value, field)
        case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
            return _moment(value, field)
        case dict():
            fits = field.type in {"object", "geojson"} or (field.type, field.format) == ("geopoint", "object")
            return _plain(value) if fits else None
        case list():
            return _sequence(value, field)
    return None


def _truth(value: bool, field: Field) -> str | None:  # it is the value, not a switch
    if field.type != "boolean":
        return None
    declared = field.options.get("trueValues" if value else "falseValues", [_plain(value)])
    return str(declared[0]) if declared else None


def _number(value: float | Decimal, field: Field) -> str | None:
    match field.type:
        case "number":
            return _plain(value).replace(".", str(field.options.get("decimalChar", ".")))
        case "integer":
            return _plain(value) if isinstance(value, int) or _is_whole(value) else None
        case "year":
            return f"{int(value):04d}" if _is_whole(value) and 0 <= value <= 9999 else None
    return None


def _moment(value: dt.date | dt.time | dt.timedelta, field: Field) -> str | None:
    match value:
        case dt.timedelta() if field.type == "duration":
            return f"PT{value.total_seconds():f}S"
        case dt.datetime() if field.type == "datetime":
            return _formatted(value, field)
        case dt.datetime() if field.type == "date" and value.time() == dt.time():
            return _formatted(value.date(), field)
        case dt.datetime() | dt.timedelta():
            return None
        case dt.date() if field.type == "date":
            return _formatted(value, field)
        case dt.time() if field.type == "time":
            return _formatted(value, field)
    return None


def _formatted(value: dt.datetime | dt.date | dt.time, field: Field) -> str:
    """The value in the field's own format."""
    if field.format in {"default", "any", ""}:
        return value.isoformat()
    return value.strftime(field.format.removeprefix("fmt:"))


def _sequence(value: list[Any], field: Field) -> str | None:
    if field.type == "list":
        item = Field(field.name, type=field.options.get("itemType", "string"))
        texts = [_fitting(part, item) if not isinstance(part, str) else part for part in value]
        delimiter = str(field.options.get("delimiter", ","))
        return None if None in texts else delimiter.join(text for text in texts if text is not None)
    fits = field.type == "array" or (field.type, field.format) == ("geopoint", "array")
    return _plain(value) if fits else None
