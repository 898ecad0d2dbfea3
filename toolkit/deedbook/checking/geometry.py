"""Whether a text or JSON value is a geometry: GeoJSON (RFC 7946), TopoJSON and well-known text (OGC 06-103r4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
        if value["geometry"] is not None:
            check_geojson(value["geometry"])
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
    required = {"Topology": ("objects", "arcs"), "Point": ("coordinates",), "MultiPoint": ("coordinates",),
                "GeometryCollection": ("geometries",)}.get(kind, ("arcs",))  # fmt: skip
    for name in required:
        if name not in value:
            raise ValueError(f"a {kind} has `{name}`")


_WKT_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WKT_TOKEN = re.compile(rf"\s*({_WKT_NUMBER}|[A-Za-z]+|[(),])")
_WKT_DEPTH = {
    "POINT": 1, "LINESTRING": 1, "CIRCULARSTRING": 1, "MULTIPOINT": 2, "POLYGON": 2, "TRIANGLE": 2, "MULTILINESTRING": 2,
    "MULTIPOLYGON": 3, "POLYHEDRALSURFACE": 3, "TIN": 3,
}  # fmt: skip
_WKT_COLLECTIONS = {"GEOMETRYCOLLECTION", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE"}


def check_wkt(text: str) -> None:
    """Returns when the text is well-known text of one geometry.

    Raises:
        ValueError: at the first token that does not fit.
    """
    tokens: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        match = _WKT_TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"unexpected text at {position}")
        tokens.append(match[1].upper())
        position = match.end()
    rest = _wkt_geometry([*tokens, ""])
    if rest != [""]:
        raise ValueError(f"unexpected {rest[0]!r}")


def _wkt_geometry(tokens: list[str], *, inside: bool = False) -> list[str]:
    kind, tokens = tokens[0], tokens[1:]
    if kind == "(" and inside:
        return _wkt_positions([kind, *tokens], 1)
    if kind not in _WKT_DEPTH and kind not in _WKT_COLLECTIONS:
        raise ValueError(f"{kind!r} is no geometry")
    if tokens[0] in {"Z", "M", "ZM"}:
        tokens = tokens[1:]
    if tokens[0] == "EMPTY":
        return tokens[1:]
    if kind in _WKT_COLLECTIONS:
        return _wkt_sequence(tokens, lambda rest: _wkt_geometry(rest, inside=kind != "GEOMETRYCOLLECTION"))
    return _wkt_positions(tokens, _WKT_DEPTH[kind], optional=kind == "MULTIPOINT")


def _wkt_positions(tokens: list[str], depth: int, *, optional: bool = False) -> list[str]:
    if depth > 1 and not (optional and tokens[1] != "("):
        return _wkt_sequence(tokens, lambda rest: _wkt_positions(rest, depth - 1))
    return _wkt_sequence(tokens, _wkt_position)


def _wkt_position(tokens: list[str]) -> list[str]:
    size = 0
    while re.fullmatch(_WKT_NUMBER, tokens[size]):
        size += 1
    if not 2 <= size <= 4:
        raise ValueError("a position is two to four numbers")
    return tokens[size:]


def _wkt_sequence(tokens: list[str], read: Any) -> list[str]:
    if tokens[0] != "(":
        raise ValueError(f"expected ( instead of {tokens[0]!r}")
    while True:
        tokens = read(tokens[1:])
        if tokens[0] == ")":
            return tokens[1:]
        if tokens[0] != ",":
            raise ValueError(f"expected , instead of {tokens[0]!r}")
