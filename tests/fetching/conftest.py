"""A catalogue with two versions on a web server, and a user with empty folders."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deedbook.home import Home
from tests.cli.project import Outcome, run_in
from tests.documents import REPOSITORY
from tests.fakes.web import Web
from tests.fetching.catalogues import Published, publish_two


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Built once; tests that change it copy it."""
    return publish_two(tmp_path_factory.mktemp("published"))


@pytest.fixture
def root(published: Published, tmp_path: Path) -> Path:
    """The catalogue's folder, for this test alone."""
    return Path(shutil.copytree(published.root, tmp_path / "root"))


@pytest.fixture
def web(root: Path) -> Iterator[Web]:
    """The catalogue on a web server."""
    with Web(root).serving() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Of a user who never fetched anything."""
    return Home(tmp_path / "home", tmp_path / "home" / "cache", tmp_path / "home" / "state")


Run = Callable[..., Outcome]


@pytest.fixture
def run(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`deedbook ARGUMENTS` as that user, in an empty folder."""
    for name in [name for name in os.environ if name.startswith(("DEEDBOOK_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DEEDBOOK_HOME", str(home.config))
    return lambda *arguments: run_in(tmp_path, tuple(map(str, arguments)), monkeypatch, capfd)


def command(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "deedbook", *map(str, arguments)]


def environment(home: Home) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEEDBOOK_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY / "toolkit"), "DEEDBOOK_HOME": str(home.config)}
