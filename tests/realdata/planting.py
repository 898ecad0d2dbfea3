"""Plants one error into a copy of a CSV file and says where it must be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a CSV file as bytes; record number N (header = 1) is `texts[N - 1]` and starts on `lines[N - 1]`."""

    texts: tuple[bytes, ...]
    lines: tuple[int, ...]

    @property
    def after_multi_line(self) -> list[int]:
        """The numbers of the records that follow one with a line break in a cell."""
        return [number + 2 for number, text in enumerate(self.texts[:-1]) if text.rstrip(b"\r\n").count(b"\n")]


def read_records(path: Path) -> Records:
    """The records of a well-quoted file: a record ends at a line end of even quote parity."""
    texts: list[bytes] = []
    lines: list[int] = []
    open_lines: list[bytes] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not open_lines:
                lines.append(number)
            open_lines.append(line)
            if sum(part.count(b'"') for part in open_lines) % 2 == 0:
                texts.append(b"".join(open_lines))
                open_lines = []
    return Records(tuple(texts), tuple(lines))


def plant(records: Records, number: int, change: Callable[[bytes], bytes], path: Path) -> int:
    """Writes the records with number `number` changed to `path`; the line on which that record starts."""
    texts = list(records.texts)
    texts[number - 1] = change(texts[number - 1])
    path.write_bytes(b"".join(texts))
    return records.lines[number - 1]
