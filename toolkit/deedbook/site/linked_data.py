"""What search engines read of the pages: schema.org as JSON-LD, a `Dataset` for a release, a `DataCatalog` for the catalogue.

Addresses are relative to the page that the record stands in; what is unknown is left out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from deedbook.catalogue.records import Catalogue
from deedbook.release.citation import Agent, doi_in, identifier_of, licences_of, people_of, texts_in
from deedbook.site.editions import Edition, Shelf
from deedbook.site.pages import At, web_link
from deedbook.site.releases import About, Download

_CONTEXT = "https://schema.org/"
_MOST_VARIABLES = 60
"""Fields that a record names: those of the table to begin with."""

Record = dict[str, Any]


def dataset_record(at: At, told: About) -> Record:
    """A release, for its page."""
    edition = told.edition
    fields = told.first.fields[:_MOST_VARIABLES] if told.first else ()
    catalogue = {"@type": "DataCatalog", "name": at.catalogue.heading, "url": at.to("home")}
    covered = told.coverage
    places = [{"@type": "Place", "name": name} for name, _ in covered.place_names]
    return {
        "@context": _CONTEXT,
        **_described(edition, posixpath.basename(at.address), at.release(edition, "index.html")),
        "citation": told.citations["text"].strip(),
        "includedInDataCatalog": catalogue,
        **({"temporalCoverage": f"{covered.first}/{covered.last}"} if covered.first else {}),
        **({"spatialCoverage": places} if places else {}),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": one.name, "description": one.description or one.title} for one in fields
        ],
        "distribution": list(_files(at, edition, told.downloads)),
    }


def catalogue_record(at: At, catalogue: Catalogue, shelves: Iterable[Shelf]) -> Record:
    """The catalogue with the latest release of every dataset, for the home."""
    latest = [shelf.latest for shelf in shelves if shelf.latest]
    return {
        "@context": _CONTEXT,
        "@type": "DataCatalog",
        "name": catalogue.heading,
        "url": posixpath.basename(at.address),
        "inLanguage": at.lang,
        "dateModified": catalogue.updated[:10],
        "dataset": [_described(one, at.to("dataset", one.name), at.release(one, "index.html")) for one in latest],
    }


def _described(edition: Edition, page: str, other: str) -> Record:
    """What is said of a release wherever it is named: `page` is about it, and so is `other`."""
    package = edition.package
    people = people_of(package, edition.title)
    found = {
        "@type": "Dataset",
        **_identifiers(edition),
        "url": web_link(package.get("homepage")) or page,
        "sameAs": other,
        "name": edition.title,
        "alternateName": edition.name,
        "description": edition.description or edition.title,
        "version": edition.version,
        "datePublished": edition.entry.created[:10],
        "isAccessibleForFree": True,
        "inLanguage": list(texts_in(package.get("languages"))),
        "keywords": list(texts_in(package.get("keywords"))) or [one.title for one in edition.tables.values()],
        "license": [one.address for one in licences_of(package) if web_link(one.address)],
        "creator": [_agent(one) for one in people["creators"]],
        "publisher": _agent(people["publisher"]),
    }
    return {name: value for name, value in found.items() if value}


def _identifiers(edition: Edition) -> Record:
    doi = edition.entry.doi or doi_in(edition.package)
    own = identifier_of(edition.name, edition.version, doi)
    return {"@id": own, "identifier": [own, f"doi:{doi}"] if doi else own}


def _agent(one: Agent) -> Mapping[str, str]:
    kind = "Person" if one.is_person else "Organization"
    return {"@type": kind, "name": one.name} | ({"@id": one.id, "url": one.id} if web_link(one.id) else {})


def _files(at: At, edition: Edition, downloads: Iterable[Download]) -> Iterable[Record]:
    files = {str(one["name"]): one for one in edition.manifest["files"]}
    for name in sorted({name for one in downloads for name, _ in one.files}):
        yield {
            "@type": "DataDownload",
            "name": name,
            "contentUrl": at.release(edition, name),
            "encodingFormat": files[name]["media_type"],
            "contentSize": f"{files[name]['bytes']} B",
            "sha256": files[name]["sha256"],
        }
