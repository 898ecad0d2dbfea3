"""Commands on a disk that fails: at some of their calls in the gate, at every one by `python -m benchmarks.faults`."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from benchmarks.faults import ACTS, FAULTS

STEPS = {"build": 11, "publish": 11, "fetch": 11, "yank": 5, "catalogue rebuild": 5}
"""Every how many-th call of a command is tried, where not each."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler")
@pytest.mark.parametrize("name", [act.name for act in ACTS])
def test_a_command_leaves_the_old_or_the_new_and_the_next_run_completes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "benchmarks.faults", "--each", str(STEPS.get(name, 1)), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if f"| {name} |" in line
    ]
    with capsys.disabled():
        print(f"\n{done.stdout}")  # noqa: T201  # the count is the proof
    assert (done.returncode, done.stderr) == (0, "")
    assert [row[1] for row in rows] == list(FAULTS)
    assert all(int(row[3]) > 0 for row in rows)
