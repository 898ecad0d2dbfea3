"""A few rows of a table by their numbers, without parsing the others.

A reader that went through a table before knows how many rows each block has. Where line ends outside quotes give as many
records, only the wanted ones are cut out and parsed; what does not prove right is read as a whole once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.descriptor import Resource
from deedbook.errors import ProjectError
from deedbook.reading.blocks import BLOCK_SIZE, Block, Cutter, cut_out, record_ends
from deedbook.reading.foreign import is_foreign
from deedbook.reading.header import read_header
from deedbook.reading.opening import dialect_of, open_table
from deedbook.reading.pipeline import in_order
from deedbook.reading.source import SourceError
from deedbook.reading.tables import in_schema, read_each
from deedbook.reading.text import IrregularError, Layout, read_block

if TYPE_CHECKING:
    import numpy.typing as npt

Positions: TypeAlias = "npt.NDArray[np.int64]"


def pick_rows(
    resource: Resource,
    wanted: Positions,
    heights: Sequence[int],
    is_right: Callable[[pl.DataFrame], bool],
    *,
    block_size: int = BLOCK_SIZE,
) -> pl.DataFrame:
    """The wanted rows as text columns in schema order, missing values null.

    Args:
        resource: A table with a schema.
        wanted: Row numbers, the first being 0, rising.
        heights: The rows of each block, as `read_each` gave them with the same block size.
        is_right: Tells whether these are the wanted rows, from what the reader knows of them.
        block_size: Bytes of a block.

    Raises:
        ProjectError: when a file cannot be read to its end.
    """
    if not len(wanted):
        names = resource.schema.names if resource.schema else ()
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if len(resource.sources) == 1 and not is_foreign(resource) and resource.data is None and len(wanted) < sum(heights):
        try:
            rows = _cut_out(resource, wanted, heights, block_size)
            if is_right(rows):
                return rows
        except IrregularError:
            pass
    return _filter_out(resource, wanted, block_size)


def _filter_out(resource: Resource, wanted: Positions, block_size: int) -> pl.DataFrame:
    """The rows out of a full reading."""
    frames, first = [], 0
    for frame in read_each(resource, lambda frame: frame, block_size=block_size):
        low, high = np.searchsorted(wanted, [first, first + frame.height])
        if high > low:
            frames.append(frame[wanted[low:high] - first])
        first += frame.height
    return pl.concat(frames, rechunk=True)


def _cut_out(resource: Resource, wanted: Positions, heights: Sequence[int], block_size: int) -> pl.DataFrame:
    schema, dialect = resource.schema, dialect_of(resource)
    if schema is None:
        raise IrregularError
    with open_table(resource, resource.sources[0]) as stream:
        try:
            cutter = Cutter(stream, dialect, block_size)
            labels, width, _, _ = read_header(cutter, dialect, None)
            layout = Layout(tuple(labels or schema.names)[:width], dialect)
            if not layout.is_regular:
                raise IrregularError
            parts = list(_cut_blocks(cutter, layout, wanted, heights))
        except SourceError as error:
            raise ProjectError(f"{resource.name}: {error.message}", error.hint) from None
    block = read_block(b"".join(parts), layout)
    if block.absent or block.frame.height != len(wanted):
        raise IrregularError
    return in_schema(block.frame, schema)


def _cut_blocks(cutter: Cutter, layout: Layout, wanted: Positions, heights: Sequence[int]) -> Iterator[bytes]:
    """The wanted records of each block, in order."""

    def held() -> Iterator[tuple[Block, Positions, int]]:
        first = 0
        for height in heights:
            block = cutter.next_block()
            if block is None:
                raise IrregularError
            low, high = np.searchsorted(wanted, [first, first + height])
            if high > low:
                yield block, wanted[low:high] - first, height
            first += height

    return in_order(held(), lambda item: _cut_block(*item, layout))


def _cut_block(block: Block, rows: Positions, height: int, layout: Layout) -> bytes:
    ends = record_ends(block.data, layout.dialect.quote_char.encode())
    if block.is_open or len(ends) != height:
        raise IrregularError
    return cut_out(block.data, ends, rows)
