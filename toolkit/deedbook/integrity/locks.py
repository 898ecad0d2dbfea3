"""A lock that the system frees when the process that holds it dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    handle = _acquire(path, who, time.monotonic() + wait)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, who: str, until: float) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if try_lock(handle):
            if _is_at(path, handle):
                return handle
        elif time.monotonic() >= until:
            owner = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise RefusalError(f"another {who} (process {owner}) is writing to {path.parent}", "wait until it ends")
        else:
            time.sleep(_PAUSE)
        os.close(handle)  # held by another, or its owner removed the file between our two steps


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def try_lock(handle: int) -> bool:
    """Locks an open file for this process until it is closed; False when another one holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
