"""The standard streams and where a report goes: stdout for the report, stderr for talk and a progress bar, a file whole or not at all.

A reader of stdout that goes away (`| head`) is no failure. A stdout that is closed or cannot take the report (a full disk) is one: the
command did its work, nobody got the outcome, and exit code 75 says so, since 1 would speak of errors in the data.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook import files
from deedbook.errors import SpaceError, UsageError
from deedbook.rendering import View

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds of silence before the bar appears."""


def prepare() -> None:
    """From here on a letter that a terminal lacks shows its number, and a closed stderr swallows what is said."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  # open until the end of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def finish(code: int) -> int:
    """The exit code once everything is written that was said: the one given, or 75 where stdout could not take it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _discard_stdout()
        if not isinstance(error, BrokenPipeError):
            say(f"deedbook: standard output cannot be written: {error.strerror}")
            code = SpaceError.exit_code
    with suppress(OSError):
        sys.stderr.flush()
    return code


def emit(text: str, *, is_data: bool = False) -> None:
    """Writes to stdout; what other programs read (`is_data`) is UTF-8 whatever the locale.

    Raises:
        SpaceError: when stdout is closed or takes no more.
    """
    if sys.stdout is None:
        raise SpaceError("standard output is closed: the outcome is written nowhere", "leave it open, or use --output")
    try:
        if is_data and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        raise SpaceError(f"standard output cannot be written: {error.strerror}") from None


def say(text: str) -> None:
    """One line of talk on stderr; that nobody can hear it is no failure."""
    with suppress(OSError):
        click.echo(text, err=True)


def agrees(question: str, otherwise: str) -> bool:
    """Whether a person on a terminal says yes; where nobody can be asked, what to do is said, and the answer is no."""
    if not (sys.stdin and sys.stdin.isatty()):
        say(f"nothing was written: {otherwise}")
        return False
    return click.confirm(question, err=True)


def write(path: Path, text: str | bytes) -> None:
    """The file with that content, whole or not at all; a link stays one, and a device or a pipe gets the content.

    Raises:
        UsageError: when it cannot be written.
    """
    data = text if isinstance(text, bytes) else text.encode(errors="backslashreplace")
    with _named(path):
        if path.exists() and not path.is_file():
            with path.open("ab") as file:
                file.write(data)
        else:
            files.replace(path, data)


def append(path: Path, text: str) -> None:
    """The file with that text at its end.

    Raises:
        UsageError: when it cannot be written.
    """
    with _named(path), path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write(text)


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: when it cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


@contextmanager
def piped_data(target: Path, described_by: Path | None) -> Iterator[Path]:
    """The target; or a copy of the data that comes through `-` (stdin) or a named pipe, gone at the end.

    It is kept while it is needed, since rows are read twice where keys repeat.

    Raises:
        UsageError: when such data has no schema.
    """
    is_stdin = str(target) == "-" and not target.exists()
    if not is_stdin and not target.is_fifo():
        yield target
        return
    if described_by is None:
        raise UsageError(f"{target}: data that is piped in needs a schema", "add --schema TABLE.schema.json")
    if is_stdin and sys.stdin is None:
        raise UsageError("standard input is closed: there is no data", "pipe a file in, or name one")
    with files.scratch("piped") as folder:
        copy = folder / ("stdin" if is_stdin else target.name)
        with sys.stdin.buffer if is_stdin else target.open("rb") as source, copy.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        yield copy


def view() -> View:
    """How a report is shown on stdout: in colours only on a terminal that is not told to stay plain (NO_COLOR, TERM=dumb)."""
    if sys.stdout is None or not sys.stdout.isatty():
        return View()
    color = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return View(shutil.get_terminal_size().columns, color)


def folder_of(root: Path) -> str:
    """The folder of the tables as seen from the root of the repository that a CI checked out, or from here."""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    tables = root.resolve()
    return tables.relative_to(top).as_posix() if tables.is_relative_to(top) else root.as_posix()


def _discard_stdout() -> None:
    """What is still buffered goes nowhere, so that nothing complains of it when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{path}: cannot be written: {error.strerror}"
        raise UsageError(problem, "name a file in a folder that exists") from None


class Bar:
    """Appears on stderr once the work has lasted `PATIENCE` seconds; until then, and when silent, it costs nothing."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._started = time.monotonic()
        self.shown: Progress | None = None

    def update(self, what: str, share: float) -> None:
        """Says what is being done, and which share of it (0 to 1) is behind us."""
        if self._silent or time.monotonic() - self._started < PATIENCE:
            return
        if self.shown is None:
            from rich.console import Console
            from rich.progress import Progress, TimeElapsedColumn

            columns = (*Progress.get_default_columns(), TimeElapsedColumn())
            self.shown = Progress(*columns, console=Console(stderr=True), transient=True)
            self.shown.add_task(what, total=1.0)
            self.shown.start()
        self.shown.update(self.shown.task_ids[0], description=what, completed=share)

    def bytes_moved(self, what: str, done: int, total: int) -> None:
        """Progress of a transfer, with the millions of bytes."""
        self.update(f"{what} ({done / 1e6:.1f} of {total / 1e6:.1f} MB)", done / total if total else 1.0)


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Bar]:
    """A bar that is gone at the end; silent with `quiet` and where stderr is no terminal.

    What a server lets us wait for, and what needs more memory than it may have, is said in a line of its own, also where there is no terminal.
    """
    bar, waits, log = Bar(silent=quiet or not sys.stderr.isatty()), _Waits(), logging.getLogger("deedbook")
    log.setLevel(logging.INFO)
    if not quiet:
        log.addHandler(waits)
    try:
        yield bar
    finally:
        log.removeHandler(waits)
        if bar.shown is not None:
            bar.shown.stop()


class _Waits(logging.Handler):
    """Says on stderr what the library has to say while it works."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        say(f"deedbook: {record.getMessage()}")
