"""JSON Lines: one object per row, numbers and booleans as such, dates and times as ISO text, missing as null."""

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.cells import Pair, demand_columns, pairs_of, special_numbers
from deedbook.release.tables import Table, text_of

_LEVEL = 6
_BYTES = 8 << 20
"""Read at once: some ten thousand rows."""


def write(table: Table, _edition: Edition, path: Path) -> list[str]:
    """Writes one table; columns with NaN or infinity are text in it, since JSON has no such numbers."""
    exprs, special = _plain(table)
    table.rows.lazy.with_columns(exprs).sink_ndjson(path)
    return [f"`{name}` is text: JSON has neither NaN nor infinity" for name in special]


def pack(path: Path, packed: Path) -> None:
    """Writes the same file compressed, without its name and time."""
    with path.open("rb") as plain, packed.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        shutil.copyfileobj(plain, file, _BYTES)


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a file, beside the table's."""
    exprs, _ = _plain(table)
    expected = table.rows.with_columns(exprs)
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        first = file.readline()
        if first.strip():
            demand_columns(json.loads(first), expected.columns)
        file.seek(0)
        held = list[bytes]()  # what was read of rows whose lines are not as they would be written

        def is_next(part: pl.DataFrame) -> bool:
            wanted = part.write_ndjson().encode()
            content = file.read(len(wanted))
            is_same = content == wanted
            held.extend(() if is_same else [content])
            return is_same

        yield from pairs_of(expected, _frames(file, held, expected.schema), is_next)


def _frames(
    file: IO[bytes] | gzip.GzipFile, held: list[bytes], schema: Mapping[str, pl.DataType]
) -> Iterator[pl.DataFrame]:
    """The rows that are left of a file, of which a part is held already."""
    parts = iter(lambda: file.readlines(_BYTES), [])
    for lines in chain([[*held, file.readline()]], parts):
        if content := b"".join(lines):
            yield pl.read_ndjson(content, schema=schema)


def _plain(table: Table) -> tuple[list[pl.Expr], list[str]]:
    """The columns that are text in it, and which of them because of their numbers."""
    special, schema = special_numbers(table.rows), table.rows.schema
    texts = (name for name, dtype in schema.items() if name in special or dtype.is_temporal())
    return [text_of(pl.col(name), schema[name]) for name in texts], special
