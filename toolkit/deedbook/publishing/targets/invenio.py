"""The records API of an InvenioRDM, such as Zenodo's: the drafts and records of one account, found by their marker.

The marker is an alternate identifier, `urn:x-deedbook:NAME:VERSION` when only a DOI is reserved, followed by `:sha256:DIGEST` of
`release.json` once there is content. By it a draft or a record is found again, whatever was lost here. Its metadata are the
release's `datacite.json` in other words.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from deedbook.errors import RefusalError, RemoteError
from deedbook.publishing.deposit import Client, or_found
from deedbook.publishing.steps import Notice
from deedbook.release.documents import known
from deedbook.release.pages import render

FORM = "application/vnd.inveniordm.v1+json"
_MARKER = re.compile(r"urn:x-deedbook:([^:]+):([^:]+)(?::sha256:([0-9a-f]{64}))?")
_WITHDRAWN = "Withdrawn: "
_PUBLIC = {"record": "public", "files": "public"}
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


def value_in(record: object, *path: str) -> Any:
    """What stands at a path of a JSON object that anybody wrote; None where there is nothing."""
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def objects_in(record: object, *path: str) -> list[Mapping[str, Any]]:
    """The JSON objects in the list at a path; none where there is something else."""
    found = value_in(record, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


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

    def owned(self, name: str) -> Iterator[tuple[Record, Marker]]:
        """The drafts and records of a dataset that the token may edit, the newest first."""
        query = {"sort": "newest", "allversions": "true"}
        for one in self.client.pages("user/records", "size", lambda answer: value_in(answer, "hits", "hits"), **query):
            marker = marker_of(one)
            if marker is not None and marker.name == name:
                yield one, marker

    def find(self, wanted: Marker) -> Record | None:
        """The record or draft of a version.

        Lost answers can leave several drafts of the same content; the oldest stays, the others are discarded.

        Raises:
            RefusalError: when there is one with other content.
        """
        found = []
        for one, marker in self.owned(wanted.name):
            if marker.is_version_of(wanted):
                state = "record" if one.get("is_published") else "draft"
                if not marker.may_be(wanted):
                    what = (
                        f"{self.site} has the {state} {one['id']} of {wanted.name} {wanted.version} with other content"
                    )
                    rewrite = "a version is never rewritten: plan a new one"
                    raise RefusalError(what, rewrite if state == "record" else "discard that draft there")
                found.append((state != "record", str(one["id"]).zfill(20), one))
        found.sort(key=lambda item: item[:2])
        for is_draft, _, spare in found[1:]:
            if is_draft:
                self.client.call("DELETE", f"records/{spare['id']}/draft", ok=[204, 404])
        return found[0][2] if found else None

    def with_doi(self, doi: str) -> Record | None:
        """The record or draft of a DOI, whose last part is, or ends in, its id; the list of all records may be behind."""
        tail = doi.rpartition("/")[2]
        for record in dict.fromkeys(one for one in (tail.rpartition(".")[2], tail) if one):
            found = self.look(record) or self.look(record, "/draft")
            if found is not None and doi_of(found) == doi:
                return found
        return None

    def look(self, record: str, part: Literal["", "/draft"] = "") -> Record | None:
        """A published record, or a draft, by its id; None when there is none."""
        found: Record | None = self.client.call("GET", f"records/{quote(record)}{part}", ok=[200, 404])
        return found

    def get(self, record: str) -> Record:
        """A published record that must be there."""
        found: Record = self.client.call("GET", f"records/{quote(record)}", ok=[200])
        return found

    def open_draft(self, metadata: Mapping[str, Any], wanted: Marker) -> Record:
        """A new draft: the next version of the dataset's record, or its first.

        Raises:
            RefusalError: when an unfinished draft of another version is in the way.
        """
        published = (str(one["id"]) for one, _ in self.owned(wanted.name) if one.get("is_published"))
        newest = next(published, self.concept)
        if not newest:
            body = {"access": _PUBLIC, "files": {"enabled": True}, "metadata": metadata, "pids": {}}
            return or_found(
                lambda: self._accepted(self.client.call("POST", "records", ok=[201], data=body)),
                lambda: self.find(wanted),
            )
        latest = self.get(f"{newest}/versions/latest")
        ask = partial(self.client.call, "POST", f"records/{latest['id']}/versions", ok=[201])
        draft: Record = or_found(ask, lambda: or_found(ask, ask))  # the same one, however often it is asked for
        marker = marker_of(draft)
        if marker and marker != marker_of(latest) and not marker.may_be(wanted):
            what = f"{self.site} has an unfinished draft {draft['id']} of {marker.name} {marker.version}"
            raise RefusalError(f"{what}, and allows only one", "publish that version first, or discard its draft there")
        return draft

    def update(self, draft: Mapping[str, Any], metadata: Mapping[str, Any]) -> Record:
        """The draft with other metadata; its DOI is sent back, since it would be lost otherwise.

        Raises:
            RefusalError: when the service finds fault with the metadata.
        """
        kept = {name: draft[name] for name in ("access", "pids", "custom_fields") if name in draft}
        body = {"access": _PUBLIC, **kept, "files": {"enabled": True}, "metadata": metadata}
        return self._accepted(self.client.call("PUT", f"records/{draft['id']}/draft", ok=[200], data=body))

    def _accepted(self, draft: Record) -> Record:
        """InvenioRDM keeps a draft whose metadata it does not accept, and says so in a success."""
        said = [(one.get("field"), " ".join(map(str, one.get("messages", [])))) for one in draft.get("errors") or []]
        if said:
            faults = "; ".join(f"{name}: {messages}" for name, messages in said)
            hint = "correct the descriptor (datapackage.json), plan and build again; the draft stays unpublished"
            raise RefusalError(f"{self.site} does not accept the metadata: {faults}", hint)
        return draft

    def reserve_doi(self, record: str) -> Record:
        """The draft with a DOI that will be registered when it is published."""
        or_found(  # 400: it has one by now
            lambda: self.client.call("POST", f"records/{record}/draft/pids/doi", ok=[201, 400]),
            lambda: doi_of(self.look(record, "/draft") or {}),
        )
        draft = self.look(record, "/draft")
        if draft is None or not doi_of(draft):
            raise RemoteError(f"{self.site} has not reserved a DOI for its draft {record}", "try again later")
        return draft

    def replace_metadata(self, record: str, wanted: Mapping[str, Any]) -> None:
        """A published record has that metadata; its files stay as they are."""
        if self.get(record)["metadata"] == wanted:
            return
        self.update(self.client.call("POST", f"records/{record}/draft", ok=[201]), wanted)
        or_found(
            lambda: self.client.call("POST", f"records/{record}/draft/actions/publish", ok=[202]),
            lambda: self.get(record)["metadata"] == wanted,
        )


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
