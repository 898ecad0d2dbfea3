"""Validates a package here and on Spark with one and with two workers of this machine, one after the other, and compares.

Printed is, for each: seconds by the clock, seconds of processors of the driver and of the workers, and the most memory of the driver.
Workers have one processor each; masters, their Java and the starts of executors are counted.

Usage: python -m benchmarks.cluster FOLDER [--span BYTES]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deedbook.cluster import open_engine
from deedbook.cluster.spans import SPAN
from deedbook.findings import report_record
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.cluster.standalone import cluster, started

_TICKS = os.sysconf("SC_CLK_TCK")


def measure(folder: Path, master: str, span: int) -> dict[str, Any]:
    """The report of a package, and what it took of this process."""
    project = load_project(folder)
    begun = time.perf_counter()
    if master:
        with open_engine(master) as spark:
            report = validate(project, Options(rules=False), engine=replace(spark, span=span))
    else:
        report = validate(project, Options(rules=False, cache=False))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "driver": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": used.ru_maxrss >> 10,
        "report": report_record(replace(report, seconds=0)),
    }


def seconds_of(session: int) -> float:
    """Seconds of processors that the processes of a session have used, with those that ended."""
    return sum(sum(map(int, stat[11:15])) for stat in _stats() if int(stat[3]) == session) / _TICKS


def _stats() -> Iterator[list[str]]:
    """What the system says of each process, from its state on."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended


def run(folder: Path, workers: int, span: int) -> dict[str, Any]:
    """What `measure` says in a process of its own, with the seconds of the workers."""
    with TemporaryDirectory(prefix="deedbook-spark-") as name:
        own = sys.executable, "-m", "benchmarks.cluster", str(folder), "--span", str(span)
        if not workers:
            with started(Path(name), "driver", *own, "--master", "") as driver:
                return {**json.loads(driver.communicate()[0]), "workers": 0.0}
        with cluster(Path(name), [{}] * workers) as spark:
            with started(Path(name), "driver", *own, "--master", spark.master) as driver:
                output, _ = driver.communicate()
            used = sum(seconds_of(worker.pid) for worker in spark.workers)
        return {**json.loads(output), "workers": round(used, 1)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--span", type=int, default=SPAN)
    parser.add_argument("--master", help="measure this one only, and print it as JSON")
    arguments = parser.parse_args()
    if arguments.master is not None:
        print(json.dumps(measure(arguments.folder, arguments.master, arguments.span)))
        return
    here = run(arguments.folder, 0, arguments.span)
    for workers in (0, 1, 2):
        result = run(arguments.folder, workers, arguments.span) if workers else here
        is_same = "" if result["report"] == here["report"] else ", another report"
        print(
            f"{workers} workers: {result['seconds']} s, driver {result['driver']} s and {result['megabytes']} MB, "
            f"workers {result['workers']} s{is_same}",
            flush=True,
        )


if __name__ == "__main__":
    main()
