"""A project on disk, and `deedbook` run in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.home import HOME_VARIABLE
from tests.cli.project import Outcome, run_in


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder to be filled by `write_project`."""
    return tmp_path / "project"


@pytest.fixture
def deedbook(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs `deedbook` inside the project, as a user who keeps nothing from before."""
    monkeypatch.setenv(HOME_VARIABLE, str(project.with_name("home of the user")))
    return lambda *arguments: run_in(project, arguments, monkeypatch, capfd)
