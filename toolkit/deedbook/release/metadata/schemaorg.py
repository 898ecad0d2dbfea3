"""schema.org `Dataset` as JSON-LD, for the page of the release: what search engines for datasets read."""

from __future__ import annotations

from typing import Any

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import Licence, Record, filled

CONTEXT = "https://schema.org/"
PAGE = "index.html"


def dataset(record: Record) -> dict[str, Any]:
    """The dataset with a download per file of rows."""
    return filled(
        {
            "@context": CONTEXT,
            "@type": "Dataset",
            "@id": record.identifier,
            "identifier": [record.identifier, *([f"doi:{record.doi}"] if record.doi else [])],
            "name": record.title,
            "alternateName": record.name,
            "description": record.description,
            "version": record.version,
            "datePublished": record.date,
            "dateModified": record.date,
            "isAccessibleForFree": True,
            "inLanguage": list(record.languages),
            "url": record.homepage or PAGE,
            "license": licence_addresses(record.licences),
            "keywords": list(record.keywords),
            "creator": [agent(one) for one in record.creators],
            "contributor": [agent(one) for one in record.contributors],
            "publisher": agent(record.publisher),
            "citation": record.citation,
            "variableMeasured": [
                {
                    "@type": "PropertyValue",
                    "name": f"{outline.name}.{item.name}",
                    "description": item.description or item.title or item.name,
                }
                for outline, _ in record.tables
                for item in outline.schema.fields
            ],
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": file.name,
                    "contentUrl": file.name,
                    "encodingFormat": file.media_type,
                    "contentSize": f"{file.bytes} B",
                    "sha256": file.sha256,
                }
                for file in record.data
            ],
        }
    )


def licence_addresses(licences: tuple[Licence, ...]) -> str | list[str]:
    """The address of the licence; a list when there are several, or none."""
    found = [licence.address or licence.title for licence in licences]
    return found[0] if len(found) == 1 else found


def agent(one: Agent) -> dict[str, Any]:
    """A person or organisation."""
    affiliation = {"@type": "Organization", "name": one.affiliation} if one.affiliation else None
    return filled(
        {
            "@type": "Person" if one.is_person else "Organization",
            "name": one.name,
            "@id": one.id,
            "familyName": one.family,
            "givenName": one.given,
            "affiliation": affiliation,
            "url": one.website,
        }
    )
