"""What changed from version to version: rows added, changed and withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from deedbook.site.messages import Messages
from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.svg import LETTER, Canvas, bars, drawing, element, fixed, label

_MOST = 12
"""Versions that are drawn; the table has them all."""
_KINDS = ("added", "changed", "withdrawn")
_ROW, _BAR = 62, 14
_LEFT, _TEXT = 170.0, 150.0
"""Units for the version and for what a bar says."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a version changed in all tables.

    Attributes:
        version: Which.
        day: When it was released, in words.
        counts: Rows added, changed and withdrawn.
    """

    version: str
    day: str
    counts: tuple[int, int, int]


def versions(facts: Facts) -> Figure | None:
    """The changes of every version; None before there is a second one."""
    changes = facts.edition.changes
    steps = steps_of(changes, facts.words) if changes else []
    if len(steps) < 2:
        return None
    words, newest = facts.words, steps[0]
    title = words("picture.versions")
    values = dict(zip(_KINDS, newest.counts, strict=True))
    said = words("picture.versions.said", version=newest.version, **values)
    caption = said + (" " + words("picture.versions.rest", shown=_MOST, count=len(steps)) if len(steps) > _MOST else "")
    svg = variants("picture-versions", lambda canvas: _draw(canvas, (title, said), steps[:_MOST], words))
    header = (
        words("picture.versions.version"),
        words("picture.versions.day"),
        *(words(f"picture.versions.{kind}") for kind in _KINDS),
    )
    rows = tuple((step.version, step.day, *step.counts) for step in steps)
    return Figure("versions", title, caption, svg, header, rows, source_of(facts.edition))


def steps_of(changes: Mapping[str, Any], words: Messages) -> list[Step]:
    """The versions of a history, newest first; all rows of a table that is new are added ones."""
    steps = []
    for entry in changes.get("history", ()):
        tables = entry.get("tables", ())
        added = sum(table.get("added", table.get("rows", 0)) for table in tables)
        changed, withdrawn = (sum(table.get(kind, 0) for table in tables) for kind in ("revised", "removed"))
        steps.append(Step(str(entry["version"]), words.day(entry.get("created", "")), (added, changed, withdrawn)))
    return steps


def _draw(canvas: Canvas, said: Sequence[str], steps: Sequence[Step], words: Messages) -> Markup:
    """Three bars a version, each named by its number; all are of one scale."""
    title, says = said
    most = max(1, *(count for step in steps for count in step.counts))
    top, parts = 4.0, []
    for step in steps:
        if canvas.is_narrow:
            parts.append(label(0, top + LETTER, f"{step.version} · {step.day}", canvas.width, kind="picture-strong"))
            top += LETTER + 8
        else:
            parts.append(label(0, top + 11, step.version, _LEFT - 12, kind="picture-strong"))
            parts.append(label(0, top + 27, step.day, _LEFT - 12, kind="picture-soft"))
        for place, (kind, count) in enumerate(zip(_KINDS, step.counts, strict=True)):
            text = f"{words.number(count)} {words(f'picture.versions.{kind}').lower()}"
            parts += _bar(canvas, (top + place * (_BAR + 3), kind, count / most), text)
        top += _ROW
        parts.append(element("path", d=f"M0 {fixed(top - 6)}H{canvas.width}", class_="picture-grid"))
    return drawing(canvas, top, title, says, *parts)


def _bar(canvas: Canvas, bar: tuple[float, str, float], text: str) -> list[Markup]:
    """A bar from its top, kind and share of the longest, and what it says; what changed is hatched."""
    top, kind, part = bar
    left = 0.0 if canvas.is_narrow else _LEFT
    wide = max((canvas.width - left - _TEXT) * part, 1.5) if part else 0.0
    path = bars([(left, top, wide, _BAR)])
    shapes = [element("path", d=path, class_=f"picture-{kind}")] if path else []
    if path and kind == "changed":
        shapes.append(element("path", d=path, fill=canvas.hatch))
    return [*shapes, label(left + wide + 6, top + 11, text, _TEXT, kind=None if part else "picture-soft")]
