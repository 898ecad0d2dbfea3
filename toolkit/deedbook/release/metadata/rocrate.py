"""`ro-crate-metadata.json` (RO-Crate 1.1): the release as a crate, with its people, its licence and all its files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import File, Licence, Record

NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"


def ro_crate(record: Record) -> dict[str, Any]:
    """The crate: descriptor, root dataset, files, licences, people."""
    agents = {_agent_id(one): one for one in (*record.creators, *record.contributors, record.publisher)}
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": PROFILE},
        "about": {"@id": "./"},
    }
    entities = [descriptor, _root(record), *(_file(file) for file in record.files)]
    entities += [_licence(licence) for licence in record.licences]
    for identifier, one in agents.items():
        entities += _agent(identifier, one)
    return {"@context": f"{PROFILE}/context", "@graph": entities}


def _root(record: Record) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "identifier": record.identifier,
        "name": record.title,
        "description": record.description,
        "version": record.version,
        "datePublished": record.date,
        "license": [{"@id": _licence_id(licence)} for licence in record.licences],
        "author": [{"@id": _agent_id(one)} for one in record.creators],
        **({"contributor": [{"@id": _agent_id(one)} for one in record.contributors]} if record.contributors else {}),
        "publisher": {"@id": _agent_id(record.publisher)},
        "keywords": ", ".join(record.keywords),
        **({"url": record.homepage} if record.homepage else {}),
        "hasPart": [{"@id": file.name} for file in record.files],
    }


def _file(file: File) -> dict[str, Any]:
    what = f"{file.table} as {file.format}" if file.table else file.format or file.name
    return {
        "@id": file.name,
        "@type": "File",
        "name": what,
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
        **({"identifier": licence.spdx} if licence.spdx else {}),
    }


def _licence_id(licence: Licence) -> str:
    return licence.address or f"#licence-{_slug(licence.title)}"


def _agent(identifier: str, one: Agent) -> Iterator[dict[str, Any]]:
    if not one.is_person:
        yield {"@id": identifier, "@type": "Organization", "name": one.name, **_url(one)}
        return
    group = f"#organisation-{_slug(one.affiliation)}"
    yield {
        "@id": identifier,
        "@type": "Person",
        "name": one.name,
        "familyName": one.family,
        **({"givenName": one.given} if one.given else {}),
        **({"affiliation": {"@id": group}} if one.affiliation else {}),
        **_url(one),
    }
    if one.affiliation:
        yield {"@id": group, "@type": "Organization", "name": one.affiliation}


def _url(one: Agent) -> dict[str, str]:
    return {"url": one.website} if one.website else {}


def _agent_id(one: Agent) -> str:
    return one.id or f"#{'person' if one.is_person else 'organisation'}-{_slug(one.name)}"


def _slug(text: str) -> str:
    return "-".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower()).split()
    )
