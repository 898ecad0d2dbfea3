"""Where text goes: stdout for the report, stderr for talk, a file by way of a temporary one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from deedbook.errors import UsageError


def emit(text: str) -> None:
    """Writes to stdout; a reader that went away is no failure."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """One line of talk on stderr."""
    click.echo(text, err=True)


def write(path: Path, text: str) -> None:
    """The file with that text, whole or not at all; a link stays one, and a device or a pipe gets the text.

    Raises:
        UsageError: when it cannot be written.
    """
    if path.exists() and not path.is_file():
        return append(path, text)
    path = path.resolve()
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        staged.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        staged.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}", "name a file in a folder that exists"
        ) from None
    finally:
        staged.unlink(missing_ok=True)


def append(path: Path, text: str) -> None:
    """The file with that text at its end.

    Raises:
        UsageError: when it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}", "name a file in a folder that exists"
        ) from None


def terminal_width() -> int | None:
    """Columns of the terminal behind stdout; None when stdout is a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wants_color() -> bool:
    """Whether stdout is a terminal that is not told to stay plain (NO_COLOR, TERM=dumb)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
