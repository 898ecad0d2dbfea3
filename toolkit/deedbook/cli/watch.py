"""`deedbook validate --watch`: once more whenever a file changes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from deedbook.cli import streams
from deedbook.errors import DeedbookError, UsageError

_PAUSE = 0.5
"""Seconds between two looks at the files: sooner than a person looks up from the editor, and nothing for a processor."""


def watch(ctx: click.Context) -> NoReturn:
    """Runs the command of a context now and whenever a file of its target changes; ctrl-C ends it.

    What stops a run is said, and does not stop the next one. What the command itself writes is no change.
    """
    given = ctx.params
    target, schema = given["target"], given["schema"]
    if str(target) == "-":
        raise UsageError("data that is piped in cannot be watched", "name its file")
    watched = [file for file in (target, schema) if file] if schema or given["model"] else None
    outputs = [given["file"], given["summary"], given["findings_file"], *(path for _, path in given["also"])]
    written = {path.absolute() for path in outputs if path}
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        files = watched or _files_of(target)
        states = {path: state for path in files if path.absolute() not in written and (state := _state(path))}
        if states != seen:
            seen = states
            try:
                ctx.invoke(ctx.command, **{**given, "watch": False})
            except click.exceptions.Exit:
                pass
            except DeedbookError as error:
                streams.say(f"deedbook: {error.message}\n  {error.hint}")
            streams.say(f"watching {target} (ctrl-C ends it)")
        time.sleep(_PAUSE)


def _files_of(target: Path) -> Iterator[Path]:
    """The files of a project, but for hidden ones and releases."""
    for folder, inner, names in os.walk(target if target.is_dir() else target.parent):
        inner[:] = [name for name in inner if not name.startswith((".", "__")) and name != "dist"]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _state(path: Path) -> tuple[int, int] | None:
    """When a file was written and how long it is; None when it is gone, as for a moment while an editor saves it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
