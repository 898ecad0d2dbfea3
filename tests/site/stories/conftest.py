"""The reference dataset as a catalogue with its pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.site import build_site
from tests.fetching.catalogues import publish

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its pages in English."""
    folder = tmp_path_factory.mktemp("reference")
    project, root = folder / "project", folder / "root"
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "deedbook.toml", project)
    publish(project, root, None)
    build_site(root)
    return root / "site" / "en" / "alignment-events"
