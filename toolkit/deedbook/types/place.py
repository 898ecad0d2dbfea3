"""Places: points as longitude and latitude, GeoJSON (RFC 7946) and TopoJSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, ReasonError
from deedbook.types.number import NUMBER
from deedbook.types.structure import dump_json, key_of, load_json

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_GEOMETRIES = {*_DEPTH, "GeometryCollection"}


def read_geopoint(field: Field, lenient: bool) -> Parser:
    """The parser of points."""

    def parse(text: str) -> tuple[Decimal, Decimal]:
        longitude: object
        latitude: object
        if field.format == "array":
            pair = load_json(text, list)
            if len(pair) != 2:
                raise ReasonError(f"it has {len(pair)} numbers; a point is [longitude, latitude]")
            longitude, latitude = pair
        elif field.format == "object":
            members: Mapping[str, Any] = load_json(text, dict)
            if set(members) != {"lon", "lat"}:
                raise ReasonError('its members are not `lon` and `lat`: {"lon": 90.5, "lat": 45.5}')
            longitude, latitude = members["lon"], members["lat"]
        else:
            longitude, latitude = _split_point(text, lenient)
        return _coordinates(longitude, latitude)

    return parse


def _split_point(text: str, lenient: bool) -> tuple[str, str]:
    parts = text.split(",")
    if text.lstrip()[:1] in {"[", "{"}:
        name = "array" if text.lstrip()[0] == "[" else "object"
        raise ReasonError(f"it is a JSON {name}: declare the `format` `{name}`, or write `longitude, latitude`")
    if len(parts) != 2:
        raise ReasonError("a point is `longitude, latitude`, with decimal points")
    return (parts[0].strip(), parts[1].strip()) if lenient else (parts[0], parts[1].lstrip(" "))


def _coordinates(longitude: object, latitude: object) -> tuple[Decimal, Decimal]:
    values = []
    pair: tuple[tuple[str, object], ...] = (("longitude", longitude), ("latitude", latitude))
    for name, value in pair:
        if isinstance(value, bool) or not NUMBER.fullmatch(str(value)):
            raise ReasonError(f"its {name}, `{value}`, is not a number")
        values.append(Decimal(str(value)))
    if abs(values[1]) > 90 and abs(values[0]) <= 90 and abs(values[1]) <= 180:
        exchanged = f"{latitude}, {longitude}"
        raise ReasonError(
            f"the latitude {latitude} is beyond 90; longitude comes first, so they may be exchanged", exchanged
        )
    for name, value, limit in (("longitude", values[0], 180), ("latitude", values[1], 90)):
        if abs(value) > limit:
            raise ReasonError(f"the {name} {value} is beyond {limit}")
    return values[0], values[1]


def native_geopoint(value: Any, field: Field) -> str | None:
    """A point that JSON holds as its field writes it."""
    kinds: dict[str, type] = {"array": list, "object": dict}
    return dump_json(value) if field.format in kinds and isinstance(value, kinds[field.format]) else None


def check_geojson(value: Mapping[str, Any], allowed: frozenset[str] | None = None) -> None:
    """Returns when the object is GeoJSON as RFC 7946 has it.

    Args:
        value: The parsed JSON.
        allowed: The types that may stand in its place; None for all.

    Raises:
        ReasonError: with the member that is missing or wrong.
    """
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in {*_GEOMETRIES, "Feature", "FeatureCollection"}:
        raise ReasonError(f"its `type` is {kind!r}, which GeoJSON does not know")
    if allowed is not None and kind not in allowed:
        raise ReasonError(f"a {kind} stands where a {'Feature' if allowed == {'Feature'} else 'geometry'} belongs")
    if "bbox" in value:
        _check_bbox(value["bbox"])
    match kind:
        case "FeatureCollection":
            for feature in _members(value, "features"):
                check_geojson(feature, frozenset({"Feature"}))
        case "Feature":
            _check_feature(value)
        case "GeometryCollection":
            for geometry in _members(value, "geometries"):
                check_geojson(geometry, frozenset(_GEOMETRIES))
        case _:
            _check_coordinates(value.get("coordinates"), kind)


def _check_feature(value: Mapping[str, Any]) -> None:
    for name in ("geometry", "properties"):
        if name not in value:
            raise ReasonError(f"a Feature has `geometry` and `properties` (or null); this one lacks `{name}`")
        if value[name] is not None and not isinstance(value[name], Mapping):
            raise ReasonError(f"the `{name}` of a Feature is an object or null")
    if not isinstance(value.get("id", ""), str | int | float) or isinstance(value.get("id"), bool):
        raise ReasonError("the `id` of a Feature is a text or a number")
    if value["geometry"] is not None:
        check_geojson(value["geometry"], frozenset(_GEOMETRIES))


def _members(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    members = value.get(name)
    if not isinstance(members, list) or not all(isinstance(member, Mapping) for member in members):
        raise ReasonError(f"its `{name}` is not a list of objects")
    return members


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(_is_finite(number) for number in value)


def _is_finite(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf") and value == value
    )


def _check_bbox(value: Any) -> None:
    if not isinstance(value, list) or len(value) < 4 or len(value) % 2 or not all(map(_is_finite, value)):
        raise ReasonError("its `bbox` is not a list of four (or six) numbers")


def _check_coordinates(value: Any, kind: str) -> None:
    for run in [[value]] if kind == "Point" else _parts(value, _DEPTH[kind] - 1, kind):
        if not all(map(_is_position, run)):
            raise ReasonError("a position is a list of two or three numbers, longitude first")
        if kind in {"LineString", "MultiLineString"} and len(run) < 2:
            raise ReasonError(f"a line has at least two positions, this one has {len(run)}")
        if kind in {"Polygon", "MultiPolygon"} and len(run) < 4:
            raise ReasonError(f"a ring has at least four positions, this one has {len(run)}")
        if kind in {"Polygon", "MultiPolygon"} and run[0] != run[-1]:
            raise ReasonError("a ring ends where it began, and this one is open")


def _parts(value: Any, depth: int, kind: str) -> Iterator[list[Any]]:
    """The lists at a depth of nested lists."""
    if not isinstance(value, list):
        raise ReasonError(f"a {kind} lacks its lists of positions or arcs, or they are nested otherwise")
    if depth == 0:
        yield value
    else:
        for part in value:
            yield from _parts(part, depth - 1, kind)


def check_topojson(value: Mapping[str, Any]) -> None:
    """Returns when the object is TopoJSON.

    Raises:
        ReasonError: with the member that is missing or wrong.
    """
    kind = value.get("type")
    if kind == "Topology":
        objects, arcs = value.get("objects"), value.get("arcs")
        if not isinstance(objects, Mapping):
            raise ReasonError("the `objects` of a Topology are an object, each geometry by its name")
        if not isinstance(arcs, list) or not all(isinstance(arc, list) and all(map(_is_position, arc)) for arc in arcs):
            raise ReasonError("the `arcs` of a Topology are lists of positions")
        if any(len(arc) < 2 for arc in arcs):
            raise ReasonError("an arc has at least two positions")
        for geometry in objects.values():
            _check_topo_geometry(geometry)
    else:
        _check_topo_geometry(value)
    if "bbox" in value:
        _check_bbox(value["bbox"])


def _check_topo_geometry(value: Any) -> None:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind is None and isinstance(value, Mapping) and "type" in value:
        return  # the null geometry
    if not isinstance(kind, str) or kind not in _GEOMETRIES:
        raise ReasonError(f"{kind!r} is not a type of TopoJSON geometry")
    if kind == "GeometryCollection":
        for geometry in _members(value, "geometries"):
            _check_topo_geometry(geometry)
    elif kind in {"Point", "MultiPoint"}:
        _check_coordinates(value.get("coordinates"), kind)
    elif not all(type(arc) is int for run in _parts(value.get("arcs"), _DEPTH[kind] - 1, kind) for arc in run):
        raise ReasonError(f"the `arcs` of a {kind} are numbers of arcs")


def _closed(value: Any) -> Any:
    """The parsed JSON with every run of positions closed: frictionless-py does not look whether rings are."""
    if isinstance(value, Mapping):
        return {name: _closed(member) for name, member in value.items()}
    if isinstance(value, list) and len(value) > 2 and all(map(_is_position, value)):
        return [*value, value[0]]
    return [_closed(part) for part in value] if isinstance(value, list) else value


def read_geojson(field: Field, lenient: bool) -> Parser:
    """The parser of GeoJSON and TopoJSON."""
    check = check_topojson if field.format == "topojson" else check_geojson

    def parse(text: str) -> Any:
        value = load_json(text, dict)
        check(_closed(value) if lenient else value)
        return value

    return parse


GEOPOINT_KIND = Kind(
    "geopoint",
    "a geographic point (longitude, latitude)",
    read_geopoint,
    formats=frozenset({"array", "object"}),
    key=key_of,
    native=native_geopoint,
)
GEOJSON_KIND = Kind(
    "geojson",
    "GeoJSON",
    read_geojson,
    formats=frozenset({"topojson"}),
    key=key_of,
    native=lambda value, _field: dump_json(value) if isinstance(value, dict) else None,
)
