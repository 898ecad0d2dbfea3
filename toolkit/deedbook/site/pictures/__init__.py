"""Pictures made at build time: accessible SVG with the table behind each, one module a picture.

    facts.py      what is drawn: the events of a release with one name for each part that a field plays
    figure.py     a picture with its title, caption and table, as HTML
    svg.py        elements, paths and labels; strips.py, bins.py: bars over time
    projection.py, outlines.py, outlines.txt: the ground of the map

A picture is a function from facts to a figure, or to None when the release lacks what it shows; the same facts give the same bytes.
"""

from collections.abc import Callable

from deedbook.site.editions import Edition
from deedbook.site.messages import messages
from deedbook.site.pictures.coverage import missing_cells, single_origins
from deedbook.site.pictures.estimates import estimates
from deedbook.site.pictures.evidence import status_by_evidence
from deedbook.site.pictures.facts import Facts, facts
from deedbook.site.pictures.figure import Figure, Missing
from deedbook.site.pictures.network import network
from deedbook.site.pictures.places import map_of_events
from deedbook.site.pictures.timeline import by_pair, by_status, by_type
from deedbook.site.pictures.versions import versions

__all__ = ["PICTURES", "Figure", "Missing", "pictures"]

PICTURES: tuple[tuple[str, Callable[[Facts], Figure | None]], ...] = (
    ("time", by_type),
    ("map", map_of_events),
    ("sums", estimates),
    ("evidence", status_by_evidence),
    ("status", by_status),
    ("network", network),
    ("pairs", by_pair),
    ("origins", single_origins),
    ("cells", missing_cells),
    ("versions", versions),
)
"""All pictures in the order of a page, each with the name of what a release needs for it: `picture.needs.NAME`."""


def pictures(edition: Edition, lang: str) -> tuple[Figure | Missing, ...]:
    """The pictures of a release in a language; for one that it has nothing for, what it lacks."""
    found, words = facts(edition, lang), messages(lang)
    return tuple(draw(found) or Missing(name, words(f"picture.needs.{name}")) for name, draw in PICTURES)
