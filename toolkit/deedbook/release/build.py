"""`build`: from a project to a release in `dist/NAME/VERSION/`, or to the report that says why not.

Validate, stage, verify, rename once. Whatever happens in between, `dist/` holds either nothing of the version or all of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from deedbook.checking.rules import load_rules
from deedbook.checking.settings import read_settings
from deedbook.errors import ProjectError, RefusalError
from deedbook.findings import Report, with_findings
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.proof import demand_whole
from deedbook.integrity.provenance import read_inputs, write_proofs
from deedbook.integrity.signatures import configured_key
from deedbook.project import Project
from deedbook.release.contents import Contents, Progress, release_formats
from deedbook.release.documents import COPIED, write_release
from deedbook.release.edition import read_edition
from deedbook.release.folders import Release, install, staging, verify_staged
from deedbook.release.manifest import table_digests
from deedbook.validation import Options, validate
from deedbook.versioning.plan import compare_with, verdict_on
from deedbook.versioning.verdict import read_override

_IDENTITY = ("datapackage.json", *COPIED)
"""What a release says beside its tables, in files that do not depend on the versions of writers."""


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build.

    Attributes:
        release: None when the report has errors; then nothing was written.
        unchanged: The same content had been built before; nothing was written either.
    """

    report: Report
    release: Release | None = None
    unchanged: bool = False


def build(
    project: Project,
    options: Options | None = None,
    *,
    snapshot: bool = False,
    epoch: dt.datetime | None = None,
    progress: Progress | None = None,
) -> Built:
    """Validates the project and writes its planned release.

    Args:
        project: What is to be released.
        options: Those of the validation; it always covers every table, with rules, and is never lenient.
        snapshot: Build an unplanned state as `VERSION-snapshot`, replacing an earlier snapshot.
        epoch: The only time stamp in the files, in place of `SOURCE_DATE_EPOCH` and the release date.
        progress: Told what is being done, and which share of that is behind it.

    Raises:
        ProjectError: when version, date or previous release are missing or wrong, or a table cannot be released.
        UsageError: when a signing key is configured that cannot be used.
        RefusalError: when another build is running, the inputs changed meanwhile, or the version has other content.
    """
    edition = read_edition(project.package, *project.release_folders, snapshot=snapshot)
    edition = replace(edition, epoch=epoch or edition.epoch)
    for resource in project.package.resources:
        if resource.schema is None or not resource.schema.fields:
            message = f"the table `{resource.name}` has no schema, so it cannot be released"
            raise ProjectError(message, f"add schemas/{resource.name}.schema.json")
    key = configured_key()
    inputs = read_inputs(project)
    # nothing that would let unchecked data into a release
    complete = replace(options or Options(), tables=(), rules=True, select=(), ignore=(), lenient=False)
    say = progress or (lambda _what, _share: None)
    book = load_rules(project.rule_files, read_settings(project))
    report = validate(project, complete, lambda done, total: say("validating", done / total if total else 1.0), book)
    previous, verdict = edition.previous, None
    if report.valid and previous is not None:
        changes = compare_with(project, previous, progress)
        verdict = verdict_on(project, previous, changes, edition.version, read_override(project), book.guards)
        if verdict.is_nothing and not snapshot:
            same = Release(previous.folder, edition.name, previous.version)
            return Built(report, same, unchanged=True)
        report = with_findings(report, () if snapshot else verdict.findings)
    if not report.valid:
        return Built(report)
    with staging(edition, project.dist) as staged:
        contents = Contents(
            project=project,
            edition=edition,
            report=report,
            verdict=verdict,
            book=book,
            inputs=inputs,
            folder=staged.folder,
            formats=release_formats(project),
        )
        write_release(contents, say)
        if read_inputs(project) != inputs:
            raise RefusalError("the project was edited while it was being built", "build again")
        write_proofs(staged.folder, inputs, key)
        verified = verify_staged(staged)
        if verified.target.exists() and not snapshot:
            _demand_same(verified.folder, verified.target)
            return Built(report, Release(verified.target, edition.name, edition.version), unchanged=True)
        return Built(report, install(verified, edition, replace=snapshot))


def _demand_same(new: Path, old: Path) -> None:
    """Proves that the version that stands there has the same content.

    Raises:
        RefusalError: when it is damaged, or names the tables and documents that differ.
    """
    demand_whole(old)
    now, before = table_digests(new), table_digests(old)
    differing = [f"table {name}" for name in {**now, **before} if now.get(name) != before.get(name)]
    differing = differing or [name for name in _IDENTITY if _digest(new / name) != _digest(old / name)]
    if differing:
        raise RefusalError(
            f"{old} holds other content under this version: {', '.join(differing)}",
            "a release is never rewritten: plan a new version with `deedbook plan --write`",
        )


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""
