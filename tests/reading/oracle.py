"""What the csv module makes of a text, as the truth for our readers, and our reading in the same form."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from deedbook.dialect import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.pipeline import run
from deedbook.reading.source import UnclosedError
from deedbook.reading.text import Layout, open_reader

_SENTINEL = "sentinel"


@dataclass
class Reading:
    """A headless table: its rows padded and cut to the width, what was ragged, and the line of each record."""

    rows: list[list[str]] = field(default_factory=list)
    ragged: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    is_unclosed: bool = False


class _Counted:
    """The lines of a text, with the number of those that were taken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        return line


def expected(data: bytes, width: int, dialect: Dialect) -> Reading:
    """What the csv module reads; invalid UTF-8 is U+FFFD."""
    text = data.decode("utf-8", "replace")
    end = "" if not text or text.endswith(("\n", "\r")) else "\n"
    lines = _Counted(io.StringIO(text + end + _SENTINEL, newline=""))
    found, line = Reading(), 1
    records = []
    for cells in open_reader(lines, dialect):
        records.append((cells, line))
        line = lines.count + 1
    last, _ = records.pop()
    found.is_unclosed = last != [_SENTINEL]
    for row, (cells, at) in enumerate(records):
        found.rows.append([*cells[:width], *[""] * (width - len(cells))])
        found.lines.append(at)
        if len(cells) != width:
            found.ragged.append((row, tuple(cells)))
    return found


def actual(data: bytes, width: int, dialect: Dialect, *, block_size: int, workers: int) -> Reading:
    """What our readers make of it."""
    names = tuple(f"c{number}" for number in range(width))
    cutter = Cutter(io.BytesIO(data), dialect, block_size)
    found, row, line = Reading(), 0, 1
    try:
        for done in run(cutter, Layout(names, dialect), lambda block: block, workers=workers):
            block = done.result
            found.rows += [[cell or "" for cell in cells] for cells in block.frame.rows()]
            found.ragged += [(row + item.row, item.cells) for item in block.ragged]
            found.lines += (block.line_numbers + line).tolist()
            row, line = row + block.frame.height, line + block.newlines
    except UnclosedError:
        found.is_unclosed = True
    return found
