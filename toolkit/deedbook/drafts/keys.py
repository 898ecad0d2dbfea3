"""Which columns tell the rows of a table apart, and which refer to rows of another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.drafts.columns import KEYLIKE, TIMELIKE, Column
from deedbook.drafts.guesses import Guess
from deedbook.drafts.tables import TableColumns
from deedbook.findings import plural

Hashes: TypeAlias = npt.NDArray[np.uint64]
_SAMPLE = 500
_TRIED = 80
"""Pairs and triples of columns that are tried as a key, the likeliest first."""
_UNLIKELY = 5
"""The rank of a column that nothing speaks for but that it tells rows apart."""
_TARGETS = 20
"""Columns of a table that others may refer to."""
_PARTS = 12
"""Columns that may be parts of a key of several."""
_FIRST = 20_000
"""Rows in which most that are no key show it."""
_FEWEST = 10
"""Rows below which two columns tell rows apart by chance."""
_RESOLVED = 0.8
"""The share of values in another table that makes a reference likely, of a column that is called like one."""


@dataclass(frozen=True)
class Table:
    """A table whose keys are sought."""

    name: str
    found: TableColumns

    @cached_property
    def hashes(self) -> Mapping[str, pl.Series]:
        """The hashes of the cells of the columns that may be part of a key."""
        found = {}
        for column in self.found.columns:
            if column.hashes and not column.failed:
                found[column.name] = pl.concat(column.hashes, rechunk=True)
                column.hashes = [found[column.name]]  # not twice in memory
        return found

    @cached_property
    def distinct(self) -> dict[tuple[str, ...], Hashes]:
        """What `values` found."""
        return {}

    def values(self, names: tuple[str, ...]) -> Hashes:
        """The hashes of the distinct values of some columns, rising."""
        if names not in self.distinct:
            joined = _joined(self, names)
            self.distinct[names] = joined.filter(joined != 0).unique().sort().to_numpy()
        return self.distinct[names]

    def has(self, names: Sequence[str]) -> bool:
        """Whether all of these are columns that may be part of a key."""
        return self.hashes.keys() >= set(names)

    def extends(self, parent: Table, target: str) -> bool:
        """Whether its rows may be about some of the rows of another table, and have the same key."""
        return parent.key == (target,) and self.found.rows < parent.found.rows

    def is_key(self, names: Sequence[str]) -> bool:
        """Whether no two rows agree in all of these columns."""
        for rows in (_FIRST, None):
            parts = [self.hashes[name].head(rows) if rows else self.hashes[name] for name in names]
            values = parts[0] if len(parts) == 1 else pl.DataFrame(parts).hash_rows()
            if values.n_unique() < len(values):
                return False
        return True

    @cached_property
    def filled(self) -> list[Column]:
        """Columns that may be part of a key and have no empty cell, the likeliest first."""
        held = [column for column in self.found.columns if column.name in self.hashes and not column.lacking]
        return sorted(held, key=lambda column: self.rank(column))

    def rank(self, column: Column) -> tuple[int, int]:
        """How likely a column is part of the key, the least first: by its name, what its values look like, and its place."""
        place = self.found.places[column.name]
        own = fold(column.name) in {"id", f"{singular(self.name)}id", f"{fold(self.name)}id"}
        is_named = bool(KEYLIKE.fullmatch(column.name))
        reasons = (
            own,
            is_named and place == 0,
            is_named or bool(TIMELIKE.fullmatch(column.name)),
            place == 0,
            column.is_coded,
        )
        return (reasons.index(True) if True in reasons else _UNLIKELY), place

    @cached_property
    def single(self) -> list[str]:
        """The columns that tell rows apart alone, the likeliest first."""
        kinds = {"integer", "number", "string"}
        return [it.name for it in self.filled if it.type in kinds and self.is_key([it.name])]

    @property
    def targets(self) -> list[str]:
        """The columns that others may refer to: those that tell rows apart and look like keys, the likeliest of them."""
        likely = (name for name in self.single if name in self.key or KEYLIKE.fullmatch(name))
        return list(islice(likely, _TARGETS)) if self.found.rows > 1 else []

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The likeliest key; empty when none was found."""
        likely = [name for name in self.single if self.rank(self.found.by_name[name])[0] < _UNLIKELY]
        names = [column.name for column in self.filled if column.name not in self.single][:_PARTS]
        several = chain.from_iterable(combinations(names, size) for size in (2, 3))
        tried = several if self.found.rows >= _FEWEST and not likely else iter(())
        found = next(filter(self.is_key, islice(tried, _TRIED)), ())
        return found or tuple((likely or self.single)[:1])


def fold(name: str) -> str:
    """A name without what people write differently."""
    return re.sub(r"[\W_]+", "", name.casefold())


def singular(name: str) -> str:
    """The name of one row of a table, as far as English goes."""
    name = fold(name)
    return re.sub("ies$", "y", name) if name.endswith("ies") else re.sub("s$", "", name)


def key_guesses(table: Table) -> Iterator[Guess]:
    """What tells the rows of a table apart."""
    rows = plural(table.found.rows, "row")
    if table.key:
        others = [name for name in table.single if (name,) != table.key]
        also = f"; so would {', '.join(others[:3])}" if others else ""
        evidence = f"no two of {rows} agree in {' and '.join(table.key)}, and none lacks a value{also}"
        yield Guess("", "primaryKey", list(table.key), evidence)
        for name in others:
            if KEYLIKE.fullmatch(name) or table.found.by_name[name].is_coded:
                yield Guess(name, "constraints.unique", True, f"{rows}, each another value")
    elif table.found.rows > 1:
        room = "" if table.found.is_hashed else "; not all could be looked at, for lack of memory"
        todo = "what tells the rows of this table apart? Declare it as `primaryKey`"
        yield Guess("", "primaryKey", None, f"no column, and no two or three, differ in all of {rows}{room}", todo=todo)


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns whose values are a key of another table, or of the same one.

    Attributes:
        closeness: How much their names say so, 0 for nothing.
        share: Which share of the distinct values is there.
        lost: The first rows whose value is not.
    """

    names: tuple[str, ...]
    parent: str
    target: tuple[str, ...]
    closeness: int
    distinct: int
    share: float
    lost: tuple[int, ...]

    @property
    def evidence(self) -> str:
        """What speaks for it."""
        what = f"{', '.join(self.names)}: {self.share:.1%} of {plural(self.distinct, 'value')}"
        return f"{what} are in `{self.parent}`.{', '.join(self.target)}"

    def question(self, first: int) -> Guess:
        """What has to be settled where values are lost; rows are counted from the first."""
        rows = ", ".join(f"{first + row:,}" for row in self.lost)
        todo = f"is it a reference to `{self.parent}`? {self.evidence}, but not those of the rows {rows}"
        return Guess(", ".join(self.names), "foreignKeys", None, self.evidence, todo=todo)

    def to_json(self, child: str) -> dict[str, object]:
        """As `foreignKeys` has it."""
        resource = "" if self.parent == child else self.parent
        return {"fields": list(self.names), "reference": {"resource": resource, "fields": list(self.target)}}


def reference_guesses(table: Table, all_tables: Sequence[Table]) -> Iterator[Guess]:
    """What a table refers to, and what it may refer to but for some rows."""
    references = _find_references(table, all_tables)
    if whole := [one for one in references if one.share == 1]:
        for name in chain.from_iterable(one.names for one in whole):
            table.found.by_name[name].refers = True
        evidence = "; ".join(one.evidence for one in whole)
        yield Guess("", "foreignKeys", [one.to_json(table.name) for one in whole], evidence)
    yield from (one.question(table.found.first) for one in references if one.share < 1)


def _find_references(table: Table, all_tables: Sequence[Table]) -> list[Reference]:
    """The likeliest reference of each column, and those of several columns."""
    found = []
    parents = [(parent, target) for parent in all_tables for target in parent.targets]
    for name in table.hashes:
        likely = (_reference(table, name, parent, target) for parent, target in parents)
        found += sorted(filter(None, likely), key=lambda one: (-one.closeness, -one.share))[:1]
    for parent in all_tables:
        if parent is not table and len(parent.key) > 1 and table.key != parent.key and table.has(parent.key):
            found += filter(None, [_compare(table, parent.key, parent, parent.key, 3)])
    return found


def _closeness(table: Table, name: str, parent: Table, target: str) -> int:
    """How much names say that a column refers to a key: 3 the same name, 2 the other table's, 1 a part of it, 0 nothing."""
    name, one, key = fold(name), singular(parent.name), fold(target)
    if parent is table:
        return int(key != name and name.endswith(key) and len(name) > len(key) + 2 and bool(KEYLIKE.fullmatch(target)))
    names = {one, f"{one}{key}", f"{one}id", f"{one}code", f"{fold(parent.name)}{key}"}
    known = (
        (3, name == key and key not in {"id", "code", "name", "key"}),
        (2, name in names),
        (1, name.endswith(tuple(names)) or (len(key) > 3 and name.endswith(key))),
    )
    return next((much for much, is_so in known if is_so), 0)


def _reference(table: Table, name: str, parent: Table, target: str) -> Reference | None:
    """Whether a column refers to a key of a table: its name says so, or its values are the same codes."""
    column, other = table.found.by_name[name], parent.found.by_name[target]
    close = _closeness(table, name, parent, target)
    if not column.compares_with(other) or (table.key == (name,) and not table.extends(parent, target)):
        return None
    fewest = 1 if close else column.fewest_of(other) * (parent is not table and target in parent.key)
    found = _compare(table, (name,), parent, (target,), close) if fewest else None
    return found if found and found.distinct >= fewest else None


def _compare(
    table: Table, names: tuple[str, ...], parent: Table, target: tuple[str, ...], closeness: int
) -> Reference | None:
    """How many of the values of some columns are in a key; None when they are too few for a reference."""
    values, theirs = table.values(names), parent.values(target)
    enough = _RESOLVED if closeness > 1 else 1
    some = values[:: max(len(values) // _SAMPLE, 1)]  # which mostly shows that there is nothing
    if not (len(values) and len(theirs)) or _are_in(some, theirs).mean() < enough - 0.1:
        return None
    share = float(_are_in(values, theirs).mean())
    if share < enough:
        return None
    lost: list[int] = []
    if share < 1:
        mine = _joined(table, names).to_numpy()
        lost = np.flatnonzero((mine != 0) & ~_are_in(mine, theirs))[:3].tolist()
    return Reference(names, parent.name, target, closeness, len(values), share, tuple(lost))


def _are_in(values: Hashes, known: Hashes) -> npt.NDArray[np.bool_]:
    """Which values are among those known, which rise."""
    places = np.searchsorted(known, values)
    places[places == len(known)] = 0
    return np.asarray(known[places] == values)


def _joined(table: Table, names: Sequence[str]) -> pl.Series:
    """The hashes of several columns as one, 0 where one lacks a value."""
    parts = [table.hashes[name] for name in names]
    if len(parts) == 1:
        return parts[0]
    lacks = pl.DataFrame(parts).select(pl.any_horizontal(pl.all() == 0)).to_series()
    return pl.DataFrame(parts).hash_rows().set(lacks, 0)
