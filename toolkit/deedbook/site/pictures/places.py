"""The map of events: circles where they were, as large as they are many, over public-domain outlines.

Places that are not known themselves, only their region or country, are drawn as hatched rings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
from markupsafe import Markup

from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.outlines import countries, land
from deedbook.site.pictures.projection import EARTH, View, spans_world, view_of
from deedbook.site.pictures.svg import Box, Canvas, breadth, clip, drawing, element, fixed, is_free, label, plain

_MOST = 350
"""Circles on a map: with more, places are neither told apart nor small."""
_CELLS = 90
"""Cells on the longer side of the extent, in each of which the events of one precision are one circle; fewer where it needs fewer."""
_PARTS = 10_000
"""A coordinate is counted in ten-thousandths of a degree: sums of whole numbers are the same in any order."""
_NAMED, _NAMED_NARROW = 8, 5
_SMALLEST = 2.2
_FULL = 0.25
"""Share of a map that all circles together may cover."""
_FEW = 12
"""Events below which the largest circle is not drawn in full size: a single event is no large thing."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The events of a place, or of neighbouring ones.

    Attributes:
        name: Of the place that most of them name; empty where none is named.
        precise: Whether the place itself is known.
    """

    longitude: float
    latitude: float
    count: int
    precise: bool
    name: str


@dataclass(frozen=True, slots=True)
class _Circle:
    x: float
    y: float
    radius: float
    spot: Spot


def map_of_events(facts: Facts) -> Figure | None:
    """The map."""
    found = spots(facts) if facts.roles.has_points else []
    if not found:
        return None
    words, title = facts.words, facts.words("picture.map")
    count = int(facts.events.select(pl.len()).collect(engine="streaming").item())
    placed, vague = _count(found), _count([spot for spot in found if not spot.precise])
    said = words("picture.map.said", placed=placed, count=count)
    said += " " + words("picture.map.vague", count=vague) if vague else ""
    caption = said + " " + words("picture.map.areas")
    svg = variants("picture-map", lambda canvas: _draw(canvas, (title, said), found, facts))
    columns = tuple(words(f"picture.map.{name}") for name in ("place", "latitude", "longitude", "precision", "events"))
    known = {precise: words(f"picture.map.{str(precise).lower()}") for precise in (True, False)}
    rows = tuple((it.name, round(it.latitude, 2), round(it.longitude, 2), known[it.precise], it.count) for it in found)
    source = f"{source_of(facts.edition)}. {words('picture.map.source')}"
    return Figure("map", title, caption, svg, columns, rows, source)


def _count(spots: Sequence[Spot]) -> int:
    return sum(spot.count for spot in spots)


def spots(facts: Facts) -> list[Spot]:
    """Where events were, those of most events first; neighbouring places are one as far as there would be too many."""
    x, y = pl.col("longitude").cast(pl.Float64), pl.col("latitude").cast(pl.Float64)
    points = facts.events.filter(x.is_between(-180, 180), y.is_between(-90, 90))
    named = pl.col("place").cast(pl.String) if "place" in facts.columns else pl.lit(None, pl.String)
    at = [(axis * _PARTS).round().cast(pl.Int64).alias(name) for name, axis in (("x", x), ("y", y))]
    places = points.group_by(*at, "precise", named.alias("name")).agg(pl.len().cast(pl.Int64).alias("n"))
    most = pl.col("n"), pl.col("x"), pl.col("y"), pl.col("precise"), pl.col("name")
    found = places.collect(engine="streaming").sort(most, descending=[True, False, False, False, False])
    sides = found.select(pl.col("x").max() - pl.col("x").min(), pl.col("y").max() - pl.col("y").min()).row(0)
    cell = max(max(side or 0 for side in sides) // _CELLS, 1)
    while (cells := _cells(found, cell)).height > _MOST:
        cell = cell * 5 // 4 + 1
    return [
        Spot(x / n / _PARTS, y / n / _PARTS, n, precise, plain(name or ""))
        for x, y, n, precise, name in cells.select("x", "y", "n", "precise", "name").iter_rows()
    ]


def _cells(places: pl.DataFrame, size: int) -> pl.DataFrame:
    """The places of each cell of a grid and of each precision as one: where most of it is, named after its largest."""
    column, row, n = (pl.col("x") // size).alias("column"), (pl.col("y") // size).alias("row"), pl.col("n")
    sums = [(pl.col(axis) * n).sum().alias(axis) for axis in ("x", "y")]
    cells = places.group_by(column, row, "precise", maintain_order=True).agg(
        *sums, n.sum(), pl.col("name").drop_nulls().first()
    )
    return cells.sort("n", "column", "row", "precise", descending=[True, False, False, False])


def _draw(canvas: Canvas, said: tuple[str, str], spots: Sequence[Spot], facts: Facts) -> Markup:
    points = [(spot.longitude, spot.latitude) for spot in spots]
    height, largest = (300.0, 14.0) if canvas.is_narrow else (440.0, 22.0)
    height = canvas.width * 0.47 if spans_world(points) else height
    view = view_of(points, canvas.width, height)
    most = max(spots[0].count, _FEW)
    largest = min(largest, math.sqrt(_FULL * canvas.width * height / math.pi / (_count(spots) / most)))
    circles = []
    for spot in spots:
        turned = spot.longitude + 360 * round((view.middle[0] - spot.longitude) / 360)
        x, y = view.place(turned, spot.latitude)
        circles.append(_Circle(x, y, max(largest * math.sqrt(spot.count / most), _SMALLEST), spot))
    parts = [element("rect", width=canvas.width, height=height, class_="picture-sea")]
    paths = zip(("picture-land", "picture-border"), land(view, canvas.width, height), strict=True)
    parts += [element("path", d=path, class_=kind) for kind, path in paths if path]
    parts += [_marks(canvas, circles, precise) for precise in (False, True)]
    parts += _names(canvas, circles, view, height, facts.words.lang)
    parts += _scale(canvas, view, height, facts)
    # a drawing inside the drawing shows nothing beyond its frame
    frame = element("svg", *parts, width=canvas.width, height=height, viewBox=f"0 0 {canvas.width} {fixed(height)}")
    legend = _legend(canvas, height, circles, facts)
    return drawing(canvas, height + 12 + 2 * max(circles[0].radius, 8), *said, frame, *legend)


def _marks(canvas: Canvas, circles: Sequence[_Circle], precise: bool) -> Markup:
    """Circles: filled where the place itself is known, else hatched rings."""
    kind, fill = ("picture-spot", None) if precise else ("picture-vague", canvas.hatch)
    marks = [element("circle", cx=it.x, cy=it.y, r=it.radius) for it in circles if it.spot.precise == precise]
    return element("g", *marks, class_=kind, fill=fill) if marks else Markup()


def _names(canvas: Canvas, circles: Sequence[_Circle], view: View, height: float, lang: str) -> list[Markup]:
    """The names of the places of most events beside their circles, and of countries where nothing else stands."""
    taken: list[Box] = [(0, height - 40, canvas.width / 3, height)]  # the scale
    frame = (2.0, 4.0, canvas.width - 2.0, height - 4.0)
    most = _NAMED_NARROW if canvas.is_narrow else _NAMED
    named: dict[str, Markup] = {}
    for circle in circles[: _NAMED * 3]:
        name, wide = circle.spot.name, breadth(clip(circle.spot.name, 130))
        beside = ((None, circle.x + circle.radius + 4), ("end", circle.x - circle.radius - 4 - wide))
        for anchor, left in beside if name and name not in named and len(named) < most else ():
            box = (left, circle.y - 8, left + wide, circle.y + 8)
            if is_free(box, frame, taken):
                taken.append(box)
                x = left + wide if anchor else left
                named[name] = label(x, circle.y + 4, name, 130, anchor, "picture-halo")
                break
    taken += [(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in circles]
    return [*named.values(), *_countries(view, lang, frame, taken)]


def _countries(view: View, lang: str, frame: Box, taken: list[Box]) -> list[Markup]:
    """The names of countries that find room; none on a map of the world."""
    shown = []
    for name, x, y in [] if view.is_world else countries(view, lang):
        half = breadth(name) * 0.6
        box = (x - half, y - 10, x + half, y + 4)
        if is_free(box, frame, taken):
            taken.append(box)
            shown.append(label(x, y, name, anchor="middle", kind="picture-country"))
    return shown


def _scale(canvas: Canvas, view: View, height: float, facts: Facts) -> list[Markup]:
    """A bar of round kilometres; a map of the whole world has no single scale."""
    if view.is_world:
        return []
    room = canvas.width / 4
    length = max(
        (n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if n / EARTH * view.scale <= room), default=1
    )
    wide = length / EARTH * view.scale
    bar = element("path", d=f"M12 {fixed(height - 18)}v6h{fixed(wide)}v-6", class_="picture-axis")
    return [bar, label(12, height - 22, f"{facts.words.number(length)} km", kind="picture-halo")]


def _legend(canvas: Canvas, height: float, circles: Sequence[_Circle], facts: Facts) -> list[Markup]:
    """What the smallest and the largest circle stand for, and what a hatched one."""
    words, x, y = facts.words, 0.0, height + 8 + max(circles[0].radius, 8)
    parts = []
    last = [] if circles[-1].spot.count == circles[0].spot.count else [circles[-1]]
    for circle in [*last, circles[0]]:
        text, r = words.count("picture.events", circle.spot.count), circle.radius
        here = replace(circle, x=x + r + 1, y=y, spot=replace(circle.spot, precise=True))
        parts += [_marks(canvas, [here], precise=True), label(x + 2 * r + 8, y + 4, text)]
        x += 2 * r + 24 + breadth(text)
    if not all(circle.spot.precise for circle in circles):
        here = _Circle(x + 8, y, 7, replace(circles[0].spot, precise=False))
        parts += [_marks(canvas, [here], precise=False)]
        parts += [label(x + 20, y + 4, words("picture.map.false"), canvas.width - x - 20)]
    return parts
