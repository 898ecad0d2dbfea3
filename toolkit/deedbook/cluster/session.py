"""A session on a Spark cluster: Spark Connect (`sc://`), or a master where pyspark is there as a whole."""

from __future__ import annotations

import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deedbook.errors import DeedbookError, ProjectError, RemoteError, UsageError, of_extra

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession

_PORT = 15002
"""Where Spark Connect listens unless it is told otherwise."""
_PATIENCE = 10
"""Seconds in which a server has to answer at all; the client itself goes on asking for ten minutes."""
_SILENCE, _QUEUE = 5, 600
"""Seconds of waiting for a first executor until that is said, and until it is given up: a cluster that is busy has others waiting too."""
_CAUSES = {
    "No module named 'deedbook'": ("the executors do not have deedbook", "install deedbook[spark] on every executor"),
    "No module named 'polars'": ("the executors do not have polars", "install deedbook[spark] on every executor"),
    "No module named 'pyarrow'": ("the executors do not have pyarrow", "install deedbook[spark] on every executor"),
    "PYTHON_VERSION_MISMATCH": (
        "the executors have another version of Python",
        "install the same one, and set PYSPARK_PYTHON",
    ),
}
Batches = Iterator["RecordBatch"]


def say_nothing(_text: str) -> None:
    """Nobody is told what is waited for."""


@contextmanager
def open_session(master: str, say: Callable[[str], None] = say_nothing) -> Iterator[SparkSession]:
    """A session on a cluster, which is ended when it is no longer needed.

    Args:
        master: The address of the cluster.
        say: Told what is waited for, when that takes long.

    Raises:
        UsageError: when the client is not installed.
        RemoteError: when nothing answers at that address, or no executor is to be had.
    """
    with of_extra("spark"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas, which is not used here
        import cloudpickle  # noqa: F401  # polars sends expressions with it
        import pyarrow as pa  # noqa: F401
        from pyspark.sql import SparkSession
    is_connect = master.startswith("sc://")
    is_standalone = master.startswith("spark://")
    if is_standalone:
        _demand_answer(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("deedbook")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            if is_connect:
                _demand_spark(master)
                session = builder.remote(master).create()
            else:
                session = builder.master(master).config("spark.ui.showConsoleProgress", "false").getOrCreate()
                session.sparkContext.setLogLevel("OFF")  # what fails is raised here too, and then said in a sentence
    except DeedbookError:
        raise
    except Exception as error:  # noqa: BLE001  # of the client, of gRPC or of Java
        if isinstance(error, ImportError | RuntimeError) or "JAVA" in str(error).upper():
            hint = "install pyspark and Java, or give the sc:// address of a Spark Connect server"
            raise UsageError(f"{master} needs the whole of pyspark: {_first_line(error)}", hint) from None
        raise RemoteError(
            f"{master} gives no session: {_first_line(error)}", "look into the log of the master"
        ) from None
    try:
        if is_standalone:
            wait_for_executor(session, master, say)
        yield session
    finally:
        session.stop()


def wait_for_executor(session: SparkSession, master: str, say: Callable[[str], None]) -> None:
    """Waits until a master has given the session an executor: it gives none while its workers are busy, and does not say so.

    Raises:
        RemoteError: when there is none for long.
    """
    begun, is_told = time.monotonic(), False
    executors = session.sparkContext._jsc.sc()  # which pyspark does not show otherwise
    while executors.getExecutorMemoryStatus().size() < 2:  # the first is this process
        waited = time.monotonic() - begun
        if waited > _QUEUE:
            problem = f"{master} gave no executor in {_QUEUE} seconds: it has no worker, or all of them are busy"
            raise RemoteError(problem, "start a worker, or try again when one is free")
        if waited > _SILENCE and not is_told:
            is_told = True
            say(f"waiting for an executor of {master}: it has no worker, or all of them are busy")
        time.sleep(0.1)


def _place_of(master: str) -> tuple[str, int]:
    """The host and port of an address.

    Raises:
        UsageError: when it is no address.
    """
    place = urlsplit(master.partition(";")[0].rstrip("/"))
    try:
        host, port = place.hostname, place.port or _PORT
    except ValueError:
        host = None
    if not host:
        raise UsageError(f"{master} is no address of a cluster", "write it as sc://HOST:PORT")
    return host, port


def _demand_answer(master: str) -> None:
    """Proves that something listens at an address.

    Raises:
        UsageError: when it is no address.
        RemoteError: when nothing does.
    """
    try:
        socket.create_connection(_place_of(master), _PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RemoteError(f"{master} cannot be reached: {reason}", "start the cluster, or correct --master") from None


def _demand_spark(master: str) -> None:
    """Proves that what listens at an address speaks the protocol of Spark Connect: its client would ask for ten minutes.

    Raises:
        UsageError: when it is no address.
        RemoteError: when nothing listens there, or something else.
    """
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    _place_of(master)
    states = SimpleQueue[grpc.ChannelConnectivity]()
    channel, state = DefaultChannelBuilder(master).toChannel(), None
    channel.subscribe(states.put, try_to_connect=True)
    try:
        while state not in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE):
            state = states.get(timeout=_PATIENCE)
    except Empty:
        pass
    finally:
        channel.close()
    if state != grpc.ChannelConnectivity.READY:
        _demand_answer(master)  # says why, where nothing listens
        problem = f"{master} answers, but not as a Spark Connect server"
        raise RemoteError(problem, f"give the port where that listens, usually {_PORT}")


def run(action: Callable[[], Any]) -> Any:
    """What an action of the engine gives.

    Raises:
        ProjectError: when the cluster cannot do the work.
        RemoteError: when it failed in a way that may pass.
    """
    from pyspark.errors import PySparkException

    try:
        return action()
    except PySparkException as error:
        said = str(error)
        for mark, (problem, hint) in _CAUSES.items():
            if mark in said:
                raise ProjectError(problem, hint) from None
        problem = f"the cluster could not do its work: {_last_line(said)}"
        raise RemoteError(problem, "try again, or leave --engine spark out") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _last_line(said: str) -> str:
    """The line that names the exception of a traceback."""
    lines = [line for line in said.strip().splitlines() if line and not line.startswith((" ", "\t"))]
    return lines[-1] if lines else said


def on_executors(session: SparkSession, count: int, work: Callable[[Batches], Batches], columns: str) -> DataFrame:
    """The rows that tasks make of their numbers, one task each."""
    return session.range(0, count, 1, max(count, 1)).mapInArrow(lambda batches: work(batches), columns)
