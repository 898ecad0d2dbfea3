"""What events rest on: their status against the number of independent origins, and how many rest on a single one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from deedbook.site.messages import Messages
from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.svg import LETTER, Canvas, drawing, element, fixed, label

_MOST = 5
"""So many origins or more are one column."""
_ROW = 46
_MOST_CODES = 12
Cell = tuple[int, int]
"""How many events, and how many of them somebody denies."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Events by their status and by how many origins they have.

    Attributes:
        rows: What each status is called.
        columns: How each number of origins is written.
        cells: By status and number, those that there are.
    """

    rows: Mapping[object, str]
    columns: Mapping[int, str]
    cells: Mapping[tuple[object, int], Cell]


def status_by_evidence(facts: Facts) -> Figure | None:
    """The table of status against origins, as circles with their numbers."""
    table = _table(facts) if {"status", "origins"} <= facts.columns else Evidence({}, {}, {})
    if not table.cells:
        return None
    words, grounds = facts.words, facts.grounds
    total, denied = (sum(cell[part] for cell in table.cells.values()) for part in (0, 1))
    single = sum(n for (_, at), (n, _) in table.cells.items() if at == 1)
    said = words(f"picture.evidence.{grounds}", count=total, single=single, share=share(single, total, words))
    if "denials" in facts.columns:
        said += " " + words("picture.evidence.denied", count=denied)
    title, of = words("picture.evidence"), words(f"picture.grounds.{grounds}")
    svg = variants("picture-evidence", lambda canvas: _draw(canvas, (title, said, of), table, words))
    rows = tuple((table.rows[code], table.columns[at], *cell) for (code, at), cell in table.cells.items())
    header = (facts.title("status"), of, words("picture.map.events"), words("picture.evidence.of"))
    return Figure("evidence", title, said, svg, header, rows, source_of(facts.edition))


def share(part: int, whole: int, words: Messages) -> str:
    """A share in whole per cent; one that is not nothing is not called so, nor is what is not all."""
    percent = 100 * part / whole if whole else 0
    text = "<1" if 0 < percent < 1 else ">99" if 99 < percent < 100 else str(round(percent))
    return words("picture.percent", number=text)


def _table(facts: Facts) -> Evidence:
    """The events by status, in the order of its list, and by origins; -1 is a number that is not stated."""
    words, origins = facts.words, pl.col("origins").cast(pl.Float64).cast(pl.Int64, strict=False)
    columns = pl.when(origins >= 0).then(pl.min_horizontal(origins, pl.lit(_MOST))).otherwise(-1).fill_null(-1)
    denied = pl.col("denials").fill_null(0) > 0 if "denials" in facts.columns else pl.lit(False)
    counts = [pl.len().cast(pl.Int64).alias("n"), denied.sum().cast(pl.Int64).alias("denied")]
    found = facts.events.group_by(columns.alias("at"), "status").agg(counts).collect(engine="streaming")
    field = facts.field("status")
    order = {code: place for place, code in enumerate(field.codes if field else ())}
    cells = sorted(
        found.select("status", "at", "n", "denied").iter_rows(),
        key=lambda row: (order.get(str(row[0]), 999), str(row[0]), row[1] < 0, row[1]),
    )
    codes = list(dict.fromkeys(row[0] for row in cells))[:_MOST_CODES]
    heads = {-1: words("picture.unknown"), _MOST: f"{_MOST}+"}
    return Evidence(
        {code: facts.label("status", code) for code in codes},
        {at: heads.get(at, str(at)) for at in sorted({row[1] for row in cells}, key=lambda at: (at < 0, at))},
        {(code, at): (n, denials) for code, at, n, denials in cells if code in codes},
    )


def _draw(canvas: Canvas, said: Sequence[str], table: Evidence, words: Messages) -> Markup:
    title, says, of = said
    left, top = 92 if canvas.is_narrow else 190, 40.0
    step = min((canvas.width - left) / len(table.columns), 110)
    middles = {at: left + (place + 0.5) * step for place, at in enumerate(table.columns)}
    tops = {code: top + place * _ROW for place, code in enumerate(table.rows)}
    most = max(n for n, _ in table.cells.values())
    parts = [label(left, LETTER + 2, of, canvas.width - left, kind="picture-soft")]
    parts += [
        label(middles[at], 2 * LETTER + 8, head, step, "middle", "picture-strong") for at, head in table.columns.items()
    ]
    for code, name in table.rows.items():
        parts.append(
            element("path", d=f"M0 {fixed(tops[code])}H{fixed(left + step * len(middles))}", class_="picture-grid")
        )
        parts.append(label(0, tops[code] + _ROW / 2 + 4, name, left - 8))
    for (code, at), cell in table.cells.items():
        parts += _circle(canvas, (middles[at], tops[code] + _ROW / 2), cell, most, words)
    return drawing(canvas, top + _ROW * len(tops) + 4, title, says, *parts)


def _circle(canvas: Canvas, at: tuple[float, float], cell: Cell, most: int, words: Messages) -> list[Markup]:
    """A circle with its number; hatched as far as somebody denies, with that number below."""
    (x, y), (count, denied) = at, cell
    radius = max(3.0, min(17.0, 17 * (count / max(most, 8)) ** 0.5))
    shapes = [element("circle", cx=x, cy=y, r=radius, class_="picture-evidence")]
    left, up = x + radius + 4, 6 if denied else 0
    if denied:
        shapes.append(element("circle", cx=x, cy=y, r=radius, fill=canvas.hatch))
        shapes.append(label(left, y + 12, words("picture.evidence.some", count=denied), kind="picture-soft"))
    return [*shapes, label(left, y + 4 - up, words.number(count), kind="picture-halo")]
