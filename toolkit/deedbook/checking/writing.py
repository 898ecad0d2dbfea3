"""All findings of a validation, as a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from deedbook.checking.collecting import FINDINGS_SCHEMA
from deedbook.errors import UsageError


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
    path = path.resolve()  # a link stays one
    staged = path.with_name(f".{path.name}.{os.getpid()}.csv")
    try:
        file = staged.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with file:
            pl.DataFrame(schema=FINDINGS_SCHEMA).write_csv(file)
            yield lambda frame: frame.select(list(FINDINGS_SCHEMA)).write_csv(file, include_header=False)
        if path.suffix == ".parquet":
            packed = staged.with_suffix(".parquet")
            pl.scan_csv(staged, schema=FINDINGS_SCHEMA).sink_parquet(packed)
            staged.unlink()
            staged = packed
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
