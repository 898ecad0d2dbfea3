"""What a deposit says of a release, in the words of InvenioRDM: the release's own `datacite.json`, and a marker.

The marker is an alternate identifier, `urn:x-deedbook:NAME:VERSION` when only a DOI is reserved, followed by `:sha256:DIGEST` of
`release.json` once there is content. By it a draft or a record is found again, whatever was lost here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deedbook.publishing.steps import Notice

_MARKER = re.compile(r"urn:x-deedbook:([^:]+):([^:]+)(?::sha256:([0-9a-f]{64}))?")
_WITHDRAWN = "Withdrawn: "


@dataclass(frozen=True, slots=True)
class Marker:
    """Which release a draft or record is of; `sha256` is empty while a DOI is only reserved."""

    name: str
    version: str
    sha256: str = ""

    def may_be(self, other: Marker) -> bool:
        """Whether both are of the same version, and not of different contents of it."""
        is_same = (self.name, self.version) == (other.name, other.version)
        return is_same and ("" in {self.sha256, other.sha256} or self.sha256 == other.sha256)

    @property
    def identifier(self) -> dict[str, str]:
        """The marker as an alternate identifier."""
        tail = f":sha256:{self.sha256}" if self.sha256 else ""
        return {"scheme": "urn", "identifier": f"urn:x-deedbook:{self.name}:{self.version}{tail}"}


def marker_of(record: Mapping[str, Any]) -> Marker | None:
    """The marker of a draft or record; None when it is not ours."""
    for one in _objects(_object(record.get("metadata")).get("identifiers")):
        if match := _MARKER.fullmatch(str(one.get("identifier", ""))):
            return Marker(match[1], match[2], match[3] or "")
    return None


def doi_of(record: Mapping[str, Any]) -> str:
    """The DOI of a draft or record; empty without one."""
    return str(_object(_object(record.get("pids")).get("doi")).get("identifier", ""))


def concept_doi_of(record: Mapping[str, Any]) -> str:
    """The DOI of all versions together; empty until the server has one."""
    return doi_of(_object(record.get("parent")))


def describe(datacite: Mapping[str, Any], marker: Marker, remark: str = "") -> dict[str, Any]:
    """The metadata of a deposit.

    Args:
        datacite: The release's `datacite.json`.
        marker: Which release it is.
        remark: A sentence for the end of the description.
    """
    publisher = datacite.get("publisher")
    subjects = [{"subject": str(one["subject"])} for one in _objects(datacite.get("subjects")) if one.get("subject")]
    contributors = [{**_agent(one), "role": {"id": "other"}} for one in _objects(datacite.get("contributors"))]
    rights = [_licence(one) for one in _objects(datacite.get("rightsList"))]
    described: dict[str, Any] = {
        "resource_type": {"id": "dataset"},
        "title": _first(datacite.get("titles"), "title") or marker.name,
        "publication_date": _first(datacite.get("dates"), "date") or str(datacite.get("publicationYear", "")),
        "version": marker.version,
        "creators": [_agent(one) for one in _objects(datacite.get("creators"))],
        "publisher": str(publisher.get("name", "")) if isinstance(publisher, Mapping) else str(publisher or ""),
        "description": "".join(_paragraphs(_first(datacite.get("descriptions"), "description"), remark)),
        "subjects": subjects,
        "contributors": contributors,
        "rights": rights,
        "identifiers": [marker.identifier],
    }
    return {name: value for name, value in described.items() if value}


def reserve(title: str, marker: Marker, date: str) -> dict[str, Any]:
    """The metadata of a draft that only reserves a DOI."""
    return {
        "resource_type": {"id": "dataset"},
        "title": title,
        "publication_date": date,
        "version": marker.version,
        "creators": [{"person_or_org": {"type": "organizational", "name": title}}],
        "identifiers": [marker.identifier],
    }


def with_notice(metadata: Mapping[str, Any], notice: Notice) -> dict[str, Any]:
    """The metadata with a note that the version is withdrawn, or without one."""
    kept = [
        one
        for one in _objects(metadata.get("additional_descriptions"))
        if not str(one.get("description", "")).removeprefix("<p>").startswith(_WITHDRAWN)
    ]
    if notice.reason is not None:
        instead = f" Use version {notice.replaced_by} instead." if notice.replaced_by else ""
        text = html.escape(_WITHDRAWN + notice.reason + instead)
        kept.append({"description": f"<p>{text}</p>", "type": {"id": "notes"}})
    rest = {name: value for name, value in metadata.items() if name != "additional_descriptions"}
    return {**rest, **({"additional_descriptions": kept} if kept else {})}


def _paragraphs(*texts: str) -> Iterator[str]:
    return (f"<p>{html.escape(text)}</p>" for text in texts if text)


def _agent(one: Mapping[str, Any]) -> dict[str, Any]:
    """A person or organisation of DataCite in the form of InvenioRDM."""
    if one.get("nameType") != "Personal" or not one.get("familyName"):
        return {"person_or_org": {"type": "organizational", "name": str(one.get("name", ""))}}
    person: dict[str, Any] = {"type": "personal", "family_name": one["familyName"]}
    if one.get("givenName"):
        person["given_name"] = one["givenName"]
    orcids = [
        str(item.get("nameIdentifier", "")).rpartition("/")[2]
        for item in _objects(one.get("nameIdentifiers"))
        if item.get("nameIdentifierScheme") == "ORCID"
    ]
    if orcids:
        person["identifiers"] = [{"scheme": "orcid", "identifier": orcids[0]}]
    places = [{"name": str(item["name"])} for item in _objects(one.get("affiliation")) if item.get("name")]
    return {"person_or_org": person, **({"affiliations": places} if places else {})}


def _licence(one: Mapping[str, Any]) -> dict[str, Any]:
    """A licence by its SPDX id, which the vocabulary of InvenioRDM has in lower case; else by title and address."""
    if one.get("rightsIdentifier"):
        return {"id": str(one["rightsIdentifier"]).lower()}
    address = one.get("rightsUri")
    return {"title": {"en": str(one.get("rights", ""))}, **({"link": str(address)} if address else {})}


def _first(items: object, key: str) -> str:
    return next((str(one[key]) for one in _objects(items) if one.get(key)), "")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
