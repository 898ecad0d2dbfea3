"""The documents of a release: what they are, and how they are written beside its data, the manifest last.

Of what changed since the release before, there are

    changes.json      versioning.history tells what is in it
    CHANGELOG.md      all versions, newest first
    corrections.csv   that of the package folder when it is there, without what went to protect people
    TABLE.diff.csv    of each table that stands in both releases and differs: `daff patch OLD/TABLE.csv TABLE.diff.csv` gives
                      this release's TABLE.csv, derived columns included; not of a table from which something went to protect
                      people, nor then of views, which repeat the rows of others
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from deedbook.changes.compare import compare
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.sources import Side, side_of_folder
from deedbook.descriptor import load_package
from deedbook.findings import report_record
from deedbook.integrity.digests import BUILD_FILE, MANIFEST, PROVENANCE, SIGNATURE, SUMS
from deedbook.integrity.provenance import build_json
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.codebook import codebook_documents, rule_entries
from deedbook.release.contents import Contents, Progress, release_formats, written_tables
from deedbook.release.edition import moment_text
from deedbook.release.formats import About
from deedbook.release.manifest import write_manifest
from deedbook.release.metadata.citation import citation_cff, doi_of, objects_in
from deedbook.release.metadata.croissant import croissant
from deedbook.release.metadata.csvw import csvw
from deedbook.release.metadata.datacite import datacite
from deedbook.release.metadata.datapackage import datapackage_json
from deedbook.release.metadata.dcat import dcat
from deedbook.release.metadata.record import filled, make_record, read_files
from deedbook.release.metadata.rocrate import ro_crate
from deedbook.release.notes import index_html, readme_lines, readme_markdown
from deedbook.release.snippets import loader_names, loaders
from deedbook.versioning.corrections import PATH as CORRECTIONS
from deedbook.versioning.corrections import (
    corrections_csv,
    is_private,
    private_tables,
    read_corrections,
    without_private,
)
from deedbook.versioning.guards import coverage
from deedbook.versioning.history import CHANGELOG, changelog_markdown, changes_document
from deedbook.versioning.previous import CHANGES, read_json
from deedbook.versioning.verdict import Verdict

COPIED = ("LICENSE", "CHANGES.md")
"""What people write for readers, copied from the package folder byte by byte."""
_STANDARDS = {
    "croissant.json": croissant,
    "csv-metadata.json": csvw,
    "datacite.json": datacite,
    "ro-crate-metadata.json": ro_crate,
}
_DOCUMENTS = (
    *_STANDARDS,
    BUILD_FILE,
    CHANGELOG,
    CHANGES,
    "CITATION.cff",
    "CODEBOOK.html",
    "CODEBOOK.md",
    "README.md",
    SUMS,
    "codebook.json",
    "datapackage.json",
    "dcat.ttl",
    "index.html",
    PROVENANCE,
    MANIFEST,
    "validation.json",
)


def write_release(contents: Contents, say: Progress) -> None:
    """Fills the folder with a whole release but for what proves it."""
    with written_tables(contents, say) as books:
        say("writing documents", 1.0)
        package, folder = contents.project.package, contents.folder
        copied = [name for name in COPIED if (package.root / name).is_file()]
        for name in copied:
            (folder / name).write_bytes((package.root / name).read_bytes())
        edition = contents.edition
        names = [str(entry.get("name") or entry.get("path")) for entry in objects_in(package.raw.get("licenses"))]
        facts = {
            "name": edition.name,
            "title": edition.title,
            "description": edition.description,
            "version": edition.version,
            "state": edition.state,
            "created": moment_text(edition.created),
            "license": ", ".join(names),
            "doi": doi_of(package),
        }
        about = About(filled(facts), [table.outline for table in contents.tables], readme_lines(contents))
        for book in books:
            contents.limits.extend(book.close(about))
    _write_documents(contents, copied)


def _write_documents(contents: Contents, copied: list[str]) -> None:
    project, edition, folder = contents.project, contents.edition, contents.folder
    package, passed = project.package, contents.passed
    tables = [(table.outline, table.file) for table in contents.tables]
    descriptor = datapackage_json(package, edition, tables)
    rules = rule_entries(project, contents.book, passed.report, has_previous=passed.verdict is not None)
    documents = {
        **loaders(contents, descriptor),
        **codebook_documents(edition, [table.entry for table in contents.tables], rules),
        "datapackage.json": descriptor,
        "CITATION.cff": citation_cff(package, edition),
        "README.md": readme_markdown(contents, copied),
        "validation.json": _json(report_record(passed.report)),
        BUILD_FILE: build_json(edition.name, edition.version, edition.epoch, contents.inputs),
    }
    _write(contents, documents)
    _write_changes(contents)
    # what is written later than these has no checksum in them
    record = make_record(contents)
    standards = {name: _json(describe(record)) for name, describe in _STANDARDS.items()}
    _write(contents, {**standards, "dcat.ttl": dcat(record)})
    files = read_files(folder, edition.name, {*contents.names}, contents.digest)
    _write(contents, {"index.html": index_html(record, files, read_json(folder / CHANGES))})
    write_manifest(package, edition, tables, folder, contents.digest)


def _write_changes(contents: Contents) -> None:
    """Writes what there is to say of changes, beside the data and the descriptor that stand in the folder already."""
    project, edition, folder, verdict = contents.project, contents.edition, contents.folder, contents.passed.verdict
    guards = contents.book.guards
    covered = [
        item.message if item.table in item.message else f"{item.table}: {item.message}"
        for item in coverage(Side("", project), guards)
    ]
    rows = {table.outline.name: table.file.rows for table in contents.tables if not table.outline.is_view}
    document = changes_document(edition.name, edition.version, moment_text(edition.created), rows, verdict, covered)
    _write(contents, {CHANGES: json.dumps(document, ensure_ascii=False, indent=1) + "\n"})
    _write(contents, {CHANGELOG: changelog_markdown(edition.title, document["history"])})
    source = project.package.root / CORRECTIONS
    if source.is_file():
        stated = read_corrections(project)
        if any(is_private(row) for row in stated):
            _write(contents, {CORRECTIONS: corrections_csv(without_private(stated))})
        else:
            (folder / CORRECTIONS).write_bytes(source.read_bytes())
    if verdict is None:
        return
    withheld = private_tables(verdict.reasons.given)
    staged = Project(folder, load_package(folder / DESCRIPTOR))
    changes = compare(side_of_folder(verdict.previous.folder), Side("", staged), derived=True, everything=True)
    for table in changes.tables:
        may_tell = not withheld or (table.table in rows and table.table not in withheld)
        if may_tell and not table.is_equal:
            _write(contents, {f"{table.table}.diff.csv": highlighter_csv(changes, table)})


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _write(contents: Contents, documents: Mapping[str, str]) -> None:
    for name, content in documents.items():
        (contents.folder / name).write_text(content, encoding="utf-8", newline="\n")


@dataclass(frozen=True, slots=True)
class Forecast:
    """The files of a release that is not built yet.

    Attributes:
        tables: A file a table and format.
        whole: Files with all tables.
        documents: Everything else.
        diffs: What `daff` patches the edited tables with; derived ones are not known before the build.
    """

    tables: tuple[str, ...]
    whole: tuple[str, ...]
    documents: tuple[str, ...]
    diffs: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.tables, *self.whole, *self.documents, *self.diffs)


def forecast(project: Project, verdict: Verdict | None = None, environment: Mapping[str, str] = os.environ) -> Forecast:
    """The files of the project's next release, told before it is built: nothing is derived or compared for it.

    Args:
        project: What is to be released.
        verdict: What its version rests on; None for a first one.
        environment: Where a signing key may be named.
    """
    formats = release_formats(project)
    package = project.package
    names = [resource.name for resource in package.resources]
    if (
        project.schemas is not None and "dataset" in project.rule_files
    ):  # derived tables: those with a schema of their own
        described = (file.name.removesuffix(".schema.json") for file in project.schemas.glob("*.schema.json"))
        names += sorted(set(described) - set(names))
    is_signed = any(environment.get(name) for name in (KEY_VARIABLE, KEY_FILE_VARIABLE))
    beside = [name for name in (*COPIED, CORRECTIONS) if (package.root / name).is_file()]
    differing: list[str] = []
    if verdict is not None:
        withheld = private_tables(verdict.reasons.given)
        tables = verdict.changes.tables
        differing = [item.table for item in tables if item.has_new_values and item.table not in withheld]
    return Forecast(
        tuple(item.file_name(name, package.name) for name in names for item in formats if item.is_per_table),
        tuple(item.file_name("", package.name) for item in formats if not item.is_per_table),
        tuple(sorted({*_DOCUMENTS, *loader_names(formats), *beside, *((SIGNATURE,) if is_signed else ())})),
        tuple(f"{name}.diff.csv" for name in differing),
    )
