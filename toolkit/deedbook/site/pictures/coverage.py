"""How complete a release is: which fields of events are filled, and how many events rest on a single origin, over time."""

from collections.abc import Sequence

import polars as pl
from markupsafe import Markup

from deedbook.site.editions import Field
from deedbook.site.messages import Messages
from deedbook.site.pictures.evidence import share
from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.svg import LETTER, Canvas, bars, drawing, element, label
from deedbook.site.pictures.timeline import dated, figure_of, grouped, span, strip_of

_MOST = 24
"""Fields that are drawn: those that miss most; the table has them all."""
_ROW = 22


def missing_cells(facts: Facts) -> Figure | None:
    """Which share of each field of events is filled; the fields that are always filled are counted only."""
    table = facts.edition.tables.get(facts.roles.events)
    gaps = [(field, int(field.statistics["missing"])) for field in table.fields] if table else []
    some = sorted((gap for gap in gaps if gap[1]), key=lambda gap: -gap[1])
    if table is None or not some:
        return None
    words = facts.words
    title = words("picture.cells", table=table.title)
    whole = sum(missing for _, missing in gaps)
    values = {"share": share(whole, table.rows * len(gaps), words), "full": len(gaps) - len(some), "count": len(gaps)}
    said = words("picture.cells.said", **values)
    rest = f" {words('picture.cells.rest', shown=_MOST, count=len(some))}" if len(some) > _MOST else ""
    svg = variants("picture-cells", lambda canvas: _draw(canvas, (title, said), some[:_MOST], table.rows, words))
    header = tuple(words(f"picture.cells.{name}") for name in ("field", "missing", "share"))
    rows = tuple((field.name, missing, share(missing, table.rows, words)) for field, missing in gaps)
    return Figure("cells", title, said + rest, svg, header, rows, source_of(facts.edition))


def single_origins(facts: Facts) -> Figure | None:
    """How many events rest on no, one and several origins, over time."""
    bins = span(facts) if "origins" in facts.columns else None
    if bins is None:
        return None
    words, origins = facts.words, pl.col("origins").cast(pl.Float64)
    kind = pl.when(origins >= 2).then(2).when(origins >= 1).then(1).when(origins >= 0).then(0)
    groups = grouped(dated(facts).with_columns(kind.alias("kind")), bins, "kind")
    rows = [
        strip_of(words(f"picture.{facts.grounds}.{name}"), groups.filter(pl.col("by").eq_missing(pl.lit(value))), bins)
        for value, name in ((2, "several"), (1, "one"), (0, "none"), (None, "missing"))
    ]
    return figure_of(facts, facts.grounds, [row for row in rows if row.total])


def _draw(canvas: Canvas, said: Sequence[str], gaps: Sequence[tuple[Field, int]], rows: int, words: Messages) -> Markup:
    """A bar a field, filled as far as its cells are, and how much is missing."""
    title, says = said
    left = 0.0 if canvas.is_narrow else 200.0
    height = _ROW + (LETTER + 4 if canvas.is_narrow else 0)
    room = canvas.width - left - 110
    parts = []
    for place, (field, missing) in enumerate(gaps):
        y = 4.0 + place * height
        if canvas.is_narrow:
            parts.append(label(0, y + LETTER - 1, field.title, canvas.width))
            y += LETTER + 4
        else:
            parts.append(label(left - 12, y + LETTER - 1, field.title, left - 14, "end"))
        filled = max(room * (1 - missing / rows), 1 if missing < rows else 0)
        parts.append(element("path", d=bars([(left, y, room, 13)]), class_="picture-hollow"))
        if filled:
            parts.append(element("path", d=bars([(left, y, filled, 13)]), class_="picture-filled"))
        text = words("picture.cells.gone", share=share(missing, rows, words))
        parts.append(label(left + room + 8, y + LETTER - 1, text, 102))
    return drawing(canvas, 8 + len(gaps) * height, title, says, *parts)
