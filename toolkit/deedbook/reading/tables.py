"""A table as blocks of text columns, for everything that reads data which validation has passed.

Also a few rows of it by their numbers, without parsing the others; and a hash of each record, to find those that differ. Two
records of the same bytes have the same cells. Where most records of two files are equal, finding those that are not takes
a third of the time of reading the cells. Only files whose quotes, line ends and records are regular are taken, and for hashes
only plain ones in UTF-8; what does not prove right is read as a whole once more.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading import inputs, pipeline, records, source
from deedbook.reading.blocks import BLOCK_SIZE, NEWLINE, RETURN, Block, Cutter, Positions, runs
from deedbook.reading.text import IrregularError, Layout, TextBlock, is_regular, read_block
from deedbook.schema import TableSchema, repeated
from deedbook.types import dtype_of, kind_of, typed

T = TypeVar("T")
Hashes = npt.NDArray[np.uint64]
_SEED = 0x0DEEDB00
_RETURNED = np.uint64(0x9E3779B97F4A7C15)
"""Changes the hash of a line that ends in a carriage return, which polars does not see; the golden ratio times 2**64."""
_REFUSED = {"encoding-error": "a cell is not UTF-8", "stray-quote": "text stands behind a closing quote"}
_BLOCK_SIZE = 4 << 20
"""Bytes of a block: smaller than where cells are parsed, so that it stays near the processor."""


@contextmanager
def opened(
    resource: Resource, file: Path | None, known: list[str] | None = None, block_size: int = BLOCK_SIZE
) -> Iterator[tuple[Cutter, records.FileHeader, Layout]]:
    """A file of a table behind its header; `known` are the labels of the files before it.

    Raises:
        ProjectError: when it cannot be read, also where that shows later, or two of its columns have one name.
    """
    try:
        with inputs.open_table(resource, file) as stream:
            dialect = inputs.dialect_of(resource)
            cutter = Cutter(stream, dialect, block_size)
            header = records.read_header(cutter, dialect, known)
            names = header.labels or known or resource.described.names
            for label in repeated(names):
                message = f"{resource.name}: two columns are named `{label}`, so they cannot be told apart"
                raise ProjectError(message, "validate the table first")
            yield cutter, header, Layout(tuple(names)[: header.width], dialect)
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
        faults = [_REFUSED[item.rule] for item in block.faults if item.rule in _REFUSED]
        if any(len(item.cells) > block.frame.width for item in block.ragged):
            faults.append("a row has more cells than the header")
        if strict and faults:
            raise ProjectError(f"{resource.name}: {faults[0]}", "validate the table first")
        return work(_present(block, resource.schema))

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


def _present(block: TextBlock, schema: TableSchema | None) -> pl.DataFrame:
    frame = without_absent(block)
    if schema is None:
        return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in frame.columns)
    return in_schema(frame, schema)


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


@contextmanager
def _regular(resource: Resource) -> Iterator[tuple[Cutter, Layout]]:
    """The records of a table of one regular CSV file in UTF-8, behind the header."""
    file = resource.sources[0] if len(resource.sources) == 1 else None
    if file is None or resource.schema is None or inputs.is_foreign(resource) or not source.is_plain(resource):
        raise IrregularError
    with opened(resource, file, block_size=_BLOCK_SIZE) as (cutter, _, layout):
        if not layout.is_regular or not layout.names:
            raise IrregularError
        yield cutter, layout


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


@dataclass(frozen=True, slots=True)
class HashedRecords:
    """The records of a file behind its header.

    Attributes:
        layout: Its columns.
        start: The position of the first record.
        hashes: The hash of each record's bytes.
        lengths: The bytes of each record, its line end among them.
    """

    layout: Layout
    start: int
    hashes: Hashes
    lengths: npt.NDArray[np.uint32]


def layout_of(resource: Resource) -> Layout:
    """The columns of a table whose records can be told apart by their bytes, as far as its header tells.

    Raises:
        IrregularError: when they cannot.
        ProjectError: when the file cannot be read.
    """
    with _regular(resource) as (_, layout):
        return layout


def hash_records(resource: Resource, advance: Callable[[int], None]) -> HashedRecords:
    """The records of a table.

    Args:
        resource: The table.
        advance: Told how many bytes were read.

    Raises:
        IrregularError: when its records cannot be told apart by their bytes alone.
        ProjectError: when the file cannot be read.
    """
    hashes: list[Hashes] = [np.empty(0, np.uint64)]
    lengths: list[npt.NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    with _regular(resource) as (cutter, layout):
        start = cutter.position
        for found, sizes in pipeline.in_order(iter(cutter.next_block, None), lambda block: _hash_block(block, layout)):
            hashes.append(found)
            lengths.append(sizes)
            advance(int(sizes.sum()))
        if cutter.failure:
            raise cutter.failure
    return HashedRecords(layout, start, np.concatenate(hashes), np.concatenate(lengths))


def read_at(resource: Resource, records: HashedRecords, rows: Positions) -> pl.DataFrame:
    """The records of these numbers (the first being 0, rising) as text columns in schema order, missing values null.

    Raises:
        IrregularError: when they are not what they were, or cannot be parsed.
    """
    file, schema = resource.sources[0], resource.schema
    if schema is None or file is None:
        raise IrregularError
    if not len(rows):
        return pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))
    ends = np.cumsum(np.append(records.start, records.lengths), dtype=np.int64)
    parts = []  # read, and not mapped: a map of a file that is cut short ends the process
    with file.open("rb") as handle:
        for start, end in runs(ends, rows + 1):
            handle.seek(start)
            parts.append(handle.read(end - start))
    data = b"".join(parts)
    if not data:  # it is empty by now
        raise IrregularError
    data += b"" if data.endswith(b"\n") else b"\n"
    known = _hash_block(Block(data), records.layout)[0]
    block = read_block(data, records.layout)
    is_same = block.frame.height == len(rows) and np.array_equal(known, records.hashes[rows])
    if block.ragged or block.faults or not is_same:
        raise IrregularError
    return in_schema(block.frame, schema)


def _hash_block(block: Block, layout: Layout) -> tuple[Hashes, npt.NDArray[np.uint32]]:
    """The hash and the length of each record.

    A record of several lines has the sum of the hashes of its lines, each times an odd number that tells its place.
    """
    data = block.data
    if block.is_open or not is_regular(data, layout):
        raise IrregularError
    hashes, ends, is_blank = _hash_lines(data)
    starts = np.concatenate(([0], ends[:-1]))
    if not layout.dialect.quote_char:
        is_end = np.ones(len(ends), np.bool_)
    else:
        is_quote = np.frombuffer(data, np.uint8) == ord(layout.dialect.quote_char)
        is_end = np.bitwise_xor.accumulate(np.bitwise_xor.reduceat(is_quote.view(np.uint8), starts)) == 0
    is_first = np.concatenate(([True], is_end[:-1]))
    if (is_blank & is_first & is_end).any():
        raise IrregularError  # no record
    if is_end.all():
        return hashes, (ends - starts).astype(np.uint32)
    firsts, later = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    records = np.searchsorted(firsts, later) - 1
    odd = 2 * (later - firsts[records]).astype(np.uint64) + np.uint64(1)
    whole = hashes[firsts]
    np.add.at(whole, records, hashes[later] * odd)
    return whole, (ends[is_end] - starts[firsts]).astype(np.uint32)


def _hash_lines(data: bytes) -> tuple[Hashes, Positions, npt.NDArray[np.bool_]]:
    """The hash of each line, the position behind it, and whether it is empty."""
    line = pl.col("line")
    try:
        query = pl.scan_lines(data, name="line").select(hash=line.hash(_SEED), size=line.str.len_bytes())
        lines = query.collect(engine="in-memory")
    except pl.exceptions.PolarsError:
        raise IrregularError from None
    hashes, sizes = lines["hash"].to_numpy(), lines["size"].to_numpy()
    ends = np.cumsum(sizes, dtype=np.int64) + np.arange(1, len(sizes) + 1)
    if b"\r" in data:  # which polars takes for a part of the line end
        view = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(view == NEWLINE) + 1
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        if len(ends) == len(hashes):
            is_returned = (view[ends - 2] == RETURN) & (np.diff(ends, prepend=0) > 1)
            hashes = np.where(is_returned, hashes ^ _RETURNED, hashes)
    elif len(ends) and not data.endswith(b"\n"):
        ends[-1] -= 1
    if len(ends) != len(hashes) or (ends[-1] if len(ends) else 0) != len(data):
        raise IrregularError
    return hashes, ends, sizes == 0
