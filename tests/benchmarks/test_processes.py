"""A measurement covers the whole tree of a process."""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.processes import measure
from benchmarks.reporting import Result, bar_chart, markdown

CHILD = "import time; block = bytearray(80_000_000); block[::4096] = b'x' * len(block[::4096]); time.sleep(0.5)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}]); print('done'); sys.exit(1)"


def test_memory_of_a_child_counts_and_output_and_exit_code_are_kept() -> None:
    run = measure([sys.executable, "-c", PARENT])
    assert (run.code, run.output) == (1, "done\n")
    assert run.peak > 80_000_000
    assert run.wall >= 0.5
    assert run.cpu < 5


def test_a_table_names_a_contestant_that_did_not_run() -> None:
    run = measure([sys.executable, "-c", "pass"])
    table = markdown([Result("deedbook", (run,)), Result("other", (), "not installed")], "deedbook")
    assert "| other | 0 |" in table
    assert "not installed" in table
    assert bar_chart("Times", {"deedbook": 1.0, "a & b": 30.0}, "s").count("<rect") == 3


def test_one_that_runs_once_stands_beside_the_median_of_ours() -> None:
    run = measure([sys.executable, "-c", "pass"])
    ours, slow = [replace(run, wall=wall) for wall in (4.0, 1.0, 2.0)], replace(run, wall=200.0)
    table = markdown([Result("deedbook", tuple(ours)), Result("slow", (slow,))], "deedbook")
    assert table.splitlines()[-1].startswith("| slow | 1 | 200.00 |")
    assert "| 0.01 | 100.0 |" in table.splitlines()[-1]
