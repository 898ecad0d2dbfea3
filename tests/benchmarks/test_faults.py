"""Commands on a disk that fails: at every eleventh call in the gate, at every one by `python -m benchmarks.faults`."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from benchmarks.faults import ACTS, FAULTS

STEP = 11


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler")
@pytest.mark.parametrize("name", [act.name for act in ACTS])
def test_a_command_leaves_the_old_or_the_new_and_the_next_run_completes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "benchmarks.faults", "--each", str(STEP), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if f"| {name} |" in line
    ]
    with capsys.disabled():
        print(f"\n{done.stdout}")  # noqa: T201  # the count is the proof
    assert (done.returncode, done.stderr) == (0, "")
    assert [row[1] for row in rows] == list(FAULTS)
    assert all(int(row[2]) > STEP for row in rows if row[1] != "short")
