"""What one version rests on: how far it has to rise, the reasons, and what may not happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import Project
from deedbook.versioning.bump import AppliedRule
from deedbook.versioning.corrections import Correction, Reasons
from deedbook.versioning.numbers import Level, read_version
from deedbook.versioning.previous import Previous


@dataclass(frozen=True, slots=True)
class Override:
    """A maintainer's reason to go below what the changes ask for, in one version."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Two releases, what lies between them, and what the version of the new one rests on.

    Attributes:
        version: The planned version.
        corrections: The rows of corrections.csv.
        retired: By table, the keys that earlier releases withdrew.
        level: The highest level that a rule asks for, before the mildness below 1.0.0.
        minimum: The lowest version that this allows.
        rules: The rules of the bump that the changes meet.
        needed: What has to be explained in corrections.csv.
        override: The reason to be below the minimum all the same; None when it was not needed.
        findings: Errors and warnings of the rules that compare releases; the version is fine without errors.
    """

    previous: Previous
    old: Side
    new: Side
    changes: Changes
    version: str
    corrections: Sequence[Correction] = ()
    retired: Mapping[str, Sequence[str]] = field(default_factory=dict)
    level: Level = "none"
    minimum: str = ""
    rules: tuple[AppliedRule, ...] = ()
    needed: tuple[Correction, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    override: Override | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return not self.changes.needs_release

    @property
    def is_below(self) -> bool:
        """Whether the version, or the one that it is a draft of, is lower than the changes ask for."""
        return self.level != "none" and read_version(self.version).final < read_version(self.minimum)


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
        hint = "run `deedbook plan --write --override REASON`"
        raise ProjectError("`deedbook.override` has `version` and `reason`", hint)
    return Override(str(raw["version"]), str(raw["reason"]))
