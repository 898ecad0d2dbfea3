"""Values with parts: JSON arrays and objects, and lists of texts."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from deedbook.schema import Field
from deedbook.types import moment, number, text
from deedbook.types.kind import UNREADABLE, Kind, Parser, ReasonError

_ITEMS = {kind.name: kind for kind in (*text.KINDS, *number.KINDS, *moment.KINDS)}
"""What the items of a list may be."""


def load_json(text: str, kind: type = object) -> Any:
    """The JSON value of a cell.

    Raises:
        ReasonError: when it is not JSON, is nested too deeply to be parsed, or is not of the kind.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ReasonError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ReasonError(f"it is not JSON: {error.msg.lower()} at character {error.pos + 1}") from None
    if not isinstance(value, kind):
        raise ReasonError(f"it is JSON, but not {'an object' if kind is dict else 'an array'}")
    return value


def dump_json(value: Any) -> str:
    """A value of JSON as the text that a cell holds."""
    return json.dumps(value, ensure_ascii=False, default=str)


def key_of(value: Any) -> str:
    """The text of a value in a key: object members in order, numbers by value, moments in UTC."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{key_of(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(key_of, value)) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if number.is_number(value):
        return number.write_number(Decimal(str(value)) if isinstance(value, float) else value)
    if isinstance(value, dt.datetime):
        return moment.write_moment(value)
    return moment.key_of_time(value) if isinstance(value, dt.time) else str(value)


def delimiter_of(field: Field) -> str:
    """What stands between the items of a list."""
    return str(field.options.get("delimiter", ","))


def _item_of(field: Field) -> tuple[Field, Kind]:
    item = Field(field.name, type=field.options.get("itemType", "string"))
    return item, _ITEMS[item.type]


def read_list(field: Field, lenient: bool) -> Parser:
    """The parser of lists, which names the item that is wrong."""
    item, kind = _item_of(field)
    parse_item = kind.parser(item, lenient)

    def parse(text: str) -> list[Any]:
        values = []
        for position, part in enumerate(text.split(delimiter_of(field)), 1):
            try:
                values.append(parse_item(part))
            except UNREADABLE:
                shown = f"item {position}, `{part}`, is" if part else f"item {position} is empty, which is"
                raise ReasonError(f"{shown} not {kind.noun}") from None
        return values

    return parse


def native_list(value: Any, field: Field) -> str | None:
    """A list of JSON, when each of its items can be one of the field."""
    if not isinstance(value, list):
        return None
    item, kind = _item_of(field)
    texts = [part if isinstance(part, str) else kind.native(part, item) for part in value]
    return None if None in texts else delimiter_of(field).join(text for text in texts if text is not None)


def _json_kind(name: str, noun: str, python: type) -> Kind:
    return Kind(
        name,
        noun,
        lambda _field, _lenient: lambda text: load_json(text, python),
        key=key_of,
        native=lambda value, _field: dump_json(value) if isinstance(value, python) else None,
    )


KINDS = (
    Kind("list", "a list", read_list, key=key_of, native=native_list),
    _json_kind("array", "a JSON array", list),
    _json_kind("object", "a JSON object", dict),
)
