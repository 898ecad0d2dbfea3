"""The page of a release, in every language: of each version, and of the latest one at the dataset's own address.

NAME/index.html, NAME/VERSION/index.html    the page; of a damaged version, what is wrong with it
data/NAME/VERSION/citation.bib  .ris        the citation for reference managers
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deedbook.catalogue.records import Catalogue
from deedbook.site.addresses import slug
from deedbook.site.differences import history_of
from deedbook.site.editions import Damaged, Edition, Shelf
from deedbook.site.linked_data import dataset_record
from deedbook.site.messages import LANGUAGES
from deedbook.site.pages import At, render
from deedbook.site.pictures import Figure, Missing, pictures
from deedbook.site.releases import About, about, preview
from deedbook.site.stories import has_pages

_MOST_WAIVED = 20
"""Findings that were accepted, on the page; the release's validation.json has all."""
_CITED = {"bibtex": "citation.bib", "ris": "citation.ris"}


def release_pages(catalogue: Catalogue, shelf: Shelf, edition: Edition) -> Iterator[tuple[str, bytes]]:
    """The pages and files of one release."""
    told = about(edition)
    for style, name in _CITED.items():
        yield cited_address(edition, name), told.citations[style].encode()
    for lang in LANGUAGES:
        at = At(catalogue, lang, "version", (shelf.name, edition.version), shelf, edition)
        drawn = pictures(edition, lang)
        yield at.address, _page(at, told, drawn)
        if at.is_latest:
            own = At(catalogue, lang, "dataset", (shelf.name,), shelf, edition)
            yield own.address, _page(own, told, drawn)


def damaged_pages(catalogue: Catalogue, shelf: Shelf, damaged: Damaged) -> Iterator[tuple[str, bytes]]:
    """The pages of a version that is not what the catalogue says; those of the dataset too, where there is no other version."""
    for lang in LANGUAGES:
        at = At(catalogue, lang, "version", (shelf.name, damaged.entry.version), shelf)
        yield at.address, render("damaged.html.j2", at, damaged=damaged)
        if shelf.latest is None and damaged is shelf.damaged[0]:
            own = At(catalogue, lang, "dataset", (shelf.name,), shelf)
            yield own.address, render("damaged.html.j2", own, damaged=damaged)


def cited_address(edition: Edition, name: str) -> str:
    """A citation below the folder of the site."""
    return f"data/{slug(edition.name)}/{slug(edition.version)}/{name}"


def _page(at: At, told: About, drawn: Sequence[Figure | Missing]) -> bytes:
    edition, first = told.edition, told.first
    fields, rows = preview(first, told.roles, at.lang) if first else ((), [])
    quality = told.quality
    return render(
        "dataset.html.j2",
        at,
        told=told,
        fields=fields,
        rows=rows,
        waived=quality.waived[:_MOST_WAIVED] if quality else (),
        linked=dataset_record(at, told),
        cited={style: at.root + cited_address(edition, name) for style, name in _CITED.items()},
        newer=newer(at),
        pictures=drawn,
        has_stories=has_pages(edition, told.roles),
        history=history_of(edition),
    )


def newer(at: At) -> Edition | None:
    """The version that should be used in place of this one; None where this is the one."""
    if at.shelf is None or at.edition is None:
        return None
    wanted = at.edition.entry.replaced_by
    instead = next((one for one in at.shelf.editions if one.version == wanted), None) or at.shelf.latest
    return None if instead is at.edition else instead
