"""Data that comes through a pipe: kept as a file while it is needed, since rows are read twice where keys repeat."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deedbook.errors import UsageError


@contextmanager
def kept(target: Path, schema: Path | None) -> Iterator[Path]:
    """The target; or a copy of the data that comes through `-` (stdin) or a named pipe, gone at the end.

    Raises:
        UsageError: when such data has no schema.
    """
    is_stdin = str(target) == "-" and not target.exists()
    if not is_stdin and not target.is_fifo():
        yield target
        return
    if schema is None:
        raise UsageError(f"{target}: data that is piped in needs a schema", "add --schema TABLE.schema.json")
    import shutil  # a file needs neither
    import tempfile

    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        copy = Path(folder) / ("stdin" if is_stdin else target.name)
        with sys.stdin.buffer if is_stdin else target.open("rb") as source, copy.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        yield copy
