"""Ours beside its peers on generated events: whole processes in turn, medians, exactness against the manifest.

Usage: python -m benchmarks.validate [--rows N] [--variant clean/dirty/dirtyx/all-bad] [--runs N] [--only NAME,...]
       [--write FOLDER]    writes validation-ROWS-VARIANT.md and .svg there (the docs show them)

Each round runs every contestant once, so that ratios are of paired runs; frictionless runs once, in the middle,
beside the median of ours. Every contestant is one process. Ours runs `deedbook validate` as a user does; the raw parses read
events.csv alone, which makes the ratio to them the strict one.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import REPOSITORY
from benchmarks.generate import VARIANTS, generate
from benchmarks.peers import COVERS, NOT_INSTALLED, PEERS
from benchmarks.processes import Measurement, measure, read_into_cache
from benchmarks.reporting import Result, bar_chart, markdown

OURS = "deedbook"
OURSELVES = {OURS: ("--no-rules",), "deedbook with rules": ()}
"""How ours runs: like its peers, and with the rule that dates are in order, which loads pandera."""
SLOW = ("frictionless",)
WHOLE_ROW = frozenset({"primary-key", "foreign-key"})
Place = tuple[int, str, str]


def our_command(*arguments: str) -> list[str]:
    """The console script beside this Python, or the module where the package is not installed; compiled, as a wheel's is."""
    compileall.compile_dir(REPOSITORY / "toolkit" / "deedbook", quiet=1)
    script = Path(sys.executable).with_name("deedbook")
    return [str(script), *arguments] if script.is_file() else [sys.executable, "-m", "deedbook", *arguments]


def run_ours(folder: Path, *arguments: str) -> Measurement:
    """`deedbook validate` on the generated project, from inside it so that its rules run."""
    command = our_command("validate", ".", "--quiet", *arguments)
    return measure(command, folder=folder, environment=_environment(), is_tree=False)


def run_peer(name: str, folder: Path) -> Measurement:
    """One run of a contestant of peers.py."""
    return measure(
        [sys.executable, "-m", "benchmarks.peers", name, str(folder)],
        folder=REPOSITORY,
        environment=_environment(),
        is_tree=False,
    )


def compare(folder: Path, names: list[str], runs: int) -> list[Result]:
    """Every contestant, the rounds in turn."""
    read_into_cache(*folder.glob("*.csv"))
    kept: dict[str, list[Measurement]] = {name: [] for name in names}
    failed: dict[str, str] = {}
    for number in range(runs):
        for name in names:
            if name in failed or (name in SLOW and number != runs // 2):
                continue
            run = (
                run_ours(folder, "--format", "json", *OURSELVES[name]) if name in OURSELVES else run_peer(name, folder)
            )
            print(
                f"round {number + 1} {name}: {run.wall:.2f} s, {run.peak / 1e6:.0f} MB, exit {run.code}",
                file=sys.stderr,
            )
            if run.code == NOT_INSTALLED and name not in OURSELVES:
                failed[name] = "not installed"
            elif run.code not in {0, 1} or (run.code and name not in OURSELVES):
                failed[name] = f"exit {run.code}: {(run.complaint.strip().splitlines() or [''])[-1][:160]}"
            else:
                kept[name].append(run)
    return [Result(name, tuple(kept[name]), failed.get(name, ""), COVERS[name]) for name in names]


def beside_clean(folder: Path, clean: Path, runs: int) -> str:
    """Our time on a file with errors beside that on the same file without them, in turn."""
    read_into_cache(*folder.glob("*.csv"), *clean.glob("*.csv"))
    flags = ("--format", "json", *OURSELVES[OURS])
    ratio = median(run_ours(folder, *flags).wall / run_ours(clean, *flags).wall for _ in range(runs))
    return f"our time with errors by that without: {ratio:.2f}, the median of {runs}"


def exactness(folder: Path) -> str:
    """Recall and precision of our findings against the manifest: row, field and type must agree."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "findings.csv"
        run = run_ours(folder, "--findings", str(file), "--format", "json")
        if not file.is_file():
            return f"no findings file was written (exit {run.code}): {run.complaint.strip()[-300:]}"
        found = set(_read_findings(file))
    if not _read(folder / "manifest.csv"):
        return f"no error is planted, {len(found)} found"
    expected = {(int(row["row"]), row["field"], row["type"]) for row in _read(folder / "manifest.csv")}
    kinds = {(int(row["row"]), row["field"], row["type"]): row["kind"] for row in _read(folder / "manifest.csv")}
    right = found & expected
    recall, precision = len(right) / max(len(expected), 1), len(right) / max(len(found), 1)
    counted = f"planted findings {len(expected)} of {len(set(kinds.values()))} kinds, found {len(found)}"
    lines = [f"{counted}; recall {recall:.4f}, precision {precision:.4f}"]
    lines += [f"  not found: {place} ({kinds[place]})" for place in sorted(expected - found)[:10]]
    lines += [f"  not planted: {place}" for place in sorted(found - expected)[:10]]
    return "\n".join(lines)


def totals(folder: Path) -> str:
    """The exact totals of our report, however many findings it shows."""
    report = json.loads(run_ours(folder, "--format", "json").output)
    return json.dumps(report["totals"])


def _read_findings(file: Path) -> list[Place]:
    places = []
    for row in _read(file):
        field = "" if row["rule"] in WHOLE_ROW else str(row["field_number"])
        places.append((int(row["row"] or 0), field, row["rule"]))
    return places


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": f"{REPOSITORY / 'toolkit'}:{REPOSITORY}"}


def main() -> None:
    """Prints the table, and how exact our findings are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--variant", choices=VARIANTS, default="clean")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="contestants, separated by commas; deedbook always runs")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    folder = generate(options.rows, options.variant)
    wanted = options.only.split(",") if options.only else list(PEERS)
    results = compare(folder, [*OURSELVES, *(name for name in PEERS if name in wanted)], options.runs)
    table = markdown(results, OURS) if results[0].runs else f"deedbook: {results[0].failed}"
    heading = f"{options.rows:,} rows, {(folder / 'events.csv').stat().st_size / 1e6:.0f} MB, {options.variant}"
    exact = totals(folder) if options.variant == "all-bad" else exactness(folder)
    if options.variant != "clean":
        exact += "\n\n" + beside_clean(folder, generate(options.rows, "clean"), options.runs)
    text = f"### {heading}\n\n{table}\n\n{exact}\n"
    print(text)
    if options.write:
        stem = f"validation-{options.rows}-{options.variant}"
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / f"{stem}.md").write_text(text, encoding="utf-8")
        chart = bar_chart(f"Validating {heading}", {result.name: result.wall for result in results if result.runs}, "s")
        (options.write / f"{stem}.svg").write_text(chart, encoding="utf-8")


if __name__ == "__main__":
    main()
