"""`dcat.ttl` (DCAT-AP 3.0.1): the release for data portals, a distribution per file of rows.

Turtle without blank nodes: everything has an address below the dataset's identifier, so the text is always the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from deedbook.release.metadata.record import Record
from deedbook.release.pages import render

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

_LANGUAGES = "http://publications.europa.eu/resource/authority/language/"
_LANGUAGE_CODES = {"de": "DEU", "en": "ENG", "es": "SPA", "fr": "FRA", "it": "ITA", "ru": "RUS"}
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"


def dcat(record: Record) -> str:
    """The description as Turtle."""

    def part(path: str) -> str:
        """Something that belongs to the dataset, as a fragment of its identifier."""
        return iri(f"{record.identifier}#{quote(path, safe='/')}")

    agents = (*record.creators, *record.contributors, record.publisher)
    nodes = {one: iri(one.orcid) if one.orcid else part(f"agent/{one.name}") for one in agents}
    body = render(
        "dcat.ttl.j2",
        record=record,
        nodes=nodes,
        agents={node: one for one, node in nodes.items()},
        languages=[iri(_LANGUAGES + _LANGUAGE_CODES.get(code.split("-")[0], "UND")) for code in record.languages],
        media_types={kind: iri(_MEDIA_TYPES + kind) for kind in dict.fromkeys(file.media_type for file in record.data)},
        home=record.publisher.website or record.homepage,
        text=text,
        iri=iri,
        part=part,
        beside=lambda name: iri(f"./{quote(name)}"),
    )
    return document([body])


def document(blocks: Iterable[str]) -> str:
    """A whole file: the prefixes, and each block once."""
    head = "".join(f"@prefix {name}: <{address}> .\n" for name, address in _PREFIXES.items())
    return head + "\n" + "\n".join(dict.fromkeys(blocks))


def iri(address: str) -> str:
    """An address between angle brackets, none of its characters able to end it."""
    return "<" + _UNSAFE.sub(lambda found: quote(found.group()), address) + ">"


def text(content: str) -> str:
    """A Turtle string; JSON's escapes are among Turtle's, apart from surrogates, which it does not write."""
    return json.dumps(content, ensure_ascii=False).replace("\x7f", "\\u007F")
