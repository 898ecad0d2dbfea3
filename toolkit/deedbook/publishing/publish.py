"""`publish`, `yank` and `unyank`: a verified release goes to a target, step by step, and may be withdrawn there.

Running it again goes on where it was cut off.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deedbook.catalogue import edits
from deedbook.catalogue.records import Catalogue
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.integrity.digests import MANIFEST, PROVENANCE, SIGNATURE, SUMS, sha256_of
from deedbook.integrity.provenance import read_envelope, sign_proofs
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE, PublicKey, SigningKey
from deedbook.project import DESCRIPTOR, Project
from deedbook.publishing import steps
from deedbook.publishing.steps import Facts, Notice, Progress, PublishableRelease, Step
from deedbook.publishing.targets import Target, read_target
from deedbook.publishing.targets.hosted import LISTED, HostedCatalogue, noticed
from deedbook.release.citation import doi_in
from deedbook.release.verification import verify

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Published:
    """The outcome.

    Attributes:
        facts: What they found out.
        was_there: Whether it had been published before, so that this run only looked and mended.
        next: What is left to do by hand before anybody can see it; empty for nothing.
    """

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
        hint = f"see `deedbook verify {folder}`, move that folder away and build again: `deedbook build`"
        more = f"; and {left} more" if left else ""
        raise RefusalError(f"{folder} does not verify: {'; '.join(shown)}{more}", f"nothing was published; {hint}")
    manifest, package = (json.loads((folder / name).read_bytes()) for name in (MANIFEST, DESCRIPTOR))
    if manifest.get("state") != "released":
        what = f"{folder} is a {manifest.get('state')}, not a release"
        raise RefusalError(what, "plan a version and build it without --snapshot")
    if lacking := {str(entry["name"]) for entry in manifest["files"]} - {path.name for path in folder.iterdir()}:
        hint = "fetch it whole, with `--format` for each archive, or build it again"
        raise RefusalError(f"{folder} lacks {', '.join(sorted(lacking))}: nothing was published", hint)
    day = str(manifest.get("created"))[:10]
    if day > (dt.datetime.now(dt.UTC) + dt.timedelta(days=366)).date().isoformat():
        hint = "give its day with `deedbook plan --write --date YYYY-MM-DD`, and build again"
        raise RefusalError(f"{folder} is dated {day}, more than a year ahead", hint)
    # whoever puts release.json has the version, and another content is refused there and then
    turns = {MANIFEST: -1, SUMS: 1, SIGNATURE: 2}
    paths = sorted(folder.iterdir(), key=lambda path: (turns.get(path.name, 0), path.name))
    return PublishableRelease(
        folder=folder,
        name=outcome.name,
        version=outcome.version,
        release_sha256=sha256_of(folder / MANIFEST),
        files=tuple(steps.PublishableFile(path.name, path.stat().st_size, sha256_of(path)) for path in paths),
        manifest=manifest,
        package=package,
        doi=doi_in(package),
    )


def sign(folder: Path, key: SigningKey | None, progress: Callable[[str, float], None] | None = None) -> None:
    """Signs a built release that verifies; one that has a signature stays as it is.

    Raises:
        UsageError: when there is no key.
        ProjectError: when it is no release.
        RefusalError: when it does not verify.
    """
    if key is None:
        raise UsageError("no signing key is configured", f"set {KEY_FILE_VARIABLE} or {KEY_VARIABLE}")
    if (folder / SIGNATURE).exists():
        return
    provenance = folder / PROVENANCE
    is_begun = provenance.is_file() and read_envelope(provenance.read_bytes()).is_signed_by(key.public)
    if not is_begun:  # else this very key signed the list of files before it was killed
        prepare(folder, progress=progress)
    sign_proofs(folder, key)


def plan_steps(project: Project, release: PublishableRelease, target: Target) -> Sequence[Step]:
    """What publishing would do, in order; nothing is done."""
    own = target.steps(release)
    if not target.catalogue:
        return own
    host = read_target(project, target.catalogue)
    if not isinstance(host, HostedCatalogue):
        what = f"[targets.{target.name}]: `catalogue` names `{host.name}`, which holds none"
        raise ProjectError(what, "name a target of the type directory or s3")

    def look(_facts: Facts, _progress: Progress) -> None:
        """A deposit is noted in a catalogue that has the version; better to say so before than after."""
        entry = (host.read() or Catalogue()).entry(release.name, release.version)
        if entry is None or entry.release_sha256 != release.release_sha256:
            has = "has other content" if entry else "is not published"
            what = f"{release.name} {release.version} {has} at `{host.name}`, whose catalogue is to name the deposit"
            hint = f"publish it there first: `deedbook publish {release.version} --to {host.name}`"
            raise RefusalError(what, hint)

    def note(facts: Facts, _progress: Progress) -> None:
        found = facts.get("doi"), facts.get("concept_doi"), [facts["mirror"]] if "mirror" in facts else []
        host.change(lambda old, now: edits.with_deposit(old, release.name, release.version, now, *found))

    return [
        Step("catalogued", f"look whether the catalogue of {host.name} has it", look, always=True),
        *own,
        Step("note", f"note DOI and address in the catalogue of {host.name}", note, always=True),
        *host.finish(f"Note where {release.name} {release.version} is"),
    ]


def publish(
    project: Project, release: PublishableRelease, target: Target, report: steps.Report = steps.untold
) -> Published:
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
    planned = plan_steps(project, release, target)
    journal = steps.open_journal(project.root, target.name, target.address, release)
    was_there = all(step.id in journal.done for step in planned)
    steps.run_steps(planned, journal, report)
    if not isinstance(target, HostedCatalogue):
        return Published(journal.facts, was_there)
    return Published(journal.facts, journal.facts.get(LISTED) == "yes", target.next)


def give_notice(target: Target, notice: Notice, *, is_rehearsal: bool = False) -> tuple[str, ...]:
    """Withdraws a version at the target, or takes that back; returns what was done, in words.

    Args:
        target: Where it is published.
        notice: Which version, and why.
        is_rehearsal: Refuse what would be refused, and do nothing.

    Raises:
        UsageError: when there is no such version, or no reason.
    """
    planned = target.notice(notice)
    if is_rehearsal and isinstance(target, HostedCatalogue):
        old = target.read() or Catalogue()
        noticed(notice, old, old.updated)
    elif not is_rehearsal:
        facts: dict[str, str] = {}
        for step in planned:
            facts.update(step.run(facts, lambda _bytes: None) or {})
    return tuple(step.about for step in planned)
