"""Validates a package here and on Spark with one and with two workers of this machine, one after the other, and compares.

    1 worker: 45.1 s, 1.4 x; CPU 50.2 s = driver 2.0, its Java 9.1, master 2.0, workers' Java 15.1, Python of workers 22.0; peak MB ...

Seconds of the clock count from the session to the report, without the start of the master and its workers; those of processors, and the
most memory, are of every process that lived long enough to be seen, twenty times a second. Workers have one processor each.
On a machine that does other work only the seconds of processors can be compared.

Usage: python -m benchmarks.cluster FOLDER [--span BYTES] [--workers N,N,...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any

from deedbook.cluster import open_engine
from deedbook.cluster.spans import SPAN
from deedbook.findings import report_record
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.cluster.standalone import cluster, started

_TICKS = os.sysconf("SC_CLK_TCK")
_INTERVAL = 0.05


@dataclass(slots=True)
class Use:
    """What the processes of a role used: seconds of processors, and the most megabytes of one of them."""

    seconds: dict[int, float] = field(default_factory=dict)
    megabytes: int = 0

    def __str__(self) -> str:
        """Both, as they are printed."""
        return f"{sum(self.seconds.values()):.1f} s, {self.megabytes} MB"


@contextmanager
def watched(sessions: dict[int, str]) -> Iterator[dict[str, Use]]:
    """What the processes of sessions use, by the name of the session and `java` or `python`, as long as one looks."""
    uses: dict[str, Use] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(_INTERVAL):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):  # it ended meanwhile
                    name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                    stat = rest.split()
                    if role := sessions.get(int(stat[3])):
                        use = uses.setdefault(f"{role} {'java' if name == 'java' else 'python'}", Use())
                        use.seconds[int(folder.name)] = (int(stat[11]) + int(stat[12])) / _TICKS
                        status = (folder / "status").read_text().partition("VmHWM:")[2].split()
                        use.megabytes = max(use.megabytes, int([*status, "0"][0]) >> 10)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield uses
    done.set()
    thread.join()


def measure(folder: Path, master: str, span: int) -> dict[str, Any]:
    """The report of a package, and how long it took."""
    project = load_project(folder)
    begun = time.perf_counter()
    if master:
        with open_engine(master) as spark:
            report = validate(project, Options(rules=False), engine=replace(spark, span=span))
    else:
        report = validate(project, Options(rules=False, cache=False))
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "report": report_record(replace(report, seconds=0)),
    }


def run(folder: Path, workers: int, span: int) -> tuple[dict[str, Any], dict[str, Use]]:
    """What `measure` says in a process of its own, and what was used by whom."""
    with TemporaryDirectory(prefix="deedbook-spark-") as name:
        own = sys.executable, "-m", "benchmarks.cluster", str(folder), "--span", str(span), "--master"
        if not workers:
            with started(Path(name), "driver", *own, "") as driver, watched({driver.pid: "driver"}) as uses:
                return result_of(driver, Path(name)), uses
        with (
            cluster(Path(name), [{}] * workers) as spark,
            started(Path(name), "driver", *own, spark.master) as driver,
            watched({driver.pid: "driver"} | {worker.pid: "workers" for worker in spark.workers}) as uses,
        ):
            return result_of(driver, Path(name)), uses


def result_of(driver: Popen[bytes], folder: Path) -> dict[str, Any]:
    """What a driver printed."""
    output, _ = driver.communicate()
    if driver.returncode:
        raise SystemExit((folder / "driver.log").read_text()[-2000:])
    return dict(json.loads(output))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--span", type=int, default=SPAN)
    parser.add_argument("--workers", default="0,1,2", help="how many workers; 0 is this machine without Spark")
    parser.add_argument("--master", help="measure this one only, and print it as JSON")
    arguments = parser.parse_args()
    if arguments.master is not None:
        print(json.dumps(measure(arguments.folder, arguments.master, arguments.span)))
        return
    reports = []
    for workers in map(int, arguments.workers.split(",")):
        result, uses = run(arguments.folder, workers, arguments.span)
        reports.append(result["report"])
        total = sum(sum(use.seconds.values()) for use in uses.values())
        same = "" if result["report"] == reports[0] else ", ANOTHER REPORT"
        parts = "; ".join(f"{role} {use}" for role, use in sorted(uses.items()))
        print(f"{workers} workers: {result['seconds']} s, CPU {total:.1f} s ({parts}){same}", flush=True)


if __name__ == "__main__":
    main()
