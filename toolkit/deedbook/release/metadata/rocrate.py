"""`ro-crate-metadata.json` (RO-Crate 1.1): the release as a crate, with its people, its licence and all its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import File, Licence, Record, filled

NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"


def ro_crate(record: Record) -> dict[str, Any]:
    """The crate: descriptor, root dataset, files, licences, people."""
    root = {
        "@id": "./",
        "@type": "Dataset",
        "identifier": record.identifier,
        "name": record.title,
        "description": record.description,
        "version": record.version,
        "datePublished": record.date,
        "license": [{"@id": _licence_id(licence)} for licence in record.licences],
        "author": [{"@id": _agent_id(one)} for one in record.creators],
        "contributor": [{"@id": _agent_id(one)} for one in record.contributors],
        "publisher": {"@id": _agent_id(record.publisher)},
        "keywords": ", ".join(record.keywords),
        "url": record.homepage,
        "hasPart": [{"@id": file.name} for file in record.files],
    }
    agents = {_agent_id(one): one for one in (*record.creators, *record.contributors, record.publisher)}
    entities: list[Mapping[str, Any]] = [
        {"@id": NAME, "@type": "CreativeWork", "conformsTo": {"@id": PROFILE}, "about": {"@id": "./"}},
        root,
        *map(_file, record.files),
        *map(_licence, record.licences),
        *(entity for one in agents.values() for entity in _agent(one)),
    ]
    return {"@context": f"{PROFILE}/context", "@graph": [filled(entity) for entity in entities]}


def _file(file: File) -> dict[str, Any]:
    return {
        "@id": file.name,
        "@type": "File",
        "name": f"{file.table} as {file.format}" if file.table else file.format or file.name,
        "encodingFormat": file.media_type,
        "contentSize": str(file.bytes),
        "sha256": file.sha256,
    }


def _licence(licence: Licence) -> dict[str, Any]:
    title = licence.title or licence.spdx
    return {
        "@id": _licence_id(licence),
        "@type": "CreativeWork",
        "name": title,
        "description": f"{title} ({licence.spdx})" if licence.spdx else title,
        "identifier": licence.spdx,
    }


def _licence_id(licence: Licence) -> str:
    return licence.address or f"#licence-{_slug(licence.title)}"


def _agent(one: Agent) -> Iterator[dict[str, Any]]:
    """A person or organisation, and the organisation that a person belongs to."""
    group = f"#organisation-{_slug(one.affiliation)}" if one.affiliation else ""
    yield {
        "@id": _agent_id(one),
        "@type": "Person" if one.is_person else "Organization",
        "name": one.name,
        "familyName": one.family,
        "givenName": one.given,
        "affiliation": {"@id": group} if group else None,
        "url": one.website,
    }
    if group:
        yield {"@id": group, "@type": "Organization", "name": one.affiliation}


def _agent_id(one: Agent) -> str:
    return one.id or f"#{'person' if one.is_person else 'organisation'}-{_slug(one.name)}"


def _slug(text: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", text.lower()))
