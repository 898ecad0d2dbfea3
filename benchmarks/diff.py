"""`deedbook diff` beside its peers on two versions of the generated events: time, memory and the same counts.

Usage: python -m benchmarks.diff [--rows N] [--runs N] [--only NAME,...] [--write FOLDER]
       python -m benchmarks.diff --peer NAME OLD NEW       one run of one peer, for the measuring process

The newer version has 1 % of `fatalities` and 0.5 % of `status` changed, 0.2 % of the rows removed and 0.1 % added at the end.
Every contestant tells how many rows were added and removed and how many cells of which field changed; the counts must agree.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks import REPOSITORY, WORK
from benchmarks.generate import generate
from benchmarks.peers import NOT_INSTALLED
from benchmarks.processes import Measurement, measure, read_into_cache
from benchmarks.reporting import Result, bar_chart, markdown
from benchmarks.validate import OURS, our_command

KEY = "event_id"
DOES = {
    OURS: "every changed cell with its key, in a report; schema, re-keyed and reused ids; bounded memory",
    "polars": "both tables in memory, full join on the key, counts by column",
    "duckdb": "full join on the key, counts by column",
    "csv-diff": "every changed cell, both tables as Python objects",
}
SMALL = {"csv-diff": 1_000_000}
"""The most rows that a peer is given."""
Counts = dict[str, int]


def edited(rows: int) -> Path:
    """The folder of the newer version, written unless it is there."""
    source = generate(rows)
    folder = WORK / f"events-{rows}-edited-20261122"
    if (folder / "events.csv").is_file():
        return folder
    staged = folder.with_suffix(".staged")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for name in ("datapackage.json", "actors.csv", "sources.csv"):
        shutil.copyfile(source / name, staged / name)
    row = pl.col("row")
    scan = pl.scan_csv(source / "events.csv", infer_schema=False).with_row_index("row")
    changed = scan.filter(row % 500 != 3).with_columns(
        fatalities=pl.when(row % 100 == 1)
        .then(pl.col("fatalities").cast(pl.Int64) + 1)
        .otherwise("fatalities")
        .cast(pl.String),
        status=pl.when(row % 200 == 2).then(pl.col("status").replace(_next_status())).otherwise("status"),
    )
    number = (row.cast(pl.Int64) + rows) * 48_271 + 7
    added = scan.head(rows // 1000).with_columns(
        event_id="E" + (number % 100_000_000).cast(pl.String).str.zfill(8), headline="added: " + pl.col("headline")
    )
    pl.concat([changed, added]).drop("row").sink_csv(staged / "events.csv")
    staged.rename(folder)
    return folder


def _next_status() -> dict[str, str]:
    from benchmarks.generate import STATUSES

    return dict(zip(STATUSES, STATUSES[1:] + STATUSES[:1], strict=True))


def diff_with_polars(old: Path, new: Path) -> Counts:
    """Counts by a full join of both tables as text."""
    before, after = (pl.read_csv(path, infer_schema=False) for path in (old, new))
    both = before.join(after, on=KEY, suffix=" new")
    names = [name for name in before.columns if name != KEY]
    counts = both.select(pl.col(name).ne_missing(pl.col(f"{name} new")).sum() for name in names).row(0, named=True)
    return {"added": after.height - both.height, "removed": before.height - both.height, **_filled(counts)}


def diff_with_duckdb(old: Path, new: Path) -> Counts:
    """Counts by a full join in SQL."""
    import duckdb

    with old.open(encoding="utf-8") as file:
        names = [name for name in file.readline().strip().split(",") if name != KEY]
    tables = [
        f"read_csv('{path}', all_varchar = true, header = true, quote = '\"', escape = '\"')" for path in (old, new)
    ]
    changed = ", ".join(
        f'count(*) FILTER (o."{KEY}" IS NOT NULL AND n."{KEY}" IS NOT NULL AND o."{name}" IS DISTINCT FROM n."{name}")'
        for name in names
    )
    query = (
        f'SELECT count(*) FILTER (o."{KEY}" IS NULL), count(*) FILTER (n."{KEY}" IS NULL), {changed} '  # noqa: S608
        f'FROM {tables[0]} o FULL JOIN {tables[1]} n ON o."{KEY}" = n."{KEY}"'
    )
    found = duckdb.execute(query).fetchone()
    if found is None:
        raise ValueError("no row")
    return {"added": found[0], "removed": found[1], **_filled(dict(zip(names, found[2:], strict=True)))}


def diff_with_csv_diff(old: Path, new: Path) -> Counts:
    """Counts of the csv-diff package's own comparison."""
    try:
        from csv_diff import compare, load_csv
    except ImportError:
        sys.exit(NOT_INSTALLED)
    with old.open(encoding="utf-8", newline="") as one, new.open(encoding="utf-8", newline="") as other:
        found = compare(load_csv(one, key=KEY), load_csv(other, key=KEY))
    counts: Counts = {}
    for item in found["changed"]:
        for name in item["changes"]:
            counts[name] = counts.get(name, 0) + 1
    return {"added": len(found["added"]), "removed": len(found["removed"]), **_filled(counts)}


PEERS: dict[str, Callable[[Path, Path], Counts]] = {
    "polars": diff_with_polars,
    "duckdb": diff_with_duckdb,
    "csv-diff": diff_with_csv_diff,
}


def _filled(counts: Counts) -> Counts:
    return {name: count for name, count in sorted(counts.items()) if count}


def _our_counts(run: Measurement) -> Counts:
    table = next(item for item in json.loads(run.output)["tables"] if item["table"] == "events")
    fields = {item["field"]: item["values"] for item in table["fields"]}
    return {"added": table["counts"]["added"], "removed": table["counts"]["removed"], **_filled(fields)}


def _run(name: str, old: Path, new: Path) -> Measurement:
    environment = {"PYTHONPATH": f"{REPOSITORY / 'toolkit'}:{REPOSITORY}"}
    if name == OURS:
        command = our_command("diff", str(old), str(new), "--table", "events", "--format", "json", "--quiet")
    else:
        files = [str(folder / "events.csv") for folder in (old, new)]
        command = [sys.executable, "-m", "benchmarks.diff", "--peer", name, *files]
    return measure(command, folder=REPOSITORY, environment=environment)


def compare(rows: int, names: list[str], runs: int) -> tuple[list[Result], dict[str, Counts]]:
    """Every contestant, the rounds in turn, and what each counted."""
    old, new = generate(rows), edited(rows)
    read_into_cache(old / "events.csv", new / "events.csv")
    kept: dict[str, list[Measurement]] = {name: [] for name in names}
    counts: dict[str, Counts] = {}
    failed = {name: f"not run on more than {most:,} rows" for name, most in SMALL.items() if rows > most}
    for number in range(runs):
        for name in [item for item in names if item not in failed]:
            run = _run(name, old, new)
            said = f"{run.wall:.2f} s, CPU {run.cpu:.2f} s, {run.peak / 1e6:.0f} MB, exit {run.code}"
            print(f"round {number + 1} {name}: {said}", file=sys.stderr)
            if run.code != (1 if name == OURS else 0):
                last = (run.complaint.strip().splitlines() or [""])[-1]
                failed[name] = "not installed" if run.code == NOT_INSTALLED else f"exit {run.code}: {last[:160]}"
                continue
            kept[name].append(run)
            counts[name] = _our_counts(run) if name == OURS else json.loads(run.output)
    return [Result(name, tuple(kept[name]), failed.get(name, ""), DOES[name]) for name in names], counts


def main() -> None:
    """Prints the table and whether the counts agree; exits with 1 when they do not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diff", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="peers, separated by commas; deedbook always runs")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--peer", nargs=3, metavar=("NAME", "OLD", "NEW"))
    options = parser.parse_args()
    if options.peer:
        name, old, new = options.peer
        print(json.dumps(PEERS[name](Path(old), Path(new))))
        return
    wanted = options.only.split(",") if options.only else list(PEERS)
    results, counts = compare(options.rows, [OURS, *(name for name in PEERS if name in wanted)], options.runs)
    table = markdown(results, OURS) if results[0].runs else f"deedbook: {results[0].failed}"
    agreed = len({json.dumps(item, sort_keys=True) for item in counts.values()}) == 1
    verdict = "the counts of all agree" if agreed else "THE COUNTS DIFFER"
    text = f"### Comparing two versions of {options.rows:,} rows\n\n{table}\n\n{verdict}: {json.dumps(counts.get(OURS, counts))}\n"
    print(text)
    if options.write and results[0].runs:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / f"diff-{options.rows}.md").write_text(text, encoding="utf-8")
        walls = {result.name: result.wall for result in results if result.runs}
        chart = bar_chart(f"Comparing two versions of {options.rows:,} rows", walls, "s")
        (options.write / f"diff-{options.rows}.svg").write_text(chart, encoding="utf-8")
    if not agreed:
        sys.exit(1)


if __name__ == "__main__":
    main()
