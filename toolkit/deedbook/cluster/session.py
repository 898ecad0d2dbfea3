"""A session on a Spark cluster: Spark Connect (`sc://`), or a master where pyspark is there as a whole."""

from __future__ import annotations

import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deedbook.errors import ProjectError, RemoteError, UsageError, of_extra

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession

_PORT = 15002
"""Where Spark Connect listens unless it is told otherwise."""
_PATIENCE = 10
"""Seconds in which a server has to answer at all; the client itself goes on asking for ten minutes."""
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


@contextmanager
def open_session(master: str) -> Iterator[SparkSession]:
    """A session on a cluster, which is ended when it is no longer needed.

    Raises:
        UsageError: when the client is not installed.
        RemoteError: when nothing answers at that address.
    """
    with of_extra("spark"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas, which is not used here
        import cloudpickle  # noqa: F401  # polars sends expressions with it
        import pyarrow as pa  # noqa: F401
        from pyspark.sql import SparkSession
    is_connect = master.startswith("sc://")
    if is_connect or master.startswith("spark://"):
        _demand_answer(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("deedbook")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            if is_connect:
                _demand_spark(master)
            session = builder.remote(master).create() if is_connect else builder.master(master).getOrCreate()
    except RemoteError:
        raise
    except Exception as error:  # noqa: BLE001  # of the client, of gRPC or of Java
        if isinstance(error, ImportError | RuntimeError) or "JAVA" in str(error).upper():
            hint = "install pyspark and Java, or give the sc:// address of a Spark Connect server"
            raise UsageError(f"{master} needs the whole of pyspark: {_first_line(error)}", hint) from None
        raise RemoteError(
            f"{master} gives no session: {_first_line(error)}", "look into the log of the master"
        ) from None
    try:
        yield session
    finally:
        session.stop()


def _demand_answer(master: str) -> None:
    """Proves that something listens at an address.

    Raises:
        UsageError: when it is no address.
        RemoteError: when nothing does.
    """
    place = urlsplit(master.partition(";")[0].rstrip("/"))
    try:
        host, port = place.hostname, place.port or _PORT
    except ValueError:
        host = None
    if not host:
        raise UsageError(f"{master} is no address of a cluster", "write it as sc://HOST:PORT")
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RemoteError(f"{master} cannot be reached: {reason}", "start the cluster, or correct --master") from None


def _demand_spark(master: str) -> None:
    """Proves that what listens at an address speaks the protocol of Spark Connect: its client would ask for ten minutes.

    Raises:
        RemoteError: when it does not.
    """
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    channel = DefaultChannelBuilder(master).toChannel()
    try:
        grpc.channel_ready_future(channel).result(timeout=_PATIENCE)
    except grpc.FutureTimeoutError:
        problem = f"{master} answers, but not as a Spark Connect server"
        raise RemoteError(problem, f"give the port where that listens, usually {_PORT}") from None
    finally:
        channel.close()


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
        raise RemoteError(problem, "try again, or validate without --engine spark") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _last_line(said: str) -> str:
    """The line that names the exception of a traceback."""
    lines = [line for line in said.strip().splitlines() if line and not line.startswith((" ", "\t"))]
    return lines[-1] if lines else said


def on_executors(session: SparkSession, count: int, work: Callable[[Batches], Batches], columns: str) -> DataFrame:
    """The rows that tasks make of their numbers, one task each."""
    return session.range(0, count, 1, max(count, 1)).mapInArrow(lambda batches: work(batches), columns)
