"""Pieces of SVG as text: elements, paths, patterns and labels.

Everything that comes from data is escaped here, colours are classes of `picture.css`, and coordinates have one decimal, so that the same
picture has the same bytes on any machine.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

WIDE, NARROW = 760, 340
"""Units of the two widths that each picture is drawn for; `picture.css` shows the one that fits, so that letters keep their size."""
LETTER = 12
"""Units of a letter's height, as in `picture.css`."""
_LONGEST = 300
"""Characters of a text from data that a page with pictures repeats; the release has the whole."""
_CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Categories of characters that are not drawn: controls, and marks that turn the direction of what stands beside them."""
_BREADTHS = (("iljtfI.,:;'|!()[] -", 0.33), ("mwMW@%", 0.9), ("0123456789", 0.64))
"""Share of a letter's height that characters take in wide sans-serif faces; 0.7 for other capitals, 0.6 for the rest."""


Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """One drawing of a picture.

    Attributes:
        width: Units, WIDE or NARROW.
        name: Unique on the page: ids in the drawing begin with it.
    """

    width: int
    name: str

    @property
    def is_narrow(self) -> bool:
        """Whether it is for a narrow place, such as a telephone."""
        return self.width < WIDE

    @property
    def hatch(self) -> str:
        """The pattern for what is uncertain."""
        return f"url(#{self.name}-hatch)"


def fixed(number: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(tag: str, *inside: str, **attributes: str | float | None) -> Markup:
    """An element; text inside is escaped unless it is markup, `class_` and `stroke_width` are `class` and `stroke-width`."""
    shown = {
        name.rstrip("_").replace("_", "-"): fixed(value) if isinstance(value, int | float) else value
        for name, value in attributes.items()
        if value is not None
    }
    head = "".join(f' {name}="{escape(value)}"' for name, value in shown.items())
    body = "".join(escape(part) for part in inside)
    return Markup(f"<{tag}{head}>{body}</{tag}>" if body else f"<{tag}{head}/>")  # noqa: S704 - every part is escaped above


def drawing(canvas: Canvas, height: float, title: str, says: str, *inside: str) -> Markup:
    """One whole SVG: a picture to those who see, its title and what it says to those who do not."""
    stripe = element("path", d="M0 0L0 6", class_="picture-stripe")
    hatch = element(
        "pattern",
        stripe,
        id=f"{canvas.name}-hatch",
        width=4,
        height=4,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element(
        "svg",
        element("title", title, id=f"{canvas.name}-title"),
        element("desc", says, id=f"{canvas.name}-says"),
        element("defs", hatch),
        *inside,
        role="img",
        aria_labelledby=f"{canvas.name}-title {canvas.name}-says",
        viewBox=f"0 0 {canvas.width} {fixed(height)}",
        class_="picture-narrow" if canvas.is_narrow else "picture-wide",
    )


def bars(boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """The path of boxes, each left, top, width and height."""
    return "".join(f"M{fixed(x)} {fixed(y)}h{fixed(w)}v{fixed(h)}h{fixed(-w)}z" for x, y, w, h in boxes if h > 0)


def columns(lines: Iterable[tuple[float, float, float]]) -> str:
    """The path of columns, each the middle of its foot and its height; they are strokes, which take half the bytes of boxes."""
    return "".join(f"M{fixed(x)} {fixed(y)}v{fixed(-height)}" for x, y, height in lines if height > 0)


def line(points: Iterable[tuple[float, float]], nearest: float = 0, is_closed: bool = False) -> str:
    """The path through points, in steps; points that lie nearer to the one before than `nearest` are left out."""
    tenths = [(round(x * 10), round(y * 10)) for x, y in points]
    kept: list[tuple[int, int]] = []
    for x, y in tenths:
        if not kept or max(abs(x - kept[-1][0]), abs(y - kept[-1][1])) > nearest * 10:
            kept.append((x, y))
    if len(kept) < (3 if is_closed else 2):
        return ""
    steps = [f"{fixed((x - a) / 10)} {fixed((y - b) / 10)}" for (a, b), (x, y) in pairwise(kept)]
    return f"M{fixed(kept[0][0] / 10)} {fixed(kept[0][1] / 10)}l{' '.join(steps).replace(' -', '-')}{'z' if is_closed else ''}"


def plain(text: str) -> str:
    """Text on one line without characters that are not drawn; of a very long one its beginning."""
    shown = (c for c in text[:_LONGEST] if c in "\n\t" or unicodedata.category(c) not in _CONTROLS)
    return " ".join("".join(shown).split()) + ("…" if len(text) > _LONGEST else "")


def breadth(text: str, size: float = LETTER) -> float:
    """About how many units text takes; a little more rather than less."""
    return size * sum(map(_share, text))


def _share(character: str) -> float:
    for characters, share in _BREADTHS:
        if character in characters:
            return share
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1
    return 0.7 if character.isupper() else 0.6


def clip(text: str, room: float, size: float = LETTER) -> str:
    """As much of a text as fits into the room, with an ellipsis where something is left out."""
    if breadth(text, size) <= room:
        return text
    left, kept = room - size, 0
    while kept < len(text) and (left := left - breadth(text[kept], size)) >= 0:
        kept += 1
    return text[:kept].rstrip() + "…"


def label(
    x: float, y: float, text: str, room: float = 1e6, anchor: str | None = None, kind: str | None = None
) -> Markup:
    """A text at a place; one that is longer than its room is clipped, and its title holds the whole."""
    whole = plain(text)
    shown = clip(whole, room)
    title = (element("title", whole),) if shown != whole else ()
    return element("text", shown, *title, x=x, y=y, text_anchor=anchor, class_=kind)


def is_free(box: Box, frame: Box, taken: Iterable[Box]) -> bool:
    """Whether a box lies within a frame and on none that is taken."""
    is_inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    return is_inside and not any(box[0] < c and a < box[2] and box[1] < d and b < box[3] for a, b, c, d in taken)
