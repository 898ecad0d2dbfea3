"""schema.org `Dataset` as JSON-LD, for the page of the release: what search engines for datasets read."""

from __future__ import annotations

from typing import Any

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import Licence, Record

CONTEXT = "https://schema.org/"
PAGE = "index.html"


def dataset(record: Record) -> dict[str, Any]:
    """The dataset with a download per file of rows."""
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": record.identifier,
        "identifier": identifiers(record),
        "name": record.title,
        "alternateName": record.name,
        "description": record.description,
        "version": record.version,
        "datePublished": record.date,
        "dateModified": record.date,
        "isAccessibleForFree": True,
        "inLanguage": list(record.languages),
        "url": record.homepage or PAGE,
        **({"license": licence_addresses(record.licences)} if record.licences else {}),
        **({"keywords": list(record.keywords)} if record.keywords else {}),
        "creator": [agent(one) for one in record.creators],
        **({"contributor": [agent(one) for one in record.contributors]} if record.contributors else {}),
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


def identifiers(record: Record) -> list[str]:
    """The release's identifier; a DOI also in its short form."""
    return [record.identifier, *([f"doi:{record.doi}"] if record.doi else [])]


def licence_addresses(licences: tuple[Licence, ...]) -> str | list[str]:
    """The address of the licence; a list when there are several."""
    found = [licence.address or licence.title for licence in licences]
    return found[0] if len(found) == 1 else found


def agent(one: Agent) -> dict[str, Any]:
    """A person or organisation."""
    record: dict[str, Any] = {"@type": "Person" if one.is_person else "Organization", "name": one.name}
    if one.id:
        record["@id"] = one.id
    if one.is_person:
        record["familyName"] = one.family
        if one.given:
            record["givenName"] = one.given
        if one.affiliation:
            record["affiliation"] = {"@type": "Organization", "name": one.affiliation}
    if one.website:
        record["url"] = one.website
    return record
