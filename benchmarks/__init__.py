"""How fast, how small and how exact validating, comparing and building are, beside peers.

    generate.py     event tables of any size with parents, clean or with planted errors and a manifest of them
    validate.py     ours, frictionless-py, pandera, pointblank, dataframely and two raw parses, side by side as whole processes
    peers.py        what each of the others runs, one process a contestant
    un_votes.py     870,109 real rows: ours against frictionless-py
    processes.py    wall time, CPU time and peak memory of a process and all that it starts
    reporting.py    medians, a Markdown table, an SVG chart
    shapes.py       the same cells in few and in many columns, the same rows in many tables and in many files, beside polars parsing them
    diff.py         `deedbook diff` of two versions beside polars, duckdb and csv-diff; the counts must agree
    duplicates.py   likely duplicates: recall and precision on planted ones, time and memory beside the validation
    writers.py      each format of a release beside what its usual writer alone takes for the same rows
    build.py        `deedbook build` beside polars writing the same files; peak memory of build and verify by format
    cost.py         what a command costs by rows: CPU seconds, memory, bytes, room on disk, and the lines through them
    cluster.py      a package validated here and on Spark with one and two workers: seconds and memory of every process
    work/           generated input (not in git)

Run one as `python -m benchmarks.NAME`; each module says what it takes.
"""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
WORK = REPOSITORY / "benchmarks" / "work"
SHARED = REPOSITORY.parent / "shared"
