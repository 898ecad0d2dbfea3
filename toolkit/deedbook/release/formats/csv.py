"""Canonical CSV: UTF-8 without BOM, LF, header, a cell quoted only where it must be.

Quoted are cells with a comma, a quote, CR or LF, and the empty text, which is thereby told apart from a missing cell.
The sha256 of these bytes is the table's content digest, whatever the versions of the other writers.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl


def write_csv(text: pl.DataFrame, path: Path) -> None:
    """Writes text columns, null being missing.

    A missing cell in a table of one column is written `""`: readers take an empty line for no row at all.
    """
    if text.width == 1:
        text = text.select(pl.all().fill_null(""))
    text.write_csv(path, line_terminator="\n", quote_style="necessary", null_value="")
