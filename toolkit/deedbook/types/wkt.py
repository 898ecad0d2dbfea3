"""Geometries as well-known text (OGC 06-103r4)."""

from __future__ import annotations

import re
from collections.abc import Callable

from deedbook.types.kind import ReasonError

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(rf"\s*({_NUMBER}|[A-Za-z]+|[(),])")
_DEPTH = {
    "POINT": 1,
    "LINESTRING": 1,
    "CIRCULARSTRING": 1,
    "MULTIPOINT": 2,
    "POLYGON": 2,
    "TRIANGLE": 2,
    "MULTILINESTRING": 2,
    "MULTIPOLYGON": 3,
    "POLYHEDRALSURFACE": 3,
    "TIN": 3,
}
_COLLECTIONS = {"GEOMETRYCOLLECTION", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE"}


def check_wkt(text: str) -> None:
    """Returns when the text is well-known text of one geometry.

    Raises:
        ReasonError: at the first token that does not fit.
    """
    text = text.rstrip()
    found: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ReasonError(f"unexpected text at {position}")
        found.append(match[1].upper())
        position = match.end()
    tokens = _Tokens(found)
    _take_geometry(tokens)
    if tokens.next:
        raise ReasonError(f"unexpected {tokens.next!r}")


class _Tokens:
    """Tokens to be taken one by one; the empty text stands at the end."""

    def __init__(self, items: list[str]) -> None:
        self._left = ["", "", *reversed(items)]

    @property
    def next(self) -> str:
        return self._left[-1]

    @property
    def second(self) -> str:
        return self._left[-2]

    def take(self) -> str:
        return self._left.pop() if self.next else ""


def _take_geometry(tokens: _Tokens, *, inside: bool = False) -> None:
    if tokens.next == "(" and inside:
        _take_positions(tokens, 1)
        return
    kind = tokens.take()
    if kind not in _DEPTH and kind not in _COLLECTIONS:
        raise ReasonError(f"{kind!r} is not a geometry")
    if tokens.next in {"Z", "M", "ZM"}:
        tokens.take()
    if tokens.next == "EMPTY":
        tokens.take()
    elif kind in _COLLECTIONS:
        _take_sequence(tokens, lambda: _take_geometry(tokens, inside=kind != "GEOMETRYCOLLECTION"))
    else:
        _take_positions(tokens, _DEPTH[kind], optional=kind == "MULTIPOINT")


def _take_positions(tokens: _Tokens, depth: int, *, optional: bool = False) -> None:
    if depth > 1 and not (optional and tokens.second != "("):
        _take_sequence(tokens, lambda: _take_positions(tokens, depth - 1))
    else:
        _take_sequence(tokens, lambda: _take_position(tokens))


def _take_position(tokens: _Tokens) -> None:
    size = 0
    while re.fullmatch(_NUMBER, tokens.next):
        tokens.take()
        size += 1
    if not 2 <= size <= 4:
        raise ReasonError("a position is two to four numbers")


def _take_sequence(tokens: _Tokens, take_item: Callable[[], None]) -> None:
    if tokens.next != "(":
        raise ReasonError(f"expected ( instead of {tokens.next!r}")
    while tokens.take() != ")":
        take_item()
        if tokens.next not in {",", ")"}:
            raise ReasonError(f"expected , instead of {tokens.next!r}")
