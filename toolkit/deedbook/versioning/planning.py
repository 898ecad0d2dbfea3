"""The next release without building it: which version, because of what, and what is missing until then."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deedbook import files
from deedbook.changes.compare import Progress
from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project, load_project
from deedbook.rules.guard import Guard, Releases
from deedbook.versioning.corrections import PATH, drafted, write_corrections
from deedbook.versioning.guards import coverage
from deedbook.versioning.judging import Judgement, Override, compare_with, judge, read_override
from deedbook.versioning.numbers import SEMVER, raised, read_version
from deedbook.versioning.previous import Previous, latest_release
from deedbook.versioning.writing import set_member

FIRST = "0.1.0"


@dataclass(frozen=True, slots=True)
class Plan:
    """The next release.

    Attributes:
        version: What it will be called; empty when there is nothing to release.
        judgement: What that rests on; None for a first release.
        target: The folder that `build` will write.
        findings: What stands in its way, and what is worth knowing.
    """

    name: str
    version: str
    judgement: Judgement | None
    target: Path
    findings: tuple[Finding, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return self.judgement is not None and self.judgement.is_nothing

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way."""
        return not any(item.severity == "error" for item in self.findings)


def plan(
    project: Project,
    *,
    version: str = "",
    override: str = "",
    guards: Sequence[Guard[Releases]] = (),
    progress: Progress | None = None,
) -> Plan:
    """The next release of a project.

    Args:
        project: What is to be released; its data should pass validation.
        version: The version that the maintainer wants; the lowest that is allowed when empty.
        override: The reason to go below the floor; empty for none, or the one in the descriptor.
        guards: The project's own rules between releases.
        progress: Told what is read.

    Raises:
        UsageError: when the version is not SemVer.
        ProjectError: when the previous release cannot be found, or a table cannot be read.
    """
    if version and not SEMVER.fullmatch(version):
        raise UsageError(f"{version!r} is not SemVer", "write it as MAJOR.MINOR.PATCH, e.g. 1.2.0")
    package = project.package
    home = project.dist / package.name
    previous = latest_release(project)
    facts = tuple(coverage(Side("", project), guards))
    if previous is None:
        first = version or package.version or FIRST
        return Plan(package.name, first, None, home / first, facts)
    changes = compare_with(project, previous, progress)
    judgement = _judge(project, previous, changes, version, override, guards)
    if judgement.is_nothing:
        return Plan(package.name, "", judgement, previous.folder, facts)
    return Plan(package.name, judgement.version, judgement, home / judgement.version, (*judgement.findings, *facts))


def _judge(
    project: Project,
    previous: Previous,
    changes: Changes,
    version: str,
    override: str,
    guards: Sequence[Guard[Releases]],
) -> Judgement:
    """The wanted version; else the planned one where it is allowed, else the lowest that is."""
    if override:
        wanted = version or raised(previous.version, "patch")
        return judge(project, previous, changes, wanted, Override(wanted, override), guards)
    excuse = read_override(project)
    if version:
        return judge(project, previous, changes, version, excuse, guards)
    planned = project.package.version
    lowest = judge(project, previous, changes, "", excuse, guards)
    if not SEMVER.fullmatch(planned) or planned == previous.version or planned == lowest.version:
        return lowest
    allowed = read_version(planned) > read_version(lowest.version) or (excuse is not None and excuse.version == planned)
    return judge(project, previous, changes, planned, excuse, guards) if allowed else lowest


def write_drafts(project: Project, planned: Plan) -> int:
    """Writes the missing rows into corrections.csv; the number of rows that still need a reason."""
    judgement = planned.judgement
    if judgement is None or judgement.is_nothing:
        return 0
    rows = drafted(
        judgement.corrections, judgement.reasons.missing, judgement.needed, planned.version, judgement.previous.version
    )
    write_corrections(project.package.root / PATH, rows)
    return sum(not row.reason.strip() for row in rows if row.version == planned.version)


def write_plan(
    project: Project, planned: Plan, created: dt.date, override: str = "", doi: Mapping[str, str] | None = None
) -> Project:
    """Puts version, date and previous release into the descriptor; the project as it is then.

    Args:
        project: Whose descriptor is written.
        planned: What `plan` returned.
        created: The release date.
        override: The reason to go below the floor; empty for the one that the descriptor has.
        doi: The reserved `doi`, and `concept_doi` if there is one; None leaves a `doi` that was reserved before, which counts for
            its own version only.

    Raises:
        ProjectError: when the descriptor is not a JSON file.
    """
    path = project.package.path
    if path is None or path.suffix != ".json":
        raise ProjectError(
            f"{path or project.root}: only a JSON descriptor can be written",
            f"set version {planned.version}, created and deedbook.previous by hand",
        )
    content = path.read_bytes()
    text = content.decode()
    text = set_member(text, ["version"], planned.version)
    text = set_member(text, ["created"], f"{created.isoformat()}T00:00:00Z")
    judgement = planned.judgement
    previous = None
    if judgement is not None:
        before = judgement.previous
        previous = {"version": before.version, "sha256": before.sha256, "where": _where(before.folder, project.root)}
    text = set_member(text, ["deedbook", "previous"], previous)
    if doi is not None:
        text = set_member(text, ["deedbook", "doi"], {"version": planned.version, "doi": doi["doi"]})
        if "concept_doi" in doi:
            text = set_member(text, ["deedbook", "concept_doi"], doi["concept_doi"])
    own = json.loads(text.removeprefix("\ufeff"))["deedbook"]
    if judgement is not None and judgement.override is not None:
        excuse = {"version": planned.version, "reason": override or judgement.override.reason}
        text = set_member(text, ["deedbook", "override"], excuse)
    elif "override" in own:
        text = set_member(text, ["deedbook", "override"], None)
    files.replace(path, text.encode(), before=content)
    return load_project(project.root if project.config else path)


def _where(folder: Path, root: Path) -> str:
    try:
        return folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.name
