"""Whether a text or JSON value is a geometry: GeoJSON (RFC 7946), TopoJSON and well-known text (OGC 06-103r4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_TOPOLOGY_TYPES = {*_DEPTH, "Topology", "GeometryCollection"}


def check_geojson(value: Mapping[str, Any]) -> None:
    """Returns when the object is GeoJSON.

    Raises:
        ValueError: with the member that is missing or wrong.
    """
    kind = value.get("type")
    if kind == "FeatureCollection":
        for feature in _members(value, "features"):
            check_geojson(feature)
    elif kind == "Feature":
        if "geometry" not in value or "properties" not in value:
            raise ValueError("a Feature has `geometry` and `properties`")
        geometry = value["geometry"]
        if geometry is not None and not isinstance(geometry, Mapping):
            raise ValueError("`geometry` is an object")
        if geometry is not None:
            check_geojson(geometry)
    elif kind == "GeometryCollection":
        for geometry in _members(value, "geometries"):
            check_geojson(geometry)
    elif kind in _DEPTH:
        _check_coordinates(value.get("coordinates"), _DEPTH[kind])
    else:
        raise ValueError(f"{kind!r} is no GeoJSON type")


def _members(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    members = value.get(name)
    if not isinstance(members, list) or not all(isinstance(member, Mapping) for member in members):
        raise ValueError(f"`{name}` is a list of objects")
    return members


def _check_coordinates(value: Any, depth: int) -> None:
    if not isinstance(value, list):
        raise ValueError("`coordinates` is a list")
    if depth:
        for part in value:
            _check_coordinates(part, depth - 1)
    elif len(value) < 2 or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in value
    ):
        raise ValueError("a position is two or more numbers")


def check_topojson(value: Mapping[str, Any]) -> None:
    """Returns when the object is TopoJSON.

    Raises:
        ValueError: with the member that is missing or wrong.
    """
    kind = value.get("type")
    if kind not in _TOPOLOGY_TYPES:
        raise ValueError(f"{kind!r} is no TopoJSON type")
    required = {
        "Topology": ("objects", "arcs"),
        "Point": ("coordinates",),
        "MultiPoint": ("coordinates",),
        "GeometryCollection": ("geometries",),
    }.get(kind, ("arcs",))
    for name in required:
        if name not in value:
            raise ValueError(f"a {kind} has `{name}`")


_WKT_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WKT_TOKEN = re.compile(rf"\s*({_WKT_NUMBER}|[A-Za-z]+|[(),])")
_WKT_DEPTH = {
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
_WKT_COLLECTIONS = {"GEOMETRYCOLLECTION", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE"}


def check_wkt(text: str) -> None:
    """Returns when the text is well-known text of one geometry.

    Raises:
        ValueError: at the first token that does not fit.
    """
    text = text.rstrip()
    found: list[str] = []
    position = 0
    while position < len(text):
        match = _WKT_TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"unexpected text at {position}")
        found.append(match[1].upper())
        position = match.end()
    tokens = _Tokens(found)
    _take_geometry(tokens)
    if tokens.next:
        raise ValueError(f"unexpected {tokens.next!r}")


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
    if kind not in _WKT_DEPTH and kind not in _WKT_COLLECTIONS:
        raise ValueError(f"{kind!r} is no geometry")
    if tokens.next in {"Z", "M", "ZM"}:
        tokens.take()
    if tokens.next == "EMPTY":
        tokens.take()
    elif kind in _WKT_COLLECTIONS:
        _take_sequence(tokens, lambda: _take_geometry(tokens, inside=kind != "GEOMETRYCOLLECTION"))
    else:
        _take_positions(tokens, _WKT_DEPTH[kind], optional=kind == "MULTIPOINT")


def _take_positions(tokens: _Tokens, depth: int, *, optional: bool = False) -> None:
    if depth > 1 and not (optional and tokens.second != "("):
        _take_sequence(tokens, lambda: _take_positions(tokens, depth - 1))
    else:
        _take_sequence(tokens, lambda: _take_position(tokens))


def _take_position(tokens: _Tokens) -> None:
    size = 0
    while re.fullmatch(_WKT_NUMBER, tokens.next):
        tokens.take()
        size += 1
    if not 2 <= size <= 4:
        raise ValueError("a position is two to four numbers")


def _take_sequence(tokens: _Tokens, take_item: Callable[[], None]) -> None:
    if tokens.next != "(":
        raise ValueError(f"expected ( instead of {tokens.next!r}")
    while tokens.take() != ")":
        take_item()
        if tokens.next not in {",", ")"}:
            raise ValueError(f"expected , instead of {tokens.next!r}")
