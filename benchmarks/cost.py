"""What a table costs on one machine: CPU seconds, peak memory, bytes and room on disk by rows, and the lines through them.

Usage: python -m benchmarks.cost [--rows N,N,...] [--formats FORMAT,...] [--format-rows N,N]

The table is the generated events, 20 columns and some 320 bytes a row, without their parents. `validate`, `build` and `verify` (CSV and
Parquet) and `diff` (two versions) run once at each size as whole processes; then each other format is built and verified beside CSV alone.
A line is fitted through the seconds and the room of each: what a run costs before the data counts, and what a million rows add. Whoever
reads it for a size that was not measured extrapolates: it says what would be if nothing broke before. Memory follows no line: it is bounded
by parts and budgets, and grows in steps.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import REPOSITORY, WORK
from benchmarks.diff import edited
from benchmarks.generate import descriptor, generate
from benchmarks.processes import measure, read_into_cache
from benchmarks.validate import our_command

QUICK = ("parquet",)
FORMATS = ("parquet", "jsonl", "sqlite", "stata", "spss", "rds")
FAR = (10, 100, 1000)
"""Millions of rows that the lines are drawn to."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: rows, CPU seconds, and the bytes of memory, of the release and of all files at the most, what it began with left out."""

    rows: int
    cpu: float
    memory: int
    release: int = 0
    room: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What is there without a row, and what a million rows add."""

    start: float
    million: float

    @classmethod
    def through(cls, costs: Sequence[Cost], name: str) -> Line:
        """The straight line of least squares; through no row where there is one size only."""
        values = [getattr(cost, name) for cost in costs]
        if len(costs) == 1:
            return cls(0.0, values[0] / costs[0].rows * 1e6)
        slope, start = np.polyfit([cost.rows / 1e6 for cost in costs], values, 1)
        return cls(float(start), float(slope))

    def at(self, millions: float) -> float:
        """Its height there."""
        return self.start + self.million * millions


def project(rows: int, formats: Sequence[str], folder: Path) -> None:
    """A project of the generated events alone that builds these formats beside CSV."""
    (folder / "events.csv").hardlink_to(generate(rows).resolve() / "events.csv")
    events = next(item for item in descriptor()["resources"] if item["name"] == "events")
    schema = {name: value for name, value in events["schema"].items() if name != "foreignKeys"}
    record = {
        "name": "events",
        "title": "Generated events",
        "version": "1.0.0",
        "created": "2026-11-22T00:00:00Z",
        "licenses": [{"name": "CC0-1.0"}],
        "contributors": [{"title": "A. Maintainer"}],
        "deedbook": {"previous": None},
        "resources": [{**events, "schema": schema}],
    }
    (folder / "datapackage.json").write_text(json.dumps(record), encoding="utf-8")
    names = ", ".join(f'"{name}"' for name in formats)
    config = f'package = "datapackage.json"\n\n[release]\nformats = [{names}]\n'
    (folder / "deedbook.toml").write_text(config, encoding="utf-8")


def size(folder: Path) -> int:
    """The bytes of all files below a folder."""
    found = 0
    for root, _, names in os.walk(folder):  # which passes over what is gone meanwhile
        for name in names:
            with suppress(OSError):
                found += Path(root, name).stat().st_size
    return found


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """The most bytes that there were below a folder, looked at four times a second."""
    most, done = [size(folder)], threading.Event()

    def look() -> None:
        while not done.wait(0.25):
            most[0] = max(most[0], size(folder))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield most
    done.set()
    thread.join()


def run(rows: int, folder: Path, *arguments: str, code: int = 0) -> Cost:
    """One command in a folder, measured."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    before = size(folder)
    environment = {"TMPDIR": str(temporary), "PYTHONPATH": f"{REPOSITORY / 'toolkit'}:{REPOSITORY}"}
    with watched(folder) as most:
        done = measure(our_command(*arguments, "--quiet"), folder=folder, environment=environment, is_tree=False)
    if done.code != code:
        raise SystemExit(f"{' '.join(arguments)}: exit {done.code}: {done.output[-300:]} {done.complaint[-300:]}")
    released = size(folder / "dist")
    print(f"{arguments[0]} {rows:,}: CPU {done.cpu:.1f} s, {done.peak / 1e6:.0f} MB", file=sys.stderr)
    return Cost(rows, done.cpu, done.peak, released, max(most[0], size(folder)) - before)


def built(rows: int, formats: Sequence[str]) -> tuple[Cost, Cost]:
    """The costs of building a release with these formats beside CSV, and of verifying it."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        folder = Path(scratch)
        project(rows, formats, folder)
        read_into_cache(folder / "events.csv")
        return run(rows, folder, "build"), run(rows, folder, "verify", "dist/events/1.0.0")


def commands(sizes: Sequence[int]) -> dict[str, list[Cost]]:
    """The costs of each command at each size."""
    costs: dict[str, list[Cost]] = {"validate": [], "build": [], "verify": [], "diff": []}
    for rows in sizes:
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            folder = Path(scratch)
            project(rows, QUICK, folder)
            read_into_cache(folder / "events.csv")
            costs["validate"].append(run(rows, folder, "validate", ".", "--no-cache"))
        for name, cost in zip(("build", "verify"), built(rows, QUICK), strict=True):
            costs[name].append(cost)
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            versions = [str(folder) for folder in (generate(rows), edited(rows))]
            costs["diff"].append(run(rows, Path(scratch), "diff", *versions, "--table", "events", code=1))
    return costs


def lines_of(costs: dict[str, list[Cost]]) -> Iterator[str]:
    """What was measured, then the lines through it as far as they are drawn."""
    yield "| command | rows | CPU s | peak MB | release MB | room on disk MB |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, found in costs.items():
        for it in found:
            bytes_of = f"{it.release / 1e6:.0f} | {it.room / 1e6:.0f}"
            yield f"| {name} | {it.rows:,} | {it.cpu:.1f} | {it.memory / 1e6:.0f} | {bytes_of} |"
    far = " | ".join(f"{millions:,} M rows" for millions in FAR)
    yield from ("", f"| command | a start | a million rows more | {far} |", f"|---|---:|---:|{'---:|' * len(FAR)}")
    for name, found in costs.items():
        for part, unit, scale in (("cpu", "CPU s", 1.0), ("room", "MB of disk", 1e6)):  # memory does not follow a line
            if not any(getattr(cost, part) for cost in found):
                continue
            line = Line.through(found, part)
            cells = " | ".join(f"{line.at(it) / scale:,.0f}" for it in (*FAR,))
            yield f"| {name}, {unit} | {line.start / scale:.1f} | {line.million / scale:.1f} | {cells} |"


def formats_of(formats: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    """What a format adds to a release of CSV alone, by a million rows."""
    yield "| format | build CPU s | verify CPU s | release MB | build peak MB | verify peak MB |"
    yield "|---|---:|---:|---:|---:|---:|"
    without: list[Line] = []
    for name in ("csv", *formats):
        pairs = [built(rows, () if name == "csv" else (name,)) for rows in sizes]
        both = [[pair[place] for pair in pairs] for place in (0, 1)]
        lines = [Line.through(both[0], "cpu"), Line.through(both[1], "cpu"), Line.through(both[0], "release")]
        added = [line.million - base.million for line, base in zip(lines, without, strict=True)] if without else None
        without = without or lines
        cpu = added or [line.million for line in lines]
        peaks = " | ".join(f"{costs[-1].memory / 1e6:.0f}" for costs in both)
        label = "CSV alone" if name == "csv" else f"{name}, besides"
        yield f"| {label} | {cpu[0]:.1f} | {cpu[1]:.1f} | {cpu[2] / 1e6:.0f} | {peaks} |"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--rows", default="100000,300000,1000000")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--format-rows", default="100000,300000")
    options = parser.parse_args()
    sizes = [int(text) for text in options.rows.split(",")]
    if sizes != [0]:
        print("\n".join(lines_of(commands(sizes))), flush=True)
    formats = [name for name in options.formats.split(",") if name]
    if formats:
        print("\n".join(["", *formats_of(formats, [int(text) for text in options.format_rows.split(",")])]))


if __name__ == "__main__":
    main()
