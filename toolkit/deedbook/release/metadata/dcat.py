"""`dcat.ttl` (DCAT-AP 3.0.1): the release for data portals, a distribution per file of rows.

Turtle without blank nodes: everything has an address below the dataset's identifier, so the text is always the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from deedbook.release.metadata.record import Agent, File, Record
from deedbook.release.metadata.turtle import Statement, block, document, iri, text

_LANGUAGES = "http://publications.europa.eu/resource/authority/language/"
_LANGUAGE_CODES = {"de": "DEU", "en": "ENG", "es": "SPA", "fr": "FRA", "it": "ITA", "ru": "RUS"}
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_SHA256 = "spdx:checksumAlgorithm_sha256"


def dcat(record: Record) -> str:
    """The description as Turtle."""
    blocks = [block(iri(record.identifier), list(_dataset(record)))]
    for file in record.data:
        blocks.append(block(_part(record, f"file/{file.name}"), list(_distribution(record, file))))
        checksum = [("a", "spdx:Checksum"), ("spdx:algorithm", _SHA256)]
        checksum.append(("spdx:checksumValue", f"{text(file.sha256)}^^xsd:hexBinary"))
        blocks.append(block(_part(record, f"sha256/{file.name}"), checksum))
    agents = {_agent_node(record, one): one for one in (*record.creators, *record.contributors, record.publisher)}
    blocks += [block(node, list(_agent(one))) for node, one in agents.items()]
    contact = [("a", "vcard:Kind"), ("vcard:fn", text(record.publisher.name))]
    if record.homepage or record.publisher.website:
        contact.append(("vcard:hasURL", iri(record.publisher.website or record.homepage)))
    blocks.append(block(_part(record, "contact"), contact))
    blocks += [
        block(iri(licence.address), [("a", "dct:LicenseDocument"), ("rdfs:label", text(licence.title or licence.spdx))])
        for licence in record.licences
        if licence.address
    ]
    blocks += [block(iri(_language(code)), [("a", "dct:LinguisticSystem")]) for code in record.languages]
    blocks += [
        block(iri(_MEDIA_TYPES + kind), [("a", "dct:MediaType"), ("rdfs:label", text(kind))])
        for kind in dict.fromkeys(file.media_type for file in record.data)
    ]
    blocks.append(block(_SHA256, [("a", "spdx:ChecksumAlgorithm")]))
    return document(blocks)


def _dataset(record: Record) -> Iterator[Statement]:
    yield "a", "dcat:Dataset"
    yield "dct:identifier", text(record.identifier)
    yield "dct:title", f"{text(record.title)}@en"
    yield "dct:description", f"{text(record.description)}@en"
    yield "dcat:version", text(record.version)
    if record.concept_doi:
        yield "dcat:isVersionOf", iri(f"https://doi.org/{record.concept_doi}")
    yield "dct:issued", f"{text(record.created)}^^xsd:dateTime"
    yield "dct:modified", f"{text(record.created)}^^xsd:dateTime"
    for code in record.languages:
        yield "dct:language", iri(_language(code))
    for word in record.keywords:
        yield "dcat:keyword", f"{text(word)}@en"
    for one in record.creators:
        yield "dct:creator", _agent_node(record, one)
    yield "dct:publisher", _agent_node(record, record.publisher)
    yield "dcat:contactPoint", _part(record, "contact")
    if record.homepage:
        yield "dcat:landingPage", iri(record.homepage)
    for file in record.data:
        yield "dcat:distribution", _part(record, f"file/{file.name}")


def _distribution(record: Record, file: File) -> Iterator[Statement]:
    yield "a", "dcat:Distribution"
    yield "dct:title", f"{text(f'{file.table} as {file.format}' if file.table else f'all tables as {file.format}')}@en"
    yield "dcat:accessURL", iri(_relative(file.name))
    yield "dcat:downloadURL", iri(_relative(file.name))
    yield "dcat:mediaType", iri(_MEDIA_TYPES + file.media_type)
    yield "dcat:byteSize", f'"{file.bytes}"^^xsd:nonNegativeInteger'
    yield "spdx:checksum", _part(record, f"sha256/{file.name}")
    for licence in record.licences:
        if licence.address:
            yield "dct:license", iri(licence.address)


def _agent(one: Agent) -> Iterator[Statement]:
    yield "a", "foaf:Agent"
    yield "a", "foaf:Person" if one.is_person else "foaf:Organization"
    yield "foaf:name", text(one.name)
    if one.website:
        yield "foaf:homepage", iri(one.website)


def _agent_node(record: Record, one: Agent) -> str:
    return iri(one.orcid) if one.orcid else _part(record, f"agent/{one.name}")


def _part(record: Record, path: str) -> str:
    """Something that belongs to the dataset, as a fragment of its identifier."""
    return iri(f"{record.identifier}#{quote(path, safe='/')}")


def _relative(name: str) -> str:
    """A file beside this one."""
    return f"./{quote(name)}"


def _language(code: str) -> str:
    short = code.split("-")[0]
    return _LANGUAGES + _LANGUAGE_CODES.get(short, "UND")
