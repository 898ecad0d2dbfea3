"""`dcat.ttl` (DCAT-AP 3.0.1): the release for data portals, a distribution per file of rows.

Turtle without blank nodes: everything has an address below the dataset's identifier, so the text is always the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from deedbook.release.metadata.citation import Agent
from deedbook.release.metadata.record import File, Record

_PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_UNSAFE = re.compile(r'[\x00-\x20<>"{}|^`\\]')

Statement = tuple[str, str]
"""A predicate and its object, as Turtle writes them."""
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


def document(blocks: Iterable[str]) -> str:
    """A whole file: the prefixes, and each block once."""
    head = "".join(f"@prefix {name}: <{address}> .\n" for name, address in _PREFIXES.items())
    return head + "\n" + "\n".join(dict.fromkeys(blocks))


def block(subject: str, statements: Sequence[Statement]) -> str:
    """All that is said of one subject."""
    lines = [f"    {predicate} {value}" for predicate, value in statements]
    return f"{subject}\n" + " ;\n".join(lines) + " .\n"


def iri(address: str) -> str:
    """An address between angle brackets, none of its characters able to end it."""
    return "<" + _UNSAFE.sub(lambda found: quote(found.group()), address) + ">"


def text(content: str) -> str:
    """A Turtle string; JSON's escapes are among Turtle's, apart from surrogates, which it does not write."""
    return json.dumps(content, ensure_ascii=False).replace("\x7f", "\\u007F")
