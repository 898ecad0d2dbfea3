"""Files cut into spans of whole records, so that each can be read alone.

A record ends at a line end with an even number of quotes before it. Whether a stretch of a file begins inside quotes is known
from the quotes of all stretches before, which are counted first; until then a stretch names where a record may begin in either
case. That holds as long as quotes are regular, which the reader of a span proves; where it fails, the rest of the file is one span.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from deedbook.reading.blocks import NEWLINE, count

SPAN = 64 << 20
"""Bytes of a span: a second of work, and a few blocks of memory."""
_STEP = 1 << 20
FILE_BITS = 44
"""A span is known by its file's number, shifted by this, plus its offset in the file: in this order spans follow each other."""


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive whole records of a file of a table.

    Attributes:
        file: The file's number in its table.
        offset: The bytes of the file before it; where it is packed, those of its content.
        size: Its bytes; None up to the end of the file.
        weight: About how many bytes are read for it.
        records: Records of the file that its header took.
    """

    file: int
    offset: int
    size: int | None = None
    weight: int = 0
    records: int = 0

    @property
    def place(self) -> int:
        """What it is known by."""
        return (self.file << FILE_BITS) + self.offset

    def is_behind(self, other: Self | None) -> bool:
        """Whether another one of its file, with all that follows, holds it."""
        return other is not None and self.offset >= other.offset


@dataclass(slots=True)
class Slice:
    """A stream of so many bytes of a file from where it stands."""

    file: io.RawIOBase
    rest: int

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        data = self.file.read(min(size, self.rest)) or b""
        self.rest -= len(data)
        return data


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the bytes of a stretch say of where records begin.

    Attributes:
        is_odd: Whether it has an odd number of quotes.
        begins: Where a record first begins in the stretch, with an even and with an odd number of quotes before it; -1 for nowhere.
    """

    is_odd: bool
    begins: tuple[int, int]

    @classmethod
    def read(cls, path: Path, span: Span, quote: bytes) -> Stretch:
        """The one that a part of a file is."""
        begins, is_odd, at = [-1, -1], False, span.offset
        with path.open("rb", buffering=0) as file:
            file.seek(at)
            stream = Slice(file, span.size or 0)
            while data := stream.read(_STEP):
                if min(begins) < 0:
                    view = np.frombuffer(data, np.uint8)
                    inside = np.bitwise_xor.accumulate(view == quote[0] if quote else np.zeros(len(view), np.bool_))
                    for parity in (0, 1):
                        ends = np.flatnonzero((view == NEWLINE) & (inside == (parity ^ is_odd)))
                        if begins[parity] < 0 and len(ends):
                            begins[parity] = at + int(ends[0]) + 1
                is_odd ^= bool(quote) and count(data, quote[0]) % 2 == 1
                at += len(data)
        return cls(is_odd, (begins[0], begins[1]))


def stretches_of(span: Span, size: int) -> list[Span]:
    """A span of known size cut into equal parts wherever that is."""
    end = span.offset + (span.size or 0)
    starts = range(span.offset, end, size)
    return [Span(span.file, start, min(size, end - start)) for start in starts]


def cut(span: Span, stretches: Iterable[Stretch]) -> Iterator[Span]:
    """The spans of whole records that the stretches of a span show."""
    start, end, is_odd = span.offset, span.offset + (span.size or 0), False
    for number, stretch in enumerate(stretches):
        begin = stretch.begins[is_odd]
        if number and start < begin < end:
            yield replace(span, offset=start, size=begin - start, weight=begin - start)
            start = begin
        is_odd ^= stretch.is_odd
    yield replace(span, offset=start, size=end - start, weight=end - start)


def bundled(spans: Sequence[Span], size: int) -> list[tuple[Span, ...]]:
    """Spans that are read by one task: small ones together."""
    tasks: list[list[Span]] = []
    weight = 0
    for span in spans:
        if not tasks or weight + span.weight > size:
            tasks.append([])
            weight = 0
        tasks[-1].append(span)
        weight += span.weight
    return [tuple(task) for task in tasks]
