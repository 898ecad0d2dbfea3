"""Findings of a table: rows that break a rule, what to say of each, and what was found so far.

They are counted exactly, kept only as far as they are shown, and written to a file when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.keys import Key
from deedbook.checking.waivers import NO_WAIVERS, Waivers
from deedbook.descriptor import Resource
from deedbook.errors import UsageError
from deedbook.files import replacement
from deedbook.findings import FINDING_FIELDS, Finding, Severity, Total, join_key
from deedbook.reading.inputs import is_foreign
from deedbook.types import without_mark
from deedbook.types.mistakes import mistakes_of

FILE_SHIFT = 40
"""A record of a table is known by its file's number, shifted by this, plus its record number in the file."""
ROW_BITS = (1 << FILE_SHIFT) - 1
FINDINGS_SCHEMA = {name: pl.Int64 if kind is int else pl.String for name, kind in FINDING_FIELDS.items()}
WriteAll = Callable[[pl.DataFrame], None]
"""Takes rows of `FINDINGS_SCHEMA`."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a finding says: its message and hint, the raw value of the cell, and a value that could stand there."""

    message: str
    hint: str = ""
    value: str | None = None
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a block that break one rule at one column.

    Attributes:
        rows: Their positions in the block, rising.
        words: What to say about the n-th of them.
        reference: The foreign key that they break, if it is one.
        causes: What is wrong with them, said of many; the empty text for what is no everyday mistake.
    """

    rule: str
    rows: Rows
    words: Callable[[int], Words]
    severity: Severity = "error"
    column: str | None = None
    field_number: int | None = None
    constraint: str | None = None
    reference: Key | None = None
    causes: Callable[[], frozenset[str]] = lambda: frozenset({""})


@dataclass(frozen=True, slots=True)
class Records:
    """Where rows stand that groups of findings speak of.

    Attributes:
        numbers: Their record numbers, with the number of the file in the bits above `FILE_SHIFT`; in a block, from 0.
        lines: The lines on which they start; in a block, from 0.
        keys: The columns of their primary key as text; no column where there is no key.
    """

    numbers: Rows
    lines: Rows
    keys: pl.DataFrame

    def keys_of(self, rows: Rows) -> list[str | None]:
        """The primary keys of rows as text."""
        if not self.keys.width:
            return [None] * len(rows)
        return [join_key([without_mark(part or "") for part in parts]) for parts in self.keys[rows.tolist()].rows()]

    @classmethod
    def joined(cls, parts: Sequence[Records]) -> Records:
        """Those of all parts in order."""
        none = np.empty(0, np.int64)
        numbers, lines = ([none, *(getattr(part, name) for part in parts)] for name in ("numbers", "lines"))
        keys = pl.concat([part.keys for part in parts] or [pl.DataFrame()])
        return cls(np.concatenate(numbers), np.concatenate(lines), keys)

    def from_(self, record: int, line: int) -> Records:
        """The same of a block whose first record and line are these."""
        return Records(self.numbers + record, self.lines + line, self.keys)


@dataclass(slots=True)
class FindingsSoFar:
    """The findings of a table; those of its blocks come in order, those of keys and rules after them.

    Attributes:
        limit: How many of each rule and column are shown.
        counts: By rule, column and severity how many there are, and how many of them are waived; `causes` their causes.
    """

    resource: Resource
    limit: int = 10
    waivers: Waivers = NO_WAIVERS
    write_all: WriteAll | None = None
    counts: dict[tuple[str, str | None, Severity], list[int]] = field(default_factory=dict)
    causes: dict[tuple[str, str | None, Severity], set[str]] = field(default_factory=dict)
    used_waivers: set[int] = field(default_factory=set)
    _shown: dict[tuple[str, str | None], list[tuple[Finding, Key | None]]] = field(default_factory=dict)

    def add(self, groups: Iterable[Group], records: Records) -> None:
        """Takes groups whose rows are positions in `records`."""
        for group in groups:
            place, waived = (group.rule, group.column, group.severity), self._waive(group, records)
            self._count(place, len(group.rows), len(waived))
            self.causes.setdefault(place, set()).update(group.causes())
            shown = self._columns(group, self.limit, records, waived)
            for values in zip(*shown.values(), strict=True):
                self._show(Finding(**dict(zip(shown, values, strict=True))), group.reference)
            if self.write_all:
                everything = self._columns(group, len(group.rows), records, waived)
                self.write_all(pl.DataFrame(everything, schema=FINDINGS_SCHEMA))

    def say(self, finding: Finding) -> None:
        """Takes one finding whose place is final."""
        self._count((finding.rule, finding.column, finding.severity), 1, 0)
        self._show(finding, None)
        if self.write_all:
            self.write_all(pl.DataFrame([finding], schema=FINDINGS_SCHEMA))

    def _count(self, place: tuple[str, str | None, Severity], count: int, waived: int) -> None:
        entry = self.counts.setdefault(place, [0, 0])
        entry[0] += count
        entry[1] += waived

    def _waive(self, group: Group, records: Records) -> dict[int, str]:
        """The rows of a group that are waived, and why; errors cannot be."""
        waivers = self.waivers.of_rule(group.rule) if group.severity == "warning" else NO_WAIVERS
        found: dict[int, str] = {}
        if waivers.in_force:
            for row, key in zip(group.rows.tolist(), records.keys_of(group.rows), strict=True):
                if (waiver := waivers.find(key or "", group.column or "")) is not None:
                    found[row] = waiver.reason
                    self.used_waivers.add(waiver.row)
        return found

    def _columns(self, group: Group, count: int, records: Records, waived: Mapping[int, str]) -> dict[str, list[Any]]:
        """The first findings of a group, a list for each of `FINDING_FIELDS` (a dict for each finding takes twice the time)."""
        rows, paths = group.rows[:count], self.resource.paths
        numbers, words, every = records.numbers[rows].tolist(), [group.words(at) for at in range(len(rows))], len(rows)
        return {
            "rule": [group.rule] * every,
            "severity": [group.severity] * every,
            "table": [self.resource.name] * every,
            "message": [item.message for item in words],
            "path": [paths[number >> FILE_SHIFT] if paths else "" for number in numbers],
            "row": [number & ROW_BITS for number in numbers],
            "line": [None] * every if is_foreign(self.resource) else records.lines[rows].tolist(),
            "column": [group.column] * every,
            "field_number": [group.field_number] * every,
            "key": records.keys_of(rows),
            "value": [item.value for item in words],
            "constraint": [group.constraint] * every,
            "hint": [item.hint for item in words],
            "waived": [waived.get(row) for row in rows.tolist()],
            "proposal": [item.proposal for item in words],
        }

    def _show(self, finding: Finding, reference: Key | None) -> None:
        """Keeps a finding if it is among the first of its rule and column."""
        kept = self._shown.setdefault((finding.rule, finding.column), [])
        kept.append((finding, reference))
        if len(kept) > 2 * self.limit:
            kept.sort(key=self._place)
            del kept[self.limit :]

    def shown(self) -> list[tuple[Finding, Key | None]]:
        """What is shown, each with the foreign key that its row breaks.

        By file, findings without a row first, then by row, field, rule, constraint, message.
        """
        chosen = (sorted(kept, key=self._place)[: self.limit] for kept in self._shown.values())
        return sorted((item for kept in chosen for item in kept), key=self._place)

    def _place(self, item: tuple[Finding, Key | None]) -> tuple[object, ...]:
        finding, paths = item[0], self.resource.paths
        file = paths.index(finding.path) if finding.path in paths else -1
        row = -1 if finding.row is None else finding.row
        return file, row, finding.field_number or 0, finding.rule, finding.constraint or "", finding.message

    def totals(self) -> list[Total]:
        """The exact counts, by rule and column."""
        ordered = sorted(self.counts.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2]))
        return [
            Total(self.resource.name, *place, count, waived, common_cause(frozenset(self.causes.get(place, ()))))
            for place, (count, waived) in ordered
        ]


def common_cause(causes: frozenset[str]) -> str:
    """What all have in common; dates that leave their order open are in that of the others."""
    orders = [mistakes_of("date")[name].cause for name in ("day-or-month-first", "day-first", "month-first")]
    known = causes - {orders[0]} or causes if causes <= set(orders) else causes
    return next(iter(known)) if len(known) == 1 else ""


@contextmanager
def open_findings(path: Path | None) -> Iterator[WriteAll | None]:
    """A function that writes findings; the file appears when all were taken.

    Raises:
        UsageError: when the name ends neither in `.csv` nor in `.parquet`, or the folder cannot be written.
    """
    if path is None:
        yield None
        return
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(f"{path}: findings are written as .csv or .parquet", "choose one of the two endings")
    with ExitStack() as stack:
        try:
            target = stack.enter_context(replacement(path))
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
        rows, staged = target, path
        if path.suffix == ".parquet":
            staged = Path(stack.enter_context(TemporaryDirectory(prefix="deedbook-"))) / "findings.csv"
            rows = stack.enter_context(staged.open("wb"))
        pl.DataFrame(schema=FINDINGS_SCHEMA).write_csv(rows)
        yield lambda frame: frame.write_csv(rows, include_header=False)
        if rows is not target:
            rows.close()
            pl.scan_csv(staged, schema=FINDINGS_SCHEMA).sink_parquet(target)
