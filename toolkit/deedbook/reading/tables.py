"""A table as blocks of text columns, for everything that reads data which validation has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading.blocks import BLOCK_SIZE, Cutter
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.pipeline import run
from deedbook.reading.records import Unclosed, read_header
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
    resource: Resource,
    work: Callable[[pl.DataFrame], T],
    *,
    block_size: int = BLOCK_SIZE,
    workers: int | None = None,
    strict: bool = False,
) -> Iterator[T]:
    """What `work` makes of each block of a table, in the order of the files; it runs on several threads at once.

    Every block has exactly the fields of the schema as String columns in schema order (without a schema, the columns of the
    file); missing values are null, blank records are left out.

    With `strict`, nothing is passed over: cells beyond the last column, and bytes that are no text, are refused.

    Raises:
        ProjectError: when a file cannot be read to its end, or is refused.
    """
    known: list[str] | None = None
    for file in resource.sources:
        try:
            with open_table(resource, file) as stream:
                cutter = Cutter(stream, dialect_of(resource), block_size)
                header = read_header(cutter, dialect_of(resource), known)
                known = known or header.labels
                names = tuple(header.labels or known or (resource.schema.names if resource.schema else ()))[
                    : header.width
                ]
                layout = Layout(names, dialect_of(resource))

                def read(block: TextBlock) -> T:
                    if strict:
                        _refuse_unheld(block, resource)
                    return work(_present(block, resource.schema))

                for done in run(cutter, layout, read, workers=workers):
                    if isinstance(done, Unclosed):
                        raise ProjectError(
                            f"{file or resource.name}: a quote is never closed", "validate the table first"
                        )
                    yield done.result
        except SourceError as error:
            raise ProjectError(f"{file or resource.name}: {error.message}", error.hint) from None


def refuse_unknown_columns(resource: Resource) -> None:
    """Refuses a table with two columns of one name, or with one that no field describes, where its schema does not allow that.

    Raises:
        ProjectError: when there is one, or a file cannot be read.
    """
    schema = resource.schema
    labels: list[str] | None = None
    if schema is None:
        return
    is_open = schema.fields_match in {"subset", "partial"}
    for file in resource.sources:
        try:
            with open_table(resource, file) as stream:
                dialect = dialect_of(resource)
                labels = read_header(Cutter(stream, dialect), dialect, labels).labels
        except SourceError as error:
            raise ProjectError(f"{file or resource.name}: {error.message}", error.hint) from None
        seen: set[str] = set()
        for label in labels or ():
            if label in seen:
                message = f"{resource.name}: two columns are named `{label}`, so they cannot be told apart"
                raise ProjectError(message, "validate the table first")
            if label not in schema.names and not is_open:
                raise ProjectError(f"{resource.name}: the column `{label}` is in no field", "validate the table first")
            seen.add(label)


def _refuse_unheld(block: TextBlock, resource: Resource) -> None:
    """Refuses records with more cells than columns, bytes that are no text, and text behind a closing quote."""
    if block.bad_bytes:
        raise ProjectError(f"{resource.name}: a cell is not UTF-8", "validate the table first")
    if any(item.is_quote for item in block.odd_marks):
        raise ProjectError(f"{resource.name}: text stands behind a closing quote", "validate the table first")
    if any(len(item.cells) > block.frame.width for item in block.ragged):
        raise ProjectError(f"{resource.name}: a row has more cells than the header", "validate the table first")


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
