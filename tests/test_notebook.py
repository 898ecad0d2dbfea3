"""The notebook of the tutorial runs from top to bottom, with the public names alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import deedbook
from tests.documents import REPOSITORY

NOTEBOOK = REPOSITORY / "docs" / "tutorial" / "from-a-frame.ipynb"


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def test_it_uses_public_names_alone() -> None:
    notebook = read()
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert {*re.findall(r"deedbook\.(\w+)\(", code)} <= {*deedbook.__all__}
    assert {*re.findall(r"from (deedbook\S*) import", code)} <= {"deedbook.rules"}
    assert [cell for cell in notebook.cells if cell.get("outputs")] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_it_runs_and_shows_what_was_found(tmp_path: Path) -> None:
    notebook = read()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output["data"].get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert any("crowd-out-of-order" in page for page in shown)
    assert (tmp_path / "protests-of-latvia" / "dist" / "protests-of-latvia" / "0.1.0" / "release.json").is_file()
