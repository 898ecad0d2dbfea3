"""The small files of a package, of one table or of many: several are read and proven at once, before each is checked in its turn.

Only a file that is as its schema says is small here: plain UTF-8 whose header is the names of the fields, and every record with
its cells. Any other is left to be opened in its turn, and read as a large one is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, count, pairwise
from pathlib import Path
from stat import S_ISREG

import polars as pl

from deedbook.checking.block import Seen
from deedbook.checking.cells import AT_ONCE, FieldPlan, select
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.spellings import columns_with_signs
from deedbook.errors import ProjectError
from deedbook.reading import source
from deedbook.reading.batch import read_together, record_count
from deedbook.reading.inputs import LINE_ENDS, dialect_of, is_foreign
from deedbook.reading.source import SourceError, is_plain
from deedbook.reading.text import Layout, TextBlock

_MOST = 1 << 17
"""Bytes of a small file: of one of more, two queries of its own are a small part of the time."""
_COLUMNS = 200
"""Columns of a small file: of more, those of one file alone are long ones."""
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
    """A small file as it is checked."""

    file: SmallFile
    block: TextBlock
    seen: Seen


@dataclass(slots=True)
class SmallFiles:
    """The files that are to be checked, in that order; small ones are taken in their turn.

    Attributes:
        files: Each with its table, how it begins when it is plain, and its number in the table.
        places: Where they stand in `files`; those before `next` have been looked at, and `ready` are those that were read.
    """

    files: list[tuple[TablePlan, bytes, int, Path]] = field(default_factory=list)
    places: dict[tuple[str, int], int] = field(default_factory=dict)
    next: int = 0
    ready: dict[tuple[str, int], ReadFile] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Iterable[TablePlan]) -> SmallFiles:
        """Those of tables that are read; a single file has nothing to be read with."""
        files = [
            (plan, head, number, file)
            for plan, head in ((plan, _plain_header(plan)) for plan in plans)
            for number, file in enumerate(plan.resource.sources if head else ())
            if file is not None
        ]
        places = {(plan.resource.name, number): at for at, (plan, _, number, _) in enumerate(files)}
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


def _plain_header(plan: TablePlan) -> bytes:
    """How a plain file begins whose labels are the names of the fields; empty where its labels may be others all the same."""
    resource, names, dialect = plan.resource, plan.schema.names, dialect_of(plan.resource)
    is_text = is_plain(resource) and not is_foreign(resource) and dialect.line_terminator in LINE_ENDS
    if not is_text or dialect.header_rows != (1,) or not Layout(names, dialect).is_regular:
        return b""
    marks = {dialect.delimiter, dialect.quote_char, "\n", "\r", "\0", "\ufeff"} - {""}
    if resource.schema is None or len(names) > _COLUMNS or marks & set("".join(names)) or plan.header.problems:
        return b""
    return dialect.delimiter.join(names).encode()


def _open(plan: TablePlan, head: bytes, number: int, file: Path) -> SmallFile | None:
    """A file that is small and, as far as counting tells, as its schema says."""
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
    if (
        len(content) != state.st_size
        or content[: len(head)] != head
        or content[len(head) : offset] not in {b"\n", b"\r\n"}
    ):
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
    texts = [(at, name) for at, (it, _) in enumerate(read) for name in it.plan.free_text]
    signed = {texts[place] for place in columns_with_signs([read[at][1].frame[name] for at, name in texts])}
    masks, first = suspected_together(columns), 0
    for at, (it, block) in enumerate(read):
        places = range(first, first + len(it.plan.fields))
        first = places.stop
        suspected = {columns[place][0].name: masks[place] for place in places if place in masks}
        yield ReadFile(it, block, Seen(suspected, {name for name in it.plan.free_text if (at, name) in signed}))


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


def suspected_together(columns: Sequence[tuple[FieldPlan, pl.Series]]) -> dict[int, pl.Series]:
    """The places of the columns, of many files, of which a cell has to be judged, with a mask of those cells."""
    masks: dict[int, pl.Series] = {}
    for query in _queries(columns):
        longs = {name: [columns[place][1] for place in places] for name, places in query.items()}
        plans = [columns[places[0]][0] for places in query.values()]
        found = select(_padded(longs), plans, lambda fails: fails)
        for name in (name for name in query if found[name].any()):
            edges = pairwise(accumulate((len(columns[place][1]) for place in query[name]), initial=0))
            parts = ((place, found[name][start:end]) for place, (start, end) in zip(query[name], edges, strict=True))
            masks.update((place, mask) for place, mask in parts if mask.any())
    return masks


def _padded(longs: Mapping[str, list[pl.Series]]) -> pl.DataFrame:
    """The parts of each long column joined, and its first text again as often as it takes for all to be as long."""
    sizes = {name: sum(map(len, parts)) for name, parts in longs.items()}
    longest = max(sizes.values())
    fillers = {name: parts[0].new_from_index(0, longest - sizes[name]) for name, parts in longs.items()}
    return pl.DataFrame([pl.concat([*parts, fillers[name]], rechunk=True).alias(name) for name, parts in longs.items()])


def _queries(columns: Sequence[tuple[FieldPlan, pl.Series]]) -> Iterable[Mapping[str, list[int]]]:
    """The places of columns that are declared alike, and so are one long column, by the name of the first.

    The long columns of a query have about one length, which the shorter ones are filled up to, and each a name of its own.
    """
    forms, queries = defaultdict[str, list[int]](list), defaultdict[tuple[int, int], dict[str, list[int]]](dict)
    for place, (plan, _) in enumerate(columns):
        if plan.fails is not None:
            forms[plan.form].append(place)
    for places in forms.values():
        name, size = columns[places[0]][0].name, sum(len(columns[place][1]) for place in places).bit_length()
        fitting = (nth for nth in count() if name not in queries[size, nth] and len(queries[size, nth]) < AT_ONCE)
        queries[size, next(fitting)][name] = places
    return queries.values()
