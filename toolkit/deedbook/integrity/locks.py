"""A lock that the system frees when the process that holds it dies, however it dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deedbook import files
from deedbook.errors import RefusalError

_PAUSE = 0.02
"""Seconds between two tries."""


@contextmanager
def locked(path: Path, *, who: str, wait: float = 0.0) -> Iterator[None]:
    """Holds the lock file `path`, which has the process id of its owner and is gone at the end.

    Args:
        path: In a folder that exists.
        who: What others are told about the owner: `build`.
        wait: Seconds to wait for another owner.

    Raises:
        RefusalError: when another process still holds it then.
    """
    until = time.monotonic() + wait
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        is_mine = files.try_lock(handle)
        with suppress(FileNotFoundError):  # its owner removed the file between our two steps
            if is_mine and os.path.samestat(os.fstat(handle), path.stat()):
                break
        owner = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        if not is_mine and time.monotonic() >= until:
            raise RefusalError(f"another {who} (process {owner}) is writing to {path.parent}", "wait until it ends")
        time.sleep(0 if is_mine else _PAUSE)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        files.remove_open(path, handle)
