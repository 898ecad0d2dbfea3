"""A release as text, BibTeX, RIS and CSL-JSON, from its own `CITATION.cff` and `datacite.json`."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from deedbook.errors import ProjectError, UsageError
from deedbook.fetching.releases import Listing, obtain
from deedbook.integrity.digests import MANIFEST
from deedbook.release.pages import json_text, render

Style = Literal["text", "bibtex", "ris", "csl-json"]
STYLES: tuple[Style, ...] = get_args(Style)
CFF, DATACITE = "CITATION.cff", "datacite.json"
_NAMES = ("name", "family-names", "given-names")


class Author(NamedTuple):
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
        raise ProjectError(f"{where}: {CFF} or {DATACITE} cannot be read: {error}", "fetch the release again") from None


def _plain(value: object) -> str:
    """One line without control characters: it goes to a terminal.

    Raises:
        ValueError: when it is more than a word or a number, such as a list that unfolds without an end.
    """
    if not isinstance(value, str | int | float | dt.date):
        raise ValueError("there is more than one value where one is wanted")  # read as text, it is no type
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def write(citation: Citation, style: Style) -> str:
    """The citation in a style; it ends in a line end."""
    if style == "text":
        return f"{citation}\n"
    text = render(f"citation.{style}.j2", citation=citation, tex=_tex, verbatim=_verbatim)
    if style == "csl-json":
        return json_text(json.loads(text), 2)
    return text.replace("\n", "\r\n") if style == "ris" else text


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
