"""A disk that fails, and a system that is not ours: what `os` does to the disk, counted, and spoiled at one point.

Faults are raised in the process itself, so that hundreds of them take seconds. What a kill leaves is tested where publishers are killed.
"""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

TOUCHING = ("open", "write", "fsync", "rename", "replace", "mkdir")
FAULTS = {"full": errno.ENOSPC, "failing": errno.EIO, "short": 0}
"""What happens at the point: an error of that number, or a write of half the bytes (no error: callers go on)."""


@contextmanager
def fault(monkeypatch: pytest.MonkeyPatch, kind: str, point: int) -> Iterator[list[int]]:
    """Spoils the `point`-th thing that is done to the disk, from 1; yields a list with the number of things done."""
    count = [0]

    def spoiled(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def touch(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR):
                return real(*arguments, **options)
            count[0] += 1
            if count[0] == point and kind != "short":
                raise OSError(FAULTS[kind], os.strerror(FAULTS[kind]), str(arguments[0]))
            if count[0] == point and name == "write":
                return real(arguments[0], arguments[1][: max(1, len(arguments[1]) // 2)])
            return real(*arguments, **options)

        return touch

    with monkeypatch.context() as patch:
        for name in TOUCHING:
            patch.setattr(os, name, spoiled(name, getattr(os, name)))
        yield count


def points(do: Callable[[int], int]) -> int:
    """Calls `do` with 1, 2, 3 ... until it did fewer things than that; the number of points at which it was spoiled."""
    for point in itertools.count(1):
        if do(point) < point:
            return point - 1
    raise AssertionError


HANDLES, MAPPED = Path("/proc/self/fd"), Path("/proc/self/maps")


def used_files() -> set[Path]:
    """Files, not folders, that are open or mapped in this process."""
    used = {Path(line[5]) for line in map(str.split, MAPPED.read_text().splitlines()) if len(line) == 6}
    for handle in HANDLES.iterdir():
        with suppress(OSError):
            used.add(handle.readlink())
    return {file for file in used if file.is_file()}


@contextmanager
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system that refuses to rename or remove a file that is open or mapped in this process, or a folder with one, as Windows does."""

    def refusing(real: Callable[..., None]) -> Callable[..., None]:
        def act(*paths: Any, **options: Any) -> None:
            folder = options.get("dir_fd")
            root = Path.cwd() if folder is None else Path(f"/proc/self/fd/{folder}").readlink()
            used = used_files()
            for path in paths:
                place = root / os.fsdecode(path)
                if any(place == file or place in file.parents for file in used):
                    raise PermissionError(errno.EACCES, "the file is open", str(path))
            real(*paths, **options)

        return act

    with monkeypatch.context() as patch:
        patch.setattr("deedbook.files._CLOSES_FIRST", True)
        for name in ("rename", "replace", "unlink"):
            patch.setattr(os, name, refusing(getattr(os, name)))
        yield
