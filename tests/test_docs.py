"""The documents are whole: links lead somewhere, generated pages are fresh, every rule has its entry."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deedbook.errors import DeedbookError
from deedbook.types import TYPES
from deedbook.types.mistakes import mistakes_of
from tests.documents import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
REFERENCE = REPOSITORY / "docs" / "reference"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
ENGINE = ("checking", "reading")
OURS_IN_CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
NO_FINDINGS = frozenset({"my-dataset", "in-memory", "zero-width", "raw-unicode-escape", "unicode-escape"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_to_a_file_leads_there(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_finding_of_the_engine_has_an_entry() -> None:
    """An id is a hyphenated literal in the modules that make findings and no name of an everyday mistake."""
    folders = [REPOSITORY / "toolkit" / "deedbook" / name for name in ENGINE]
    code = "".join(file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.glob("*.py")))
    page = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    mistakes = {name for kind in TYPES for name in mistakes_of(kind.name)}
    named = {name for name in OURS_IN_CODE.findall(code) if f"`{name}`" not in page}
    assert named - NO_FINDINGS - mistakes == set()


def test_every_exit_code_has_an_entry() -> None:
    page = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    codes = {0, 1, 130, DeedbookError.exit_code, *(kind.exit_code for kind in DeedbookError.__subclasses__())}
    assert {code for code in codes if f"| {code} |" not in page} == set()


def test_every_page_is_linked() -> None:
    linked = {
        (page.parent / link).resolve() for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    pages = [page for page in REPOSITORY.glob("docs/**/*.md") if page.resolve() not in linked]
    assert pages == []


def test_the_map_of_the_code_names_files_that_are_there() -> None:
    page = (REPOSITORY / "docs" / "explanation" / "code.md").read_text(encoding="utf-8")
    named = {
        name for name in re.findall(r"`([\w/]+(?:\.py|/))`", page) if not name.startswith(("toolkit", "dist", "docs"))
    }
    assert [name for name in sorted(named) if not (REPOSITORY / "toolkit" / "deedbook" / name).exists()] == []
    packages = {path.parent.name for path in (REPOSITORY / "toolkit" / "deedbook").glob("*/__init__.py")}
    assert {name for name in packages if f"`{name}/`" not in page} == {"scaffold"}
