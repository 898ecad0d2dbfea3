"""What is committed belongs here: no path of a machine, no name of a registry, no second name for a thing."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import deedbook
from tests.documents import REPOSITORY

FORBIDDEN = (
    ("a path of a machine", re.compile(r"(?<![\w./:-])/(?:work|tmp|root|home|Users|opt)/\w")),
    ("a registry's host", re.compile(r"pypi\.org|pythonhosted|registry\.npmjs")),
    ("an address to download from", re.compile(r"(?m)^[^#\n]*[\w\]]==\S.*(?:https?|file)://")),
)
SELF = Path(__file__).resolve()
TEXT = {".py", ".md", ".toml", ".json", ".csv", ".yaml", ".yml", ".lock", ".j2", ".cfg", ""}


@cache
def texts() -> dict[str, str]:
    """Every text file that is or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [REPOSITORY / name for name in listed.stdout.splitlines()]
    wanted = [file for file in files if file.suffix in TEXT and file.is_file() and file != SELF]
    return {str(file.relative_to(REPOSITORY)): file.read_text(encoding="utf-8", errors="replace") for file in wanted}


@pytest.mark.parametrize(("what", "pattern"), FORBIDDEN, ids=[what for what, _ in FORBIDDEN])
def test_no_file_holds(what: str, pattern: re.Pattern[str]) -> None:
    found = {name: match[0] for name, text in texts().items() if (match := pattern.search(text))}
    assert found == {}, what


def lock(*names: str) -> list[str]:
    """The lines of those lock files."""
    return [line for name in names for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines()]


RUN, DEVELOP = ("requirements.lock",), ("requirements.lock", "requirements-dev.lock")
SPARK = (*DEVELOP, "requirements-spark.lock")


def test_the_locks_name_exact_versions_only_and_each_package_once() -> None:
    lines = lock(*SPARK)
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []
    assert len({line.split("==")[0].lower() for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("locks", "extras"), [(RUN, ()), (DEVELOP, ("pandas", "sheets", "test", "dev")), (SPARK, ("cluster",))]
)
def test_everything_that_is_needed_is_locked(locks: tuple[str, ...], extras: tuple[str, ...]) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *(name for extra in extras for name in project["optional-dependencies"][extra])]
    names = {normalised(re.match(r"[A-Za-z0-9._-]+", entry)[0]) for entry in needed} - {"deedbook"}  # type: ignore[index]
    assert names - {normalised(line.split("==")[0]) for line in lock(*locks)} == set()


def test_versions_are_written_once() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", deedbook.__version__)


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
