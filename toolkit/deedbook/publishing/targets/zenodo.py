"""`type = "zenodo"`: a record of Zenodo, or of any other InvenioRDM, by its records API.

api        by default https://zenodo.org/api; https://sandbox.zenodo.org/api to try things out
concept    the id of any record of the dataset that was deposited by hand, whose next version this is; seldom needed
catalogue  the target in whose catalogue DOI and address are noted

A published record cannot be taken back, so everything is compared before: the draft is found by its marker (`invenio`), or by the
DOI that `plan --reserve` put into the files; files are committed with their MD5; the publishing call is never repeated blindly, and
afterwards every file is downloaded as anybody can. Until publication every step looks, whatever the journal says: somebody may have
discarded the draft meanwhile. ZENODO_TOKEN needs the scopes deposit:write and deposit:actions.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deedbook import http
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError
from deedbook.publishing.api import Client, StatusError, Upload
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Step
from deedbook.publishing.targets import zenodo_content
from deedbook.publishing.targets.invenio import (
    ATTEMPTS,
    FORM,
    Invenio,
    Marker,
    Record,
    concept_doi_of,
    doi_of,
    marker_of,
)
from deedbook.publishing.targets.settings import Settings
from deedbook.publishing.targets.zenodo_content import Selection, select_files, write_archive


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
    service = Invenio(Client(api, token, {"Accept": FORM}), concept)
    return Zenodo(settings.name, service, settings.text("catalogue", ""), settings.title)


@dataclass(frozen=True, slots=True)
class Zenodo:
    """The records of one account."""

    name: str
    service: Invenio
    catalogue: str
    title: str
    kind: str = "zenodo"
    store: None = None

    @property
    def client(self) -> Client:
        """Calls the service."""
        return self.service.client

    @property
    def address(self) -> str:
        """Which service it is."""
        return self.client.base

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public, in order."""
        deposit = _Deposit(self.service, release, select_files(release))
        names = [(file.name, file.size) for file in deposit.selection.single]
        if deposit.selection.packed:
            names.append((deposit.selection.archive, sum(file.size for file in deposit.selection.packed)))
        return [
            Step("draft", f"find or open the draft of {release.name} {release.version}", deposit.find, always=True),
            Step("describe", "write its metadata", deposit.describe, always=True),
            Step("empty", "remove files of other versions from it", deposit.empty, always=True),
            *(
                Step(f"upload {name}", f"upload {name}", deposit.upload(name), size=size, always=True)
                for name, size in names
            ),
            Step("compare", "compare the draft with the release", deposit.compare, always=True),
            Step("publish", "publish the record; this cannot be undone", deposit.publish),
            *(
                Step(f"read back {name}", f"download {name} and compare it", deposit.prove(name), size=size)
                for name, size in names
            ),
            Step("doi", "note the DOI", deposit.note),
        ]

    def notice(self, notice: Notice) -> Sequence[Step]:
        """A note in the metadata of the record; its files stay as they are."""

        def run(_facts: Facts, _progress: Progress) -> Facts:
            wanted = Marker(notice.name, notice.version)
            public = [
                one
                for one in self.service.owned()
                if one.get("is_published") and (marker := marker_of(one)) and marker.is_version_of(wanted)
            ]
            if not public:
                raise RefusalError(
                    f"{self.service.site} has no record of {notice.name} {notice.version}", "publish it first"
                )
            record = str(public[0]["id"])
            metadata = self.service.get(record)["metadata"]
            self.service.replace_metadata(record, zenodo_content.with_notice(metadata, notice))
            return {}

        return [Step("notice", f"say so in the metadata of the record at {self.service.site}", run)]

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
        metadata = zenodo_content.reserve(self.title or name, marker, date)
        draft = self.service.with_doi(known) or self.service.find(marker)
        if draft is not None and draft.get("is_published"):
            raise RefusalError(f"{name} {version} is published as {doi_of(draft)}", "plan a new version")
        if draft is None:
            draft = self.service.open_draft(metadata, marker)
        found = marker_of(draft)
        if found is None or not found.is_version_of(marker):
            draft = self.service.update(draft, metadata)
        if not doi_of(draft):
            draft = self.service.reserve_doi(str(draft["id"]))
        return Reservation(doi_of(draft), concept_doi_of(draft), str(draft["id"]))


@dataclass(slots=True)
class _Deposit:
    """One release on its way; `entries` by name are the files that the draft has, None when that is not known."""

    service: Invenio
    release: PublishableRelease
    selection: Selection
    entries: dict[str, Mapping[str, Any]] | None = None
    is_public: bool = False
    _known_files: dict[str, tuple[PublishableFile, str]] = field(default_factory=dict, repr=False)

    @property
    def marker(self) -> Marker:
        return Marker(self.release.name, self.release.version, self.release.release_sha256)

    @property
    def wanted(self) -> set[str]:
        """The names that the record must have, and no others."""
        archive = {self.selection.archive} if self.selection.packed else set()
        return {file.name for file in self.selection.single} | archive

    def find(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft or record of this very content; a new draft when there is none."""
        found = self._known(facts)
        if found is None:
            if self.release.doi:
                raise RefusalError(
                    f"the files name the DOI {self.release.doi}, for which {self.service.site} has no draft of this account",
                    "reserve one with `deedbook plan --write --reserve` and build again, or take the DOI out of the descriptor",
                )
            found = self.service.open_draft(self._metadata(), self.marker)
        self.is_public = bool(found.get("is_published"))
        return {"record": str(found["id"])}

    def _known(self, facts: Facts) -> Record | None:
        """By the journal, by the DOI in the files, else by the marker in the list of all records, which may be behind."""
        if record := facts.get("record"):
            found = self.service.public(record) or self.service.draft(record)
            if found is not None and self._is_ours(found, is_noted=True):
                return found
        if self.release.doi:
            found = self.service.with_doi(self.release.doi)
            return found if found is not None and self._is_ours(found, is_noted=False) else None
        return self.service.find(self.marker)

    def _is_ours(self, found: Record, *, is_noted: bool) -> bool:
        """Whether a draft or record is of this release.

        Raises:
            RefusalError: when it is of another content of the same version.
        """
        marker = marker_of(found)
        if self.release.doi and doi_of(found) != self.release.doi:
            return False
        if marker is None or not marker.is_version_of(self.marker):
            return is_noted and not found.get("is_published")
        if not marker.may_be(self.marker):
            raise RefusalError(
                f"record {found['id']} at {self.service.site} is {marker.name} {marker.version} with other content",
                "a version is never rewritten: plan a new one; an unpublished draft can be discarded there",
            )
        return True

    def describe(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft has the release's metadata and its marker."""
        if not self.is_public:
            draft, wanted = self._draft(facts), self._metadata()
            has = draft.get("metadata", {})
            if draft.get("errors") or any(has.get(name) != value for name, value in wanted.items()):
                self.service.update(draft, wanted)
        return {}

    def _draft(self, facts: Facts) -> Record:
        draft = self.service.draft(facts["record"])
        if draft is None:
            raise RemoteError(f"{self.service.site} has no draft {facts['record']} any more", "publish again")
        return draft

    def _metadata(self) -> dict[str, Any]:
        path = self.release.folder / "datacite.json"
        try:
            datacite = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ProjectError(f"{path}: cannot be read: {error}", "build the release again") from None
        remark = (
            f"{len(self.selection.packed)} further files of the release are in {self.selection.archive}; unpacked beside "
            "the others, `sha256sum -c SHA256SUMS` proves all of them."
        )
        return zenodo_content.describe(datacite, self.marker, remark if self.selection.packed else "")

    def empty(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft has no file but ours: those of the version before may have been carried over."""
        if not self.is_public:
            for name, entry in self._listed(facts).items():
                if name not in self.wanted or (entry.get("status") == "completed" and not self._is_same(name, entry)):
                    self._remove(name, facts)
        return {}

    def _remove(self, name: str, facts: Facts) -> None:
        self.service.client.call("DELETE", self._path(facts, name), ok=[204, 404])
        self.entries = None

    def upload(self, name: str) -> Callable[[Facts, Progress], Facts]:
        """The draft has the file, committed with our MD5."""

        def run(facts: Facts, progress: Progress) -> Facts:
            for _ in range(ATTEMPTS if not self.is_public else 0):
                if self._has(name, facts):
                    return {}
                try:
                    self._send(name, facts, progress)
                except (StatusError, RemoteError) as error:
                    if isinstance(error, StatusError) and error.status not in {400, 404, 409}:
                        raise
                self.entries = None
            if not self.is_public and not self._has(name, facts):
                raise RemoteError(f"{name} did not arrive whole at {self.service.site}", "publish again")
            return {}

        return run

    def _has(self, name: str, facts: Facts) -> bool:
        """Whether the draft has the file; one with other content is removed."""
        entry = self._listed(facts).get(name)
        if entry is None or entry.get("status") != "completed":
            return False
        if not self._is_same(name, entry):
            self._remove(name, facts)
            return False
        return True

    def _send(self, name: str, facts: Facts, progress: Progress) -> None:
        client, where = self.service.client, self._path(facts, name)
        if name not in self._listed(facts):
            try:
                client.call("POST", f"records/{facts['record']}/draft/files", ok=[201], data=[{"key": name}])
            except (StatusError, RemoteError):
                self.entries = None
                if name not in self._listed(facts):
                    raise
        with self._opened(name) as path:
            upload = Upload(path, self._file(name)[0].size, progress)
            client.call("PUT", f"{where}/content", ok=[200], upload=upload)
        client.call("POST", f"{where}/commit", ok=[200])

    def _is_same(self, name: str, entry: Mapping[str, Any]) -> bool:
        file, md5 = self._file(name)
        return entry.get("checksum") == f"md5:{md5}" and int(entry.get("size", -1)) == file.size

    def _file(self, name: str) -> tuple[PublishableFile, str]:
        """What the file is, and its MD5, which is what deposit servers tell and proves nothing else here."""
        if name not in self._known_files:
            with self._opened(name) as path, path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                md5 = hashlib.file_digest(file, lambda: hashlib.new("md5", usedforsecurity=False)).hexdigest()
                self._known_files[name] = PublishableFile(name, file.tell(), sha256), md5
        return self._known_files[name]

    @contextmanager
    def _opened(self, name: str) -> Iterator[Path]:
        """Where the file is; the archive is made for as long as it is needed."""
        if name != self.selection.archive:
            yield self.release.folder / name
            return
        with tempfile.TemporaryDirectory(prefix="deedbook-") as scratch:
            yield write_archive(self.release, self.selection, Path(scratch))

    def _listed(self, facts: Facts) -> dict[str, Mapping[str, Any]]:
        if self.entries is None:
            answer = self.service.client.call("GET", f"records/{facts['record']}/draft/files", ok=[200]).json()
            self.entries = {str(entry["key"]): entry for entry in answer["entries"]}
        return self.entries

    def _path(self, facts: Facts, name: str) -> str:
        return f"records/{facts['record']}/draft/files/{quote(name)}"

    def compare(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft is what it has to be: nothing can be mended after the next step."""
        if self.is_public:
            return {}
        self.entries = None
        listed, draft, wanted = self._listed(facts), self._draft(facts), self.wanted
        faults = [f"it lacks {name}" for name in sorted(wanted - listed.keys())]
        faults += [f"it also has {name}" for name in sorted(listed.keys() - wanted)]
        differ = [name for name in sorted(wanted & listed.keys()) if not self._is_same(name, listed[name])]
        faults += [f"{name} differs" for name in differ]
        if marker_of(draft) != self.marker:
            faults.append("its metadata is of another release")
        if self.release.doi and doi_of(draft) != self.release.doi:
            faults.append(f"its DOI is not {self.release.doi}, which the files name")
        if faults:
            raise RefusalError(
                f"the draft {facts['record']} at {self.service.site} is not the release: {'; '.join(faults[:5])}",
                "discard the draft there, remove the journal in .deedbook/journal, and publish again",
            )
        return {}

    def publish(self, facts: Facts, _progress: Progress) -> Facts:
        """The record is public; after a lost answer one looks, and never asks twice for the same."""
        record = facts["record"]
        for number in range(ATTEMPTS):
            if self.service.public(record) is not None:
                break
            try:
                self.service.client.call("POST", f"records/{record}/draft/actions/publish", ok=[202])
            except RemoteError:
                if number == ATTEMPTS - 1 and self.service.public(record) is None:
                    raise
        self.is_public = True
        return {}

    def prove(self, name: str) -> Callable[[Facts, Progress], Facts]:
        """What anybody gets is what was built."""

        def run(facts: Facts, progress: Progress) -> Facts:
            file, _ = self._file(name)
            url = f"{self.service.site}records/{facts['record']}/files/{quote(name)}"
            if http.digest(url, file.size, progress, self.service.client.sleep) != (file.size, file.sha256):
                raise RefusalError(
                    f"{url} is not what was uploaded", "do not announce it; ask the service what happened"
                )
            return {}

        return run

    def note(self, facts: Facts, _progress: Progress) -> Facts:
        """The DOIs, and where the files are."""
        record = self.service.get(facts["record"])
        doi = doi_of(record)
        if self.release.doi and doi != self.release.doi:
            raise RefusalError(
                f"record {facts['record']} has the DOI {doi}, but its files name {self.release.doi}",
                "ask the service what happened; do not announce the release",
            )
        mirror = f"{self.service.site}records/{facts['record']}/files/"
        found = {"doi": doi, "concept_doi": concept_doi_of(record), "mirror": mirror}
        return {name: value for name, value in found.items() if value}
