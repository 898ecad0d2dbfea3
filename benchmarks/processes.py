"""Runs a command as a whole process and measures it: wall time, CPU time, peak memory of it and all that it starts.

Memory is the sum of the resident sets of the process tree, sampled every 20 ms; a single process also has the kernel's exact
peak, and the larger of the two counts. The kernel's starts from the peak of the process that starts it, so it counts only
where it is larger than ours. Shared pages count once a process, so a tree of processes is never flattered.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
INTERVAL = 0.02


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run: seconds of wall and CPU time, peak bytes of the tree, exit code and what it printed."""

    wall: float
    cpu: float
    peak: int
    code: int
    output: str
    complaint: str = ""


def measure(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    is_tree: bool = True,
) -> Measurement:
    """Runs the command to its end.

    Args:
        command: What runs.
        folder: Where it runs.
        environment: Variables besides this process's own.
        is_tree: Whether it may start processes; to sample their memory costs a short run on few processors time.
    """
    inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  # the commands are this folder's own
        command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    peaks = [0]
    done = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, peaks, done, is_tree), daemon=True)
    sampler.start()
    texts: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda name=name, pipe=pipe: texts.__setitem__(name, pipe.read()), daemon=True)
        for name, pipe in (("out", process.stdout), ("err", process.stderr))
        if pipe is not None
    ]
    for reader in readers:
        reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # wait4 took the status that Popen would ask for
    done.set()
    for thread in (sampler, *readers):
        thread.join()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return Measurement(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=max(peaks[0], usage.ru_maxrss * 1024 if usage.ru_maxrss > inherited else 0),
        code=process.returncode,
        output=texts.get("out", b"").decode(errors="replace"),
        complaint=texts.get("err", b"").decode(errors="replace"),
    )


def read_into_cache(*paths: Path) -> None:
    """The files are in the page cache afterwards, so that no contestant pays for the disk."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass


def _sample(root: int, peaks: list[int], done: threading.Event, is_tree: bool) -> None:
    while not done.wait(INTERVAL if is_tree else 5 * INTERVAL):
        peaks[0] = max(peaks[0], sum(map(_resident, _tree(root) if is_tree else [root])))


def _tree(root: int) -> list[int]:
    """The process and its descendants."""
    found, queue = [], [root]
    while queue:
        process = queue.pop()
        found.append(process)
        for task in _listed(Path(f"/proc/{process}/task")):
            queue.extend(map(int, _text(Path(f"/proc/{process}/task/{task}/children")).split()))
    return found


def _listed(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.iterdir()]
    except OSError:
        return []  # it ended meanwhile


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _resident(process: int) -> int:
    parts = _text(Path(f"/proc/{process}/statm")).split()
    return int(parts[1]) * PAGE if len(parts) > 1 else 0
