"""The small files of a package, of one table or of many: several are read and proven at once, before each is checked in its turn.

Only a file that is as its schema says is small here: plain UTF-8 whose header is the names of the fields, and every record with
its cells. Any other is left to be opened in its turn, and read as a large one is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from stat import S_ISREG

import polars as pl

from deedbook.checking.cells import suspected_together
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.errors import ProjectError
from deedbook.reading import source
from deedbook.reading.batch import read_together, record_count
from deedbook.reading.source import SourceError
from deedbook.reading.text import TextBlock

_MOST = 1 << 17
"""Bytes of a small file: of one of more, two queries of its own are a small part of the time."""
_TOGETHER = 1 << 20
"""Bytes that are read at once: more save nothing more."""


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file as it is read.

    Attributes:
        plan: How it is checked.
        offset: The bytes of its header; `data` those of its records, `records` how many there are.
    """

    plan: FilePlan
    offset: int
    data: bytes
    records: int


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A small file as it is checked.

    Attributes:
        suspected: The columns of which a cell has to be judged, with a mask of those cells.
    """

    file: SmallFile
    block: TextBlock
    suspected: Mapping[str, pl.Series]


@dataclass(slots=True)
class SmallFiles:
    """The files that are to be checked, in that order; small ones are taken in their turn.

    Attributes:
        files: Each with its table and its number there.
        places: Where they stand in `files`; those before `next` have been looked at, and `ready` are those that were read.
    """

    files: list[tuple[TablePlan, int, Path]] = field(default_factory=list)
    places: dict[tuple[str, int], int] = field(default_factory=dict)
    next: int = 0
    ready: dict[tuple[str, int], ReadFile] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Iterable[TablePlan]) -> SmallFiles:
        """Those of tables that are read; a single file has nothing to be read with."""
        files = [
            (plan, number, file)
            for plan in plans
            if plan.plain_header
            for number, file in enumerate(plan.resource.sources)
            if file is not None
        ]
        places = {(plan.resource.name, number): at for at, (plan, number, _) in enumerate(files)}
        return cls(files, places) if len(files) > 1 else cls()

    def take(self, plan: TablePlan, number: int) -> ReadFile | None:
        """A file of a table, where it is small and was read."""
        name = (plan.resource.name, number)
        place = self.places.get(name, -1)
        if place >= self.next:
            self.next = place
            self.ready = {(it.file.plan.table.resource.name, it.file.plan.number): it for it in _read(self._opened())}
        return self.ready.pop(name, None)

    def _opened(self) -> list[SmallFile]:
        """The next small files."""
        opened, size = [], 0
        while self.next < len(self.files) and size < _TOGETHER:
            if small := _open(*self.files[self.next]):
                opened.append(small)
                size += len(small.data)
            self.next += 1
        return opened


def _open(plan: TablePlan, number: int, file: Path) -> SmallFile | None:
    """A file that is small and, as far as counting tells, as its schema says."""
    head = plan.plain_header
    try:
        state = file.stat()
        if not S_ISREG(state.st_mode) or state.st_size > min(_MOST, plan.options.block_size):
            return None
        with file.open("rb", buffering=0) as stream:
            content = stream.read(_MOST + 1)
        source.refuse_disguised(plan.resource, file, content[: source.HEAD])
        own = FilePlan(plan, number, plan.header.columns, plan.own_fields)
    except (OSError, SourceError, ProjectError):  # which is said in its turn
        return None
    offset = content.find(b"\n") + 1
    if len(content) > _MOST or content[: len(head)] != head or content[len(head) : offset] not in {b"\n", b"\r\n"}:
        return None
    data = content[offset:]
    records = record_count(data if data.endswith(b"\n") else data + b"\n", own.layout) if data else 0
    return SmallFile(own, offset, data, records) if records else None


def _read(files: list[SmallFile]) -> Iterator[ReadFile]:
    """The files with what all of them gave; without those that are not as they seemed."""
    shapes = defaultdict[tuple[int, str, str], list[SmallFile]](list)
    for it in files:
        layout = it.plan.layout
        shapes[len(layout.names), layout.dialect.delimiter, layout.dialect.quote_char].append(it)
    read = list(chain.from_iterable(map(_parsed, shapes.values())))
    columns = [(plan, block.frame[plan.name]) for it, block in read for plan in it.plan.fields]
    masks, first = suspected_together(columns), 0
    for it, block in read:
        places = range(first, first + len(it.plan.fields))
        first = places.stop
        yield ReadFile(it, block, {columns[at][0].name: masks[at] for at in places if at in masks})


def _parsed(files: list[SmallFile]) -> Iterator[tuple[SmallFile, TextBlock]]:
    """Files of one shape, parsed at once; where one of them is not as it seemed, each half of them."""
    layout = files[0].plan.layout
    parts = [it.data if it.data.endswith(b"\n") else it.data + b"\n" for it in files]
    blocks = read_together(parts, [it.records for it in files], layout)
    if not blocks and len(files) > 1:
        half = len(files) // 2
        yield from chain(_parsed(files[:half]), _parsed(files[half:]))
    for it, block in zip(files, blocks, strict=False):
        if it.plan.layout.names != layout.names:
            block.frame.columns = list(it.plan.layout.names)
        yield it, block
