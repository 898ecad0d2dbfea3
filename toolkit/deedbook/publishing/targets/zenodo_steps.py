"""The steps of one deposit at an InvenioRDM: a draft, its files, the metadata, publication, and the proof of what is public.

Until publication they look each time, whatever the journal says: somebody may have discarded the draft meanwhile.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deedbook.errors import ProjectError, RefusalError, RemoteError
from deedbook.publishing.http import StatusError, Upload
from deedbook.publishing.steps import Facts, Progress, PublishableFile, PublishableRelease, Step
from deedbook.publishing.targets import zenodo_record
from deedbook.publishing.targets.zenodo_files import Selection, digest_of, select_files, write_archive
from deedbook.publishing.targets.zenodo_record import Marker, marker_of

if TYPE_CHECKING:
    from deedbook.publishing.targets.zenodo import Zenodo

_ATTEMPTS = 3
_DATACITE = "datacite.json"


def deposit_steps(target: Zenodo, release: PublishableRelease) -> Sequence[Step]:
    """What makes the release a public record, in order."""
    deposit = _Deposit(target, release, select_files(release))
    selection = deposit.selection
    names = [(file.name, file.size) for file in selection.single]
    if selection.packed:
        names.append((selection.archive, sum(file.size for file in selection.packed)))
    return [
        Step("draft", f"find or open the draft of {release.name} {release.version}", deposit.find, always=True),
        Step("describe", "write its metadata", deposit.describe, always=True),
        Step("empty", "remove files of other versions from it", deposit.empty, always=True),
        *(_upload_step(deposit, name, size) for name, size in names),
        Step("compare", "compare the draft with the release", deposit.compare, always=True),
        Step("publish", "publish the record; this cannot be undone", deposit.publish),
        *(_proof_step(deposit, name, size) for name, size in names),
        Step("doi", "note the DOI", deposit.note),
    ]


def _upload_step(deposit: _Deposit, name: str, size: int) -> Step:
    def run(facts: Facts, progress: Progress) -> Facts:
        deposit.upload(name, facts, progress)
        return {}

    return Step(f"upload {name}", f"upload {name}", run, size=size, always=True)


def _proof_step(deposit: _Deposit, name: str, size: int) -> Step:
    def run(facts: Facts, progress: Progress) -> Facts:
        deposit.prove(name, facts, progress)
        return {}

    return Step(f"read back {name}", f"download {name} and compare it", run, size=size)


@dataclass(slots=True)
class _Deposit:
    """One release on its way; `entries` by name are the files that the draft has, None when that is not known."""

    target: Zenodo
    release: PublishableRelease
    selection: Selection
    entries: dict[str, Mapping[str, Any]] | None = None
    is_public: bool = False
    _known_files: dict[str, tuple[PublishableFile, str]] = field(default_factory=dict, repr=False)

    @property
    def marker(self) -> Marker:
        return Marker(self.release.name, self.release.version, self.release.release_sha256)

    def find(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft or record of this very content; a new draft when there is none."""
        found = self._known(facts)
        if found is None:
            if self.release.doi:
                raise RefusalError(
                    f"the files name the DOI {self.release.doi}, for which {self.target.site} has no draft of this account",
                    "reserve one with `deedbook plan --write --reserve` and build again, or take the DOI out of the descriptor",
                )
            found = self.target.open_draft(self._metadata(), self.marker)
        self.is_public = bool(found.get("is_published"))
        return {"record": str(found["id"])}

    def _known(self, facts: Facts) -> dict[str, Any] | None:
        """By the journal, by the DOI in the files, else by the marker in the list of all records, which may be behind."""
        if record := facts.get("record"):
            found = self.target.public(record) or self.target.draft(record)
            if found is not None and self._is_ours(found, is_noted=True):
                return found
        if self.release.doi:
            found = self.target.with_doi(self.release.doi)
            return found if found is not None and self._is_ours(found, is_noted=False) else None
        return self.target.find(self.marker)

    def _is_ours(self, found: Mapping[str, Any], *, is_noted: bool) -> bool:
        """Whether a draft or record is of this release.

        Raises:
            RefusalError: when it is of another content of the same version.
        """
        marker = marker_of(found)
        if self.release.doi and zenodo_record.doi_of(found) != self.release.doi:
            return False
        if marker and (marker.name, marker.version) == (self.release.name, self.release.version):
            if marker.sha256 in {"", self.release.release_sha256}:
                return True
            raise RefusalError(
                f"record {found['id']} at {self.target.site} is {marker.name} {marker.version} with other content",
                "a version is never rewritten: plan a new one; an unpublished draft can be discarded there",
            )
        return is_noted and not found.get("is_published")

    def describe(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft has the release's metadata and its marker."""
        if self.is_public:
            return {}
        draft = self._draft(facts)
        wanted = self._metadata()
        if not all(draft.get("metadata", {}).get(name) == value for name, value in wanted.items()) or draft.get(
            "errors"
        ):
            self.target.update(draft, wanted)
        return {}

    def _draft(self, facts: Facts) -> dict[str, Any]:
        draft = self.target.draft(facts["record"])
        if draft is None:
            raise RemoteError(f"{self.target.site} has no draft {facts['record']} any more", "publish again")
        return draft

    def _metadata(self) -> dict[str, Any]:
        path = self.release.folder / _DATACITE
        try:
            datacite = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ProjectError(f"{path}: cannot be read: {error}", "build the release again") from None
        packed = self.selection.packed
        remark = (
            f"{len(packed)} further files of the release are in {self.selection.archive}; unpacked beside the others, "
            "`sha256sum -c SHA256SUMS` proves all of them."
            if packed
            else ""
        )
        return zenodo_record.describe(datacite, self.marker, remark)

    def empty(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft has no file but ours: those of the version before may have been carried over."""
        if self.is_public:
            return {}
        wanted = {file.name for file in self.selection.single}
        for name, entry in self._listed(facts).items():
            is_ours = name in wanted or (self.selection.packed and name == self.selection.archive)
            if not is_ours or (entry.get("status") == "completed" and not self._is_same(name, entry)):
                self._remove(name, facts)
        return {}

    def _remove(self, name: str, facts: Facts) -> None:
        self.target.client.call("DELETE", self._path(facts, name), ok=[204, 404])
        self.entries = None

    def upload(self, name: str, facts: Facts, progress: Progress) -> None:
        """The draft has the file, committed with our MD5."""
        if self.is_public:
            return
        for _ in range(_ATTEMPTS):
            entry = self._listed(facts).get(name)
            if entry and entry.get("status") == "completed":
                if self._is_same(name, entry):
                    return
                self._remove(name, facts)
                entry = None
            if entry is None:
                self._start(name, facts)
            self.entries = None
            try:
                self._send(name, facts, progress)
            except (StatusError, RemoteError) as error:
                if isinstance(error, StatusError) and error.status not in {400, 404, 409}:
                    raise
        entry = self._listed(facts).get(name)
        if entry is None or entry.get("status") != "completed" or not self._is_same(name, entry):
            raise RemoteError(f"{name} did not arrive whole at {self.target.site}", "publish again")

    def _send(self, name: str, facts: Facts, progress: Progress) -> None:
        client, where = self.target.client, self._path(facts, name)
        with self._opened(name) as path:
            upload = Upload(path, self._file(name)[0].size, progress)
            client.call("PUT", f"{where}/content", ok=[200], upload=upload)
        client.call("POST", f"{where}/commit", ok=[200])

    def _start(self, name: str, facts: Facts) -> None:
        path = f"records/{facts['record']}/draft/files"
        try:
            self.target.client.call("POST", path, ok=[201], data=[{"key": name}])
        except (StatusError, RemoteError):
            self.entries = None
            if name not in self._listed(facts):
                raise

    def _is_same(self, name: str, entry: Mapping[str, Any]) -> bool:
        file, md5 = self._file(name)
        return entry.get("checksum") == f"md5:{md5}" and int(entry.get("size", -1)) == file.size

    def _file(self, name: str) -> tuple[PublishableFile, str]:
        """What the file is, and its MD5."""
        if name not in self._known_files:
            with self._opened(name) as path:
                size, sha256, md5 = path.stat().st_size, digest_of(path, "sha256"), digest_of(path, "md5")
            self._known_files[name] = PublishableFile(name, size, sha256), md5
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
            answer = self.target.client.call("GET", f"records/{facts['record']}/draft/files", ok=[200]).json()
            self.entries = {str(entry["key"]): entry for entry in answer["entries"]}
        return self.entries

    def _path(self, facts: Facts, name: str) -> str:
        return f"records/{facts['record']}/draft/files/{quote(name)}"

    def compare(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft is what it has to be: nothing can be mended after the next step."""
        if self.is_public:
            return {}
        self.entries = None
        listed, draft = self._listed(facts), self._draft(facts)
        wanted = {file.name for file in self.selection.single} | (
            {self.selection.archive} if self.selection.packed else set()
        )
        faults = [f"it lacks {name}" for name in sorted(wanted - listed.keys())]
        faults += [f"it also has {name}" for name in sorted(listed.keys() - wanted)]
        faults += [
            f"{name} differs" for name in sorted(wanted & listed.keys()) if not self._is_same(name, listed[name])
        ]
        if marker_of(draft) != self.marker:
            faults.append("its metadata is of another release")
        if self.release.doi and zenodo_record.doi_of(draft) != self.release.doi:
            faults.append(f"its DOI is not {self.release.doi}, which the files name")
        if faults:
            raise RefusalError(
                f"the draft {facts['record']} at {self.target.site} is not the release: {'; '.join(faults[:5])}",
                "discard the draft there, remove the journal in .deedbook/journal, and publish again",
            )
        return {}

    def publish(self, facts: Facts, _progress: Progress) -> Facts:
        """The record is public; after a lost answer one looks, and never asks twice for the same."""
        path = f"records/{facts['record']}/draft/actions/publish"
        for number in range(_ATTEMPTS):
            if self.target.public(facts["record"]) is not None:
                self.is_public = True
                return {}
            try:
                self.target.client.call("POST", path, ok=[202])
            except RemoteError:
                if number == _ATTEMPTS - 1 and self.target.public(facts["record"]) is None:
                    raise
        self.is_public = True
        return {}

    def prove(self, name: str, facts: Facts, progress: Progress) -> None:
        """What anybody gets is what was built."""
        file, _ = self._file(name)
        url = f"{self.target.site}records/{facts['record']}/files/{quote(name)}"
        if self.target.client.download(url, progress) != file.sha256:
            raise RefusalError(f"{url} is not what was uploaded", "do not announce it; ask the service what happened")

    def note(self, facts: Facts, _progress: Progress) -> Facts:
        """The DOIs, and where the files are."""
        record = self.target.get(facts["record"])
        doi, concept = zenodo_record.doi_of(record), zenodo_record.concept_doi_of(record)
        if self.release.doi and doi != self.release.doi:
            raise RefusalError(
                f"record {facts['record']} has the DOI {doi}, but its files name {self.release.doi}",
                "ask the service what happened; do not announce the release",
            )
        found = {"doi": doi, "concept_doi": concept, "mirror": f"{self.target.site}records/{facts['record']}/files/"}
        return {name: value for name, value in found.items() if value}
