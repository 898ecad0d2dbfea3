"""Ten rows with a schema and no rules: what a validation costs before the data counts, ours and frictionless in turn.

Usage: python -m benchmarks.small [--runs N]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import REPOSITORY
from benchmarks.processes import Measurement, measure
from benchmarks.validate import our_command

SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "name", "type": "string", "constraints": {"maxLength": 40}},
        {"name": "signed", "type": "date"},
        {"name": "share", "type": "number", "constraints": {"minimum": 0, "maximum": 1}},
    ],
    "primaryKey": ["id"],
}


def main() -> None:
    """Prints the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = "".join(f"{number},treaty {number},2026-11-{number:02d},0.{number}\n" for number in range(1, 11))
        (folder / "ten.csv").write_text(f"id,name,signed,share\n{rows}", encoding="utf-8")
        (folder / "ten.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        rounds = [_round(folder) for _ in range(options.runs)]
    ours, theirs = (median(run.wall for run in side) for side in zip(*rounds, strict=True))
    print(f"deedbook {ours:.2f} s, frictionless {theirs:.2f} s: {ours / theirs:.2f} of its time, {options.runs} rounds")


def _round(folder: Path) -> tuple[Measurement, Measurement]:
    """One run of each; both have to find the table valid."""
    ours = our_command("validate", "ten.csv", "--schema", "ten.schema.json")
    theirs = [str(Path(sys.executable).with_name("frictionless")), "validate", "ten.csv", "--schema", "ten.schema.json"]
    environment = {"PYTHONPATH": str(REPOSITORY / "toolkit")}
    runs = [measure(command, folder=folder, environment=environment, is_tree=False) for command in (ours, theirs)]
    for run in runs:
        if run.code:
            sys.exit(f"exit {run.code}: {run.output}{run.complaint}")
    return runs[0], runs[1]


if __name__ == "__main__":
    main()
