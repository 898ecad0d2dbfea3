"""From degrees to a map: equal areas everywhere, the whole world or a part of it.

The world is drawn in Equal Earth (Savric, Patterson and Jenny 2018), a part of it azimuthally around its middle (Lambert). Areas are
true in both, so that points on equal ground are equally dense.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deedbook.site.pictures.svg import Point

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_WIDEST, _TALLEST = 110, 80
"""Degrees of longitude and latitude; where points lie wider apart, the world is drawn."""
_LEAST = 0.12
"""Radians that a map shows at least: the outlines are too coarse to come nearer."""
_PADS = ((10, 0.4), (50, 0.2))
"""Shares of a map's extent that are left free on each side of so few points, so that a coast or a border is seen; else a tenth."""
EARTH = 6371.0
"""Kilometres from the middle of the earth to its surface."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of the earth on a drawing.

    Attributes:
        middle: Longitude and latitude in its middle, in degrees.
        is_world: Whether it is the whole.
        scale: Units for a radian.
        shift: Where the middle of the projection lies on the drawing.
        window: Degrees that the drawing shows none beyond: west, south, east, north.
    """

    middle: Point
    is_world: bool
    scale: float
    shift: Point
    window: tuple[float, float, float, float]

    def place(self, longitude: float, latitude: float) -> Point:
        """Where a place is on the drawing."""
        x, y = project(longitude, latitude, self.middle, self.is_world)
        return self.shift[0] + x * self.scale, self.shift[1] - y * self.scale


def view_of(points: Sequence[Point], width: float, height: float) -> View:
    """The map that shows all points (longitude, latitude), drawn for a width and a height."""
    longitudes, latitudes = zip(*points, strict=True)
    west, east = _span(longitudes)
    south, north = min(latitudes), max(latitudes)
    if spans_world(points):
        return _world(width, height, south)
    middle = ((west + east) / 2, (south + north) / 2)
    xs, ys = zip(*(project(x, y, middle, False) for x, y in points), strict=True)
    low_x, high_x, low_y, high_y = min(xs), max(xs), min(ys), max(ys)
    pad = 1 + 2 * next((share for few, share in _PADS if len(points) <= few), 0.1)
    across, up = max((high_x - low_x) * pad, _LEAST), max((high_y - low_y) * pad, _LEAST)
    scale = min(width / across, height / up)
    shift = (width / 2 - (low_x + high_x) / 2 * scale, height / 2 + (low_y + high_y) / 2 * scale)
    reach = math.hypot(width, height) / 2 / scale + math.hypot(low_x + high_x, low_y + high_y) / 2
    return View(middle, False, scale, shift, _window(middle, 2 * math.asin(min(1, reach / 2))))


def spans_world(points: Sequence[Point]) -> bool:
    """Whether points lie so wide apart that the whole world is drawn."""
    longitudes, latitudes = zip(*points, strict=True)
    west, east = _span(longitudes)
    return east - west > _WIDEST or max(latitudes) - min(latitudes) > _TALLEST


def project(longitude: float, latitude: float, middle: Point, is_world: bool) -> Point:
    """Where a place is on the unit sphere's map, in radians from its middle, up and to the right."""
    turn, up = math.radians(longitude - middle[0]), math.radians(latitude)
    if is_world:
        t = math.asin(math.sqrt(3) / 2 * math.sin(up))
        s = t * t
        slope = 9 * _A4 * s**4 + 7 * _A3 * s**3 + 3 * _A2 * s + _A1
        return 2 * math.sqrt(3) / 3 * turn * math.cos(t) / slope, t * (_A4 * s**4 + _A3 * s**3 + _A2 * s + _A1)
    at = math.radians(middle[1])
    nearness = math.sin(at) * math.sin(up) + math.cos(at) * math.cos(up) * math.cos(turn)
    k = math.sqrt(2 / max(1 + nearness, 1e-6))
    return k * math.cos(up) * math.sin(turn), k * (
        math.cos(at) * math.sin(up) - math.sin(at) * math.cos(up) * math.cos(turn)
    )


def _span(longitudes: Sequence[float]) -> Point:
    """The shortest way around that has all of them: its west and its east, which may lie beyond 180."""
    around = sorted(set(longitudes))
    gaps = [(b - a, b) for a, b in zip(around, [*around[1:], around[0] + 360], strict=True)]
    _widest, west = max(gaps)
    west = west - 360 if west > 180 else west
    return west, west + 360 - max(gaps)[0]


def _world(width: float, height: float, south: float) -> View:
    low, high = -90.0 if south < -60 else -58.0, 84.0
    half = project(180, 0, (0, 0), True)[0]
    bottom, top = project(0, low, (0, 0), True)[1], project(0, high, (0, 0), True)[1]
    scale = min(width / (2 * half), height / (top - bottom))
    return View((0, 0), True, scale, (width / 2, height / 2 + (top + bottom) / 2 * scale), (-180, low, 180, high))


def _window(middle: Point, reach: float) -> tuple[float, float, float, float]:
    """The box of degrees around all that lies within reach (radians) of the middle."""
    degrees, up = math.degrees(reach), math.radians(middle[1])
    south, north = max(middle[1] - degrees, -90), min(middle[1] + degrees, 90)
    if abs(middle[1]) + degrees >= 90:
        return middle[0] - 180, south, middle[0] + 180, north
    side = math.degrees(math.asin(min(1, math.sin(min(reach, math.pi / 2)) / math.cos(up))))
    return middle[0] - side, south, middle[0] + side, north
