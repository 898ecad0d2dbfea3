"""Canonical CSV: UTF-8 without BOM, LF, header, a cell quoted only where it must be.

Quoted are cells with a comma, a quote, CR or LF, and the empty text, which is thereby told apart from a missing cell.
The sha256 of these bytes is the table's content digest, whatever the versions of the other writers.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import polars as pl

from deedbook.dialect import Dialect
from deedbook.reading.blocks import Cutter

_FORM: Any = {"line_terminator": "\n", "quote_style": "necessary", "null_value": ""}


def write_csv(text: pl.DataFrame | pl.LazyFrame, path: Path | IO[bytes]) -> None:
    """Writes text columns, null being missing.

    A missing cell in a table of one column is written `""`: readers take an empty line for no row at all.
    """
    rows = text.lazy()
    if len(rows.collect_schema()) == 1:
        rows = rows.select(pl.all().fill_null(""))
    rows.sink_csv(path, **_FORM)


def copy_csv(parts: Iterator[pl.DataFrame], names: Sequence[str], path: Path) -> Iterator[pl.DataFrame]:
    """Consecutive rows of these columns as they came, written as `write_csv` does while they pass."""
    with path.open("wb") as file:
        write_csv(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), file)
        for part in parts:
            write_rows(part, file)
            yield part


def write_rows(part: pl.DataFrame, file: Path | IO[bytes]) -> None:
    """Some rows of a table, as `write_csv` writes them behind the header."""
    told = part if part.width > 1 else part.select(pl.all().fill_null(""))
    told.write_csv(file, include_header=False, **_FORM)


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV of a release as text, an empty cell as null; in a table of one column, `""` is an empty cell."""
    text = pl.read_csv(path, infer_schema=False)
    text.columns = _labels(path)
    return text.select(pl.all().replace("", None)) if text.width == 1 else text


def read_parts(path: Path, size: int) -> Iterator[pl.DataFrame]:
    """The same in parts of about so many bytes of the file, the first without rows, so that its columns are known.

    Not in batches of a scan, which reads ahead of whoever takes them: of a million events 350 MB.
    """
    labels = _labels(path)
    schema: dict[str, type[pl.String]] | None = None  # the first part has the header
    yield pl.DataFrame(schema=dict.fromkeys(labels, pl.String))
    with path.open("rb", buffering=0) as file:
        cutter = Cutter(file, Dialect(), size)
        for block in iter(cutter.next_block, None):
            if block.is_open:
                raise ValueError("a quote that opens in it is never closed")
            text = pl.read_csv(block.data, has_header=schema is None, schema=schema, infer_schema=False)
            text.columns = labels
            schema = dict.fromkeys(labels, pl.String)
            yield text.select(pl.all().replace("", None)) if text.width == 1 else text


def row_of(path: Path, number: int, names: Sequence[str]) -> tuple[str | None, ...]:
    """These cells of one row, the first row being 0."""
    labels = _labels(path)
    places = pl.nth(*(labels.index(name) for name in names))
    return pl.scan_csv(path, infer_schema=False).slice(number, 1).select(places).collect().row(0)


def _labels(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))  # polars keeps a doubled quote in a label
