"""One version against the release before it: how far it has to rise, the reasons, and what may not happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deedbook.changes.compare import Progress, compare
from deedbook.changes.records import Changes
from deedbook.changes.sources import Side, side_of_folder
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import Project
from deedbook.rules.guard import Guard, Releases
from deedbook.versioning.bump import AppliedRule, applied_rules, bump_of, read_thresholds
from deedbook.versioning.corrections import Correction, Reasons, match_corrections, needed_corrections, read_corrections
from deedbook.versioning.guards import Compared, judge_changes, unexplained
from deedbook.versioning.numbers import Level, raised, read_version
from deedbook.versioning.previous import Previous, retired_keys


@dataclass(frozen=True, slots=True)
class Override:
    """A maintainer's reason to go below what the changes ask for, in one version."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a version rests on.

    Attributes:
        level: The highest level that a rule asks for, before the mildness below 1.0.0.
        minimum: The lowest version that this allows.
        rules: The rules of the bump that the changes meet.
        corrections: The rows of corrections.csv.
        needed: What has to be explained there.
        override: The reason to be below the minimum all the same; None when it was not needed.
        findings: Errors and warnings of the rules that compare releases; the version is fine without errors.
    """

    previous: Previous
    changes: Changes
    version: str
    level: Level
    minimum: str
    rules: tuple[AppliedRule, ...]
    reasons: Reasons
    corrections: tuple[Correction, ...]
    needed: tuple[Correction, ...] = ()
    override: Override | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return not self.changes.needs_release


def compare_with(project: Project, previous: Previous, progress: Progress | None = None) -> Changes:
    """What the project changes of the previous release, derived columns apart."""
    new = Side(project.package.version or "the project", project)
    return compare(side_of_folder(previous.folder), new, literal=False, progress=progress)


def verdict_on(
    project: Project,
    previous: Previous,
    changes: Changes,
    version: str,
    override: Override | None = None,
    guards: Sequence[Guard[Releases]] = (),
) -> Verdict:
    """What a version rests on.

    Args:
        project: What is to be released.
        previous: The release before.
        changes: What lies between.
        version: The version; the lowest one that the changes allow when empty.
        override: A maintainer's reason to go below that.
        guards: The project's own rules between releases.

    Raises:
        ProjectError: when deedbook.toml or corrections.csv cannot be read.
    """
    rules = applied_rules(changes, read_thresholds(project))
    level = bump_of(rules)
    minimum = raised(previous.version, level)
    version = version or minimum
    rows = read_corrections(project)
    old, new = side_of_folder(previous.folder), Side(version, project)
    needed = tuple(needed_corrections(changes, version, unexplained(old, new, changes, guards)))
    reasons = match_corrections(project, needed, version, rows)
    is_below = level != "none" and read_version(version) < read_version(minimum)
    excuse = override if override is not None and is_below and override.version in {version, ""} else None
    compared = Compared(
        old,
        new,
        changes,
        version,
        rows,
        retired_keys(previous.folder),
        previous=previous.version,
        minimum=minimum,
        rules=rules,
        is_excused=excuse is not None,
    )
    return Verdict(
        previous=previous,
        changes=changes,
        version=version,
        level=level,
        minimum=minimum,
        rules=rules,
        reasons=reasons,
        corrections=rows,
        needed=needed,
        override=replace(excuse, version=version) if excuse else None,
        findings=(*judge_changes(compared, guards), *reasons.findings),
    )


def read_override(project: Project) -> Override | None:
    """`deedbook.override` of the descriptor: the version that may be below the minimum, and why.

    Raises:
        ProjectError: when it is there without a reason or a version.
    """
    own = project.package.raw.get("deedbook")
    raw = own.get("override") if isinstance(own, Mapping) else None
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or not str(raw.get("reason", "")).strip() or not raw.get("version"):
        raise ProjectError(
            "`deedbook.override` has `version` and `reason`", "run `deedbook plan --write --override REASON`"
        )
    return Override(str(raw["version"]), str(raw["reason"]))
