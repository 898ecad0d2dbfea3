"""Places: points as longitude and latitude, GeoJSON (RFC 7946) and TopoJSON."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, ReasonError, demand
from deedbook.types.number import NUMBER, is_number
from deedbook.types.structure import dump_json, key_of, load_json

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_GEOMETRIES = frozenset({*_DEPTH, "GeometryCollection"})
_OBJECTS = _GEOMETRIES | {"Feature", "FeatureCollection"}
_MEMBERS = {
    "FeatureCollection": ("features", frozenset({"Feature"})),
    "GeometryCollection": ("geometries", _GEOMETRIES),
}
_JSON_POINTS: dict[str, type] = {"array": list, "object": dict}


def read_geopoint(field: Field, lenient: bool) -> Parser:
    """The parser of points."""

    def parse(text: str) -> tuple[Decimal, Decimal]:
        if field.format == "array":
            parts = load_json(text, list)
            demand(len(parts) == 2, f"it has {len(parts)} numbers; a point is [longitude, latitude]")
        elif field.format == "object":
            members = load_json(text, dict)
            demand(set(members) == {"lon", "lat"}, 'its members are not `lon` and `lat`: {"lon": 90.5, "lat": 45.5}')
            parts = [members["lon"], members["lat"]]
        else:
            name = {"[": "array", "{": "object"}.get(text.lstrip()[:1])
            hint = f"it is a JSON {name}: declare the `format` `{name}`, or write `longitude, latitude`"
            demand(name is None, hint)
            parts = text.split(",")
            demand(len(parts) == 2, "a point is `longitude, latitude`, with decimal points")
            parts = [part.strip() for part in parts] if lenient else [parts[0], parts[1].lstrip(" ")]
        return coordinates_of(*parts)

    return parse


def coordinates_of(*given: object) -> tuple[Decimal, Decimal]:
    """The longitude and the latitude that two parts of a point say."""
    for name, part in zip(("longitude", "latitude"), given, strict=True):
        is_one = not isinstance(part, bool) and NUMBER.fullmatch(str(part))
        demand(is_one, f"its {name}, `{part}`, is not a number")
    longitude, latitude = (Decimal(str(part)) for part in given)
    if abs(latitude) > 90 and abs(longitude) <= 90 and abs(latitude) <= 180:
        reason = f"the latitude {given[1]} is beyond 90; longitude comes first, so they may be exchanged"
        raise ReasonError(reason, f"{given[1]}, {given[0]}")
    demand(abs(longitude) <= 180, f"the longitude {longitude} is beyond 180")
    demand(abs(latitude) <= 90, f"the latitude {latitude} is beyond 90")
    return longitude, latitude


def native_geopoint(value: Any, field: Field) -> str | None:
    """A point that JSON holds as its field writes it."""
    return dump_json(value) if isinstance(value, _JSON_POINTS.get(field.format, ())) else None


def check_geojson(value: Mapping[str, Any], allowed: frozenset[str] = _OBJECTS) -> None:
    """Returns when the object is GeoJSON as RFC 7946 has it.

    Args:
        value: The parsed JSON.
        allowed: The types that may stand in its place.

    Raises:
        ReasonError: with the member that is missing or wrong.
    """
    kind = value.get("type")
    demand(str(kind) in _OBJECTS, f"its `type` is {kind!r}, which GeoJSON does not know")
    belongs = "geometry" if allowed == _GEOMETRIES else "Feature"
    demand(kind in allowed, f"a {kind} stands where a {belongs} belongs")
    _check_bbox(value)
    if kind in _MEMBERS:
        name, expected = _MEMBERS[kind]
        for member in _members(value, name):
            check_geojson(member, expected)
    elif kind == "Feature":
        for name in ("geometry", "properties"):
            demand(name in value, f"a Feature has `geometry` and `properties` (or null); this one lacks `{name}`")
            demand(isinstance(value[name], Mapping | None), f"the `{name}` of a Feature is an object or null")
        own_id = value.get("id", "")
        demand(isinstance(own_id, str) or is_number(own_id), "the `id` of a Feature is a text or a number")
        if value["geometry"] is not None:
            check_geojson(value["geometry"], _GEOMETRIES)
    else:
        _check_coordinates(value.get("coordinates"), str(kind))


def _members(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    members = value.get(name)
    if not isinstance(members, list) or not all(isinstance(member, Mapping) for member in members):
        raise ReasonError(f"its `{name}` is not a list of objects")
    return members


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(map(_is_finite, value))


def _is_finite(value: Any) -> bool:
    return is_number(value) and abs(value) != float("inf") and value == value


def _check_bbox(value: Mapping[str, Any]) -> None:
    box = value.get("bbox", [0, 0, 0, 0])
    is_box = isinstance(box, list) and len(box) >= 4 and len(box) % 2 == 0 and all(map(_is_finite, box))
    demand(is_box, "its `bbox` is not a list of four (or six) numbers")


def _check_coordinates(value: Any, kind: str) -> None:
    for run in [[value]] if kind == "Point" else _parts(value, _DEPTH[kind] - 1, kind):
        demand(all(map(_is_position, run)), "a position is a list of two or three numbers, longitude first")
        if kind in {"LineString", "MultiLineString"}:
            demand(len(run) >= 2, f"a line has at least two positions, this one has {len(run)}")
        if kind in {"Polygon", "MultiPolygon"}:
            demand(len(run) >= 4, f"a ring has at least four positions, this one has {len(run)}")
            demand(run[0] == run[-1], "a ring ends where it began, and this one is open")


def _parts(value: Any, depth: int, kind: str) -> Iterator[list[Any]]:
    """The lists at a depth of nested lists."""
    demand(isinstance(value, list), f"a {kind} lacks its lists of positions or arcs, or they are nested otherwise")
    if depth == 0:
        yield value
    else:
        for part in value:
            yield from _parts(part, depth - 1, kind)


def check_topojson(value: Any) -> None:
    """Returns when the object is TopoJSON.

    Raises:
        ReasonError: with the member that is missing or wrong.
    """
    geometries: Any = [value]
    if value.get("type") == "Topology":
        objects, arcs = value.get("objects"), value.get("arcs")
        demand(isinstance(objects, Mapping), "the `objects` of a Topology are an object, each geometry by its name")
        are_lists = isinstance(arcs, list) and all(
            isinstance(arc, list) and all(map(_is_position, arc)) for arc in arcs
        )
        demand(are_lists, "the `arcs` of a Topology are lists of positions")
        demand(all(len(arc) > 1 for arc in arcs), "an arc has at least two positions")
        geometries = objects.values()
    for geometry in geometries:
        _check_topo_geometry(geometry)
    _check_bbox(value)


def _check_topo_geometry(value: Any) -> None:
    if isinstance(value, Mapping) and value.get("type", "") is None:
        return  # the null geometry
    kind = value.get("type") if isinstance(value, Mapping) else None
    demand(str(kind) in _GEOMETRIES, f"{kind!r} is not a type of TopoJSON geometry")
    if kind == "GeometryCollection":
        for geometry in _members(value, "geometries"):
            _check_topo_geometry(geometry)
    elif kind in {"Point", "MultiPoint"}:
        _check_coordinates(value.get("coordinates"), kind)
    else:
        arcs = [arc for run in _parts(value.get("arcs"), _DEPTH[str(kind)] - 1, str(kind)) for arc in run]
        demand(all(type(arc) is int for arc in arcs), f"the `arcs` of a {kind} are numbers of arcs")


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


KINDS = (
    Kind(
        "geopoint",
        "a geographic point (longitude, latitude)",
        read_geopoint,
        formats=frozenset(_JSON_POINTS),
        key=key_of,
        native=native_geopoint,
    ),
    Kind(
        "geojson",
        "GeoJSON",
        read_geojson,
        formats=frozenset({"topojson"}),
        key=key_of,
        native=lambda value, _field: dump_json(value) if isinstance(value, dict) else None,
    ),
)
