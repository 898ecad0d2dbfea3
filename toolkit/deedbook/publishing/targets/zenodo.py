"""`type = "zenodo"`: a record of Zenodo, or of any other InvenioRDM, by its records API.

api        by default https://zenodo.org/api; https://sandbox.zenodo.org/api to try things out
concept    the id of any record of the dataset that was deposited by hand, whose next version this is; seldom needed
catalogue  the target in whose catalogue DOI and address are noted

A published record cannot be taken back, so everything is compared before: the draft is found by its marker, or by the
DOI that `plan --reserve` put into the files; files are committed with their MD5; the publishing call is never repeated blindly, and
afterwards every file is downloaded as anybody can. Until publication every step looks, whatever the journal says: somebody may have
discarded the draft meanwhile. ZENODO_TOKEN needs the scopes deposit:write and deposit:actions.

A record holds about a hundred files, a release can have more:

    up to 99 files   each is deposited under its own name
    more             whole formats go, the least asked for first, into `NAME-VERSION-more.zip`, until 99 files and the archive are left

Whoever unpacks that archive beside the other files has the release as it was built: `sha256sum -c SHA256SUMS` proves all of it.
The archive is stored, not compressed, with fixed dates, so that its bytes are the same whoever makes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from deedbook.errors import ProjectError, RefusalError, RemoteError
from deedbook.integrity.containers import write_archive
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS
from deedbook.publishing.deposit import Client, Deposit, Upload, or_found
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Settings, Step
from deedbook.publishing.targets.records import (
    Marker,
    Record,
    describe,
    doi_of,
    dois_of,
    marker_of,
    value_in,
    with_notice,
)
from deedbook.release.formats import FORMATS

FORM = "application/vnd.inveniordm.v1+json"
MOST_FILES = 99
"""Deposited one by one: one less than a record holds, for the archive."""
_ALONE = frozenset({MANIFEST, SUMS, SIGNATURE, "README.md", "CODEBOOK.md", "LICENSE", "datacite.json"})
"""They prove or explain the others, so they stand by themselves."""
_PUBLIC = {"record": "public", "files": "public"}


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
    hint = "set ZENODO_TOKEN to one with the scopes deposit:write and deposit:actions"
    token = settings.token(environment, hint, "ZENODO_TOKEN")
    concept = settings.text("concept", "").rpartition(".")[2].rpartition("/")[2]
    client = Client(api, token, {"Accept": FORM})
    return Zenodo(settings.name, client, concept, settings.text("catalogue", ""), settings.title)


@dataclass(frozen=True, slots=True)
class Zenodo:
    """The records of one account.

    Attributes:
        client: The API; `base` ends in `/api/`.
        concept: The id of a record of the dataset that was deposited by hand; empty for none.
        title: That of the dataset.
    """

    name: str
    client: Client
    concept: str
    catalogue: str
    title: str
    kind: str = "zenodo"

    @property
    def address(self) -> str:
        """Which service it is."""
        return self.client.base

    @property
    def site(self) -> str:
        """The address of its pages."""
        return self.client.base.removesuffix("api/")

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public, in order."""
        draft = _Draft(self, release)
        deposit = Deposit(draft)

        def empty(facts: Facts, _progress: Progress) -> None:
            """The draft has no file but ours: those of the version before may have been carried over."""
            for name in list(deposit.entries(facts) or ()):
                if name in draft.sizes:
                    deposit.has(name, facts)
                else:
                    deposit.remove(name, facts)

        return [
            Step("draft", f"find or open the draft of {release.name} {release.version}", draft.find, always=True),
            Step("describe", "write its metadata", draft.describe, always=True),
            Step("empty", "remove files of other versions from it", empty, always=True),
            *deposit.steps("publish the record; this cannot be undone"),
            Step("doi", "note the DOI", draft.note),
        ]

    def notice(self, notice: Notice) -> Sequence[Step]:
        """A note in the metadata of the record; its files stay as they are."""

        def run(_facts: Facts, _progress: Progress) -> None:
            wanted, owned = Marker(notice.name, notice.version), self.owned(notice.name)
            public = [one for one, marker in owned if one.get("is_published") and marker.is_version_of(wanted)]
            if not public:
                raise RefusalError(f"{self.site} has no record of {notice.name} {notice.version}", "publish it first")
            record = str(public[0]["id"])
            before = self.get(record)["metadata"]
            after = with_notice(before, notice)
            if after != before:
                draft = self.client.call("POST", f"records/{record}/draft", ok=[201])
                self.update(draft, after)
                publish = partial(self.client.call, "POST", f"records/{record}/draft/actions/publish", ok=[202])
                or_found(publish, lambda: self.get(record)["metadata"] == after)

        return [Step("notice", f"say so in the metadata of the record at {self.site}", run)]

    def reserve(self, name: str, version: str, date: str, known: str = "") -> dict[str, str]:
        """`doi` for a version that is yet to be built, the same however often it is asked for, and `concept_doi` where there is one.

        Args:
            name: Of the dataset.
            version: That is planned.
            date: The release date, as an ISO day.
            known: The DOI that was reserved for it before, which is looked for first; empty for none.

        Raises:
            RefusalError: when that version is published, or another draft of the dataset is in the way.
        """
        marker = Marker(name, version)
        title = self.title or name
        metadata = describe(
            {"titles": [{"title": title}], "creators": [{"name": title}], "dates": [{"date": date}]}, marker
        )
        draft = self.with_doi(known) or self.find(marker) or self.open_draft(metadata, marker)
        if draft.get("is_published"):
            raise RefusalError(f"{name} {version} is published as {doi_of(draft)}", "plan a new version")
        if not marker.is_version_of(marker_of(draft)):
            draft = self.update(draft, metadata)
        if not doi_of(draft):
            record = str(draft["id"])
            look = partial(self.look, record, "/draft")
            ask = partial(self.client.call, "POST", f"records/{record}/draft/pids/doi", ok=[201, 400])
            or_found(ask, lambda: doi_of(look() or {}))  # 400: it has one by now
            draft = look() or {}
            if not doi_of(draft):
                raise RemoteError(f"{self.site} has not reserved a DOI for its draft {record}", "try again later")
        return dois_of(draft)

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


class _Draft:
    """One release on its way; see `deposit.Draft`."""

    label = "the draft"
    people = "the service"
    passing = frozenset({400, 404, 409})
    mend = "discard the draft there, remove the journal in .deedbook/journal, and publish again"

    def __init__(self, service: Zenodo, release: PublishableRelease) -> None:
        self.service, self.client, self.site, self.release = service, service.client, service.site, release
        self.marker = Marker(release.name, release.version, release.release_sha256)
        self.packed = files_to_pack(release)
        self.archive = f"{release.name}-{release.version}-more.zip"
        self.sizes = {file.name: file.size for file in release.files if file not in self.packed}
        if self.packed:
            self.sizes[self.archive] = sum(file.size for file in self.packed)
        self.was_public = False
        self._files: dict[str, tuple[PublishableFile, str]] = {}

    def find(self, facts: Facts, _progress: Progress) -> Facts:
        """The draft or record of this very content; a new draft when there is none."""
        found = self._known(facts)
        if found is None:
            if self.release.doi:
                raise RefusalError(
                    f"the files name the DOI {self.release.doi}, for which {self.site} has no draft of this account",
                    "reserve one with `deedbook plan --write --reserve` and build again, or take the DOI out of the descriptor",
                )
            found = self.service.open_draft(self._metadata(), self.marker)
        self.was_public = bool(found.get("is_published"))
        return {"record": str(found["id"])}

    def _known(self, facts: Facts) -> Record | None:
        """By the journal, by the DOI in the files, else by the marker in the list of all records, which may be behind."""
        record, doi = facts.get("record"), self.release.doi
        noted = (self.service.look(record) or self.service.look(record, "/draft")) if record else None
        if noted is not None and self._is_ours(noted, is_noted=True):
            return noted
        if not doi:
            return self.service.find(self.marker)
        found = self.service.with_doi(doi)
        return found if found is not None and self._is_ours(found, is_noted=False) else None

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
                f"record {found['id']} at {self.site} is {marker.name} {marker.version} with other content",
                "a version is never rewritten: plan a new one; an unpublished draft can be discarded there",
            )
        return True

    def describe(self, facts: Facts, _progress: Progress) -> None:
        """The draft has the release's metadata and its marker."""
        if not self.was_public:
            draft, wanted = self._draft(facts), self._metadata()
            has = draft.get("metadata", {})
            if draft.get("errors") or any(has.get(name) != value for name, value in wanted.items()):
                self.service.update(draft, wanted)

    def _draft(self, facts: Facts) -> Record:
        draft = self.service.look(facts["record"], "/draft")
        if draft is None:
            raise RemoteError(f"{self.site} has no draft {facts['record']} any more", "publish again")
        return draft

    def _metadata(self) -> dict[str, Any]:
        path = self.release.folder / "datacite.json"
        try:
            datacite = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ProjectError(f"{path}: cannot be read: {error}", "build the release again") from None
        return describe(datacite, self.marker, self.archive, len(self.packed))

    def entries(self, facts: Facts) -> dict[str, Mapping[str, Any]] | None:
        """The files of the draft; those of a record are fixed."""
        if self.was_public:
            return None
        answer = self.client.call("GET", self._files_of(facts), ok=[200])
        return {str(entry["key"]): entry for entry in answer["entries"]}

    def _files_of(self, facts: Facts, name: str = "") -> str:
        return f"records/{facts['record']}/draft/files{f'/{quote(name)}' if name else ''}"

    def is_whole(self, name: str, entry: Mapping[str, Any]) -> bool:
        """By its MD5."""
        file, md5 = self._file(name)
        is_same = entry.get("checksum") == f"md5:{md5}" and int(entry.get("size", -1)) == file.size
        return is_same and entry.get("status") == "completed"

    def remove(self, name: str, _entry: Mapping[str, Any], facts: Facts) -> None:
        """Removes a file, also one that was only announced."""
        self.client.call("DELETE", self._files_of(facts, name), ok=[204, 404])

    def _file(self, name: str) -> tuple[PublishableFile, str]:
        """What the file is, and its MD5, which is what deposit servers tell and proves nothing else here."""
        if name not in self._files:
            with self._opened(name) as path, path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                md5 = hashlib.file_digest(file, lambda: hashlib.new("md5", usedforsecurity=False)).hexdigest()
                self._files[name] = PublishableFile(name, file.tell(), sha256), md5
        return self._files[name]

    @contextmanager
    def _opened(self, name: str) -> Iterator[Path]:
        """Where the file is; the archive is made for as long as it is needed."""
        if name != self.archive:
            yield self.release.folder / name
            return
        with tempfile.TemporaryDirectory(prefix="deedbook-") as scratch:
            path = Path(scratch) / name
            write_archive(path, self.release.folder, (file.name for file in self.packed))
            yield path

    def send(self, name: str, facts: Facts, progress: Progress) -> None:
        """Announces a file, uploads and commits it."""
        self.client.call("POST", self._files_of(facts), ok=[201], data=[{"key": name}])
        where, size = self._files_of(facts, name), self.content(name).size
        with self._opened(name) as path:
            self.client.call("PUT", f"{where}/content", ok=[200], upload=Upload(path, size, progress))
        self.client.call("POST", f"{where}/commit", ok=[200])

    def faults(self, facts: Facts) -> list[str]:
        """What its metadata has that is not the release's."""
        draft, doi = self._draft(facts), self.release.doi
        faults = [] if marker_of(draft) == self.marker else ["has metadata of another release"]
        return faults if doi in {"", doi_of(draft)} else [*faults, f"has not the DOI {doi}, which the files name"]

    def is_public(self, facts: Facts) -> bool:
        """Whether there is a record."""
        self.was_public = self.service.look(facts["record"]) is not None
        return self.was_public

    def make_public(self, facts: Facts) -> None:
        """Publishes the draft."""
        self.client.call("POST", f"records/{facts['record']}/draft/actions/publish", ok=[202])

    def content(self, name: str) -> PublishableFile:
        """A file of the release, or the archive."""
        return self._file(name)[0]

    def address(self, name: str, _entry: Mapping[str, Any], facts: Facts) -> str:
        """On the pages of the service."""
        return f"{self.site}records/{facts['record']}/files/{quote(name)}"

    def note(self, facts: Facts, _progress: Progress) -> Facts:
        """The DOIs."""
        found, doi = dois_of(self.service.get(facts["record"])), self.release.doi
        if doi and found.get("doi") != doi:
            what = f"record {facts['record']} has the DOI {found.get('doi')}, but its files name {doi}"
            raise RefusalError(what, "ask the service what happened; do not announce the release")
        return found


def files_to_pack(release: PublishableRelease, most: int = MOST_FILES) -> tuple[PublishableFile, ...]:
    """The files that go into the archive, by name; none when the record holds all of them."""
    left = sorted(filter(lambda file: file.name not in _ALONE, release.files), key=lambda file: file.name)
    too_many, packed = len(release.files) - most, list[PublishableFile]()
    # the last formats first, and before them those that no tool of the README loads; CSV and Parquet after all else
    per_table = filter(lambda item: item.is_per_table, reversed(FORMATS))
    suffixes = [item.suffixes for item in sorted(per_table, key=lambda item: item.usage is not None)]
    for ends in (*suffixes[:-2], (".diff.csv",), (".svg",), *suffixes[-2:]):
        if len(packed) < too_many:
            packed += [file for file in left if file.name.endswith(ends) and file not in packed]
    packed += [file for file in left if file not in packed][: max(0, too_many - len(packed))]
    return tuple(sorted(packed, key=lambda file: file.name))
