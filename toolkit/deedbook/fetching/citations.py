"""A release as text, BibTeX, RIS and CSL-JSON, from its own `CITATION.cff` and `datacite.json`."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from deedbook.errors import ProjectError, UsageError
from deedbook.fetching.releases import Listing
from deedbook.fetching.retrieval import obtain

Style = Literal["text", "bibtex", "ris", "csl-json"]
STYLES: tuple[Style, ...] = get_args(Style)
CFF, DATACITE = "CITATION.cff", "datacite.json"
_HINT = "fetch the release again"


@dataclass(frozen=True, slots=True)
class Author:
    """A person with a family name, or anybody with a name only."""

    name: str = ""
    family: str = ""
    given: str = ""

    @property
    def text(self) -> str:
        """As in a list of references."""
        return ", ".join(part for part in (self.family, self.given) if part) or self.name


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
        return text_citation(self)


def read_citation(folder: Path) -> Citation:
    """How the release in a folder is cited.

    Raises:
        UsageError: when there is none.
        ProjectError: when it cannot be read.
    """
    try:
        content = (folder / CFF).read_bytes()
    except OSError:
        raise UsageError(f"{folder}: has no {CFF}, so it is no release", "name a release, or NAME@VERSION") from None
    datacite = (folder / DATACITE).read_bytes() if (folder / DATACITE).is_file() else b"{}"
    manifest = folder / "release.json"
    name = json.loads(manifest.read_bytes()).get("name", "") if manifest.is_file() else folder.name
    return _read(content, datacite, str(name), str(folder))


def citation_of(listing: Listing) -> Citation:
    """How a release of a catalogue is cited; without a DOI and a home page, it is found in the catalogue."""
    files = [listing.files[name] for name in (CFF, DATACITE) if name in listing.files]
    found = obtain(listing.source, files)
    if CFF not in found:
        raise ProjectError(f"{listing.source.label}: has no {CFF}", "cite it by hand")
    datacite = found[DATACITE].read_bytes() if DATACITE in found else b"{}"
    citation = _read(found[CFF].read_bytes(), datacite, listing.source.dataset.name, listing.source.label)
    location = listing.source.opened.location
    is_public = location.kind == "http" and not citation.address
    return replace(citation, url=location.text + listing.source.entry.path) if is_public else citation


def _read(cff: bytes, datacite: bytes, name: str, where: str) -> Citation:
    import yaml

    try:
        raw = yaml.safe_load(cff)
        date = raw["date-released"]
        publisher = _mapping(_mapping(json.loads(datacite)).get("publisher")).get("name", "")
        return Citation(
            key=re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{raw['version']}"),
            title=_plain(raw["title"]),
            version=_plain(raw["version"]),
            date=date if isinstance(date, dt.date) else dt.date.fromisoformat(str(date)),
            authors=tuple(_author(entry) for entry in raw["authors"]),
            doi=_plain(raw.get("doi", "")),
            url=_plain(raw.get("url", "")),
            publisher=_plain(publisher),
        )
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProjectError(f"{where}: {CFF} or {DATACITE} cannot be read: {error}", _HINT) from None


def _author(entry: Mapping[str, Any]) -> Author:
    return Author(*(_plain(entry.get(name, "")) for name in ("name", "family-names", "given-names")))


def _plain(value: object) -> str:
    """One line without control characters: it goes to a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def render(citation: Citation, style: Style) -> str:
    """The citation in a style, ending in a line end."""
    match style:
        case "text":
            return f"{text_citation(citation)}\n"
        case "bibtex":
            return bibtex(citation)
        case "ris":
            return ris(citation)
        case "csl-json":
            return csl_json(citation)


def text_citation(citation: Citation) -> str:
    """One line of a list of references."""
    names = "; ".join(author.text for author in citation.authors)
    text = f"{names} ({citation.date:%Y}). {citation.title} (version {citation.version}) [Data set]."
    parts = [text, citation.address, f"[{citation.note}]" if citation.note else ""]
    return " ".join(part for part in parts if part)


def bibtex(citation: Citation) -> str:
    """A `@misc` entry, which every BibTeX style knows; braces keep the case of titles and whole names together."""
    authors = " and ".join(
        _tex(author.text) if author.family else f"{{{_tex(author.name)}}}" for author in citation.authors
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
    lines = [("TY", "DATA"), *(("AU", author.text) for author in citation.authors)]
    lines += [("TI", citation.title), ("PY", f"{citation.date:%Y}"), ("DA", f"{citation.date:%Y/%m/%d}")]
    lines += [("ET", citation.version), ("PB", citation.publisher), ("DO", citation.doi), ("UR", citation.address)]
    lines += [("N1", citation.note)]
    written = [f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines if value]
    return "".join([*written, "ER  - \r\n"])


def csl_json(citation: Citation) -> str:
    """A list of one item of the type dataset, as citeproc and Zotero read it."""
    optional = {"publisher": citation.publisher, "DOI": citation.doi, "URL": citation.address, "note": citation.note}
    item = {
        "id": citation.key,
        "type": "dataset",
        "title": citation.title,
        "author": [
            {"family": one.family, **({"given": one.given} if one.given else {})}
            if one.family
            else {"literal": one.name}
            for one in citation.authors
        ],
        "issued": {"date-parts": [[citation.date.year, citation.date.month, citation.date.day]]},
        "version": citation.version,
        **{name: value for name, value in optional.items() if value},
    }
    return json.dumps([item], ensure_ascii=False, indent=2) + "\n"


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
