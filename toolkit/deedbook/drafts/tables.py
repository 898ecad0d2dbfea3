"""The columns of a table, read.

The first block chooses a form for each column; every cell of the table is then judged by the checks that a validation uses. Where
cells do not fit, they join the texts that the form is chosen by, and the column is read once more.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from deedbook.checking.cells import FieldPlan, check_cells
from deedbook.descriptor import Resource
from deedbook.drafts.columns import KEYLIKE, Column, Seen
from deedbook.drafts.forms import TEXT, choose
from deedbook.errors import ProjectError
from deedbook.reading import pipeline, tables
from deedbook.reading.text import TextBlock
from deedbook.schema import read_schema

_WITNESSES = 500
"""Distinct texts of a column that its form is chosen by."""
_ROUNDS = 3
"""How often a column is read anew because cells do not fit; after that it is text."""
_HASHES = 384 << 20
"""Bytes that the hashes of all cells of the columns that may be keys can take."""
T = TypeVar("T")


@dataclass(frozen=True)
class TableColumns:
    """The columns of one table.

    Attributes:
        first: The number of the first row.
        is_hashed: Whether there is room for the hashes of all columns that may be keys.
    """

    columns: Sequence[Column]
    rows: int
    first: int
    is_hashed: bool

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each stands, from 0."""
        return {column.name: at for at, column in enumerate(self.columns)}

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Each by its name."""
        return {column.name: column for column in self.columns}


def read_columns(resource: Resource) -> TableColumns:
    """The columns of a table, from every cell; its schema is not asked.

    Raises:
        ProjectError: when it cannot be read, or its columns have no names of their own.
    """
    names, row = read_names(resource)
    nothing: pipeline.Done[dict[str, Counter[str]]] = pipeline.Done({}, 0)
    first = next(_blocks(resource, names, _witnesses, workers=1), nothing)
    columns = [Column(name, first.result.get(name, Counter())) for name in names]
    unsettled = {column.name: choose(column.name, column.witnesses) for column in columns}
    rows, is_hashed, found = 0, True, TableColumns(columns, 0, row, is_hashed=True)
    for left in range(_ROUNDS, -1, -1):
        for name, choice in unsettled.items():
            found.by_name[name].begin(choice if left else (TEXT, frozenset()))
        rows, is_held = _scan(resource, names, list(map(found.by_name.__getitem__, unsettled)))
        is_hashed &= is_held
        better = ((name, found.by_name[name].better()) for name in unsettled)
        unsettled = {name: choice for name, choice in better if choice}
        if not unsettled:
            break
    return replace(found, rows=rows, is_hashed=is_hashed)


def read_names(resource: Resource) -> tuple[list[str], int]:
    """The names of the columns, and the number of the first row below them.

    Raises:
        ProjectError: when there are none, or two are equal.
    """
    with tables.opened(resource, resource.sources[0]) as (_, header, layout):
        names = list(layout.names) or list(map("column_{}".format, range(1, header.width + 1)))
    if not names:
        raise ProjectError(f"{resource.name}: there is no table in {resource.paths[0]}", "see what the file holds")
    if nameless := [at for at, name in enumerate(names, 1) if not name.strip()]:
        raise ProjectError(f"{resource.name}: column {nameless[0]} has no name", "name it in the header")
    read_schema({"fields": [{"name": name} for name in names]}, resource.name)  # refuses names that no field can have
    return names, header.row


def _witnesses(block: TextBlock) -> dict[str, Counter[str]]:
    """For each column the first distinct texts, and how often each occurs."""
    frame = tables.without_absent(block)
    counted = (column.drop_nulls().value_counts().head(_WITNESSES) for column in frame)
    return {name: Counter(dict(counts.rows())) for name, counts in zip(frame.columns, counted, strict=True)}


def _scan(resource: Resource, names: Sequence[str], columns: Sequence[Column]) -> tuple[int, bool]:
    """Fills in the columns from every block: how many rows there are, and whether there was room for all hashes."""
    plans, rows, is_held = [column.form.plan(column.name, column.missing) for column in columns], 0, True
    for done in _blocks(resource, names, lambda block: _measure(block, columns, plans)):
        height, seen = done.result
        for column in columns:
            column.add(seen[column.name], rows, height)
        rows += height
        held = [column for column in columns if column.hashes is not None]
        if 8 * rows * len(held) > _HASHES:
            is_held = False
            for column in held:
                column.hashes = column.hashes if KEYLIKE.fullmatch(column.name) else None
    return rows, is_held


def _measure(block: TextBlock, columns: Sequence[Column], plans: Sequence[FieldPlan]) -> tuple[int, dict[str, Seen]]:
    """The rows of a block, and what it tells of each column."""
    frame = tables.without_absent(block)
    checked = check_cells(frame, plans, {}, [plan.name for plan in plans if plan.parsed is not None])
    failed, numbers = {failure.plan.name: failure for failure in checked.failures}, checked.numbers
    return frame.height, {it.name: it.look(frame[it.name], numbers.get(it.name), failed.get(it.name)) for it in columns}


def _blocks(
    resource: Resource, names: Sequence[str], work: Callable[[TextBlock], T], workers: int | None = None
) -> Iterator[pipeline.Done[T]]:
    """What is made of each block of all files."""
    for file in resource.sources:
        with tables.opened(resource, file, list(names)) as (cutter, _, layout):
            yield from pipeline.run(cutter, replace(layout, names=tuple(names)), work, workers=workers)
