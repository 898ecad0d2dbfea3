"""A picture with the table behind it, as HTML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from deedbook.release.pages import render_in
from deedbook.site.editions import Edition
from deedbook.site.messages import Messages
from deedbook.site.pictures.svg import NARROW, WIDE, Canvas, plain

MOST_ROWS = 200
"""Rows of the table behind a picture that a page shows; the release has them all."""
_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture.

    Attributes:
        id: Unique on the page.
        title: What is seen.
        caption: What the picture tells first, and how to read it.
        svg: The drawings, one for each width.
        columns: The header of the table behind it.
        rows: Its rows: text, whole numbers and fractions.
        source: The dataset and its version.
    """

    id: str
    title: str
    caption: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    source: str

    def html(self, words: Messages) -> Markup:
        """The figure."""
        shown = [[_shown(cell, words) for cell in row] for row in self.rows[:MOST_ROWS]]
        is_plain = all(cell["is_number"] for row in shown for cell in row[1:])
        header = [plain(name) for name in self.columns]
        page = render_in(
            _TEMPLATES, "picture.html.j2", figure=self, header=header, shown=shown, words=words, is_plain=is_plain
        )
        return Markup(page)  # noqa: S704 - the template escapes what it is given


@dataclass(frozen=True, slots=True)
class Missing:
    """A picture that a release has nothing for.

    Attributes:
        id: Which, as in `PICTURES`.
        reason: A sentence for the page.
    """

    id: str
    reason: str


def variants(name: str, draw: Callable[[Canvas], Markup]) -> Markup:
    """A picture drawn for both widths."""
    return Markup("\n").join(draw(Canvas(width, f"{name}-{width}")) for width in (WIDE, NARROW))


def source_of(edition: Edition) -> str:
    """What stands below a picture: where its numbers are from."""
    return f"{edition.title}, {edition.version}"


def _shown(cell: object, words: Messages) -> Mapping[str, object]:
    if isinstance(cell, int | float):
        return {"text": words.number(cell if isinstance(cell, int) else round(cell, 2)), "is_number": True}
    return {"text": "" if cell is None else plain(str(cell)), "is_number": False}
