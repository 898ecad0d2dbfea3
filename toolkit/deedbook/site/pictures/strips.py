"""Rows of bars over one axis of time: each row is named beside its bars, so that nothing depends on a colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from deedbook.site.messages import Messages
from deedbook.site.pictures.bins import Bins
from deedbook.site.pictures.svg import LETTER, Canvas, bars, breadth, drawing, element, fixed, label

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
    def peak(self) -> tuple[int, float]:
        """The place of its highest bar, and how high that is."""
        heights = [a + b for a, b in zip(self.sure, self.spread, strict=True)]
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
    return drawing(canvas, base + _FOOT, title, says, *parts, time_axis(bins, (left, base, room), words))


def time_axis(bins: Bins, box: tuple[float, float, float], words: Messages) -> Markup:
    """The axis of bins from left along the base: a tick and a name where there is room."""
    left, base, room = box
    step = room / bins.count
    parts = []
    for place, name in bins.marks(room, 48 if bins.unit in ("year", "decade") else 70, words):
        x = left + place * step
        parts.append(element("path", d=f"M{fixed(x)} {fixed(base)}v{5 + LETTER}", class_="picture-axis"))
        if x + breadth(name) <= left + room + 4:
            parts.append(label(x + 4, base + 5 + LETTER, name, kind="picture-soft"))
    whole = element("path", d=f"M{fixed(left)} {fixed(base)}h{fixed(room)}", class_="picture-axis")
    return element("g", whole, *parts)


def _strip(canvas: Canvas, strip: Strip, box: tuple[float, float, float, float], words: Messages, kind: str) -> Markup:
    left, top, room, height = box
    place, peak = strip.peak
    step = room / len(strip.sure)
    wide = max(step * 0.84, 0.8)
    unit = height / max(peak, 1)
    sure, spread = [], []
    for at, (one, more) in enumerate(zip(strip.sure, strip.spread, strict=True)):
        x = left + at * step + (step - wide) / 2
        low, high = max(one * unit, 0.8 if one else 0), max(more * unit, 0.8 if more else 0)
        sure.append((x, top + height - low, wide, low))
        spread.append((x, top + height - low - high, wide, high))
    base = element("path", d=f"M{fixed(left)} {fixed(top + height)}h{fixed(room)}", class_="picture-base")
    shapes = [element("path", d=path, class_=kind) for path in [bars(sure)] if path]
    for path in filter(None, [bars(spread)]):
        shapes += [element("path", d=path, class_=f"{kind} picture-pale"), element("path", d=path, fill=canvas.hatch)]
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
        min(max(x, left + half), left + room - half), top - 4, most, anchor="middle", kind="picture-soft"
    )
    return element("g", base, *shapes, *named, most_label)
