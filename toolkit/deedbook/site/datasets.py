"""The page of a release, in every language: of each version, and of the latest one at the dataset's own address.

NAME/index.html, NAME/VERSION/index.html    the page; of a damaged version, what is wrong with it
data/NAME/VERSION/citation.bib  .ris        the citation for reference managers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deedbook.catalogue.records import Catalogue
from deedbook.site.addresses import slug
from deedbook.site.editions import Damaged, Edition, Shelf
from deedbook.site.messages import LANGUAGES
from deedbook.site.pages import At, render, web_link
from deedbook.site.pictures import Figure, Missing, pictures
from deedbook.site.releases import About, about, preview
from deedbook.site.stories import has_pages

_MOST_WAIVED = 20
"""Findings that were accepted, on the page; the release's validation.json has all."""
_MOST_VARIABLES = 60
"""Fields that the structured data names: those of the table to begin with."""
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
        structured=schema_org(at, told),
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


def history_of(edition: Edition) -> Mapping[str, Any]:
    """What this version changed, as its changes.json sums it up; empty where it tells nothing."""
    changes = edition.changes or {}
    return next((dict(one) for one in changes.get("history", ()) if one.get("version") == edition.version), {})


def schema_org(at: At, told: About) -> dict[str, Any]:
    """The release as schema.org `Dataset`, for search engines; addresses are relative to the page, what is unknown is left out."""
    edition, covered = told.edition, told.coverage
    address = f"https://doi.org/{told.doi}" if told.doi else web_link(edition.package.get("homepage"))
    files = {str(one["name"]): one for one in edition.manifest["files"]}
    listed = {name for one in told.downloads for name, _ in one.files}
    fields = told.first.fields[:_MOST_VARIABLES] if told.first else ()
    found = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": address,
        "url": address,
        "identifier": f"doi:{told.doi}" if told.doi else f"{edition.name}@{edition.version}",
        "name": edition.title,
        "alternateName": edition.name,
        "description": edition.description or edition.title,
        "version": edition.version,
        "datePublished": edition.entry.created[:10],
        "isAccessibleForFree": True,
        "keywords": list(edition.package.get("keywords") or ()),
        "license": [one.address for one in told.licences if web_link(one.address)],
        "creator": [_agent(one) for one in told.people["creators"]],
        "publisher": _agent(told.people["publisher"]),
        "citation": told.citations["text"].strip(),
        "temporalCoverage": f"{covered.first}/{covered.last}" if covered.first else "",
        "spatialCoverage": [{"@type": "Place", "name": name} for name, _ in covered.place_names],
        "variableMeasured": [
            {"@type": "PropertyValue", "name": one.name, "description": one.description or one.title} for one in fields
        ],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "contentUrl": at.release(edition, name),
                "encodingFormat": files[name]["media_type"],
                "contentSize": f"{files[name]['bytes']} B",
                "sha256": files[name]["sha256"],
            }
            for name in sorted(listed)
        ],
    }
    return {name: value for name, value in found.items() if value not in ("", [], None)}


def _agent(one: Any) -> dict[str, str]:
    kind = "Person" if one.is_person else "Organization"
    return {"@type": kind, "name": one.name} | ({"@id": one.id, "url": one.id} if web_link(one.id) else {})
