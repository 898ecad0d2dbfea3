"""The records of a block and their cells, counted without parsing: one bit a byte, and quotes paired 64 bytes at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from deedbook.dialect import Dialect
from deedbook.reading.blocks import NEWLINE, RETURN

if TYPE_CHECKING:
    import numpy.typing as npt

Positions: TypeAlias = "npt.NDArray[np.int64]"
_Words: TypeAlias = "npt.NDArray[np.uint64]"


def scan(data: bytes, dialect: Dialect) -> tuple[Positions, Positions]:
    """The position behind each record of a block whose quotes are regular, and its number of cells: 0 for a blank one."""
    view = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(view == NEWLINE)
    delimiters = _words(view == dialect.delimiter.encode()[0])
    if dialect.quote_char:
        quoted = _between(_words(view == dialect.quote_char.encode()[0]))
        delimiters &= ~quoted
        newlines = newlines[(quoted[newlines >> 6] >> _bit(newlines)) & 1 == 0]
    ends = newlines + 1
    cells = np.diff(_count_before(delimiters, newlines), prepend=0) + 1
    starts = np.concatenate(([0], ends[:-1]))
    length = ends - starts
    cells[(length == 1) | ((length == 2) & (view[starts] == RETURN))] = 0
    return ends, cells


def _words(flags: npt.NDArray[np.bool_]) -> _Words:
    """The flags as bits, the first being the lowest of the first word."""
    packed = np.packbits(flags, bitorder="little")
    words = np.zeros(-(-len(packed) // 8), "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    return words


def _between(quotes: _Words) -> _Words:
    """The bits from each first of two set bits up to before the second; it uses up what it is given.

    A bit becomes the parity of all bits up to it, by doubling the reach within a word, as in Langdale and Lemire, "Parsing
    gigabytes of JSON per second" (2019), then by what the words before leave open.
    """
    for reach in (1, 2, 4, 8, 16, 32):
        quotes ^= quotes << reach
    open_ = np.bitwise_xor.accumulate(quotes >> 63)
    quotes[1:] ^= 0 - open_[:-1]
    return quotes


def _bit(positions: Positions) -> _Words:
    """The number of each position's bit in its word."""
    return (positions & 63).astype(np.uint64)


def _count_before(words: _Words, positions: Positions) -> Positions:
    """The set bits before each position."""
    counts = np.concatenate(([0], np.cumsum(np.bitwise_count(words), dtype=np.int64)))
    at = positions >> 6
    below = (1 << _bit(positions)) - 1
    return np.asarray(counts[at] + np.bitwise_count(words[at] & below), np.int64)
