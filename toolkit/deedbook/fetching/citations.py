"""A release as text, BibTeX, RIS and CSL-JSON, from its own `CITATION.cff` and `datacite.json`."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deedbook.errors import ProjectError, UsageError
from deedbook.fetching.releases import Listing, obtain
from deedbook.integrity.digests import MANIFEST

Style = Literal["text", "bibtex", "ris", "csl-json"]
CFF, DATACITE = "CITATION.cff", "datacite.json"
_NAMES = ("name", "family-names", "given-names")
_HINT = "fetch the release again"


@dataclass(frozen=True, slots=True)
class Author:
    """A person with a family name, or anybody with a name only."""

    name: str = ""
    family: str = ""
    given: str = ""

    @property
    def listed_name(self) -> str:
        """As in a list of references."""
        return ", ".join(filter(None, (self.family, self.given))) or self.name


@dataclass(frozen=True, slots=True)
class Citation:
    """What every style of citation is made of; what is unknown is empty.

    Attributes:
        note: What else is cited: a subset.
    """

    key: str
    title: str
    version: str
    date: dt.date
    authors: tuple[Author, ...]
    doi: str = ""
    url: str = ""
    publisher: str = ""
    note: str = ""

    @property
    def address(self) -> str:
        """Where it is found: its DOI, else its home page."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    def __str__(self) -> str:
        """One line of a list of references."""
        names = "; ".join(author.listed_name for author in self.authors)
        text = f"{names} ({self.date:%Y}). {self.title} (version {self.version}) [Data set]."
        return " ".join(filter(None, (text, self.address, f"[{self.note}]" if self.note else "")))


def read_citation(folder: Path) -> Citation:
    """How the release in a folder is cited.

    Raises:
        UsageError: when there is none.
        ProjectError: when it cannot be read.
    """
    names = (CFF, DATACITE, MANIFEST)
    documents = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    if CFF not in documents:
        raise UsageError(f"{folder}: has no {CFF}, so it is no release", "name a release, or NAME@VERSION")
    name = json.loads(documents[MANIFEST]).get("name", "") if MANIFEST in documents else folder.name
    return _read(documents, str(name), str(folder))


def citation_of(listing: Listing) -> Citation:
    """How a release of a catalogue is cited; without a DOI and a home page, it is found in the catalogue."""
    source = listing.source
    found = obtain(source, [listing.files[name] for name in (CFF, DATACITE) if name in listing.files])
    if CFF not in found:
        raise ProjectError(f"{source.label}: has no {CFF}", "cite it by hand")
    documents = {name: path.read_bytes() for name, path in found.items()}
    citation, location = _read(documents, source.dataset.name, source.label), source.opened.location
    is_public = location.kind == "http" and not citation.address
    return replace(citation, url=location.text + source.entry.path) if is_public else citation


def _read(documents: Mapping[str, bytes], name: str, where: str) -> Citation:
    import yaml

    try:
        raw, datacite = yaml.safe_load(documents[CFF]), json.loads(documents.get(DATACITE, b"{}"))
        texts = {field: _plain(raw.get(field, "")) for field in ("title", "version", "doi", "url", "date-released")}
        return Citation(
            re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{texts['version']}"),
            texts["title"],
            texts["version"],
            dt.date.fromisoformat(texts["date-released"]),
            tuple(Author(*(_plain(entry.get(field, "")) for field in _NAMES)) for entry in raw["authors"]),
            texts["doi"],
            texts["url"],
            publisher=_plain((datacite.get("publisher") or {}).get("name", "")),
        )
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProjectError(f"{where}: {CFF} or {DATACITE} cannot be read: {error}", _HINT) from None


def _plain(value: object) -> str:
    """One line without control characters: it goes to a terminal.

    Raises:
        ValueError: when it is more than a word or a number, such as a list that unfolds without an end.
    """
    if not isinstance(value, str | int | float | dt.date):
        raise ValueError("there is more than one value where one is wanted")  # read as text, it is no type
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def render(citation: Citation, style: Style) -> str:
    """The citation in a style, ending in a line end."""
    return STYLES[style](citation)


def bibtex(citation: Citation) -> str:
    """A `@misc` entry, which every BibTeX style knows; braces keep the case of titles and whole names together."""
    authors = " and ".join(
        _tex(author.listed_name) if author.family else f"{{{_tex(author.name)}}}" for author in citation.authors
    )
    fields = {
        "author": authors,
        "title": f"{{{_tex(citation.title)}}}",
        "year": f"{citation.date:%Y}",
        "month": str(citation.date.month),
        "version": citation.version,
        "howpublished": "Data set",
        "publisher": _tex(citation.publisher),
        "doi": _verbatim(citation.doi),
        "url": _verbatim(citation.address),
        "note": _tex("; ".join(part for part in (f"Version {citation.version}", citation.note) if part)),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{citation.key},\n" + ",\n".join(lines) + "\n}\n"


def ris(citation: Citation) -> str:
    """A record of the type DATA."""
    lines = [("TY", "DATA"), *(("AU", author.listed_name) for author in citation.authors)]
    lines += [("TI", citation.title), ("PY", f"{citation.date:%Y}"), ("DA", f"{citation.date:%Y/%m/%d}")]
    lines += [("ET", citation.version), ("PB", citation.publisher), ("DO", citation.doi), ("UR", citation.address)]
    lines += [("N1", citation.note)]
    written = [f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines if value]
    return "".join([*written, "ER  - \r\n"])


def csl_json(citation: Citation) -> str:
    """A list of one item of the type dataset, as citeproc and Zotero read it."""
    item = {
        "id": citation.key,
        "type": "dataset",
        "title": citation.title,
        "author": [_known(family=one.family, given=one.given) or {"literal": one.name} for one in citation.authors],
        "issued": {"date-parts": [[citation.date.year, citation.date.month, citation.date.day]]},
        "version": citation.version,
        **_known(publisher=citation.publisher, DOI=citation.doi, URL=citation.address, note=citation.note),
    }
    return json.dumps([item], ensure_ascii=False, indent=2) + "\n"


def _known(**texts: str) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in " ".join(text.split()))


def _verbatim(text: str) -> str:
    """A field that styles print as it is; braces must balance and a percent sign must not begin a comment."""
    return text.replace("{", "%7B").replace("}", "%7D").replace("%", r"\%")


STYLES: Mapping[Style, Callable[[Citation], str]] = {
    "text": lambda citation: f"{citation}\n",
    "bibtex": bibtex,
    "ris": ris,
    "csl-json": csl_json,
}
