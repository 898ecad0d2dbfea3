"""Workbooks that LibreOffice opened and saved again, as XLSX and as ODS: nothing changes by itself, and edits stay what they are."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.external.conftest import run, tool
from tests.workbooks.books import brought_back, changes_in, deeds, exported
from tests.workbooks.edits import EDITS, of
from tests.workbooks.test_workbooks import PROJECTS, _set, book_of, edit

pytestmark = pytest.mark.external


def saved_again(books: Sequence[Path], kind: str, folder: Path) -> list[Path]:
    """The workbooks as LibreOffice writes them in a format."""
    office, home = tool("soffice"), folder / "home"
    options = f"-env:UserInstallation={home.as_uri()}", "--headless", "--convert-to", kind, "--outdir"
    done = run(office, *options, folder / kind, *books, folder=folder)
    found = [folder / kind / f"{book.stem}.{kind}" for book in books]
    assert all(book.is_file() for book in found), done.stderr + done.stdout
    return found


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@pytest.mark.parametrize("name", PROJECTS)
def test_what_nobody_touched_is_as_it_was(tmp_path: Path, name: str, kind: str) -> None:
    root = PROJECTS[name](tmp_path / "project")
    for book in saved_again([book_of(root), book_of(root, "open.ods")], kind, tmp_path):
        found = brought_back(root, book)
        assert changes_in(found) == set()
        assert found.written == {}


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_edits_come_back_as_those_edits(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "project"
    new, books = exported(deeds(root)), []
    for number, (done, _) in enumerate(EDITS.values()):
        books.append(edit(Path(shutil.copy(new, tmp_path / f"edit{number}.xlsx")), done))
    found = [changes_in(brought_back(root, book)) for book in saved_again(books, kind, tmp_path)]
    assert dict(zip(EDITS, found, strict=True)) == {name: expected for name, (_, expected) in EDITS.items()}


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_formula_is_what_it_came_to(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "project"
    (book,) = saved_again([edit(exported(deeds(root)), _set("H2", '=A2&"-"&B2'))], kind, tmp_path)
    assert changes_in(brought_back(root, book)) == {of("D1", "note", "first", "D1-A1")}
