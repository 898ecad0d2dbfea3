"""Rows of bars over one axis of time: each row is named beside its bars, so that nothing depends on a colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from deedbook.site.messages import Messages
from deedbook.site.pictures.bins import Bins
from deedbook.site.pictures.svg import LETTER, Canvas, breadth, columns, drawing, element, fixed, label

_HEAD, _ROW, _GAP, _FOOT = 96, 34, 14, 30
"""Units of height: of the bars of the first row, of those of the others, between rows, below the last."""
_LEFT, _RIGHT = 220, 64
"""Units for the names and for the numbers in a wide picture."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of bars.

    Attributes:
        name: What is counted.
        sure: How many in each bin are certainly of it.
        spread: How many more, where those that may be of several bins are spread evenly over them.
        total: Of the row.
    """

    name: str
    sure: Sequence[float]
    spread: Sequence[float]
    total: float

    @property
    def heights(self) -> list[float]:
        """How high each bar is."""
        return [a + b for a, b in zip(self.sure, self.spread, strict=True)]

    @property
    def peak(self) -> tuple[int, float]:
        """The place of its highest bar, and how high that is."""
        heights = self.heights
        place = max(range(len(heights)), key=lambda at: (heights[at], -at))
        return place, heights[place]


def draw_strips(canvas: Canvas, title: str, says: str, bins: Bins, strips: Sequence[Strip], words: Messages) -> Markup:
    """Rows of bars, the first one higher; each has a scale of its own, which the number over its highest bar tells."""
    left, right = (0, 0) if canvas.is_narrow else (_LEFT, _RIGHT)
    room = canvas.width - left - right
    top, parts = 4.0, []
    for number, strip in enumerate(strips):
        height = _HEAD if not number else _ROW
        top += LETTER + 4 + (LETTER + 6 if canvas.is_narrow else 0)
        parts.append(
            _strip(canvas, strip, (left, top, room, height), words, "picture-all" if not number else "picture-bar")
        )
        top += height + _GAP
    base = top - _GAP
    patterns = [
        _pattern(canvas, kind) for kind in ("picture-all", "picture-bar") if any(map(any, (it.spread for it in strips)))
    ]
    return drawing(canvas, base + _FOOT, title, says, *patterns, *parts, time_axis(bins, (left, base, room), words))


def _pattern(canvas: Canvas, kind: str) -> Markup:
    """Stripes on the pale colour of a row, for what may be of several bins."""
    parts = [
        element("path", d=path, class_=name) for path, name in (("M2 0v4", f"{kind} picture-pale"), ("M1 0v4", kind))
    ]
    attributes = {"patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
    return element("pattern", *parts, id=f"{canvas.name}-{kind}", width=4, height=4, **attributes)


def time_axis(bins: Bins, box: tuple[float, float, float], words: Messages) -> Markup:
    """The axis of bins from left along the base: a tick and a name where there is room."""
    left, base, room = box
    step = room / bins.count
    parts: list[Markup] = []
    for place, name in bins.marks(room, 48 if bins.unit in ("year", "decade") else 70, words):
        x = left + place * step
        if x + breadth(name) <= left + room + 4 or not parts:
            parts.append(element("path", d=f"M{fixed(x)} {fixed(base)}v{5 + LETTER}", class_="picture-axis"))
            parts.append(label(x + 4, base + 5 + LETTER, name, kind="picture-soft"))
    whole = element("path", d=f"M{fixed(left)} {fixed(base)}h{fixed(room)}", class_="picture-axis")
    return element("g", whole, *parts)


def _strip(canvas: Canvas, strip: Strip, box: tuple[float, float, float, float], words: Messages, kind: str) -> Markup:
    left, top, room, height = box
    place, peak = strip.peak
    step, base = room / len(strip.sure), top + height
    unit = height / max(peak, 1)
    sure, spread = [], []
    for at, (one, more) in enumerate(zip(strip.sure, strip.spread, strict=True)):
        x = left + (at + 0.5) * step
        low = max(one * unit, 0.8) if one else 0
        sure.append((x, base, low))
        spread.append((x, base - low, max(more * unit, 0.8) if more else 0))
    ground = element("path", d=f"M{fixed(left)} {fixed(base)}h{fixed(room)}", class_="picture-base")
    wide = max(step * 0.84, 0.8)
    kinds = ((kind, None, columns(sure)), (None, f"url(#{canvas.name}-{kind})", columns(spread)))
    shapes = [element("path", d=path, class_=name, stroke=ink, stroke_width=wide) for name, ink, path in kinds if path]
    number = words.number(round(strip.total))
    if canvas.is_narrow:
        named = [
            label(0, top - LETTER - 8, strip.name, canvas.width - 60),
            label(canvas.width, top - LETTER - 8, number, anchor="end", kind="picture-strong"),
        ]
    else:
        y = top + height - 3
        named = [
            label(left - 12, y, strip.name, _LEFT - 14, "end"),
            label(left + room + 12, y, number, kind="picture-strong"),
        ]
    most = words.number(round(peak, 1) if peak != round(peak) else round(peak))
    x = left + (place + 0.5) * step
    half = len(most) * LETTER * 0.3
    most_label = label(
        min(max(x, left + half), left + room - half), base - peak * unit - 4, most, anchor="middle", kind="picture-soft"
    )
    return element("g", ground, *shapes, *named, most_label)
