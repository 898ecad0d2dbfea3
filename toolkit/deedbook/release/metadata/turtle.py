"""Turtle without blank nodes, written so that the same description is always the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

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
