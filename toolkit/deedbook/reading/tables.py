"""A table as blocks of text columns, for everything that reads data which validation has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading.blocks import BLOCK_SIZE, Cutter
from deedbook.reading.header import read_header
from deedbook.reading.opening import dialect_of, open_table
from deedbook.reading.pipeline import run
from deedbook.reading.sequential import Unclosed
from deedbook.reading.source import SourceError
from deedbook.reading.text import Layout, TextBlock
from deedbook.schema import TableSchema

T = TypeVar("T")


def read_text(
    resource: Resource, *, block_size: int = BLOCK_SIZE, workers: int | None = None
) -> Iterator[pl.DataFrame]:
    """The rows of a table as text, block by block, in the order of the files. See `read_each`."""
    return read_each(resource, lambda frame: frame, block_size=block_size, workers=workers)


def read_each(
    resource: Resource, work: Callable[[pl.DataFrame], T], *, block_size: int = BLOCK_SIZE, workers: int | None = None
) -> Iterator[T]:
    """What `work` makes of each block of a table, in the order of the files; it runs on several threads at once.

    Every block has exactly the fields of the schema as String columns in schema order (without a schema, the columns of the
    file); missing values are null, blank records are left out.

    Raises:
        ProjectError: when a file cannot be read to its end.
    """
    known: list[str] | None = None
    for file in resource.sources:
        try:
            with open_table(resource, file) as stream:
                cutter = Cutter(stream, dialect_of(resource), block_size)
                labels, width, _, _ = read_header(cutter, dialect_of(resource), known)
                known = known or labels
                names = tuple(known or (resource.schema.names if resource.schema else ()))[:width]
                layout = Layout(names, dialect_of(resource))
                for done in run(cutter, layout, lambda block: work(_present(block, resource.schema)), workers=workers):
                    if isinstance(done, Unclosed):
                        raise ProjectError(
                            f"{file or resource.name}: a quote is never closed", "validate the table first"
                        )
                    yield done.result
        except SourceError as error:
            raise ProjectError(f"{file or resource.name}: {error.message}", error.hint) from None


def _present(block: TextBlock, schema: TableSchema | None) -> pl.DataFrame:
    frame = block.frame
    if block.absent:
        frame = frame.with_row_index("\0row").filter(~pl.col("\0row").is_in(sorted(block.absent))).drop("\0row")
    if schema is None:
        return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in frame.columns)
    return in_schema(frame, schema)


def in_schema(frame: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """The columns of a file as those of the schema, missing values null; what the file lacks is missing."""
    held = set(frame.columns)
    return frame.select(
        present(item.name, schema.missing_of(item)) if item.name in held else pl.lit(None, pl.String).alias(item.name)
        for item in schema.fields
    )


def present(name: str, missing: tuple[str, ...]) -> pl.Expr:
    """A column of text with its missing values as null."""
    text = pl.col(name)
    if missing == ("",):
        return pl.when(text != "").then(text).alias(name)
    return pl.when(~text.fill_null("").is_in(list(missing))).then(text.fill_null("")).alias(name)
