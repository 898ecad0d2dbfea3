"""870,109 real votes with their foreign key: `deedbook validate` against `frictionless validate`, the same descriptor.

Usage: python -m benchmarks.un_votes [--runs N]    frictionless runs once (about a minute); ours N times, the median counts
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import REPOSITORY, SHARED
from benchmarks.processes import Measurement, measure, read_into_cache
from benchmarks.validate import our_command

SOURCE = SHARED / "realdata" / "un-votes"
DESCRIPTOR = REPOSITORY / "tests" / "realdata" / "un-votes.datapackage.json"


def prepare() -> Path:
    """A folder with the descriptor and copies of both tables, in no project, as the peer sees it."""
    folder = Path(tempfile.gettempdir()) / "deedbook-benchmark-un-votes"
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*SOURCE.glob("*.csv"),):
        if not (folder / file.name).is_file():
            shutil.copyfile(file, folder / file.name)
    shutil.copyfile(DESCRIPTOR, folder / "datapackage.json")
    return folder


def run_ours(folder: Path) -> Measurement:
    """Ours, as a user runs it: one process, like the peer."""
    command = our_command("validate", "datapackage.json", "--format", "json")
    return measure(command, folder=folder, environment={"PYTHONPATH": str(REPOSITORY / "toolkit")}, is_tree=False)


def run_frictionless(folder: Path) -> Measurement:
    """frictionless, as a user runs it."""
    script = Path(sys.executable).with_name("frictionless")
    return measure([str(script), "validate", "datapackage.json", "--json"], folder=folder, is_tree=False)


def verdict(run: Measurement) -> str:
    """What the JSON report says."""
    try:
        report = json.loads(run.output)
    except ValueError:
        return f"exit {run.code}: {(run.complaint or run.output).strip()[-300:]}"
    return f"valid = {report['valid']}, errors = {report['stats']['errors']}"


def main() -> None:
    """Prints both wall times, both peak memories, the ratio and the verdicts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.un_votes", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not SOURCE.is_dir():
        sys.exit(f"{SOURCE} is absent: there is nothing to measure")
    folder = prepare()
    read_into_cache(*folder.glob("*.csv"))
    ours = [run_ours(folder) for _ in range(options.runs // 2)]
    theirs = run_frictionless(folder)
    ours += [run_ours(folder) for _ in range(options.runs - options.runs // 2)]
    wall = median(run.wall for run in ours)
    print("| validator | wall s | CPU s | peak MB | verdict |\n|---|---:|---:|---:|---|")
    cpu, peak = median(run.cpu for run in ours), max(run.peak for run in ours)
    print(f"| deedbook | {wall:.2f} | {cpu:.2f} | {peak / 1e6:.0f} | {verdict(ours[-1])} |")
    print(f"| frictionless | {theirs.wall:.2f} | {theirs.cpu:.2f} | {theirs.peak / 1e6:.0f} | {verdict(theirs)} |")
    print(
        f"\nfrictionless takes {theirs.wall / wall:.0f} times our wall time and {theirs.cpu / cpu:.0f} times our CPU time."
    )


if __name__ == "__main__":
    main()
