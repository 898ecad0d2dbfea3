"""A good release to put before other people's programs, and where those programs are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.release.build import build
from tests.release.conftest import make_project
from tests.release.releases import OWN

__all__ = ["make_project"]  # a fixture here too

ROOT = Path(__file__).parents[2]
TOOLS = Path(os.environ.get("DEEDBOOK_EXTERNAL", ROOT / ".venv-external"))
SHARED = ROOT.parent / "shared"
SECONDS = 300

Run = subprocess.CompletedProcess[str]


def tool(*places: str | Path) -> str:
    """The first of the programs or files that is there; its test is skipped without one, and fails in CI."""
    for place in places:
        found = str(place) if Path(place).exists() else shutil.which(str(place))
        if found:
            return found
    needed = f"{Path(places[0]).name} is not installed: run .ci/external.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(needed)
    pytest.skip(needed)


def run(*command: str | Path, folder: Path) -> Run:
    """Runs a program in a folder; nothing that it writes for itself gets into that folder."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def formats() -> None:
    """What is built beside CSV: everything."""


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The signed release of the reference dataset; never written to."""
    root = tmp_path_factory.mktemp("reference")
    for name in ("deedbook.toml", "datapackage", "schemas"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name)
        else:
            shutil.copy(source, root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEDBOOK_SIGNING_KEY", OWN.secret)
        built = build(load_project(root))
    assert built.release is not None, built.report.findings
    return built.release.folder


@pytest.fixture
def spoiled(good: Path, tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Gives a copy of the release with a text replaced in one file; the text must be there."""

    def spoil(name: str, old: str, new: str) -> Path:
        folder = tmp_path / good.name
        shutil.copytree(good, folder)
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")
        return folder

    return spoil
