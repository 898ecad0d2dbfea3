"""How a release is cited, from its own `CITATION.cff` and `datacite.json`."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deedbook.errors import ProjectError, UsageError
from deedbook.fetching.copies import obtain
from deedbook.fetching.releases import Listing
from deedbook.integrity.digests import MANIFEST
from deedbook.release.citation import Agent, Citation, citation_key

CFF, DATACITE = "CITATION.cff", "datacite.json"


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

    def text(of: Mapping[str, object], field: str) -> str:
        return _plain(of.get(field, ""))

    try:
        raw, datacite = yaml.safe_load(documents[CFF]), json.loads(documents.get(DATACITE, b"{}"))
        return Citation(
            citation_key(name, text(raw, "version")),
            text(raw, "title"),
            text(raw, "version"),
            dt.date.fromisoformat(text(raw, "date-released")),
            tuple(
                Agent(name=text(one, "name"), family=text(one, "family-names"), given=text(one, "given-names"))
                for one in raw["authors"]
            ),
            text(raw, "doi"),
            text(raw, "url"),
            publisher=text(datacite.get("publisher") or {}, "name"),
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
