"""The cases beside the repository pass, where they are: small inputs with what a good answer says, run by their own program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import REPOSITORY
from tests.forks import forking

CASES = REPOSITORY.parent / "shared" / "cases"
AREAS = ("tables", "types", "structure", "rules", "fmt", "diff", "plan")

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """`deedbook` as a program, of this checkout."""
    with forking() as path:
        yield path


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_all_cases_of_an_area_pass(area: str, program: Path) -> None:
    command = [sys.executable, str(CASES / "run.py"), "--deedbook", str(program), "--project", str(REPOSITORY)]
    done = subprocess.run([*command, "--jobs", "1", str(CASES / area)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 failed" in done.stdout
