"""The next release without building it: which version, because of what, and what is missing until then.

`write_plan` puts version, date and previous release into the descriptor, whose formatting and every other byte stay.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook import files
from deedbook.changes.compare import Progress
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project, demand_names, load_project
from deedbook.rules.guard import Guard, Releases
from deedbook.versioning.corrections import PATH, drafted, write_corrections
from deedbook.versioning.guards import coverage, doubts
from deedbook.versioning.numbers import SEMVER, raised, read_version
from deedbook.versioning.previous import demand_licence, demand_version, latest_release, read_created
from deedbook.versioning.verdict import Override, Verdict, compare_with, read_override, verdict_on

FIRST = "0.1.0"
_MEMBER = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Plan:
    """The next release.

    Attributes:
        version: What it will be called; empty when there is nothing to release.
        verdict: What that rests on; None for a first release.
        target: The folder that `build` will write.
        findings: What stands in its way, and what is worth knowing.
    """

    name: str
    version: str
    verdict: Verdict | None
    target: Path
    findings: tuple[Finding, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return self.verdict is not None and self.verdict.is_nothing

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
    where = str(package.path or package.root)
    demand_names(package)
    demand_version(package, where)
    demand_licence(package, where)
    if package.created:
        read_created(package, where)
    home = project.dist / package.name
    previous = latest_release(project)
    covered = (*doubts(package), *coverage(Side("", project), guards))
    if previous is None:
        first = version or package.version or FIRST
        return Plan(package.name, first, None, home / first, covered)
    changes = compare_with(project, previous, progress)

    def verdict(wanted: str, excuse: Override | None) -> Verdict:
        return verdict_on(project, previous, changes, wanted, excuse, guards)

    excuse = Override("", override) if override else read_override(project)
    if version or override:
        found = verdict(version or raised(previous.version, "patch"), excuse)
    else:
        found, planned = verdict("", excuse), package.version
        is_other = bool(SEMVER.fullmatch(planned)) and planned not in {previous.version, found.version}
        is_excused = excuse is not None and excuse.version == planned
        if is_other and (is_excused or read_version(planned) > read_version(found.version)):
            found = verdict(planned, excuse)
    if found.is_nothing:
        return Plan(package.name, "", found, previous.folder, covered)
    return Plan(package.name, found.version, found, home / found.version, (*found.findings, *covered))


def write_drafts(project: Project, planned: Plan) -> int:
    """Writes the missing rows into corrections.csv; the number of rows that still need a reason."""
    verdict = planned.verdict
    if verdict is None or verdict.is_nothing:
        return 0
    rows = drafted(verdict.corrections, verdict.needed, planned.version, verdict.previous.version)
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
    text, verdict, previous = content.decode(), planned.verdict, None
    if verdict is not None:
        before, root, folder = verdict.previous, project.root.resolve(), verdict.previous.folder.resolve()
        where = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.name
        previous = {"version": before.version, "sha256": before.sha256, "where": where}
    own: dict[str, Any] = {"previous": previous}
    if doi is not None:
        own["doi"] = {"version": planned.version, "doi": doi["doi"]}
        own |= {name: doi[name] for name in ("concept_doi",) if name in doi}
    if verdict is not None and verdict.override is not None:
        own["override"] = {"version": planned.version, "reason": override or verdict.override.reason}
    elif "override" in project.package.raw.get("deedbook", {}):
        own["override"] = None
    text = set_member(text, ["version"], planned.version)
    text = set_member(text, ["created"], f"{created.isoformat()}T00:00:00Z")
    for name, value in own.items():
        text = set_member(text, ["deedbook", name], value)
    files.replace(path, text.encode(), before=content)
    return load_project(project.root if project.config else path)


def set_member(text: str, path: Sequence[str], value: Any) -> str:
    """The document with the member at `path` set; objects on the way are made where they are missing.

    Args:
        text: A JSON object.
        path: The names from the outermost in.
        value: A JSON value.

    Raises:
        ProjectError: when the document is no JSON object, or a name on the way holds no object.
    """
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    for depth, name in enumerate(path):
        members = _members(text, start)
        rest = value
        if name in members and depth < len(path) - 1:
            start = members[name][1]
            continue
        for inner in reversed(path[depth + 1 :]):
            rest = {inner: rest}
        if name in members:
            begin, value_start, end = members[name]
            return text[:value_start] + _formatted(text, begin, rest) + text[end:]
        label = f"{json.dumps(name, ensure_ascii=False)}: "
        if not members:
            return text[: start + 1] + label + json.dumps(rest, ensure_ascii=False) + text[start + 1 :]
        begin, _, end = list(members.values())[-1]
        between = text[len(text[:begin].rstrip()) : begin]
        return f"{text[:end]},{between}{label}{_formatted(text, begin, rest)}{text[end:]}"
    return text


def _members(text: str, start: int) -> dict[str, tuple[int, int, int]]:
    """By name, where each member of the object that starts there begins, and where its value begins and ends."""
    if text[start : start + 1] != "{":
        raise ProjectError("the descriptor is no JSON object where a member has to be set", "set it by hand")
    found, at = {}, start + 1
    while member := _MEMBER.match(text, at):
        at = _DECODER.raw_decode(text, member.end())[1]
        found[json.loads(member[1])] = member.start(1), member.end(), at
    return found


def _formatted(text: str, at: int, value: Any) -> str:
    """The value as JSON: on one line, or indented like the member that starts at `at` when that begins a line."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.strip() or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    unit = re.search(r"\{\r?\n([ \t]+)", text)  # one step of indentation: that of the first member
    return json.dumps(value, ensure_ascii=False, indent=unit[1] if unit else "  ").replace("\n", "\n" + line)
