"""A table as blocks of text columns, for everything that reads data which validation has passed; also a few rows by their numbers."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading import inputs, pipeline, records, source
from deedbook.reading.blocks import BLOCK_SIZE, Cutter, Positions
from deedbook.reading.text import Layout, TextBlock
from deedbook.schema import TableSchema, repeated
from deedbook.types import dtype_of, kind_of, typed

T = TypeVar("T")
_REFUSED = {"encoding-error": "a cell is not UTF-8", "stray-quote": "text stands behind a closing quote"}


@contextmanager
def opened(
    resource: Resource, file: Path | None, known: list[str] | None = None, block_size: int = BLOCK_SIZE
) -> Iterator[tuple[Cutter, records.FileHeader, Layout]]:
    """A file of a table behind its header; `known` are the labels of the files before it.

    Raises:
        ProjectError: when it cannot be read, also where that shows later, or two of its columns have one name.
    """
    with refusing_broken(resource, file), inputs.open_table(resource, file) as stream:
        dialect = inputs.dialect_of(resource)
        cutter = Cutter(stream, dialect, block_size)
        header = records.read_header(cutter, dialect, known)
        names = header.labels or known or resource.described.names
        for label in repeated(names):
            message = f"{resource.name}: two columns are named `{label}`, so they cannot be told apart"
            raise ProjectError(message, "validate the table first")
        yield cutter, header, Layout(tuple(names)[: header.width], dialect)


@contextmanager
def refusing_broken(resource: Resource, file: Path | None) -> Iterator[None]:
    """Names the file that cannot be read.

    Raises:
        ProjectError: when it cannot.
    """
    try:
        yield
    except source.SourceError as error:
        raise ProjectError(f"{file or resource.name}: {error.message}", error.hint) from None


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

    def read(block: TextBlock) -> T:
        return work(text_of_block(block, resource, strict=strict))

    known: list[str] | None = None
    for file in resource.sources:
        with opened(resource, file, known, block_size) as (cutter, header, layout):
            known = known or header.labels
            yield from (done.result for done in pipeline.run(cutter, layout, read, workers=workers))


def read_typed(resource: Resource, names: Collection[str] | None = None) -> pl.DataFrame:
    """The rows of a table as values, missing ones null; as text where it has no schema.

    Args:
        resource: The table.
        names: The fields that are read; all when left out.

    Raises:
        ProjectError: when it cannot be read, or a text is no value of its field.
    """
    fields = [item for item in resource.described.fields if names is None or item.name in names]

    def to_values(text: pl.DataFrame) -> pl.DataFrame:
        values = text.select(typed(item).alias(item.name) for item in fields)
        for item in fields:
            if values[item.name].null_count() > text[item.name].null_count():
                message = f"{resource.name}: a text in `{item.name}` is not {kind_of(item).noun}, or does not fit into 64 bits"
                raise ProjectError(message, "run `deedbook validate`, which names each")
        return values

    if not fields:
        return pl.concat(read_text(resource), rechunk=True)
    empty = pl.DataFrame(schema={item.name: dtype_of(item) for item in fields})
    return pl.concat([empty, *read_each(resource, to_values, strict=True)], rechunk=True)


def refuse_unknown_columns(resource: Resource) -> None:
    """Refuses a table with a column that no field describes, where its schema does not allow that.

    Raises:
        ProjectError: when there is one, or a file cannot be read.
    """
    schema = resource.schema
    labels: list[str] | None = None
    for file in resource.sources if schema else ():
        with opened(resource, file, labels) as (_, header, _layout):
            labels = header.labels
        for label in labels or ():
            if schema and label not in schema.names and schema.fields_match not in {"subset", "partial"}:
                raise ProjectError(f"{resource.name}: the column `{label}` is in no field", "validate the table first")


def text_of_block(block: TextBlock, resource: Resource, *, strict: bool = False) -> pl.DataFrame:
    """The rows of a block of a table, as `read_each` has them."""
    faults = [_REFUSED[item.rule] for item in block.faults if item.rule in _REFUSED] if strict else []
    if strict and any(len(item.cells) > block.frame.width for item in block.ragged):
        faults.append("a row has more cells than the header")
    if faults:
        raise ProjectError(f"{resource.name}: {faults[0]}", "validate the table first")
    frame = without_absent(block)
    if resource.schema is None:
        return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in frame.columns)
    return in_schema(frame, resource.schema)


def without_absent(block: TextBlock) -> pl.DataFrame:
    """The rows of a block, without blank records and comments."""
    if not block.absent:
        return block.frame
    is_absent = pl.col("\0row").is_in(sorted(block.absent))
    return block.frame.with_row_index("\0row").filter(~is_absent).drop("\0row")


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


def pick_rows(resource: Resource, wanted: Positions, *, block_size: int = BLOCK_SIZE) -> pl.DataFrame:
    """The wanted rows (numbers from 0, rising) as text columns in schema order, missing values null.

    Raises:
        ProjectError: when a file cannot be read to its end.
    """
    names = resource.described.names
    frames, first = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], 0
    for frame in read_each(resource, lambda frame: frame, block_size=block_size) if len(wanted) else ():
        low, high = np.searchsorted(wanted, [first, first + frame.height])
        frames.append(frame[wanted[low:high] - first])
        first += frame.height
    return pl.concat(frames, rechunk=True)
