"""A catalogue with two versions and its site."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.site import build_site
from tests.fetching.catalogues import publish
from tests.site.catalogues import two_versions

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue with its pages, built once; tests that change it copy it."""
    root = two_versions(tmp_path_factory.mktemp("catalogue"))
    build_site(root)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """The same for this test alone."""
    return Path(shutil.copytree(published, tmp_path / "root"))


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the English pages of the reference dataset."""
    folder = tmp_path_factory.mktemp("reference")
    project, root = folder / "project", folder / "root"
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "deedbook.toml", project)
    publish(project, root, None)
    build_site(root)
    return root / "site" / "en" / "alignment-events"
