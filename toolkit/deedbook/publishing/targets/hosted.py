"""A target that holds a catalogue: what a directory and a bucket have in common."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from deedbook import http
from deedbook.catalogue import edits
from deedbook.catalogue.keys import Signers, as_public, configured_signers, with_signer
from deedbook.catalogue.records import Catalogue, Dataset
from deedbook.catalogue.store import Change, Clock, ExistsError, Rebuilt, Store, read_catalogue, rebuild, settle, update
from deedbook.errors import RefusalError, UsageError
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS
from deedbook.integrity.signatures import prove_signature
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Step

_NOTHING: Facts = {}
LISTED = "listed before"
"""The fact whether the catalogue named the release already: `yes` or `no`."""


def present_time() -> str:
    """The time as a catalogue writes it; a publisher's clock is the only one that reaches it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class HostedCatalogue:
    """A catalogue in a store, and how to publish into it.

    Attributes:
        url: The public address of its root, ending in `/`; empty when nothing can be read back over one yet.
        title: What a new catalogue is called.
        before: Steps that come first; they show that the place is fit.
        after: Steps that come last; they run each time.
        next: What is to be done by hand afterwards; empty for nothing.
        environment: Where the signing keys are.
    """

    name: str
    kind: str
    address: str
    store: Store
    url: str = ""
    title: str = ""
    before: Sequence[Step] = ()
    after: Callable[[str], Sequence[Step]] = field(default=lambda _subject: ())
    clock: Clock = present_time
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    catalogue: str = ""
    next: str = ""

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """Look, upload and read back every file, download all over the public address, enter it, move latest."""
        about = _about(release)
        steps = [
            *self.before,
            Step(
                "look",
                f"look whether {self.store.where} may take it",
                lambda *_: self._look(about, release),
                always=True,
            ),
        ]
        steps += [self._upload(release, file) for file in release.files]
        if self.url:
            public = f"{self.url}{release.name}/{release.version}/"
            steps.append(
                Step("download", f"read all files back from {public}", self._read_back(release), size=release.size)
            )

        def enter(_facts: Facts, _progress: Progress) -> Facts:
            for file in release.files:  # once more, whatever a journal says
                path = f"{release.name}/{release.version}/{file.name}"
                if self.store.size(path) != file.size:
                    raise RefusalError(
                        f"{self.store.where}{path} is gone or cut since it was uploaded", "publish again"
                    )
            self.change(lambda old, now: edits.with_release(old, about, now))
            return _NOTHING

        def tidy(_facts: Facts, _progress: Progress) -> Facts:
            self.store.tidy(file.sha256 for file in release.files)
            return _NOTHING

        subject = f"Publish {release.name} {release.version}"
        return [
            *steps,
            Step("catalogue", "enter it into catalog.json", enter, always=True),
            *self.finish(subject),
            Step("tidy", "remove what interrupted uploads left", tidy, always=True),
        ]

    def notice(self, notice: Notice) -> Sequence[Step]:
        """Yanks a version in the catalogue, or takes that back, and moves latest."""

        def run(_facts: Facts, _progress: Progress) -> Facts:
            self.change(lambda old, now: noticed(old, notice, now))
            return _NOTHING

        verb = "Unyank" if notice.reason is None else "Yank"
        subject = f"{verb} {notice.name} {notice.version}"
        return [Step("catalogue", f"{subject} in catalog.json", run, always=True), *self.finish(subject)]

    def finish(self, subject: str) -> Sequence[Step]:
        """What follows every change of `catalog.json`."""

        def run(_facts: Facts, _progress: Progress) -> Facts:
            settle(self.store, self._signers())
            return _NOTHING

        latest = Step("latest", "renew feed, page and metadata; latest.json last", run, always=True)
        return [latest, *self.after(subject)]

    def change(self, change: Change) -> Catalogue:
        """Changes `catalog.json`."""
        return update(self.store, change, title=self.title, signers=self._signers(), clock=self.clock)

    def read(self) -> Catalogue | None:
        """What is published there; None when nothing was."""
        return read_catalogue(self.store)

    def _signers(self) -> Signers:
        return configured_signers(self.environment)

    def _look(self, about: Dataset, release: PublishableRelease) -> Facts:
        """Refuses before anything is uploaded."""
        catalogue = read_catalogue(self.store) or Catalogue()
        edits.check_addition(catalogue, about)
        facts = {LISTED: "yes" if catalogue.entry(release.name, release.version) else "no"}
        catalogue = with_signer(catalogue, self._signers(), self.clock())
        if catalogue.keys:
            _demand_signature(catalogue, release)
        return facts

    def _upload(self, release: PublishableRelease, file: PublishableFile) -> Step:
        path, fact = f"{release.name}/{release.version}/{file.name}", f"stored {file.name}"

        def run(facts: Facts, progress: Progress) -> Facts:
            if facts.get(fact) == file.sha256 and self.store.size(path) == file.size:
                return _NOTHING
            if self.store.size(path) is None:
                with suppress(ExistsError):  # somebody else was faster: what matters is what stands there
                    self.store.put_new(path, release.folder / file.name, file.sha256, progress)
            self._compare(path, file)
            return {fact: file.sha256}

        return Step(f"upload {file.name}", f"put {path}", run, size=file.size, always=True)

    def _read_back(self, release: PublishableRelease) -> Callable[[Facts, Progress], Facts]:
        """Proves that anybody gets from the public address what is published."""

        def run(_facts: Facts, progress: Progress) -> Facts:
            for file in release.files:
                address = f"{self.url}{release.name}/{release.version}/{quote(file.name)}"
                size, sha256 = http.digest(address, file.size, progress)
                if (size, sha256) != (file.size, file.sha256):
                    raise RefusalError(
                        f"{address} is not what was published: {size} bytes with the sha256 {sha256}, "
                        f"not {file.size} with {file.sha256}",
                        "is something between the target and its `url` out of date, or changing files?",
                    )
            return _NOTHING

        return run

    def _compare(self, path: str, file: PublishableFile) -> None:
        stored = self.store.digest(path, lambda _bytes: None)
        if stored != file.sha256:
            raise RefusalError(
                f"{self.store.where}{path} has other content: its sha256 is {stored}, not {file.sha256}",
                "a published file is never rewritten: plan a new version; if that file is damaged, remove it by hand",
            )


def _demand_signature(catalogue: Catalogue, release: PublishableRelease) -> None:
    """A signed catalogue has only releases that one of its keys signed.

    Raises:
        RefusalError: when this is not one.
    """
    file = release.folder / SIGNATURE
    content = file.read_bytes() if file.is_file() else b""
    try:
        prove_signature((release.folder / SUMS).read_bytes(), content, map(as_public, catalogue.keys))
    except ValueError as error:
        said = f"has a signature that {error}" if content else "is not signed"
        raise RefusalError(
            f"{release.name} {release.version} {said}, and the catalogue's key is {catalogue.keys[-1].id}",
            "build the release with the catalogue's key: DEEDBOOK_SIGNING_KEY or DEEDBOOK_SIGNING_KEY_FILE",
        ) from None


def noticed(old: Catalogue, notice: Notice, now: str) -> Catalogue:
    """The catalogue after a version was withdrawn, or that was taken back.

    Raises:
        UsageError: when there is no such version, no reason, or the replacement cannot be one.
    """
    if notice.reason is None:
        return edits.with_unyank(old, notice.name, notice.version, now)
    return edits.with_yank(
        old, notice.name, notice.version, reason=notice.reason, replaced_by=notice.replaced_by, now=now
    )


def _about(release: PublishableRelease) -> Dataset:
    """What a catalogue says of the release."""
    digests = {MANIFEST: release.release_sha256, SUMS: release.sums_sha256}
    sizes = (file.size for file in release.files)
    return edits.describe(release.manifest, release.package, digests, sizes, release.doi)


def rebuild_catalogue(target: object, progress: Callable[[str], None]) -> Rebuilt:
    """Makes the documents of a target's catalogue anew, and whatever follows a change of it.

    Raises:
        UsageError: when the target holds no catalogue.
        RefusalError: when one of its releases is damaged.
    """
    if not isinstance(target, HostedCatalogue):
        raise UsageError("that target holds no catalogue", "name a target of the type directory or s3")
    signers = configured_signers(target.environment)
    done = rebuild(target.store, title=target.title, signers=signers, clock=target.clock, progress=progress)
    for step in target.after("Rebuild the catalogue"):
        step.run({}, lambda _bytes: None)
    return done
