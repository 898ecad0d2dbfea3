"""A catalogue with two versions and its site."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.site import build_site
from tests.site.catalogues import two_versions


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
