"""`build_site`: the pages of a whole catalogue, in every language, from its releases."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deedbook.catalogue.records import Catalogue
from deedbook.site.books import book_pages, summaries_of
from deedbook.site.datasets import damaged_pages, release_pages
from deedbook.site.differences import difference_pages
from deedbook.site.editions import Progress, Shelf, read_root, read_site
from deedbook.site.explorer import explorer_pages
from deedbook.site.home import home_pages
from deedbook.site.pages import FOLDER
from deedbook.site.writer import Writer

STYLES = ("base", "explorer", "story", "picture")
"""The style sheets of the parts, in the order in which they make up `site.css`."""
_ASSETS = Path(__file__).parent / "assets"
Pages = Iterator[tuple[str, bytes]]
"""Files of the site: the address below its folder, and the content."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was written.

    Attributes:
        folder: That of the pages.
        pages: All files that there are.
        written: Those of them that were not there, or not like that.
        removed: Files that belonged to the site before and do no more.
        damaged: What is wrong with releases of which no pages were made.
    """

    folder: Path
    pages: int
    written: int
    removed: int
    damaged: tuple[str, ...] = ()


def build_site(root: Path, out: Path | None = None, progress: Progress = lambda _what, _share: None) -> Built:
    """Writes the pages of a catalogue into `ROOT/site/`, or a copy that needs nothing else into `OUT`.

    Raises:
        ProjectError: when there is no catalogue.
        SpaceError: when the disk is full.
    """
    catalogue, shelves = read_root(root), read_site(root, progress)
    writer = Writer((out or root) / FOLDER)
    for address, content in _pages(catalogue, shelves, progress):
        writer.put(address, content)
    writer.close()
    damaged = tuple(f"{one.name} {bad.entry.version}: {bad.problem}" for one in shelves for bad in one.damaged)
    return Built(writer.folder, writer.written + writer.kept, writer.written, writer.removed, damaged)


def _pages(catalogue: Catalogue, shelves: tuple[Shelf, ...], progress: Progress) -> Pages:
    """Every file of the site, those that lead to others last."""
    yield from assets()
    for number, shelf in enumerate(shelves):
        progress("writing pages", number / len(shelves))
        summaries = summaries_of(shelf)
        for edition in shelf.editions:
            yield from explorer_pages(catalogue, shelf, edition)
            yield from book_pages(catalogue, shelf, edition, summaries)
            yield from difference_pages(catalogue, shelf, edition)
            yield from release_pages(catalogue, shelf, edition)
        for damaged in shelf.damaged:
            yield from damaged_pages(catalogue, shelf, damaged)
    yield from home_pages(catalogue, shelves)


def assets() -> Pages:
    """The style sheet, the bundle and the licences of what is in it."""
    parts = [_ASSETS / f"{name}.css" for name in STYLES]
    yield "assets/site.css", b"".join(one.read_bytes() for one in parts if one.is_file())
    for name in ("deedbook.js", "LICENSES.txt"):
        if (path := _ASSETS / name).is_file():
            yield f"assets/{name}", path.read_bytes()
