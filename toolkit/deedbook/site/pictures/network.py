"""Who appears with whom: a network of actors whose layout is computed here, the same on any machine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from markupsafe import Markup
from numpy.typing import NDArray

from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.svg import (
    Box,
    Canvas,
    Point,
    breadth,
    clip,
    drawing,
    element,
    fixed,
    is_free,
    label,
    plain,
)

_MOST_ACTORS, _MOST_TIES = 40, 120
_STEPS = 400
_LARGE = 6.0
"""Units of a circle's radius from which its name matters more than a small circle below it."""
_SAID = 400
"""Units of a name in a sentence."""
_EVENLY = 0.6
"""How far an actor's place is its rank from left to right and from top to bottom: groups without ties would leave most of it empty."""
_Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Graph:
    """Actors and their ties, those of most events first.

    Attributes:
        actors: Names.
        events: How many events each has with others.
        ties: Places of two actors, and in how many events they are together.
        rest: How many actors are left out.
    """

    actors: tuple[str, ...]
    events: tuple[int, ...]
    ties: tuple[tuple[int, int, int], ...]
    rest: int


def network(facts: Facts) -> Figure | None:
    """The network of actors."""
    found = None if facts.ties is None else graph(facts.ties)
    if found is None:
        return None
    words, (first, second, most) = facts.words, found.ties[0]
    title = words("picture.network")
    said = words(
        "picture.network.said",
        one=clip(found.actors[first], _SAID),
        other=clip(found.actors[second], _SAID),
        count=most,
    )
    caption = f"{said} {words('picture.network.read')}"
    if found.rest:
        caption += " " + words("picture.network.rest", shown=len(found.actors), count=found.rest)
    svg = variants("picture-network", lambda canvas: _draw(canvas, title, said, found))
    columns = tuple(words(f"picture.network.{name}") for name in ("one", "other", "events"))
    rows = tuple((found.actors[one], found.actors[other], count) for one, other, count in found.ties)
    return Figure("network", title, caption, svg, columns, rows, source_of(facts.edition))


def graph(ties: pl.LazyFrame) -> Graph | None:
    """The actors of most events, and how many events they share."""
    pairs = ties.select(
        "id", pl.min_horizontal("one", "other").alias("one"), pl.max_horizontal("one", "other").alias("other")
    ).unique()
    counts = pairs.group_by("one", "other").agg(pl.len().cast(pl.Int64).alias("n")).collect(engine="streaming")
    if counts.is_empty():
        return None
    both = pl.concat([counts.select(pl.col(side).alias("actor"), "n") for side in ("one", "other")])
    actors = both.group_by("actor").agg(pl.col("n").sum()).sort("n", "actor", descending=[True, False])
    kept = actors.head(_MOST_ACTORS)
    at = {name: place for place, name in enumerate(kept["actor"].to_list())}
    inside = counts.filter(pl.col("one").is_in(list(at)), pl.col("other").is_in(list(at)))
    inside = inside.sort("n", "one", "other", descending=[True, False, False]).head(_MOST_TIES)
    edges = tuple((at[one], at[other], n) for one, other, n in inside.iter_rows())
    names = tuple(plain(name) for name in at)
    return Graph(names, tuple(kept["n"].to_list()), edges, actors.height - kept.height) if edges else None


def layout(count: int, ties: Sequence[tuple[int, int, int]]) -> list[tuple[float, float]]:
    """Places between 0 and 1 for so many actors: those with ties lie near each other (Fruchterman and Reingold 1991).

    The start is fixed, and every sum is over the first axis, where numpy adds row by row: so that no machine rounds another way.
    """
    turns = [2.4 * place for place in range(count)]  # the golden angle: no two begin at one place
    rings = [math.sqrt((place + 0.5) / count) for place in range(count)]
    xy: _Places = np.array(
        [[round(r * math.cos(t), 6), round(r * math.sin(t), 6)] for r, t in zip(rings, turns, strict=True)]
    )
    pull: _Places = np.zeros((count, count))
    for one, other, n in ties:
        pull[one, other] = pull[other, one] = 1 + min(n, 8) / 8
    ideal = 1.1 / math.sqrt(count)
    for step in range(_STEPS):
        away = xy[None, :, :] - xy[:, None, :]
        distance = np.sqrt(away[:, :, 0] * away[:, :, 0] + away[:, :, 1] * away[:, :, 1]) + 1e-9
        force = ideal * ideal / distance - pull * distance * distance / ideal
        moves = (away / distance[:, :, None] * force[:, :, None]).sum(axis=0) - xy * 3 * ideal
        length = np.sqrt(moves[:, 0] * moves[:, 0] + moves[:, 1] * moves[:, 1]) + 1e-9
        heat = 0.12 * (1 - step / _STEPS)
        xy = np.round(xy + moves / length[:, None] * np.minimum(length, heat)[:, None], 9)
    low, high = xy.min(axis=0), xy.max(axis=0)
    within = (xy - low) / np.where(high - low > 0, high - low, 1)
    ranks = np.argsort(np.argsort(np.round(xy, 6), axis=0, kind="stable"), axis=0, kind="stable") / max(count - 1, 1)
    return [(float(x), float(y)) for x, y in within * (1 - _EVENLY) + ranks * _EVENLY]


def _draw(canvas: Canvas, title: str, said: str, found: Graph) -> Markup:
    height = 420.0 if canvas.is_narrow else 520.0
    margin = (46, 28) if canvas.is_narrow else (90, 30)
    ends = layout(len(found.actors), found.ties)
    at = [(margin[0] + x * (canvas.width - 2 * margin[0]), margin[1] + y * (height - 2 * margin[1])) for x, y in ends]
    most, strongest = max(found.events), found.ties[0][2]
    parts = []
    for one, other, n in reversed(found.ties):
        (x, y), (to_x, to_y) = at[one], at[other]
        width = max(0.8, 7 * math.sqrt(n / max(strongest, 6)))
        parts.append(
            element(
                "path",
                d=f"M{fixed(x)} {fixed(y)}L{fixed(to_x)} {fixed(to_y)}",
                class_="picture-tie",
                stroke_width=width,
            )
        )
    radii = [max(3.2, 15 * math.sqrt(n / max(most, 10))) for n in found.events]
    parts += [element("circle", cx=x, cy=y, r=r, class_="picture-actor") for (x, y), r in zip(at, radii, strict=True)]
    return drawing(canvas, height, title, said, *parts, *_names(canvas, found.actors, at, radii, height))


def _names(
    canvas: Canvas, names: Sequence[str], at: Sequence[Point], radii: Sequence[float], height: float
) -> list[Markup]:
    """The names that find room below, above or beside their circle; those of large circles even over small ones."""
    circles: list[Box] = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    room = 120 if canvas.is_narrow else 190
    frame, taken, shown = (0.0, 0.0, float(canvas.width), height), list[Box](), list[Markup]()
    for place, (name, (x, y), r) in enumerate(zip(names, at, radii, strict=True)):
        wide = breadth(clip(name, room)) / 2
        middle = min(max(x, wide + 2), canvas.width - wide - 2)
        least = _LARGE if r >= _LARGE else 0
        others = [circle for other, circle in enumerate(circles) if other != place and radii[other] >= least]
        beside = ((middle, y + r + 12), (middle, y - r - 5), (x + r + 4 + wide, y + 4), (x - r - 4 - wide, y + 4))
        for to_x, to_y in beside:
            box = (to_x - wide, to_y - 10, to_x + wide, to_y + 3)
            if is_free(box, frame, [*taken, *others]):
                taken.append(box)
                shown.append(label(to_x, to_y, name, room, "middle", "picture-halo"))
                break
    return shown
