"""`datacite.json` (DataCite Metadata Schema 4.5): what a DOI is registered with. Without a DOI, there is none in it."""

from __future__ import annotations

from typing import Any

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import Licence, Record, filled

SCHEMA = "http://datacite.org/schema/kernel-4"


def datacite(record: Record) -> dict[str, Any]:
    """The metadata of the release."""
    return filled(
        {
            "doi": record.doi,
            "alternateIdentifiers": [
                {"alternateIdentifier": record.identifier, "alternateIdentifierType": "URL" if record.doi else "URN"}
            ],
            "relatedIdentifiers": [
                {"relatedIdentifier": doi, "relatedIdentifierType": "DOI", "relationType": "IsVersionOf"}
                for doi in [record.concept_doi]
                if doi
            ],
            "creators": [_agent(one) for one in record.creators],
            "titles": [{"title": record.title, "lang": "en"}],
            "publisher": {"name": record.publisher.name},
            "publicationYear": record.date[:4],
            "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Event data"},
            "subjects": [{"subject": text} for text in record.keywords],
            "contributors": [{**_agent(one), "contributorType": "Other"} for one in record.contributors],
            "dates": [{"date": record.date, "dateType": "Issued"}],
            "language": record.languages[0],
            "version": record.version,
            "sizes": [f"{len(record.data)} files", f"{sum(file.bytes for file in record.data)} bytes"],
            "formats": list(dict.fromkeys(file.media_type for file in record.data)),
            "rightsList": [_rights(licence) for licence in record.licences],
            "descriptions": [{"description": record.description, "descriptionType": "Abstract", "lang": "en"}],
            "schemaVersion": SCHEMA,
        }
    )


def _rights(licence: Licence) -> dict[str, Any]:
    spdx = {"rightsIdentifierScheme": "SPDX", "schemeUri": "https://spdx.org/licenses/"} if licence.spdx else {}
    rights = {"rights": licence.title or licence.spdx, "rightsUri": licence.address, "rightsIdentifier": licence.spdx}
    return filled(rights | spdx)


def _agent(one: Agent) -> dict[str, Any]:
    if not one.is_person:
        return {"name": one.name, "nameType": "Organizational"}
    orcid = {"nameIdentifier": one.orcid, "nameIdentifierScheme": "ORCID", "schemeUri": "https://orcid.org"}
    return filled(
        {
            "name": one.listed_name,
            "nameType": "Personal",
            "familyName": one.family,
            "givenName": one.given,
            "nameIdentifiers": [orcid] if one.orcid else [],
            "affiliation": [{"name": one.affiliation}] if one.affiliation else [],
        }
    )
