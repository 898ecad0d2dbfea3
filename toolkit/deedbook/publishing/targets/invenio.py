"""The records API of an InvenioRDM, such as Zenodo's: the drafts and records of one account, found by their marker.

The marker is an alternate identifier, `urn:x-deedbook:NAME:VERSION` when only a DOI is reserved, followed by `:sha256:DIGEST` of
`release.json` once there is content. By it a draft or a record is found again, whatever was lost here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from deedbook.errors import RefusalError, RemoteError
from deedbook.publishing.api import Client

FORM = "application/vnd.inveniordm.v1+json"
ATTEMPTS = 3
"""Times that a call is repeated which asks for the same again when its answer was lost."""
_PAGE = 100
_MOST_PAGES = 20
_MARKER = re.compile(r"urn:x-deedbook:([^:]+):([^:]+)(?::sha256:([0-9a-f]{64}))?")
Record = dict[str, Any]
"""A draft or a published record, as the service writes it."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Which release a draft or record is of; `sha256` is empty while a DOI is only reserved."""

    name: str
    version: str
    sha256: str = ""

    def is_version_of(self, other: Marker) -> bool:
        """Whether both are of the same version, whatever their content."""
        return (self.name, self.version) == (other.name, other.version)

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
    for one in as_objects(as_object(record.get("metadata")).get("identifiers")):
        if match := _MARKER.fullmatch(str(one.get("identifier", ""))):
            return Marker(match[1], match[2], match[3] or "")
    return None


def doi_of(record: Mapping[str, Any]) -> str:
    """The DOI of a draft or record; empty without one."""
    return str(as_object(as_object(record.get("pids")).get("doi")).get("identifier", ""))


def concept_doi_of(record: Mapping[str, Any]) -> str:
    """The DOI of all versions together; empty until the server has one."""
    return doi_of(as_object(record.get("parent")))


def as_object(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects in a list; none in anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Invenio:
    """One account at one service.

    Attributes:
        client: Its API; `base` ends in `/api/`.
        concept: The id of a record of the dataset that was deposited by hand; empty for none.
    """

    client: Client
    concept: str = ""

    @property
    def site(self) -> str:
        """The address of its pages."""
        return self.client.base.removesuffix("api/")

    def owned(self) -> list[Record]:
        """All drafts and records that the token may edit, the newest first."""
        items: list[Record] = []
        for page in range(1, _MOST_PAGES + 1):
            query = urlencode({"size": _PAGE, "page": page, "sort": "newest", "allversions": "true"})
            answer = self.client.call("GET", f"user/records?{query}", ok=[200]).json()
            more = as_object(as_object(answer).get("hits")).get("hits")
            if not isinstance(more, list):
                raise RemoteError(f"{self.site} answered with no list of records", "try again later")
            items += more
            if len(more) < _PAGE:
                break
        return items

    def find(self, wanted: Marker) -> Record | None:
        """The record or draft of a version.

        Lost answers can leave several drafts of the same content; the oldest stays, the others are discarded.

        Raises:
            RefusalError: when there is one with other content.
        """
        found = []
        for one in self.owned():
            marker = marker_of(one)
            if marker is None or not marker.is_version_of(wanted):
                continue
            if not marker.may_be(wanted):
                state = "record" if one.get("is_published") else "draft"
                raise RefusalError(
                    f"{self.site} has the {state} {one['id']} of {wanted.name} {wanted.version} with other content",
                    "discard that draft there" if state == "draft" else "a version is never rewritten: plan a new one",
                )
            found.append(one)
        found.sort(key=lambda one: (not one.get("is_published"), str(one["id"]).zfill(20)))
        for spare in found[1:]:
            if not spare.get("is_published"):
                self.client.call("DELETE", f"records/{spare['id']}/draft", ok=[204, 404])
        return found[0] if found else None

    def with_doi(self, doi: str) -> Record | None:
        """The record or draft of a DOI, whose last part is, or ends in, its id; the list of all records may be behind."""
        tail = doi.rpartition("/")[2]
        for record in dict.fromkeys(one for one in (tail.rpartition(".")[2], tail) if one):
            found = self.public(record) or self.draft(record)
            if found is not None and doi_of(found) == doi:
                return found
        return None

    def draft(self, record: str) -> Record | None:
        """A draft by its id."""
        return self._optional(f"records/{quote(record)}/draft")

    def public(self, record: str) -> Record | None:
        """A published record by its id."""
        return self._optional(f"records/{quote(record)}")

    def _optional(self, path: str) -> Record | None:
        answer = self.client.call("GET", path, ok=[200, 404])
        return dict(answer.json()) if answer.status == 200 else None

    def get(self, record: str) -> Record:
        """A published record that must be there."""
        return dict(self.client.call("GET", f"records/{quote(record)}", ok=[200]).json())

    def open_draft(self, metadata: Mapping[str, Any], wanted: Marker) -> Record:
        """A new draft: the next version of the dataset's record, or its first.

        Raises:
            RefusalError: when an unfinished draft of another version is in the way.
        """
        known = (
            str(one["id"])
            for one in self.owned()
            if one.get("is_published") and (marker := marker_of(one)) and marker.name == wanted.name
        )
        newest = next(known, self.concept)
        if not newest:
            public = {"record": "public", "files": "public"}
            body = {"access": public, "files": {"enabled": True}, "metadata": metadata, "pids": {}}
            try:
                return self._accepted(self.client.call("POST", "records", ok=[201], data=body).json())
            except RemoteError:
                found = self.find(wanted)
                if found is None:
                    raise
                return found
        latest = self.get(f"{newest}/versions/latest")
        draft = self._next_version(str(latest["id"]))
        marker = marker_of(draft)
        if marker and marker != marker_of(latest) and not marker.may_be(wanted):
            raise RefusalError(
                f"{self.site} has an unfinished draft {draft['id']} of {marker.name} {marker.version}, and allows only one",
                "publish that version first, or discard its draft there",
            )
        return draft

    def _next_version(self, latest: str) -> Record:
        """The one draft of the next version; asking again returns the same, so a lost answer is asked for again."""
        for number in range(ATTEMPTS):
            try:
                return dict(self.client.call("POST", f"records/{latest}/versions", ok=[201]).json())
            except RemoteError:
                if number == ATTEMPTS - 1:
                    raise
        raise AssertionError

    def update(self, draft: Mapping[str, Any], metadata: Mapping[str, Any]) -> Record:
        """The draft with other metadata; its DOI is sent back, since it would be lost otherwise.

        Raises:
            RefusalError: when the service finds fault with the metadata.
        """
        kept = {name: draft[name] for name in ("access", "pids", "custom_fields") if name in draft}
        access = {"record": "public", "files": "public"}
        body = {"access": access, **kept, "files": {"enabled": True}, "metadata": metadata}
        return self._accepted(self.client.call("PUT", f"records/{draft['id']}/draft", ok=[200], data=body).json())

    def _accepted(self, draft: Mapping[str, Any]) -> Record:
        """InvenioRDM keeps a draft whose metadata it does not accept, and says so in a success."""
        faults = [
            f"{one.get('field')}: {' '.join(map(str, one.get('messages', [])))}" for one in draft.get("errors") or []
        ]
        if faults:
            raise RefusalError(
                f"{self.site} does not accept the metadata: {'; '.join(faults)}",
                "correct the descriptor (datapackage.json), plan and build again; the draft stays unpublished",
            )
        return dict(draft)

    def reserve_doi(self, record: str) -> Record:
        """The draft with a DOI that will be registered when it is published."""
        try:  # 400: it has one by now
            self.client.call("POST", f"records/{record}/draft/pids/doi", ok=[201, 400])
        except RemoteError:
            if not doi_of(self.draft(record) or {}):
                raise
        draft = self.draft(record)
        if draft is None or not doi_of(draft):
            raise RemoteError(f"{self.site} has not reserved a DOI for its draft {record}", "try again later")
        return draft

    def replace_metadata(self, record: str, wanted: Mapping[str, Any]) -> None:
        """A published record has that metadata; its files stay as they are."""
        if self.get(record)["metadata"] == wanted:
            return
        self.update(self.client.call("POST", f"records/{record}/draft", ok=[201]).json(), wanted)
        try:
            self.client.call("POST", f"records/{record}/draft/actions/publish", ok=[202])
        except RemoteError:
            if self.get(record)["metadata"] != wanted:
                raise
