"""What `--engine` and `--master` choose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deedbook.cli import streams
from deedbook.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from deedbook.cluster import Spark


@contextmanager
def open_cluster(engine: str, master: str, findings: Path | None = None) -> Iterator[Spark | None]:
    """The engine on a cluster; None for this machine, which alone can write a file of all findings.

    Raises:
        UsageError: when what was asked does not fit together.
    """
    if bool(master) != (engine == "spark"):
        problem = "--engine spark needs the address of a cluster" if engine == "spark" else "--master is for a cluster"
        raise UsageError(problem, "give both --engine spark and --master sc://HOST:PORT")
    if engine == "local":
        yield None
        return
    if findings:
        raise UsageError("--findings is written on one machine only", "leave it out, or leave --engine spark out")
    from deedbook.cluster import open_engine

    with open_engine(master, streams.say) as spark:
        yield spark
