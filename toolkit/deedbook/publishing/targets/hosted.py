"""Targets that hold a catalogue: a directory, and a bucket of any S3-compatible service.

type = "directory": a folder, which a web server may serve, or the checkout of a branch for Pages.

    path      the folder; relative to the project
    url       its public address, to read everything back over it before latest moves
    title     what a new catalogue is called; the title of the dataset by default
    git       true: commit what was published, on `branch` only; nothing is pushed
    branch    that must be checked out in `path`; `gh-pages` by default

type = "s3": a bucket.

    bucket    its name
    prefix    below which the catalogue is; the root of the bucket by default
    endpoint  of a service other than AWS
    region    by default that of the environment
    url, title    as above
"""

import datetime as dt
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from deedbook import http
from deedbook.catalogue import edits
from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.documents import DOCUMENTS
from deedbook.catalogue.records import Catalogue, Dataset
from deedbook.catalogue.store import Change, Clock, ExistsError, Rebuilt, Store, read_catalogue, rebuild, settle, update
from deedbook.errors import ProjectError, RefusalError, UsageError, of_extra
from deedbook.integrity.digests import SIGNATURE, SUMS
from deedbook.integrity.signatures import prove_signature
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableFile, PublishableRelease, Settings, Step

SITE = "site"
"""The folder of the pages beside the releases, where `[site]` asks for them."""
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
        place = _place(release)
        download = Step(
            "download", f"read all files back from {self.url}{place}", partial(self.read_back, release), release.size
        )
        return [
            *self.before,
            Step("look", f"look whether {self.store.where} may take it", partial(self.look, release), always=True),
            *(
                Step(
                    f"upload {one.name}",
                    f"put {place}{one.name}",
                    partial(self.upload, release, one),
                    one.size,
                    always=True,
                )
                for one in release.files
            ),
            *([download] if self.url else []),
            Step("catalogue", "enter it into catalog.json", partial(self.enter, release), always=True),
            *self.finish(f"Publish {release.name} {release.version}"),
            Step("tidy", "remove what interrupted uploads left", partial(self.tidy, release), always=True),
        ]

    def look(self, release: PublishableRelease, _facts: Facts, _progress: Progress) -> Facts:
        """Refuses before anything is uploaded."""
        catalogue = self.read() or Catalogue()
        edits.check_addition(catalogue, _about(release))
        facts = {LISTED: "yes" if catalogue.entry(release.name, release.version) else "no"}
        keys = edits.with_signer(catalogue, edits.configured_signers(self.environment), self.clock()).keys
        signature = release.folder / SIGNATURE
        content = signature.read_bytes() if signature.is_file() else b""
        try:
            if keys:  # a signed catalogue has only releases that one of its keys signed
                prove_signature((release.folder / SUMS).read_bytes(), content, map(edits.as_public, keys))
        except ValueError as error:
            said = f"has a signature that {error}" if content else "is not signed"
            what = f"{release.name} {release.version} {said}, and the catalogue's key is {keys[-1].id}"
            hint = "build the release with the catalogue's key: DEEDBOOK_SIGNING_KEY or DEEDBOOK_SIGNING_KEY_FILE"
            raise RefusalError(what, hint) from None
        return facts

    def upload(self, release: PublishableRelease, file: PublishableFile, facts: Facts, progress: Progress) -> Facts:
        """Puts a file, unless it is there, and reads it back."""
        path, fact = _place(release) + file.name, f"stored {file.name}"
        size = self.store.size(path)
        if facts.get(fact) == file.sha256 and size == file.size:
            return {}
        if size is None:
            with suppress(ExistsError):  # somebody else was faster: what matters is what stands there
                self.store.put_new(path, release.folder / file.name, file.sha256, progress)
        stored = self.store.digest(path)
        if stored != file.sha256:
            what = f"{self.store.where}{path} has other content: its sha256 is {stored}, not {file.sha256}"
            hint = "plan a new version; if that file is damaged, remove it by hand"
            raise RefusalError(what, f"a published file is never rewritten: {hint}")
        return {fact: file.sha256}

    def read_back(self, release: PublishableRelease, _facts: Facts, progress: Progress) -> None:
        """Proves that anybody gets from the public address what is published."""
        for file in release.files:
            address = f"{self.url}{_place(release)}{quote(file.name)}"
            size, sha256 = http.digest(address, file.size, progress)
            if (size, sha256) != (file.size, file.sha256):
                found = f"{size} bytes with the sha256 {sha256}, not {file.size} with {file.sha256}"
                hint = "is something between the target and its `url` out of date, or changing files?"
                raise RefusalError(f"{address} is not what was published: {found}", hint)

    def enter(self, release: PublishableRelease, _facts: Facts, _progress: Progress) -> None:
        """Names the release in `catalog.json`; its files are looked at once more, whatever a journal says."""
        for file in release.files:
            path = _place(release) + file.name
            if self.store.size(path) != file.size:
                raise RefusalError(f"{self.store.where}{path} is gone or cut since it was uploaded", "publish again")
        self.change(lambda old, now: edits.with_release(old, _about(release), now))

    def tidy(self, release: PublishableRelease, _facts: Facts, _progress: Progress) -> None:
        """Removes what interrupted uploads of its files left."""
        self.store.tidy(file.sha256 for file in release.files)

    def notice(self, notice: Notice) -> Sequence[Step]:
        """Yanks a version in the catalogue, or takes that back, and moves latest."""

        def run(_facts: Facts, _progress: Progress) -> None:
            self.change(partial(noticed, notice))

        verb = "Unyank" if notice.reason is None else "Yank"
        subject = f"{verb} {notice.name} {notice.version}"
        return [Step("catalogue", f"{subject} in catalog.json", run, always=True), *self.finish(subject)]

    def finish(self, subject: str) -> Sequence[Step]:
        """What follows every change of `catalog.json`."""

        def run(_facts: Facts, _progress: Progress) -> None:
            settle(self.store, edits.configured_signers(self.environment))

        latest = Step("latest", "renew feed, page and metadata; latest.json last", run, always=True)
        return [latest, *self.after(subject)]

    def change(self, change: Change) -> Catalogue:
        """Changes `catalog.json`."""
        signers = edits.configured_signers(self.environment)
        return update(self.store, change, title=self.title, signers=signers, clock=self.clock)

    def read(self) -> Catalogue | None:
        """What is published there; None when nothing was."""
        return read_catalogue(self.store)

    def rebuild(self, progress: Callable[[str], None]) -> Rebuilt:
        """Makes the documents of the catalogue anew, and whatever follows a change of it.

        Raises:
            RefusalError: when one of its releases is damaged.
        """
        signers = edits.configured_signers(self.environment)
        done = rebuild(self.store, title=self.title, signers=signers, clock=self.clock, progress=progress)
        for step in self.after("Rebuild the catalogue"):
            step.run({}, lambda _bytes: None)
        return done


def _place(release: PublishableRelease) -> str:
    return f"{release.name}/{release.version}/"


def _about(release: PublishableRelease) -> Dataset:
    """What a catalogue says of the release."""
    digests = {file.name: file.sha256 for file in release.files}
    sizes = (file.size for file in release.files)
    return edits.describe(release.manifest, release.package, digests, sizes, release.doi)


def noticed(notice: Notice, old: Catalogue, now: str) -> Catalogue:
    """The catalogue after a version was withdrawn, or that was taken back.

    Raises:
        UsageError: when there is no such version, no reason, or the replacement cannot be one.
    """
    name, version, reason = notice.name, notice.version, notice.reason
    if reason is None:
        return edits.with_unyank(old, name, version, now)
    return edits.with_yank(old, name, version, reason=reason, replaced_by=notice.replaced_by, now=now)


def s3_target(settings: Settings) -> HostedCatalogue:
    """The target that settings describe; the credentials are looked at when it is first used."""
    settings.only("bucket", "prefix", "endpoint", "region", "url", "title")
    endpoint, prefix, region = settings.address("endpoint"), settings.text("prefix", ""), settings.text("region", "")
    with of_extra("s3"):
        from deedbook.catalogue.s3 import S3Store

    store = S3Store(settings.text("bucket"), prefix=prefix, endpoint=endpoint, region=region)

    def probe(_facts: Facts, _progress: Progress) -> Facts:
        store.probe()
        return {"conditions": "honoured"}

    address, before = (
        f"{store.where} {endpoint}".strip(),
        [Step("probe", f"see that {store.where} never overwrites", probe)],
    )
    url, title = settings.address("url"), settings.text("title", settings.title)
    return HostedCatalogue(settings.name, "s3", address, store, url, title, before)


def directory_target(settings: Settings) -> HostedCatalogue:
    """The target that settings describe."""
    settings.only("path", "url", "title", "git", "branch")
    folder = settings.root / settings.text("path")
    url, title, address = settings.address("url"), settings.text("title", settings.title), str(folder.resolve())
    if not settings.flag("git"):
        return HostedCatalogue(settings.name, "directory", address, DirectoryStore(folder), url, title)
    branch = settings.text("branch", "gh-pages")

    def look(_facts: Facts, _progress: Progress) -> None:
        _demand_branch(folder, branch)

    def commit(subject: str, _facts: Facts, _progress: Progress) -> Facts:
        _demand_branch(folder, branch)
        places = [name for name in DOCUMENTS if (folder / name).is_file()]
        releases = (item.parent for item in folder.glob("*/*/release.json"))
        pages = (*folder.glob("*/index.html"), *folder.glob("*/latest/index.html"))
        places += sorted(item.relative_to(folder).as_posix() for item in (*releases, *pages))
        places += [SITE] if (folder / SITE).is_dir() else []
        _git(folder, "add", "--force", "--", *places)
        if _git(folder, "diff", "--cached", "--name-only", "--", *places):
            _git(folder, "commit", "--quiet", "--no-verify", "--message", subject, "--", *places)
        return {"commit": _git(folder, "rev-parse", "HEAD")}

    return HostedCatalogue(
        settings.name,
        "directory",
        f"{address} git {branch}",
        DirectoryStore(folder),
        "",  # public only once it is pushed, which is not done here
        title,
        before=[Step("branch", f"look whether {folder} is a checkout of {branch}", look, always=True)],
        after=lambda subject: [Step("commit", f"commit it on {branch}", partial(commit, subject), always=True)],
        next=f"it is public once you push it: `git -C {shlex.quote(str(folder))} push origin {branch}`",
    )


def _demand_branch(folder: Path, branch: str) -> None:
    if not folder.is_dir():
        place = shlex.quote(str(folder))
        names = [f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"]
        command = f"git worktree add {place} {branch}"
        with suppress(ProjectError, UsageError):  # not in a repository: git says so itself
            if not _git(Path(), "for-each-ref", "--format=%(refname)", *names):
                command = f"git worktree add --detach {place} && git -C {place} switch --orphan {branch}"
        raise ProjectError(f"{folder}: there is no such folder", f"make it: `{command}`")
    found = _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD", fails="detached")
    if found != branch:
        what = f"{folder} is a checkout of {found or 'no branch'}, not of {branch}"
        raise RefusalError(what, f"git -C {folder} switch {branch}")


def _git(folder: Path, *arguments: str, fails: str = "") -> str:
    """What git says.

    Raises:
        UsageError: when git is not installed.
        ProjectError: when it fails.
    """
    program = shutil.which("git")
    if program is None:
        raise UsageError("git is not installed", "install it, or set git = false")
    done = subprocess.run(  # noqa: S603  # a literal list of arguments
        [program, "-C", str(folder), *arguments], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode and done.stderr.strip():
        raise ProjectError(f"git {arguments[0]} in {folder}: {done.stderr.strip()}", "mend that and publish again")
    return fails if done.returncode else done.stdout.strip()
