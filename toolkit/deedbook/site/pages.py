"""A page of the site: where it stands, what leads from it to others, and how it becomes HTML.

    html = render("codebook.html.j2", At(catalogue, "en", "codebook", (name, version), shelf, edition), tables=...)

What the bundle reads of a page is JSON in it, written so that nothing of it is markup.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import polars as pl
from markupsafe import Markup

from deedbook.catalogue.records import Catalogue
from deedbook.release.pages import json_text, render_in
from deedbook.site.addresses import MOST, Kind, page_of, way
from deedbook.site.editions import Edition, Shelf
from deedbook.site.messages import LANGUAGES, Messages, messages
from deedbook.site.roles import roles

FOLDER = "site"
"""The folder of the pages in the folder of the catalogue."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_NO_ADDRESS = frozenset(' "<>\\^`{|}')
"""Characters that no address holds as they are."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class At:
    """Where a page stands.

    Attributes:
        lang: Its language.
        kind: What it shows, of the dataset, version, table ... in `names`, as `page_of` takes them.
        file: Its address below `site/LANG/` where it is none of `page_of`.
        languages: Those in which there is the same page.
    """

    catalogue: Catalogue
    lang: str
    kind: Kind
    names: tuple[str, ...] = ()
    shelf: Shelf | None = None
    edition: Edition | None = None
    file: str = ""
    languages: tuple[str, ...] = LANGUAGES

    @property
    def address(self) -> str:
        """Below the folder of the site."""
        return f"{self.lang}/{self.file or page_of(self.kind, *self.names)}"

    @property
    def root(self) -> str:
        """The way from the page to the folder of the site, ending in `/`."""
        return "../" * self.address.count("/")

    @property
    def say(self) -> Messages:
        """What the interface says in its language."""
        return messages(self.lang)

    def to(self, kind: Kind, *names: str) -> str:
        """The way to another page in the same language."""
        return way(self.address, f"{self.lang}/{page_of(kind, *names)}")

    def story(self, kind: Kind, id_: str) -> str:
        """The way to the page of an event or an actor of the dataset."""
        return self.to(kind, self.edition.name if self.edition else "", id_)

    def story_index(self, kind: Kind) -> str:
        """The way to the list of all events, or of all actors, of the dataset."""
        return posixpath.join(posixpath.dirname(self.story(kind, "x")), "index.html")

    def listed(self, kind: Kind) -> str:
        """The way to that list, of the release that people see first; empty where there is none."""
        latest = self.shelf.latest if self.shelf else None
        return self.story_index(kind) if latest and kind in _lists(latest) else ""

    def release(self, edition: Edition, file: str = "") -> str:
        """The way to a file of a release."""
        return f"{self.root}../{quote(edition.entry.path)}{quote(file)}"

    def catalogued(self, file: str) -> str:
        """The way to a document of the catalogue."""
        return f"{self.root}../{quote(file)}"

    def in_language(self, lang: str) -> str:
        """The way to the same page in another language."""
        return way(self.address, replace(self, lang=lang).address)

    @property
    def is_latest(self) -> bool:
        """Whether it shows the release that people see first."""
        return bool(self.shelf and self.edition and self.shelf.latest is self.edition)


@lru_cache(maxsize=64)
def _lists(edition: Edition) -> frozenset[Kind]:
    """What has a page each, and so a list: events, and actors."""
    found = roles(edition)
    if not found.id:
        return frozenset()  # events that cannot be told apart have no pages
    events = edition.tables[found.events].rows
    parts = found.participations
    named = [edition.tables[one.table].scan().select(pl.col(one.actor).cast(pl.String).alias("name")) for one in parts]
    actors = edition.tables[found.actors].rows if parts and parts[0].refers else 0
    actors = actors or (pl.concat(named).drop_nulls().unique().collect().height if named else 0)
    kinds: dict[Kind, int] = {"event": events, "actor": actors}
    return frozenset(kind for kind, count in kinds.items() if 0 < count <= MOST)


def render(template: str, at: At, /, **values: object) -> bytes:
    """A page from its template; `at` and `say` are known in it, and everything that comes from data is escaped."""
    base = {"at": at, "say": at.say, "policy": POLICY, "embedded": embedded, "link": web_link}
    return render_in(_TEMPLATES, template, **base, **values).encode("utf-8", "replace")


def embedded(value: object) -> Markup:
    """JSON inside a `<script>` that is not run: no character of it can end the element or begin another."""
    text = json_text(value)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  # what could be markup is escaped above


def web_link(text: object) -> str:
    """The text where it is an address on the web that a page may link to; empty otherwise."""
    found = text if isinstance(text, str) else ""
    is_whole = found.isprintable() and not _NO_ADDRESS.intersection(found)
    return found if found.startswith(("https://", "http://")) and is_whole else ""


def script(value: Mapping[str, object]) -> bytes:
    """A classic script that gives the bundle a value, which works from a file too: `deedbook.take(VALUE)`."""
    return f"deedbook.take({embedded(value)});\n".encode("utf-8", "replace")
