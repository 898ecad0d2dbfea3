"""What a record of InvenioRDM says of itself: the marker by which it is found again, its DOIs, its metadata.

The marker is an alternate identifier, `urn:x-deedbook:NAME:VERSION` when only a DOI is reserved, followed by `:sha256:DIGEST` of
`release.json` once there is content. By it a draft or a record is found again, whatever was lost here. The metadata are the
release's `datacite.json` in other words.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deedbook.publishing.steps import Notice
from deedbook.release.documents import known
from deedbook.release.pages import render

_MARKER = re.compile(r"urn:x-deedbook:([^:]+):([^:]+)(?::sha256:([0-9a-f]{64}))?")
_WITHDRAWN = "Withdrawn: "
Record = dict[str, Any]
"""A draft or a published record, as the service writes it."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Which release a draft or record is of; `sha256` is empty while a DOI is only reserved."""

    name: str
    version: str
    sha256: str = ""

    def is_version_of(self, other: Marker | None) -> bool:
        """Whether both are of the same version, whatever their content."""
        return other is not None and (self.name, self.version) == (other.name, other.version)

    def may_be(self, other: Marker) -> bool:
        """Whether both are of the same version, and not of different contents of it."""
        return self.is_version_of(other) and ("" in {self.sha256, other.sha256} or self.sha256 == other.sha256)

    @property
    def identifier(self) -> dict[str, str]:
        """The marker as an alternate identifier."""
        tail = f":sha256:{self.sha256}" if self.sha256 else ""
        return {"scheme": "urn", "identifier": f"urn:x-deedbook:{self.name}:{self.version}{tail}"}


def marker_of(record: Mapping[str, Any]) -> Marker | None:
    """The marker of a draft or record; None when it is not ours."""
    for one in objects_in(record, "metadata", "identifiers"):
        if match := _MARKER.fullmatch(str(one.get("identifier", ""))):
            return Marker(match[1], match[2], match[3] or "")
    return None


def doi_of(record: Mapping[str, Any], *above: str) -> str:
    """The DOI of a draft or record, or with `"parent"` that of all its versions together; empty until the server has one."""
    return str(value_in(record, *above, "pids", "doi", "identifier") or "")


def dois_of(record: Record) -> dict[str, str]:
    """The DOI of a version, and that of all versions, as far as there are any."""
    known = {"doi": doi_of(record), "concept_doi": doi_of(record, "parent")}
    return {name: doi for name, doi in known.items() if doi}


def value_in(record: object, *path: str) -> Any:
    """What stands at a path of a JSON object that anybody wrote; None where there is nothing."""
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def objects_in(record: object, *path: str) -> list[Mapping[str, Any]]:
    """The JSON objects in the list at a path; none where there is something else."""
    found = value_in(record, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def describe(datacite: Mapping[str, Any], marker: Marker, archive: str = "", packed: int = 0) -> dict[str, Any]:
    """The metadata of a deposit.

    Args:
        datacite: The release's `datacite.json`.
        marker: Which release it is.
        archive: The one of its files that holds others, if there is one.
        packed: How many it holds.
    """
    about = {"marker": marker, "archive": archive, "packed": packed, "escape": html.escape}
    return dict(known(json.loads(render("invenio.json.j2", datacite=datacite, **about))))


def with_notice(metadata: Mapping[str, Any], notice: Notice) -> dict[str, Any]:
    """The metadata with a note that the version is withdrawn, or without one."""
    kept = [
        one
        for one in objects_in(metadata, "additional_descriptions")
        if not str(one.get("description", "")).removeprefix("<p>").startswith(_WITHDRAWN)
    ]
    if notice.reason is not None:
        instead = f" Use version {notice.replaced_by} instead." if notice.replaced_by else ""
        text = html.escape(_WITHDRAWN + notice.reason + instead)
        kept.append({"description": f"<p>{text}</p>", "type": {"id": "notes"}})
    rest = {name: value for name, value in metadata.items() if name != "additional_descriptions"}
    return {**rest, **({"additional_descriptions": kept} if kept else {})}
