"""Canonical CSV: UTF-8 without BOM, LF, header, a cell quoted only where it must be.

Quoted are cells with a comma, a quote, CR or LF, and the empty text, which is thereby told apart from a missing cell.
The sha256 of these bytes is the table's content digest, whatever the versions of the other writers.
"""

import csv
from pathlib import Path
from typing import IO

import polars as pl


def write_csv(text: pl.DataFrame, path: Path | IO[bytes]) -> None:
    """Writes text columns, null being missing.

    A missing cell in a table of one column is written `""`: readers take an empty line for no row at all.
    """
    if text.width == 1:
        text = text.select(pl.all().fill_null(""))
    text.write_csv(path, line_terminator="\n", quote_style="necessary", null_value="")


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV of a release as text, an empty cell as null; in a table of one column, `""` is an empty cell."""
    text = pl.read_csv(path, infer_schema=False)
    with path.open(encoding="utf-8", newline="") as file:
        text.columns = next(csv.reader(file))  # polars keeps a doubled quote in a label
    return text.select(pl.all().replace("", None)) if text.width == 1 else text
