"""`deedbook build` and `verify` of the generated events: time beside polars writing the same files, and peak memory by format.

Usage: python -m benchmarks.build [--rows N] [--runs N] [--write FOLDER]      CSV, Parquet and JSON Lines, beside polars alone
       python -m benchmarks.build [--rows N] --each [--only FORMAT,...]       build and verify with one more format at a time
       python -m benchmarks.build --peer FOLDER TARGET                        what polars alone does, for the measuring process

The build validates with rules and foreign keys, sorts, writes three tables of 1 M, 200,000 and 500,000 rows with codebook and all
metadata, and reads its checksums back. polars alone reads the same tables with their types and writes them three times.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks import REPOSITORY, WORK
from benchmarks.generate import descriptor, generate
from benchmarks.processes import Measurement, measure, read_into_cache
from benchmarks.reporting import Result, markdown
from benchmarks.validate import OURS, our_command

PEER = "polars alone"
QUICK = ("parquet", "jsonl")
EACH = ("sqlite", "stata", "spss", "rds", "xlsx")
DOES = {
    OURS: "validates, sorts, writes three formats with codebook and metadata, reads the checksums back",
    PEER: "reads the tables with their types, writes the same three formats",
}
_TYPES = {"integer": pl.Int64(), "number": pl.Float64(), "boolean": pl.Boolean(), "date": pl.Date()}


def project(rows: int, formats: tuple[str, ...], folder: Path) -> Path:
    """A project of the generated tables that builds these formats beside CSV."""
    source = generate(rows)
    shutil.copytree(source / "schemas", folder / "schemas")
    for name in ("events", "actors", "sources"):
        (folder / f"{name}.csv").hardlink_to(source.resolve() / f"{name}.csv")
    plan = {"title": "Generated events", "version": "1.0.0", "created": "2026-11-22T00:00:00Z"}
    people = {"licenses": [{"name": "CC0-1.0"}], "contributors": [{"title": "A. Maintainer"}]}
    record = {**descriptor(), **plan, **people, "deedbook": {"previous": None}}
    (folder / "datapackage.json").write_text(json.dumps(record), encoding="utf-8")
    names = ", ".join(f'"{name}"' for name in formats)
    config = f'package = "datapackage.json"\nschemas = "schemas"\n\n[release]\nformats = [{names}]\n'
    (folder / "deedbook.toml").write_text(config, encoding="utf-8")
    return folder


def write_with_polars(source: Path, target: Path) -> None:
    """Reads the tables with their types and writes each three times."""
    for resource in descriptor()["resources"]:
        types = {
            item["name"]: pl.Datetime("us", "UTC")
            if item["type"] == "datetime"
            else _TYPES.get(item["type"], pl.String())
            for item in resource["schema"]["fields"]
        }
        table = pl.read_csv(source / resource["path"], schema=types)
        table.write_csv(target / f"{resource['name']}.csv")
        table.write_parquet(target / f"{resource['name']}.parquet")
        table.write_ndjson(target / f"{resource['name']}.jsonl")


def _run(command: list[str], folder: Path) -> Measurement:
    run = measure(command, folder=folder, environment={"PYTHONPATH": f"{REPOSITORY / 'toolkit'}:{REPOSITORY}"})
    if run.code:
        raise SystemExit(f"{' '.join(command)}: exit {run.code}: {run.output[-400:]} {run.complaint[-400:]}")
    return run


def _say(name: str, run: Measurement) -> None:
    print(f"{name}: {run.wall:.2f} s, CPU {run.cpu:.2f} s, {run.peak / 1e6:.0f} MB", file=sys.stderr)


def beside_polars(rows: int, runs: int) -> str:
    """The table of both, run in turn."""
    read_into_cache(*(generate(rows) / f"{name}.csv" for name in ("events", "actors", "sources")))
    kept: dict[str, list[Measurement]] = {OURS: [], PEER: []}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            folder = project(rows, QUICK, Path(scratch))
            kept[OURS].append(_run(our_command("build", "--quiet"), folder))
            _say(OURS, kept[OURS][-1])
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            peer = [sys.executable, "-m", "benchmarks.build", "--peer", str(generate(rows)), scratch]
            kept[PEER].append(_run(peer, REPOSITORY))
            _say(PEER, kept[PEER][-1])
    return markdown([Result(name, tuple(found), "", DOES[name]) for name, found in kept.items()], OURS)


def each_format(rows: int, formats: list[str]) -> str:
    """Build and verify with no other format than CSV, then with one more."""
    lines = ["| formats | build CPU s | build peak MB | verify CPU s | verify peak MB |", "|---|---:|---:|---:|---:|"]
    for name in formats:
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            folder = project(rows, () if name == "csv" else (name,), Path(scratch))
            built = _run(our_command("build", "--quiet"), folder)
            _say(f"build {name}", built)
            verified = _run(our_command("verify", "dist/generated-events/1.0.0", "--quiet"), folder)
            _say(f"verify {name}", verified)
        cells = f"{built.cpu:.1f} | {built.peak / 1e6:.0f} | {verified.cpu:.1f} | {verified.peak / 1e6:.0f}"
        lines.append(f"| {'CSV' if name == 'csv' else f'CSV, {name}'} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--peer", nargs=2, metavar=("FOLDER", "TARGET"))
    options = parser.parse_args()
    if options.peer:
        write_with_polars(Path(options.peer[0]), Path(options.peer[1]))
        return
    names = options.only.split(",") if options.only else ["csv", *QUICK, *EACH]
    table = each_format(options.rows, names) if options.each else beside_polars(options.rows, options.runs)
    stem = "memory" if options.each else "build"
    text = f"### {'Memory by format' if options.each else 'Building'}: {options.rows:,} rows\n\n{table}\n"
    print(text)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / f"{stem}-{options.rows}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
