"""`type = "zenodo"`: a record of Zenodo, or of any other InvenioRDM, by its records API.

api        by default https://zenodo.org/api; https://sandbox.zenodo.org/api to try things out
concept    the id of any record of the dataset that was deposited by hand, whose next version this is; seldom needed
catalogue  the target in whose catalogue DOI and address are noted

A published record cannot be taken back, so everything is compared before: the draft is found by its marker (`zenodo_record`), or
by the DOI that `plan --reserve` put into the files; files are committed with their MD5; the publishing call is never repeated blindly,
and afterwards every file is downloaded as anybody can. ZENODO_TOKEN needs the scopes deposit:write and deposit:actions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.publishing.http import Client
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableRelease, Step
from deedbook.publishing.targets import zenodo_record
from deedbook.publishing.targets.settings import Settings
from deedbook.publishing.targets.zenodo_record import Marker, marker_of

_FORM = "application/vnd.inveniordm.v1+json"
_PAGE = 100
_MOST_PAGES = 20
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Reservation:
    """A DOI that will be registered when its draft is published; the concept's is empty until the dataset has a record."""

    doi: str
    concept_doi: str
    record: str


def zenodo_target(settings: Settings, environment: Mapping[str, str] = os.environ) -> Zenodo:
    """The target that settings describe.

    Raises:
        UsageError: when there is no token in the environment.
        ProjectError: when a setting is wrong.
    """
    settings.only("api", "concept", "catalogue")
    api = settings.address("api", "https://zenodo.org/api")
    if not api.endswith("/api/"):
        raise ProjectError(f"{settings.where}: `api` is {api}", "it ends in /api, as in https://zenodo.org/api")
    token = environment.get("ZENODO_TOKEN", "").strip()
    if not token:
        raise UsageError(
            f"{settings.where}: there is no token",
            "set ZENODO_TOKEN to one with the scopes deposit:write and deposit:actions",
        )
    concept = settings.text("concept", "").rpartition(".")[2].rpartition("/")[2]
    client = Client(api, token, {"Accept": _FORM})
    return Zenodo(settings.name, api, concept, settings.text("catalogue", ""), settings.title, client)


@dataclass(frozen=True, slots=True)
class Zenodo:
    """The records of one account."""

    name: str
    api: str
    concept: str
    catalogue: str
    title: str
    client: Client
    kind: str = "zenodo"
    store: None = None

    @property
    def address(self) -> str:
        """Which service it is."""
        return self.api

    @property
    def site(self) -> str:
        """The address of its pages."""
        return self.api.removesuffix("api/")

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public, in order."""
        from deedbook.publishing.targets.zenodo_steps import deposit_steps

        return deposit_steps(self, release)

    def notice(self, notice: Notice) -> Sequence[Step]:
        """A note in the metadata of the record; its files stay as they are."""

        def run(_facts: Facts, _progress: Progress) -> Facts:
            found = [
                one
                for one in self.owned()
                if (marker := marker_of(one)) and (marker.name, marker.version) == (notice.name, notice.version)
            ]
            public = [one for one in found if one.get("is_published")]
            if not public:
                raise RefusalError(f"{self.site} has no record of {notice.name} {notice.version}", "publish it first")
            self._edit(str(public[0]["id"]), notice)
            return {}

        return [Step("notice", f"say so in the metadata of the record at {self.site}", run)]

    def _edit(self, record: str, notice: Notice) -> None:
        """Publishes the metadata with the note, unless it stands there."""
        public = self.get(record)
        wanted = zenodo_record.with_notice(public["metadata"], notice)
        if public["metadata"] == wanted:
            return
        draft = self.client.call("POST", f"records/{record}/draft", ok=[201]).json()
        self.update(draft, wanted)
        try:
            self.client.call("POST", f"records/{record}/draft/actions/publish", ok=[202])
        except RemoteError:
            if self.get(record)["metadata"] != wanted:
                raise

    def reserve(self, name: str, version: str, date: str, known: str = "") -> Reservation:
        """A DOI for a version that is yet to be built; the same one however often it is asked for.

        Args:
            name: Of the dataset.
            version: That is planned.
            date: The release date, as an ISO day.
            known: The DOI that was reserved for it before, which is looked for first; empty for none.

        Raises:
            RefusalError: when that version is published, or another draft of the dataset is in the way.
        """
        marker = Marker(name, version)
        draft = self.with_doi(known) or self.find(marker)
        if draft is not None and draft.get("is_published"):
            raise RefusalError(f"{name} {version} is published as {zenodo_record.doi_of(draft)}", "plan a new version")
        if draft is None:
            draft = self.open_draft(zenodo_record.reserve(self.title or name, marker, date), marker)
        found = marker_of(draft)
        if found is None or (found.name, found.version) != (name, version):
            draft = self.update(draft, zenodo_record.reserve(self.title or name, marker, date))
        if not zenodo_record.doi_of(draft):
            draft = self._reserve_doi(str(draft["id"]))
        return Reservation(zenodo_record.doi_of(draft), zenodo_record.concept_doi_of(draft), str(draft["id"]))

    def _reserve_doi(self, record: str) -> dict[str, Any]:
        try:  # 400: it has one by now
            self.client.call("POST", f"records/{record}/draft/pids/doi", ok=[201, 400])
        except RemoteError:
            if not zenodo_record.doi_of(self.draft(record) or {}):
                raise
        draft = self.draft(record)
        if draft is None or not zenodo_record.doi_of(draft):
            raise RemoteError(f"{self.site} has not reserved a DOI for its draft {record}", "try again later")
        return draft

    def find(self, wanted: Marker) -> dict[str, Any] | None:
        """The record or draft of a version.

        Lost answers can leave several drafts of the same content; the oldest stays, the others are discarded.

        Raises:
            RefusalError: when there is one with other content.
        """
        found = []
        for one in self.owned():
            marker = marker_of(one)
            if marker is None or (marker.name, marker.version) != (wanted.name, wanted.version):
                continue
            if marker.sha256 and wanted.sha256 and marker.sha256 != wanted.sha256:
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

    def with_doi(self, doi: str) -> dict[str, Any] | None:
        """The record or draft of a DOI, whose last part is, or ends in, its id; the list of all records may be behind."""
        tail = doi.rpartition("/")[2]
        for record in dict.fromkeys(one for one in (tail.rpartition(".")[2], tail) if one):
            found = self.public(record) or self.draft(record)
            if found is not None and zenodo_record.doi_of(found) == doi:
                return found
        return None

    def open_draft(self, metadata: Mapping[str, Any], wanted: Marker) -> dict[str, Any]:
        """A new draft: the next version of the dataset's record, or its first.

        Raises:
            RefusalError: when an unfinished draft of another version is in the way.
        """
        body = {
            "access": {"record": "public", "files": "public"},
            "files": {"enabled": True},
            "metadata": metadata,
            "pids": {},
        }
        latest = self._latest(wanted.name)
        if latest is None:
            try:
                return self._checked(self.client.call("POST", "records", ok=[201], data=body).json())
            except RemoteError:
                found = self.find(wanted)
                if found is None:
                    raise
                return found
        draft: dict[str, Any] = self._new_version(str(latest["id"]))
        marker = marker_of(draft)
        is_fresh = marker is None or marker == marker_of(latest)
        if marker and not is_fresh and not marker.may_be(wanted):
            raise RefusalError(
                f"{self.site} has an unfinished draft {draft['id']} of {marker.name} {marker.version}, and allows only one",
                "publish that version first, or discard its draft there",
            )
        return draft

    def _new_version(self, latest: str) -> dict[str, Any]:
        """The one draft of the next version; asking again returns the same, so a lost answer is asked for again."""
        for number in range(_ATTEMPTS):
            try:
                return dict(self.client.call("POST", f"records/{latest}/versions", ok=[201]).json())
            except RemoteError:
                if number == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _latest(self, name: str) -> dict[str, Any] | None:
        """The newest published record of the dataset; None when it has none."""
        known = self.concept
        for one in self.owned():
            marker = marker_of(one)
            if one.get("is_published") and marker and marker.name == name:
                known = str(one["id"])
                break
        if not known:
            return None
        return dict(self.client.call("GET", f"records/{known}/versions/latest", ok=[200]).json())

    def owned(self) -> list[dict[str, Any]]:
        """All drafts and records that the token may edit, the newest first."""
        items: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            query = urlencode({"size": _PAGE, "page": page, "sort": "newest", "allversions": "true"})
            answer = self.client.call("GET", f"user/records?{query}", ok=[200]).json()
            more = answer.get("hits", {}).get("hits") if isinstance(answer, Mapping) else None
            if not isinstance(more, list):
                raise RemoteError(f"{self.site} answered with no list of records", "try again later")
            items += more
            if len(more) < _PAGE:
                break
        return items

    def draft(self, record: str) -> dict[str, Any] | None:
        """A draft by its id."""
        answer = self.client.call("GET", f"records/{quote(record)}/draft", ok=[200, 404])
        return dict(answer.json()) if answer.status == 200 else None

    def public(self, record: str) -> dict[str, Any] | None:
        """A published record by its id."""
        answer = self.client.call("GET", f"records/{quote(record)}", ok=[200, 404])
        return dict(answer.json()) if answer.status == 200 else None

    def get(self, record: str) -> dict[str, Any]:
        """A published record that must be there."""
        return dict(self.client.call("GET", f"records/{quote(record)}", ok=[200]).json())

    def update(self, draft: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The draft with other metadata; its DOI is sent back, since it would be lost otherwise.

        Raises:
            RefusalError: when the service finds fault with the metadata.
        """
        kept = {name: draft[name] for name in ("access", "files", "pids", "custom_fields") if name in draft}
        body = {"access": {"record": "public", "files": "public"}, **kept, "metadata": metadata}
        body["files"] = {"enabled": True}
        return self._checked(self.client.call("PUT", f"records/{draft['id']}/draft", ok=[200], data=body).json())

    def _checked(self, draft: Mapping[str, Any]) -> dict[str, Any]:
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
