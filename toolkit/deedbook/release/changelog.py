"""What a release says of the one before it: `changes.json`, `CHANGELOG.md`, `corrections.csv` and `TABLE.diff.csv`.

changes.json      versioning.history tells what is in it
CHANGELOG.md      all versions, newest first
corrections.csv   that of the package folder when it is there, without what went to protect people
TABLE.diff.csv    of each table that stands in both releases and differs: `daff patch OLD/TABLE.csv TABLE.diff.csv` gives
                  this release's TABLE.csv, derived columns included; only when there is a previous release, and not of a
                  table from which something went to protect people, nor then of views, which repeat the rows of others
"""

from __future__ import annotations

import json
from pathlib import Path

from deedbook.changes.compare import compare
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.sources import Side, side_of_folder
from deedbook.descriptor import load_package
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.contents import Contents
from deedbook.release.edition import moment_text
from deedbook.versioning.corrections import (
    PATH,
    corrections_csv,
    is_private,
    private_tables,
    read_corrections,
    without_private,
)
from deedbook.versioning.guards import coverage
from deedbook.versioning.history import CHANGELOG, changelog_markdown, changes_document
from deedbook.versioning.previous import CHANGES


def write_changes(contents: Contents) -> None:
    """Writes what there is to say of changes, beside the data and the descriptor that stand in the folder already."""
    project, edition, folder, verdict = contents.project, contents.edition, contents.folder, contents.passed.verdict
    guards = contents.book.guards
    covered = [
        item.message if item.table in item.message else f"{item.table}: {item.message}"
        for item in coverage(Side("", project), guards)
    ]
    rows = {table.outline.name: table.file.rows for table in contents.tables if not table.outline.is_view}
    document = changes_document(edition.name, edition.version, moment_text(edition.created), rows, verdict, covered)
    _write(folder / CHANGES, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    _write(folder / CHANGELOG, changelog_markdown(edition.title, document["history"]))
    source = project.package.root / PATH
    if source.is_file():
        stated = read_corrections(project)
        if any(is_private(row) for row in stated):
            _write(folder / PATH, corrections_csv(without_private(stated)))
        else:
            (folder / PATH).write_bytes(source.read_bytes())
    if verdict is None:
        return
    withheld = private_tables(verdict.reasons.given)
    staged = Project(folder, load_package(folder / DESCRIPTOR))
    changes = compare(side_of_folder(verdict.previous.folder), Side("", staged), derived=True, everything=True)
    for table in changes.tables:
        may_tell = not withheld or (table.table in rows and table.table not in withheld)
        if may_tell and not table.is_equal:
            _write(folder / f"{table.table}.diff.csv", highlighter_csv(changes, table))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
