"""A server for all tests of the folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandera.pandas  # before they can find pyspark, whose warning of pandas would be an error here
import pandera.polars  # noqa: F401
import pytest

from deedbook.cluster import Spark
from deedbook.cluster.session import open_session
from tests.external.conftest import TOOLS, tool

SPARK = TOOLS / "spark"
"""Spark and what it needs, as `.ci/external.sh` installs them."""


@pytest.fixture(scope="session", autouse=True)
def installed() -> Path:
    """The folder of pyspark, from which this process can import it."""
    home = Path(tool(SPARK / "pyspark"))
    sys.path.append(str(SPARK))
    return home


@pytest.fixture(scope="session")
def address(installed: Path) -> Iterator[str]:
    """Where a server listens."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


@pytest.fixture(scope="session")
def spark(address: str) -> Iterator[Spark]:
    """An engine on it that reads 100 bytes at a time, so that small tables are read in many spans."""
    with open_session(address) as session:
        yield Spark(session, 100)
