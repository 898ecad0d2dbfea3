"""All findings of a validation, as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from deedbook.checking.collecting import FINDINGS_SCHEMA
from deedbook.errors import UsageError
from deedbook.files import replacement


@contextmanager
def open_findings(path: Path | None) -> Iterator[Callable[[pl.DataFrame], None] | None]:
    """A function that takes rows of `FINDINGS_SCHEMA`; the file appears when all were taken.

    Raises:
        UsageError: when the name ends neither in `.csv` nor in `.parquet`, or the folder cannot be written.
    """
    if path is None:
        yield None
        return
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(f"{path}: findings are written as .csv or .parquet", "choose one of the two endings")
    with ExitStack() as stack:
        try:
            target = stack.enter_context(replacement(path))
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
        if path.suffix == ".csv":
            rows, staged = target, path
        else:
            import tempfile

            staged = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deedbook-"))) / "findings.csv"
            rows = stack.enter_context(staged.open("wb"))
        pl.DataFrame(schema=FINDINGS_SCHEMA).write_csv(rows)
        yield lambda frame: frame.select(list(FINDINGS_SCHEMA)).write_csv(rows, include_header=False)
        if rows is not target:
            rows.close()
            pl.scan_csv(staged, schema=FINDINGS_SCHEMA).sink_parquet(target)
