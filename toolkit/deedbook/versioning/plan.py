"""The next release without building it: which version, because of what, and what is missing until then.

`write_plan` puts version, date and previous release into the descriptor, whose formatting and every other byte stay.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deedbook import files
from deedbook.changes.compare import Progress, compare
from deedbook.changes.records import Changes, SchemaChange
from deedbook.changes.row_hashes import MEMORY, Matcher
from deedbook.changes.sources import Side, side_of_folder
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project, load_project
from deedbook.rules.guard import Guard, Releases
from deedbook.schema import own_settings
from deedbook.versioning import bump, corrections, history, previous
from deedbook.versioning.guards import coverage, doubts, judge_changes, unexplained
from deedbook.versioning.numbers import SEMVER, raised, read_version

FIRST = "0.1.0"
Derived = Callable[[Path], Iterable[SchemaChange]]
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
    verdict: bump.Verdict | None
    target: Path
    findings: tuple[Finding, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return self.verdict is not None and self.verdict.is_nothing

    @property
    def link(self) -> dict[str, str] | None:
        """What `deedbook.previous` has to say, the same in every checkout; None for a first release."""
        if self.verdict is None:
            return None
        before = self.verdict.previous
        return {"version": before.version, "sha256": before.sha256, "where": f"{self.name}/{before.version}"}

    @property
    def override(self) -> str:
        """Why it is below what the changes ask for; empty where it is not."""
        return self.verdict.override if self.verdict else ""

    @property
    def may_be_written(self) -> bool:
        """Whether version and date can stand in the descriptor, whatever else is missing."""
        refused = {"version-below-floor", "version-not-after-previous", "created-before-previous"}
        return not self.is_nothing and refused.isdisjoint(item.rule for item in self.findings)

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
    derived: Derived | None = None,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> Plan:
    """The next release of a project.

    Args:
        project: What is to be released; its data should pass validation.
        version: The version that the maintainer wants; the lowest that is allowed when empty.
        override: The reason to go below the floor; empty for none, or the one in the descriptor.
        guards: The project's own rules between releases.
        derived: What the project derives otherwise than the release in a folder; without it, that is not compared.
        memory: Bytes; with less of it, less of a table is read at a time.
        progress: Told what is read.

    Raises:
        UsageError: when the version is not SemVer.
        ProjectError: when the previous release cannot be found, or a table cannot be read.
    """
    if version and not SEMVER.fullmatch(version):
        raise UsageError(f"{version!r} is not SemVer", "write it as MAJOR.MINOR.PATCH, e.g. 1.2.0")
    package, home = project.package, project.dist / project.package.name
    previous.demand_releasable(package)
    before = previous.latest_release(project)
    covered = (*doubts(package), *coverage(Side("", project), guards))
    if before is None:
        first = version or package.version or FIRST
        return Plan(package.name, first, None, home / first, covered)
    changes = compare_with(project, before, progress, derived, memory)
    is_own = before.version != package.version or before.folder.parent == home
    if not is_own and history.is_unseen(before.folder, changes):
        message = f"{before.version} was published from another checkout: nothing of what it changed is here"
        raise RefusalError(message, previous.MERGE)
    found = _next_verdict(project, before, changes, version, override, guards)
    if found.is_nothing:
        return Plan(package.name, "", found, before.folder, covered)
    return Plan(package.name, found.version, found, home / found.version, (*found.findings, *covered))


def _next_verdict(
    project: Project,
    before: previous.Previous,
    changes: Changes,
    version: str,
    override: str,
    guards: Sequence[Guard[Releases]],
) -> bump.Verdict:
    """What the next version rests on: the wanted one, that of the descriptor where it may stand, or the lowest that the changes allow."""
    own = project.package.version
    wanted = version or (raised(before.version, "patch") if override else "")
    found = verdict_on(project, before, changes, wanted, override, guards)
    if wanted or own in {"", before.version, found.version}:
        return found
    # the descriptor plans another version, which stands when it is a higher one, has an excuse, or is an open draft
    planned, lowest = read_version(own), read_version(found.version)
    is_built = (project.dist / project.package.name / own).exists()
    is_draft = not planned.is_final and planned.final >= lowest and not is_built
    stands = planned > lowest or is_draft or bump.read_override(project, own)
    return verdict_on(project, before, changes, own, "", guards) if stands else found


def compare_with(
    project: Project,
    before: previous.Previous,
    progress: Progress | None = None,
    derived: Derived | None = None,
    memory: int = MEMORY,
    matcher: Matcher | None = None,
) -> Changes:
    """What the project changes of the previous release: tables, rows and cells that people edit, and what is derived."""
    new = Side(project.package.version or "the project", project)
    old = side_of_folder(before.folder)
    changes = compare(old, new, literal=False, memory=memory, progress=progress, matcher=matcher)
    return replace(changes, schema=(*changes.schema, *derived(before.folder))) if derived else changes


def verdict_on(
    project: Project,
    before: previous.Previous,
    changes: Changes,
    version: str,
    override: str = "",
    guards: Sequence[Guard[Releases]] = (),
) -> bump.Verdict:
    """What a version rests on.

    Args:
        project: What is to be released.
        before: The release before.
        changes: What lies between.
        version: The version; the lowest one that the changes allow when empty.
        override: A maintainer's reason to go below that; empty for the one in the descriptor.
        guards: The project's own rules between releases.

    Raises:
        ProjectError: when deedbook.toml or corrections.csv cannot be read.
    """
    rows, rules = corrections.read_corrections(project), bump.applied_rules(changes, bump.read_thresholds(project))
    new = Side(version, project)
    renamed = {item.old: item.new for item in changes.schema if item.kind == "table-renamed"}
    found = bump.Verdict(
        previous=before,
        old=side_of_folder(before.folder).named_as(new),
        new=new,
        changes=changes,
        version=version,
        corrections=rows,
        retired={renamed.get(name, name): keys for name, keys in previous.retired_keys(before.folder).items()},
        rules=rules,
    )
    version = version or found.minimum
    needed = tuple(corrections.needed_corrections(changes, version, unexplained(found, guards)))
    reasons = corrections.match_corrections(project, needed, version, rows)
    found = replace(found, version=version, needed=needed, reasons=reasons)
    excuse = override or bump.read_override(project, version)
    found = replace(found, override=excuse if found.is_below else "")
    return replace(found, findings=(*judge_changes(found, guards), *found.reasons.findings))


def unasked_targets(project: Project) -> list[str]:
    """The targets of deedbook.toml of which only `publish` asks which versions they have."""
    targets = project.config.raw.get("targets") if project.config else None
    entries = sorted(targets.items()) if isinstance(targets, dict) else ()
    return [name for name, said in entries if isinstance(said, dict) and said.get("type") != "directory"]


def write_drafts(project: Project, planned: Plan) -> int:
    """Writes the missing rows into corrections.csv; the number of rows that still need a reason."""
    verdict = planned.verdict
    if verdict is None or verdict.is_nothing:
        return 0
    rows = corrections.drafted(verdict.corrections, verdict.needed, planned.version, verdict.previous.version)
    files.replace(project.package.root / corrections.PATH, corrections.corrections_csv(rows).encode())
    return sum(not row.reason.strip() for row in rows if row.version == planned.version)


def write_plan(project: Project, planned: Plan, created: dt.date, doi: Mapping[str, str] | None = None) -> Project:
    """Puts version, date and previous release into the descriptor; the project as it is then.

    Args:
        project: Whose descriptor is written.
        planned: What `plan` returned.
        created: The release date.
        doi: The reserved `doi`, and `concept_doi` if there is one; None leaves a `doi` that was reserved before, which counts for
            its own version only.

    Raises:
        ProjectError: when the descriptor is not a JSON file.
    """
    path, excuse = project.package.path, planned.override
    if path is None or path.suffix != ".json":
        hint = f"set version {planned.version}, created and deedbook.previous by hand"
        raise ProjectError(f"{path or project.root}: only a JSON descriptor can be written", hint)
    own: dict[str, Any] = {"previous": planned.link}
    if doi is not None:
        own |= {**doi, "doi": {"version": planned.version, "doi": doi["doi"]}}
    if excuse or "override" in own_settings(project.package.raw):
        own["override"] = {"version": planned.version, "reason": excuse} if excuse else None
    content = path.read_bytes()
    text = set_member(content.decode(), ["version"], planned.version)
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
        if text[start : start + 1] != "{":
            raise ProjectError("the descriptor is no JSON object where a member has to be set", "set it by hand")
        members, at = {}, start + 1  # by name, where a member begins, and where its value begins and ends
        while member := _MEMBER.match(text, at):
            at = _DECODER.raw_decode(text, member.end())[1]
            members[json.loads(member[1])] = member.start(1), member.end(), at
        inner = path[depth + 1 :]
        if name not in members or not inner:
            break
        start = members[name][1]
    for outer in reversed(inner):
        value = {outer: value}
    if name in members:
        first, begin, end = members[name]
        return text[:begin] + _formatted(text, first, value) + text[end:]
    label = f"{json.dumps(name, ensure_ascii=False)}: "
    if not members:
        return text[: start + 1] + label + json.dumps(value, ensure_ascii=False) + text[start + 1 :]
    first, _, end = list(members.values())[-1]
    between = text[len(text[:first].rstrip()) : first]
    return f"{text[:end]},{between}{label}{_formatted(text, first, value)}{text[end:]}"


def _formatted(text: str, at: int, value: Any) -> str:
    """The value as JSON: on one line, or indented like the member that starts at `at` when that begins a line."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.strip() or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    unit = re.search(r"\{\r?\n([ \t]+)", text)  # one step of indentation: that of the first member
    return json.dumps(value, ensure_ascii=False, indent=unit[1] if unit else "  ").replace("\n", "\n" + line)
