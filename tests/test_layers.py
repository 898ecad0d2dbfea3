"""No two files of the toolkit import each other, not even inside functions or for types; each of some things is done in one place."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.documents import REPOSITORY

TOOLKIT = REPOSITORY / "toolkit"
PACKAGE = TOOLKIT / "deedbook"


@cache
def modules() -> dict[str, Path]:
    """Every module of the toolkit by its dotted name."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {".".join(file.relative_to(TOOLKIT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported_by(file: Path) -> set[str]:
    """The modules of the toolkit that a file imports anywhere in it; a package counts where one of its own names is taken."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & modules().keys()) or {node.module}
    return found & modules().keys()


def test_no_two_files_import_each_other() -> None:
    imports = {name: imported_by(file) - {name} for name, file in modules().items()}
    pairs = {
        (one, other) for one, others in imports.items() for other in others if one in imports[other] and one < other
    }
    assert pairs == set()


@pytest.mark.parametrize(
    ("what", "pattern", "places"),
    [
        ("replaces a file", r"\.replace\(target\)|os\.replace\(|mkstemp|NamedTemporaryFile", {"files.py"}),
        ("speaks HTTP", r"urllib3\.|urllib\.request|http\.client|import requests", {"http.py"}),
        ("writes into sys.modules", r"sys\.modules\[[^]]+\] *=|meta_path", set()),
        ("ends the process hard", r"os\._exit", set()),
    ],
)
def test_one_place(what: str, pattern: str, places: set[str]) -> None:
    found = {str(file.relative_to(PACKAGE)) for file in modules().values() if re.search(pattern, _code(file))}
    assert found <= places, what


@cache
def _code(file: Path) -> str:
    """A file without its comments and docstrings."""
    return ast.unparse(ast.parse(file.read_text(encoding="utf-8")))
