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
from deedbook.integrity import digests
from deedbook.integrity.provenance import build_json
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.codebook import codebook_documents, rule_entries
from deedbook.release.contents import Contents, Progress, release_formats, written_tables
from deedbook.release.formats import About
from deedbook.release.manifest import write_manifest
from deedbook.release.metadata.datapackage import datapackage_json
from deedbook.release.metadata.standards import STANDARDS, described
from deedbook.release.notes import index_html, readme_lines, readme_markdown
from deedbook.release.pages import render
from deedbook.release.snippets import loader_names, loaders
from deedbook.versioning import corrections, history
from deedbook.versioning.guards import coverage
from deedbook.versioning.numbers import counts_as
from deedbook.versioning.previous import CHANGES
from deedbook.versioning.verdict import Verdict

CHANGELOG = "CHANGELOG.md"
COPIED = ("LICENSE", "CHANGES.md")
"""What people write for readers, copied from the package folder byte by byte."""
_DOCUMENTS = (
    *STANDARDS,
    *(digests.BUILD_FILE, digests.MANIFEST, digests.PROVENANCE, digests.SUMS),
    *(CHANGES, CHANGELOG, "CITATION.cff", "CODEBOOK.html", "CODEBOOK.md", "README.md"),
    *("codebook.json", "datapackage.json", "index.html", "validation.json"),
)


def write_release(contents: Contents, say: Progress) -> None:
    """Fills the folder with a whole release but for what proves it."""
    project, edition, folder = contents.project, contents.edition, contents.folder
    package, report = project.package, contents.report
    with written_tables(contents, say) as books:
        say("writing documents", 1.0)
        copied = [name for name in COPIED if (package.root / name).is_file()]
        for name in copied:
            (folder / name).write_bytes((package.root / name).read_bytes())
        facts = {
            "name": edition.name,
            "title": edition.title,
            "description": edition.description,
            "version": edition.version,
            "state": edition.state,
            "created": edition.moment,
            "license": ", ".join(one.spdx or one.url or one.title for one in edition.licences),
            "doi": edition.doi,
        }
        known = {key: text for key, text in facts.items() if text}
        about = About(known, [table.outline for table in contents.tables], readme_lines(contents))
        for book in books:
            contents.limits.extend(book.close(about))
    tables = [(table.outline, table.file) for table in contents.tables]
    descriptor = datapackage_json(package, edition, tables)
    rules = rule_entries(project, contents.book, report, has_previous=contents.verdict is not None)
    documents = {
        **loaders(contents, descriptor),
        **codebook_documents(edition, [table.entry for table in contents.tables], rules),
        "datapackage.json": descriptor,
        "CITATION.cff": render("CITATION.cff.j2", edition=edition),
        "README.md": readme_markdown(contents, copied),
        "validation.json": json.dumps(report_record(report), ensure_ascii=False, indent=2) + "\n",
        digests.BUILD_FILE: build_json(edition.name, edition.version, edition.epoch, contents.inputs),
    }
    _write(contents, documents)
    changes = _write_changes(contents)
    files = contents.files()  # what is written later than these has no checksum in the standards
    _write(contents, {name: described(contents, name, files) for name in STANDARDS})
    _write(contents, {"index.html": index_html(contents, changes)})
    write_manifest(package, edition, tables, folder, contents.digest)


def _write_changes(contents: Contents) -> Mapping[str, object]:
    """Writes what there is to say of changes, beside the data and the descriptor that stand in the folder already.

    Returns:
        The content of `changes.json`.
    """
    project, edition, folder, verdict = contents.project, contents.edition, contents.folder, contents.verdict
    covered = [
        item.message if item.table in item.message else f"{item.table}: {item.message}"
        for item in coverage(Side("", project), contents.book.guards)
    ]
    rows = {table.outline.name: table.file.rows for table in contents.tables if not table.outline.is_view}
    document = history.changes_document(edition.name, edition.version, edition.moment, rows, verdict, covered)
    changelog = render(f"{CHANGELOG}.j2", title=edition.title, history=document["history"], counts_as=counts_as)
    documents = {
        CHANGES: json.dumps(document, ensure_ascii=False, indent=1) + "\n",
        CHANGELOG: changelog.rstrip() + "\n",
    }
    source = project.package.root / corrections.PATH
    if source.is_file():
        stated = corrections.read_corrections(project)
        if any(corrections.is_private(row) for row in stated):
            documents[corrections.PATH] = corrections.corrections_csv(corrections.without_private(stated))
        else:
            (folder / corrections.PATH).write_bytes(source.read_bytes())
    if verdict is not None:
        withheld = corrections.private_tables(verdict.reasons.given)
        staged = Side("", Project(folder, load_package(folder / DESCRIPTOR)))
        changes = compare(side_of_folder(verdict.previous.folder), staged, derived=True, everything=True)
        for table in changes.tables:
            may_tell = not withheld or (table.table in rows and table.table not in withheld)
            if may_tell and not table.is_equal:
                documents[f"{table.table}.diff.csv"] = highlighter_csv(changes, table)
    _write(contents, documents)
    return document


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
    formats, package = release_formats(project), project.package
    names = [resource.name for resource in package.resources]
    if project.schemas is not None and "dataset" in project.rule_files:
        # derived tables: those with a schema of their own
        described_tables = {file.name.removesuffix(".schema.json") for file in project.schemas.glob("*.schema.json")}
        names += sorted(described_tables - {*names})
    beside = [name for name in (*COPIED, corrections.PATH) if (package.root / name).is_file()]
    if any(environment.get(name) for name in (KEY_VARIABLE, KEY_FILE_VARIABLE)):
        beside.append(digests.SIGNATURE)
    withheld = corrections.private_tables(verdict.reasons.given) if verdict else frozenset()
    compared = verdict.changes.tables if verdict else ()
    return Forecast(
        tuple(item.file_name(name, package.name) for name in names for item in formats if item.is_per_table),
        tuple(item.file_name("", package.name) for item in formats if not item.is_per_table),
        tuple(sorted({*_DOCUMENTS, *loader_names(formats), *beside})),
        tuple(f"{item.table}.diff.csv" for item in compared if item.has_new_values and item.table not in withheld),
    )
