"""`publish`, `yank` and `unyank`: a verified release goes to a target, step by step, and may be withdrawn there.

Running it again goes on where it was cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deedbook.catalogue import edits
from deedbook.catalogue.records import Catalogue, Link
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS, sha256_of
from deedbook.integrity.signatures import PublicKey
from deedbook.project import Project
from deedbook.publishing.steps import (
    Facts,
    Journal,
    Notice,
    Progress,
    PublishableFile,
    PublishableRelease,
    Step,
    open_journal,
)
from deedbook.publishing.targets import Target, read_target
from deedbook.publishing.targets.hosted import LISTED, HostedCatalogue, noticed
from deedbook.release.metadata.citation import doi_in
from deedbook.release.verification import verify

Report = Callable[[str, int, int], None]
"""Told what is being done, the bytes that have been moved, and those that will be."""
_SHOWN = 5
_LAST = (SUMS, SIGNATURE)


@dataclass(frozen=True, slots=True)
class Published:
    """The outcome.

    Attributes:
        done: The steps that ran.
        facts: What they found out.
        was_there: Whether it had been published before, so that this run only looked and mended.
        next: What is left to do by hand before anybody can see it; empty for nothing.
    """

    release: PublishableRelease
    target: str
    done: tuple[str, ...]
    facts: Facts = field(default_factory=dict)
    was_there: bool = False
    next: str = ""


def prepare(
    folder: Path, key: PublicKey | None = None, progress: Callable[[str, float], None] | None = None
) -> PublishableRelease:
    """Verifies a release and says what of it is to be published.

    Args:
        folder: `dist/NAME/VERSION`.
        key: The publisher's key; with it, the release must be signed by it.
        progress: Told what is being verified, and which share of that is behind it.

    Raises:
        UsageError: when the folder does not exist.
        ProjectError: when it is no release.
        RefusalError: when it does not verify, or is a snapshot.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such release", "build it: `deedbook build`")
    outcome = verify(folder, key=key, progress=progress)
    if not outcome.is_intact:
        shown = [f"{problem.file or outcome.path}: {problem.message}" for problem in outcome.problems[:_SHOWN]]
        left = len(outcome.problems) - len(shown)
        raise RefusalError(
            f"{folder} does not verify: {'; '.join(shown)}{f'; and {left} more' if left else ''}",
            f"nothing was published; see `deedbook verify {folder}`, move that folder away and build again: `deedbook build`",
        )
    content = (folder / MANIFEST).read_bytes()
    manifest, package = json.loads(content), json.loads((folder / "datapackage.json").read_bytes())
    if manifest.get("state") != "released":
        raise RefusalError(
            f"{folder} is a {manifest.get('state')}, not a release", "plan a version and build it without --snapshot"
        )
    previous = manifest.get("previous")
    paths = sorted(folder.iterdir(), key=_turn)
    files = tuple(PublishableFile(path.name, path.stat().st_size, sha256_of(path)) for path in paths)
    return PublishableRelease(
        folder=folder,
        name=outcome.name,
        version=outcome.version,
        release_sha256=hashlib.sha256(content).hexdigest(),
        sums_sha256=next(file.sha256 for file in files if file.name == SUMS),
        files=files,
        manifest=manifest,
        package=package,
        previous=Link(previous["version"], previous["sha256"]) if previous else None,
        doi=doi_in(package),
    )


def _turn(path: Path) -> tuple[int, str]:
    """`release.json` goes first: whoever puts it has the version, and another content is refused there and then."""
    return 0 if path.name == MANIFEST else _LAST.index(path.name) + 2 if path.name in _LAST else 1, path.name


def plan_steps(project: Project, release: PublishableRelease, target: Target) -> Sequence[Step]:
    """What publishing would do, in order; nothing is done."""
    steps = list(target.steps(release))
    if not target.catalogue:
        return steps
    host = read_target(project, target.catalogue)
    if not isinstance(host, HostedCatalogue):
        raise ProjectError(
            f"[targets.{target.name}]: `catalogue` names `{host.name}`, which holds none",
            "name a target of the type directory or s3",
        )

    def look(_facts: Facts, _progress: Progress) -> Facts:
        """A deposit is noted in a catalogue that has the version; better to say so before than after."""
        entry = (host.read() or Catalogue()).entry(release.name, release.version)
        if entry is None or entry.release_sha256 != release.release_sha256:
            has = "has other content" if entry else "is not published"
            raise RefusalError(
                f"{release.name} {release.version} {has} at `{host.name}`, whose catalogue is to name the deposit",
                f"publish it there first: `deedbook publish {release.version} --to {host.name}`",
            )
        return {}

    def note(facts: Facts, _progress: Progress) -> Facts:
        deposit = {
            "doi": facts.get("doi"),
            "concept_doi": facts.get("concept_doi"),
            "mirrors": [facts["mirror"]] if facts.get("mirror") else [],
        }
        host.change(
            lambda old, now: edits.with_deposit(old, release.name, release.version, now=now, **deposit)  # type: ignore[arg-type]
        )
        return {}

    return [
        Step("catalogued", f"look whether the catalogue of {host.name} has it", look, always=True),
        *steps,
        Step("note", f"note DOI and address in the catalogue of {host.name}", note, always=True),
        *host.finish(f"Note where {release.name} {release.version} is"),
    ]


def publish(project: Project, release: PublishableRelease, target: Target, report: Report | None = None) -> Published:
    """Makes the release public at the target, or finishes what was begun.

    Args:
        project: Whose folder has the journal.
        release: What `prepare` returned.
        target: Where it goes.
        report: Told of each step and its bytes.

    Raises:
        RefusalError: when the version has other content there; nothing public has then changed.
        RemoteError: when the target failed; running it again goes on.
    """
    steps = plan_steps(project, release, target)
    journal = open_journal(project.root, target.name, target.address, release)
    was_there = all(step.id in journal.done for step in steps)
    done = run_steps(steps, journal, report)
    if isinstance(target, HostedCatalogue):
        was_there = journal.facts.get(LISTED) == "yes"
    following = target.next if isinstance(target, HostedCatalogue) else ""
    return Published(release, target.name, done, journal.facts, was_there, following)


def run_steps(steps: Sequence[Step], journal: Journal, report: Report | None = None) -> tuple[str, ...]:
    """Runs what the journal does not have, and remembers it; returns the ids of what ran."""
    tell = report or (lambda _what, _done, _total: None)
    total, behind, ran = sum(step.size for step in steps), 0, []
    for step in steps:
        tell(step.about, behind, total)
        if step.always or step.id not in journal.done:
            facts = step.run(journal.facts, _counter(step.about, behind, total, tell))
            known = journal.done.get(step.id)
            if known is None or not facts.items() <= known.items():
                journal.note(step.id, {**(known or {}), **facts})
            ran.append(step.id)
        behind += step.size
    tell("done", behind, total)
    return tuple(ran)


def _counter(about: str, behind: int, total: int, tell: Report) -> Progress:
    moved = 0

    def count(more: int) -> None:
        nonlocal moved
        moved += more
        tell(about, min(behind + moved, total), total)

    return count


def give_notice(target: Target, notice: Notice, *, is_rehearsal: bool = False) -> tuple[str, ...]:
    """Withdraws a version at the target, or takes that back; returns what was done, in words.

    Args:
        target: Where it is published.
        notice: Which version, and why.
        is_rehearsal: Refuse what would be refused, and do nothing.

    Raises:
        UsageError: when there is no such version, no reason, or this kind of target cannot say it.
    """
    steps = target.notice(notice)
    if not steps:
        raise UsageError(f"a {target.kind} target cannot carry a yank", "yank it in the catalogue that lists it")
    if is_rehearsal and isinstance(target, HostedCatalogue):
        old = target.read() or Catalogue()
        noticed(old, notice, old.updated)
    elif not is_rehearsal:
        facts: dict[str, str] = {}
        for step in steps:
            facts.update(step.run(facts, lambda _bytes: None))
    return tuple(step.about for step in steps)
