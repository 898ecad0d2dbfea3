"""The same number of cells in few and in many columns, and the same number of rows in many tables and in many files.

Usage: python -m benchmarks.shapes [--cells N] [--shapes NAME,...] [--runs N]

A third of the cells are whole numbers, the others decimals, each column with a minimum; `bad` is 10,000 columns of which every
cell is below it. A wide shape is measured beside polars, which reads every cell as text and checks nothing; in tables and files
there is nothing to compare with but the same with a quarter of them. Whole processes in turn; processor time says more than time.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from benchmarks import WORK
from benchmarks.processes import Measurement, read_into_cache
from benchmarks.validate import OURS, OURSELVES, run_ours, run_peer

CELLS = 40_000_000
COLUMNS = {"100": 100, "500": 500, "2000": 2_000, "5000": 5_000, "bad": 10_000}
"""The columns of each wide shape."""
MANY = {"125 tables": 125, "500 tables": 500, "2000 tables": 2_000, "125 files": 125, "500 files": 500}
"""How many tables of `_ROWS` rows, or files of one table, the others are."""
_ROWS, _FIELDS = 100, 5
_STEP = 2_000_000
"""Cells that are made at once."""


def write_shape(name: str, cells: int = CELLS) -> Path:
    """A folder with a package of that shape, made when it is not there yet; the wide ones have one table `events`."""
    folder = WORK / f"shape-{name.replace(' ', '-')}-{cells}"
    if (folder / "datapackage.json").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name in COLUMNS:
        columns = COLUMNS[name]
        _write_table(folder / "events.csv", columns, max(cells // columns, 1), is_bad=name == "bad")
        resources = [_resource("events", "events.csv", columns)]
    else:
        files = [f"table{number}.csv" for number in range(MANY[name])]
        for file in files:
            _write_table(folder / file, _FIELDS, _ROWS)
        resources = [_resource("events", files, _FIELDS)]
        if name.endswith("tables"):
            resources = [_resource(file.removesuffix(".csv"), file, _FIELDS) for file in files]
    descriptor = {"name": "shape", "resources": resources}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


def _resource(name: str, path: str | list[str], columns: int) -> Mapping[str, Any]:
    fields = [
        {"name": f"c{at}", "type": "number" if at % 3 else "integer", "constraints": {"minimum": 0}}
        for at in range(columns)
    ]
    return {"name": name, "path": path, "schema": {"fields": fields}}


def _write_table(file: Path, columns: int, rows: int, *, is_bad: bool = False) -> None:
    """So many rows of whole numbers and decimals, the same each time; all below zero where they are to be bad."""
    random, sign = np.random.default_rng(1), -1 if is_bad else 1
    step = max(_STEP // columns, 1)
    with file.open("wb") as stream:
        for first in range(0, rows, step):
            size = min(step, rows - first)
            drawn = random.integers(1, 100_000, (columns, size)) * sign
            data = {f"c{at}": drawn[at] / 100 if at % 3 else drawn[at] for at in range(columns)}
            pl.DataFrame(data).write_csv(stream, include_header=first == 0)


def measure_shape(name: str, cells: int, runs: int) -> str:
    """A line of the table: our processor time, time and memory, and those of polars where the shape is wide."""
    folder = write_shape(name, cells)
    read_into_cache(*folder.glob("*.csv"))
    ours: list[Measurement] = []
    raw: list[Measurement] = []
    for _ in range(runs):
        ours.append(run_ours(folder, "--format", "json", *OURSELVES[OURS]))
        raw += [run_peer("polars parse", folder)] if name in COLUMNS else []
    size = sum(file.stat().st_size for file in folder.glob("*.csv")) / 1e6
    parts = [name, f"{size:.1f} MB"]
    for side in (ours, raw):
        if side:
            peak = max(run.peak for run in side) / 1e6
            parts += [f"{median(it.cpu for it in side):.2f}", f"{median(it.wall for it in side):.2f}", f"{peak:.0f}"]
    if raw:
        pairs = list(zip(ours, raw, strict=True))
        parts += [f"{median(a.cpu / b.cpu for a, b in pairs):.2f}", f"{median(a.wall / b.wall for a, b in pairs):.2f}"]
    return f"| {' | '.join(parts + [''] * (10 - len(parts)))} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shapes", description=__doc__)
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--shapes", default=",".join([*COLUMNS, *MANY]))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    sides = "our CPU s | wall s | peak MB | polars CPU s | wall s | peak MB"
    print(f"| shape | size | {sides} | CPU ratio | wall ratio |\n|---|---:|{'---:|' * 8}")
    for name in options.shapes.split(","):
        print(measure_shape(name, options.cells, options.runs), flush=True)


if __name__ == "__main__":
    main()
