"""A value into a JSON document whose formatting, order and every other byte stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.errors import ProjectError

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    start: int
    value_start: int
    value_end: int


def set_member(text: str, path: Sequence[str], value: Any) -> str:
    """The document with the member at `path` set; objects on the way are made where they are missing.

    Args:
        text: A JSON object.
        path: The names from the outermost in.
        value: A JSON value.

    Raises:
        ProjectError: when the document is no JSON object, or a name on the way holds no object.
    """
    at = _SPACE.match(text, 1 if text.startswith("\ufeff") else 0)
    start = at.end() if at else 0
    for depth, name in enumerate(path):
        members = _members(text, start)
        found = next((member for member in members if member.name == name), None)
        if found is None:
            rest: Any = value
            for inner in reversed(path[depth + 1 :]):
                rest = {inner: rest}
            return _inserted(text, start, members, name, rest)
        if depth == len(path) - 1:
            return text[: found.value_start] + _formatted(text, found.start, value) + text[found.value_end :]
        start = found.value_start
    return text


def _members(text: str, start: int) -> list[_Member]:
    if text[start : start + 1] != "{":
        raise ProjectError("the descriptor is no JSON object where a member has to be set", "set it by hand")
    members = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        begins = at
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        value_start = at
        _, at = _DECODER.raw_decode(text, at)
        members.append(_Member(name, begins, value_start, at))
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def _inserted(text: str, start: int, members: Sequence[_Member], name: str, value: Any) -> str:
    """The document with a member after the last one of the object that starts there."""
    if not members:
        return text[: start + 1] + f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" + text[start + 1 :]
    last = members[-1]
    between = text[_line_before(text, last.start) : last.start]
    body = _formatted(text, last.start, value)
    return text[: last.value_end] + f",{between}{json.dumps(name, ensure_ascii=False)}: {body}" + text[last.value_end :]


def _line_before(text: str, at: int) -> int:
    """Where the white space before a member starts."""
    while at and text[at - 1] in " \t\r\n":
        at -= 1
    return at


def _formatted(text: str, at: int, value: Any) -> str:
    """The value as JSON: on one line, or indented like the member that starts at `at` when that begins a line."""
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.strip():
        return json.dumps(value, ensure_ascii=False)
    unit = _unit(text)
    return json.dumps(value, ensure_ascii=False, indent=unit).replace("\n", "\n" + line)


def _unit(text: str) -> str:
    """One step of indentation: that of the first member."""
    found = re.search(r"\{\r?\n([ \t]+)", text)
    return found[1] if found else "  "


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
