"""The fixtures of the command line's tests, in a folder that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import deedbook

__all__ = ["deedbook", "project"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty folder in which `deedbook` runs."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
