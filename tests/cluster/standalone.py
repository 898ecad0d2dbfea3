"""Apache Spark as processes of this machine: a master, and workers with one processor each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.conftest import SPARK
from tests.external.conftest import ROOT

PATIENCE = 300
"""Seconds in which a process has to do what it is waited for; six starts of Java take some on a busy machine."""
_BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java that compiles little, since none of its processes lives for long: half of their time."""
_CONF = f"""
spark.ui.enabled false
spark.driver.memory 512m
spark.driver.extraJavaOptions {_BRIEF}
spark.executor.memory 1g
spark.executor.extraJavaOptions {_BRIEF}
spark.sql.shuffle.partitions 4
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A master that has registered its workers.

    Attributes:
        folder: Where they write; NAME.log of each process among it.
        master: Its address.
        workers: Each with the executor that it starts, in a group and a session of its own.
    """

    folder: Path
    master: str
    workers: Sequence[subprocess.Popen[bytes]]


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true answer."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)
    return found


@contextmanager
def started(folder: Path, name: str, *command: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has Spark, in a group of its own, which is killed in the end; it writes into NAME.log."""
    # a session of Spark Connect in the process of the tests leaves variables behind
    others = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    environment = {
        **others,
        "SPARK_HOME": str(SPARK / "pyspark"),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _BRIEF,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": f"{SPARK}:{ROOT / 'toolkit'}",
        **variables,
    }
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=ROOT, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        with process:  # waits for it, and closes what it wrote into
            pass


LAUNCH, PACKAGE = str(SPARK / "pyspark" / "bin" / "spark-class"), "org.apache.spark.deploy"
HOST = "--host", "127.0.0.1", "--webui-port", "0"


def worker(folder: Path, master: str, name: str, **variables: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A worker of a master, with these variables."""
    own = "-c", "1", "-m", "2g", "-d", str(folder), master
    return started(folder, name, LAUNCH, f"{PACKAGE}.worker.Worker", *HOST, *own, **variables)


@contextmanager
def cluster(folder: Path, workers: Sequence[Mapping[str, str]]) -> Iterator[Cluster]:
    """A master with so many workers, each with these variables."""
    (folder / "spark-defaults.conf").write_text(_CONF)

    def said(pattern: str) -> list[str]:
        return re.findall(pattern, (folder / "master.log").read_text())

    with ExitStack() as stack:
        stack.enter_context(started(folder, "master", LAUNCH, f"{PACKAGE}.master.Master", *HOST, "--port", "0"))
        (master,) = wait_for(lambda: said(r"Starting Spark master at (\S+)"))
        running = [
            stack.enter_context(worker(folder, master, f"worker{number}", **variables))
            for number, variables in enumerate(workers)
        ]
        wait_for(lambda: len(said("Registering worker")) == len(workers))
        yield Cluster(folder, master, running)
