"""A progress bar for work that turns out to be long, on a terminal only."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deedbook.cli.streams import say

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds of silence before the bar appears."""


class Bar:
    """Appears on stderr once the work has lasted `PATIENCE` seconds; until then, and when silent, it costs nothing."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._started = time.monotonic()
        self._shown: Progress | None = None

    def update(self, what: str, share: float) -> None:
        """Says what is being done, and which share of it (0 to 1) is behind us."""
        if self._silent or time.monotonic() - self._started < PATIENCE:
            return
        if self._shown is None:
            from rich.console import Console
            from rich.progress import Progress, TimeElapsedColumn

            columns = (*Progress.get_default_columns(), TimeElapsedColumn())
            self._shown = Progress(*columns, console=Console(stderr=True), transient=True)
            self._shown.add_task(what, total=1.0)
            self._shown.start()
        self._shown.update(self._shown.task_ids[0], description=what, completed=share)

    def bytes_read(self, done: int, total: int) -> None:
        """Progress of a validation."""
        self.update("checking", done / total if total else 1.0)

    def bytes_moved(self, what: str, done: int, total: int) -> None:
        """Progress of a transfer, with the millions of bytes."""
        self.update(f"{what} ({done / 1e6:.1f} of {total / 1e6:.1f} MB)", done / total if total else 1.0)

    def close(self) -> None:
        """Takes the bar off the terminal."""
        if self._shown is not None:
            self._shown.stop()


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Bar]:
    """A bar that is gone at the end; silent with `quiet` and where stderr is no terminal.

    What a server lets us wait for is said in a line of its own, also where there is no terminal.
    """
    bar, waits, log = Bar(silent=quiet or not sys.stderr.isatty()), _Waits(), logging.getLogger("deedbook.http")
    log.setLevel(logging.INFO)
    if not quiet:
        log.addHandler(waits)
    try:
        yield bar
    finally:
        log.removeHandler(waits)
        bar.close()


class _Waits(logging.Handler):
    """Says on stderr what `deedbook.http` waits for."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        say(f"deedbook: {record.getMessage()}")
