"""Land, borders and the names of countries on a map.

outlines.txt    rings of land and lines of borders; its head says where they are from
countries.csv   what countries are called in the languages of the site, and where on their land the name may stand; largest
                    first; names mostly as the Unicode CLDR (Unicode License v3) has them
"""

import csv
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from deedbook.site.pictures.projection import View
from deedbook.site.pictures.svg import Box, Point, line

_FILE = Path(__file__).parent / "outlines.txt"
_NAMES = Path(__file__).parent / "countries.csv"
_NEAREST = 1.2
"""Units below which a step of an outline is not seen."""


def land(view: View, width: float, height: float) -> tuple[str, str]:
    """The paths of the land and of the borders that a map shows."""
    rings, borders = [], []
    for kind, points in _outlines():
        for turn in (-360, 0, 360):
            turned = [(x + turn, y) for x, y in points]
            if not _meets(turned, view.window):
                continue
            if kind == "ring":
                placed = [view.place(x, y) for x, y in _clipped(turned, view.window)]
                rings.append(line(placed, _NEAREST, is_closed=True) if _meets(placed, (0, 0, width, height)) else "")
            else:
                placed = [view.place(x, y) for x, y in turned]
                borders.append(line(placed, _NEAREST) if _meets(placed, (0, 0, width, height)) else "")
    return "".join(rings), "".join(borders)


def countries(view: View, lang: str) -> list[tuple[str, float, float]]:
    """The names of countries and where they stand on a drawing, those of the largest first."""
    placed = []
    for name, longitude, latitude in _names(lang):
        turned = longitude + 360 * round((view.middle[0] - longitude) / 360)
        if _meets([(turned, latitude)], view.window):
            placed.append((name, *view.place(turned, latitude)))
    return placed


@cache
def _names(lang: str) -> tuple[tuple[str, float, float], ...]:
    with _NAMES.open(encoding="utf-8", newline="") as file:
        return tuple((row[lang], float(row["longitude"]), float(row["latitude"])) for row in csv.DictReader(file))


@cache
def _outlines() -> tuple[tuple[str, tuple[Point, ...]], ...]:
    """The kind of each outline and its points in degrees."""
    found = []
    for text in _FILE.read_text(encoding="utf-8").splitlines():
        kind, *steps = text.split()
        if kind == "#":
            continue
        x = y = 0
        points = []
        for step in steps:
            east, north = step.split(",")
            x, y = x + int(east), y + int(north)
            points.append((x / 10, y / 10))
        found.append((kind, tuple(points)))
    return tuple(found)


def _meets(points: Sequence[Point], window: Box) -> bool:
    west, south, east, north = window
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return bool(points) and max(xs) >= west and min(xs) <= east and max(ys) >= south and min(ys) <= north


def _clipped(points: Sequence[Point], window: Box) -> list[Point]:
    """The part of a ring inside a box (Sutherland and Hodgman 1974)."""
    west, south, east, north = window
    sides: tuple[tuple[int, float, Callable[[float, float], bool]], ...] = (
        (0, west, float.__ge__),
        (0, east, float.__le__),
        (1, south, float.__ge__),
        (1, north, float.__le__),
    )
    ring = list(points)
    for axis, bound, is_inside in sides:
        kept: list[Point] = []
        for before, here in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
            if is_inside(float(here[axis]), float(bound)) != is_inside(float(before[axis]), float(bound)):
                part = (bound - before[axis]) / (here[axis] - before[axis])
                kept.append((before[0] + part * (here[0] - before[0]), before[1] + part * (here[1] - before[1])))
            if is_inside(float(here[axis]), float(bound)):
                kept.append(here)
        ring = kept
    return ring
