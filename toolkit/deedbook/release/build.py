"""`build`: from a project to a release in `dist/NAME/VERSION/`, or to the report that says why not.

Validate, stage, verify, rename once. Whatever happens in between, `dist/` holds either nothing of the version or all of it.
Of what changed since the release before, there are

    changes.json      versioning.history tells what is in it
    CHANGELOG.md      all versions, newest first
    corrections.csv   that of the package folder when it is there, without what went to protect people
    TABLE.diff.csv    of each table that stands in both releases and differs: `daff patch OLD/TABLE.csv TABLE.diff.csv` gives
                      this release's TABLE.csv, derived columns included; not of a table from which something went to protect
                      people, nor then of views, which repeat the rows of others
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deedbook import validation
from deedbook.changes import compare, highlighter
from deedbook.changes.row_hashes import Matcher
from deedbook.changes.sources import Side, find_release, side_of_folder
from deedbook.checking.rules import RuleBook, load_book
from deedbook.descriptor import Package, load_package
from deedbook.errors import RefusalError
from deedbook.findings import Report, report_record, with_findings
from deedbook.integrity import containers, digests, proof, provenance, signatures
from deedbook.project import DESCRIPTOR, Project
from deedbook.reading import pipeline
from deedbook.release import archives, codebook, derivations, derived, documents, folders, pages, rows, tables
from deedbook.release.contents import Contents, Progress, TableEngine, release_formats, written_tables
from deedbook.release.edition import Edition, read_edition
from deedbook.validation import Options, validate
from deedbook.versioning import corrections, guards, history, numbers, plan
from deedbook.versioning.bump import Verdict
from deedbook.versioning.previous import CHANGES, Previous


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build.

    Attributes:
        release: None when the report has errors; then nothing was written.
        unchanged: The same content had been built before; nothing was written either.
    """

    report: Report
    release: folders.Release | None = None
    unchanged: bool = False


class Engine(validation.Engine, Matcher, TableEngine, Protocol):
    """What does the work on tables in place of this process; the release has the same bytes."""

    def judges_all(self, book: RuleBook, package: Package) -> bool:
        """Whether it can judge all rules that this process can; else this process validates."""
        ...


def build(
    project: Project,
    options: Options | None = None,
    *,
    snapshot: bool = False,
    epoch: dt.datetime | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> Built:
    """Validates the project and writes its planned release.

    Args:
        project: What is to be released.
        options: Those of the validation; it always covers every table, with rules, and is never lenient.
        snapshot: Build an unplanned state as `VERSION-snapshot`, replacing an earlier snapshot.
        epoch: The only time stamp in the files, in place of `SOURCE_DATE_EPOCH` and the release date.
        progress: Told what is being done, and which share of that is behind it.
        engine: What validates, compares, sorts and copies; this process when None.

    Raises:
        ProjectError: when version, date or previous release are missing or wrong, or a table cannot be released.
        UsageError: when a signing key is configured that cannot be used.
        RefusalError: when another build is running, the inputs changed meanwhile, or the version has other content.
    """
    edition = read_edition(project.package, *project.release_folders, snapshot=snapshot)
    edition = replace(edition, epoch=epoch or edition.epoch)
    for resource in project.package.resources:
        tables.schema_of(resource)
    key = signatures.configured_key()
    digest = digests.Digests()
    inputs = provenance.read_inputs(project, digest)
    # nothing that would let unchecked data into a release
    complete = replace(options or Options(), tables=(), rules=True, select=(), ignore=(), lenient=False)
    say = progress or (lambda _what, _share: None)
    book = load_book(project)
    derivations.tell_memory(project, book, complete.memory)
    judge = engine if engine and engine.judges_all(book, project.package) else None
    report = validate(project, complete, lambda _what, share: say("validating", share), book, judge)
    verdict = _verdict_of(project, edition, book, complete.memory, progress, engine) if report.valid else None
    if verdict and not snapshot:
        if verdict.is_nothing:
            same = folders.Release(verdict.previous.folder, edition.name, verdict.previous.version)
            return Built(report, same, unchanged=True)
        report = with_findings(report, verdict.findings)
    if not report.valid:
        return Built(report)
    with folders.staging(edition, project.dist) as staged:
        contents = Contents(
            project=project,
            edition=edition,
            report=report,
            verdict=verdict,
            book=book,
            inputs=inputs,
            digest=digest,
            folder=staged.folder,
            formats=release_formats(project),
            archives=release_formats(project, archives=True),
            part_bytes=rows.part_bytes(complete.memory),
            workers=complete.workers or max(1, pipeline.default_workers() - 1),
            engine=engine,
        )
        folders.demand_space(contents)
        _write_release(contents, say)
        if provenance.read_inputs(project, digest) != inputs:
            raise RefusalError("the project was edited while it was being built", "build again")
        provenance.write_proofs(staged.folder, inputs, key)
        folders.seal(staged, digest)
        if not snapshot and _stands(project, staged):
            return Built(report, folders.Release(staged.target, edition.name, edition.version), unchanged=True)
        _set_aside(edition.previous, staged.target.parent)
        return Built(report, folders.install(staged, edition))


def _verdict_of(
    project: Project,
    edition: Edition,
    book: RuleBook,
    memory: int,
    progress: Progress | None,
    matcher: Matcher | None,
) -> Verdict | None:
    """What the version of a project that validates rests on; None for a first release."""
    if edition.previous is None:
        return None
    derived_now = partial(derived.derived_changes, project, book)
    changes = plan.compare_with(project, edition.previous, progress, derived_now, memory, matcher)
    return plan.verdict_on(project, edition.previous, changes, edition.version, guards=book.guards)


def _set_aside(previous: Previous | None, home: Path) -> None:
    """Renames what was built here under the previous version, where another content was published under it."""
    built = home / previous.version if previous else home
    if previous and built.is_dir() and built.resolve() != previous.folder.resolve():
        manifest = built / digests.MANIFEST
        digest = digests.sha256_of(manifest) if manifest.is_file() else ""
        if digest != previous.sha256:
            built.rename(home / f"{built.name}.unpublished-{digest[:12]}")


def _write_release(contents: Contents, say: Progress) -> None:
    """Fills the folder with a whole release but for what proves it."""
    project, edition, folder = contents.project, contents.edition, contents.folder
    with written_tables(contents, say) as books:
        say("writing documents", 1.0)
        for name in documents.copied(project.package):
            (folder / name).write_bytes((project.package.root / name).read_bytes())
        for item in (one for one in contents.formats if one.name in books):
            for table, note in books[item.name].close(documents.readme_lines(contents, item)).items():
                contents.note(item, table, [note])
    packed = archives.planned_archives(contents)
    descriptor = documents.datapackage_json(contents)
    entries = codebook.rule_entries(project, contents.book, contents.report, has_previous=contents.verdict is not None)
    written = {
        **documents.loaders(contents, descriptor),
        **codebook.codebook_documents(edition, [table.entry for table in contents.tables], entries),
        "datapackage.json": descriptor,
        "CITATION.cff": pages.render("CITATION.cff.j2", edition=edition),
        "README.md": documents.readme_markdown(contents, [*packed]),
        "validation.json": pages.json_text(report_record(contents.report), 2),
        digests.BUILD_FILE: provenance.build_json(edition.name, edition.version, edition.epoch, contents.inputs),
    }
    contents.write(written)
    changes = _write_changes(contents)
    for name, names in packed.items():
        containers.write_archive(folder / name, folder, names, edition.epoch, deflates=True)
    files = contents.files()  # what is written later than these has no checksum in the standards
    contents.write({name: documents.described(contents, name, files) for name in documents.STANDARDS})
    contents.write({"index.html": documents.index_html(contents, changes)})
    folders.write_manifest(contents)


def _write_changes(contents: Contents) -> Mapping[str, object]:
    """Writes what there is to say of changes, beside the data and the descriptor that stand in the folder already.

    Returns:
        The content of `changes.json`.
    """
    project, edition, verdict = contents.project, contents.edition, contents.verdict
    covered = [
        item.message if item.table in item.message else f"{item.table}: {item.message}"
        for item in guards.coverage(Side("", project), contents.book.guards)
    ]
    heights = {table.outline.name: table.rows for table in contents.tables if not table.outline.is_view}
    document = history.changes_document(edition.name, edition.version, edition.moment, heights, verdict, covered)
    changelog = pages.render(
        f"{documents.CHANGELOG}.j2", title=edition.title, history=document["history"], counts_as=numbers.counts_as
    )
    written = {CHANGES: pages.json_text(document, 1), documents.CHANGELOG: changelog.rstrip() + "\n"}
    source = project.package.root / corrections.PATH
    if source.is_file():
        stated = corrections.read_corrections(project)
        if any(row.is_private for row in stated):
            written[corrections.PATH] = corrections.corrections_csv(corrections.without_private(stated))
        else:
            (contents.folder / corrections.PATH).write_bytes(source.read_bytes())
    contents.write(written | (_row_changes(contents, verdict) if verdict else {}))
    return document


def _row_changes(contents: Contents, verdict: Verdict) -> dict[str, str]:
    """The `TABLE.diff.csv`, of the tables whose changes may be told."""
    withheld = corrections.private_tables(verdict.reasons.given)
    views = {table.outline.name for table in contents.tables if table.outline.is_view} if withheld else set[str]()
    staged = Side("", Project(contents.folder, load_package(contents.folder / DESCRIPTOR)))
    changes = compare.compare(side_of_folder(verdict.previous.folder), staged, derived=True, everything=True)
    told = [one for one in changes.tables if not (one.is_equal or one.table in withheld or one.table in views)]
    return {f"{one.table}.diff.csv": highlighter.highlighter_csv(changes, one) for one in told}


def _stands(project: Project, staged: folders.Staged) -> bool:
    """Whether the version stands there already, with the same content, as is proven wherever it stands.

    Raises:
        RefusalError: when it is damaged, or naming the tables and documents that differ.
    """
    name, version = staged.target.parent.name, staged.target.name
    now = _identity(project.package, staged.folder)
    for old in {find_release(project.release_folders, name, version), staged.target}:
        if not (old and old.exists()):
            continue
        proof.demand_whole(old)
        before = _identity(project.package, old)
        differing = [name for name in {**now, **before} if now.get(name) != before.get(name)]
        if differing:
            names = [name for name in differing if name.startswith("table ")] or differing
            raise RefusalError(
                f"{old} holds other content under this version: {', '.join(names)}",
                "a release is never rewritten: plan a new version with `deedbook plan --write`",
            )
    return staged.target.exists()


def _identity(package: Package, folder: Path) -> dict[str, str]:
    """The digests of what a release is, whatever the versions of its writers."""
    names = [name for name in ("datapackage.json", *documents.copied(package)) if (folder / name).is_file()]
    known = {f"table {name}": digest for name, digest in folders.table_digests(folder).items()}
    return known | {name: digests.sha256_of(folder / name) for name in names}
