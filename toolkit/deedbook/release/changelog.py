"""What a release says of the one before it: `changes.json`, `CHANGELOG.md`, `corrections.csv` and `TABLE.diff.csv`.

changes.json      versioning.history tells what is in it
CHANGELOG.md      all versions, newest first
corrections.csv   copied from the package folder when it is there
TABLE.diff.csv    of each table that stands in both releases and differs: `daff patch OLD/TABLE.csv TABLE.diff.csv` gives
                  this release's TABLE.csv, derived columns included; only when there is a previous release
"""

from __future__ import annotations

from pathlib import Path

from deedbook.changes.compare import compare
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.sources import Side, side_of_folder
from deedbook.descriptor import load_package
from deedbook.project import DESCRIPTOR, Project
from deedbook.release.edition import Edition, moment_text
from deedbook.versioning.corrections import PATH
from deedbook.versioning.history import CHANGELOG, CHANGES, changelog_markdown, changes_document, changes_json
from deedbook.versioning.judging import Judgement


def write_changes(
    project: Project, edition: Edition, judgement: Judgement | None, rows: dict[str, int], folder: Path
) -> None:
    """Writes what there is to say of changes, beside the data and the descriptor that stand in the folder already.

    Args:
        project: What is released.
        edition: What the release calls itself.
        judgement: What its version rests on; None for a first release.
        rows: The rows of each edited table.
        folder: The staged release.
    """
    document = changes_document(edition.name, edition.version, moment_text(edition.created), rows, judgement)
    _write(folder / CHANGES, changes_json(document))
    _write(folder / CHANGELOG, changelog_markdown(edition.title, document["history"]))
    source = project.package.root / PATH
    if source.is_file():
        (folder / PATH).write_bytes(source.read_bytes())
    if judgement is not None:
        _write_diffs(judgement, folder)


def _write_diffs(judgement: Judgement, folder: Path) -> None:
    staged = Project(folder, load_package(folder / DESCRIPTOR))
    old = side_of_folder(judgement.previous.folder)
    changes = compare(old, Side("", staged), derived=True, everything=True)
    for table in changes.tables:
        if not table.is_equal:
            _write(folder / f"{table.table}.diff.csv", highlighter_csv(changes, table))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
