"""Findings of a table: rows that break a rule, what to say of each, and what was found so far.

They are counted exactly, kept only as far as they are shown, and written to a file when asked. Warnings that a maintainer accepted in
`waivers.csv` are marked as waived; a waiver that has expired or matches nothing is a warning itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.keys import Key
from deedbook.descriptor import Resource
from deedbook.errors import UsageError
from deedbook.files import replacement
from deedbook.findings import FINDING_FIELDS, Finding, Severity, Total, join_key
from deedbook.project import Waiver
from deedbook.reading.inputs import is_foreign
from deedbook.types import without_mark
from deedbook.types.mistakes import mistakes_of

FILE_SHIFT = 40
"""A record of a table is known by its file's number, shifted by this, plus its record number in the file."""
ROW_BITS = (1 << FILE_SHIFT) - 1
FINDINGS_SCHEMA = {name: pl.Int64 if kind is int else pl.String for name, kind in FINDING_FIELDS.items()}
WriteAll = Callable[[pl.DataFrame], None]
"""Takes rows of `FINDINGS_SCHEMA`."""
Place = tuple[str, str | None, Severity]
"""Rule, column and severity."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a finding says: its message and hint, the raw value of the cell, and a value that could stand there, safe or not."""

    message: str
    hint: str = ""
    value: str | None = None
    proposal: str | None = None
    is_safe: bool = False

    @property
    def certainty(self) -> str | None:
        """How sure the proposal is, as a `Finding` says it."""
        return None if self.proposal is None else "safe" if self.is_safe else "likely"


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
        waivers: Those of the table that are in force.
        counts: By rule, column and severity how many there are, and how many of them are waived; `causes` their causes.
    """

    resource: Resource
    limit: int = 10
    waivers: Sequence[Waiver] = ()
    write_all: WriteAll | None = None
    counts: dict[Place, list[int]] = field(default_factory=dict)
    causes: dict[Place, set[str]] = field(default_factory=dict)
    used_waivers: set[int] = field(default_factory=set)
    _shown: dict[tuple[str, str | None], list[tuple[Finding, Key | None]]] = field(default_factory=dict)

    def add(self, groups: Iterable[Group], records: Records) -> None:
        """Takes groups whose rows are positions in `records`."""
        for group in groups:
            place, waived = (group.rule, group.column, group.severity), self.waived_rows(group, records)
            self.causes.setdefault(place, set()).update(group.causes())
            shown = self._columns(group, self.limit, records, waived)
            kept = [Finding(**dict(zip(shown, row, strict=True))) for row in zip(*shown.values(), strict=True)]
            self._keep(place, kept, group.reference, len(group.rows), len(waived))
            if self.write_all:
                everything = self._columns(group, len(group.rows), records, waived)
                self.write_all(pl.DataFrame(everything, schema=FINDINGS_SCHEMA))

    def say(self, finding: Finding) -> None:
        """Takes one finding whose place is final."""
        self._keep((finding.rule, finding.column, finding.severity), [finding], None, 1, 0)
        if self.write_all:
            self.write_all(pl.DataFrame([finding], schema=FINDINGS_SCHEMA))

    def join(self, part: FindingsSoFar, row: int, line: int) -> None:
        """Takes the findings of a part of a file, which begins with this record and line."""
        for place, (count, waived) in part.counts.items():
            self._keep(place, [], None, count, waived)
        for place, causes in part.causes.items():
            self.causes.setdefault(place, set()).update(causes)
        self.used_waivers |= part.used_waivers
        for at, kept in part._shown.items():
            moved = ((_moved(finding, row, line), key) for finding, key in kept)
            self._shown[at] = sorted([*self._shown.get(at, ()), *moved], key=self._order)[: self.limit]

    def add_unseen(self, rule: str, column: str | None, count: int) -> None:
        """Counts more errors of a key, of which none is shown."""
        self.causes.setdefault((rule, column, "error"), set()).add("")
        self._keep((rule, column, "error"), [], None, count, 0)

    def _keep(self, place: Place, found: Sequence[Finding], key: Key | None, count: int, waived: int) -> None:
        """Counts findings of one place, and keeps those that may be among the first of its rule and column."""
        entry = self.counts.setdefault(place, [0, 0])
        entry[0] += count
        entry[1] += waived
        kept = self._shown.setdefault(place[:2], [])
        kept += ((finding, key) for finding in found)
        if len(kept) > 2 * self.limit:
            kept.sort(key=self._order)
            del kept[self.limit :]

    def waived_rows(self, group: Group, records: Records) -> dict[int, str]:
        """The rows of a group that are waived, and why; errors cannot be."""
        waivers = [item for item in self.waivers if group.severity == "warning" and _matches(item.rule, group.rule)]
        found: dict[int, str] = {}
        for row, key in zip(group.rows.tolist(), records.keys_of(group.rows), strict=True) if waivers else ():
            if (waiver := find_waiver(waivers, key or "", group.column or "")) is not None:
                found[row] = waiver.reason
                self.used_waivers.add(waiver.row)
        return found

    def _columns(self, group: Group, count: int, records: Records, waived: Mapping[int, str]) -> dict[str, list[Any]]:
        """The first findings of a group, a list for each of `FINDING_FIELDS` (a dict for each finding takes twice the time)."""
        rows, paths = group.rows[:count], self.resource.paths
        numbers, words, every = records.numbers[rows].tolist(), [group.words(at) for at in range(len(rows))], len(rows)
        same: dict[str, Any] = {
            "rule": group.rule,
            "severity": group.severity,
            "table": self.resource.name,
            "column": group.column,
        }
        same |= {"field_number": group.field_number, "constraint": group.constraint, "line": None}
        columns = {name: [same.get(name)] * every for name in FINDING_FIELDS}
        columns |= {
            name: [getattr(item, name) for item in words]
            for name in ("message", "value", "hint", "proposal", "certainty")
        }
        columns["path"] = [paths[number >> FILE_SHIFT] if paths else "" for number in numbers]
        columns["row"] = [number & ROW_BITS for number in numbers]
        if not is_foreign(self.resource):
            columns["line"] = records.lines[rows].tolist()
        return {**columns, "key": records.keys_of(rows), "waived": [waived.get(row) for row in rows.tolist()]}

    def shown(self) -> list[tuple[Finding, Key | None]]:
        """What is shown, each with the foreign key that its row breaks.

        By file, findings without a row first, then by row, field, rule, constraint, message.
        """
        chosen = (sorted(kept, key=self._order)[: self.limit] for kept in self._shown.values())
        return sorted((item for kept in chosen for item in kept), key=self._order)

    def _order(self, item: tuple[Finding, Key | None]) -> tuple[object, ...]:
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


def _moved(finding: Finding, row: int, line: int) -> Finding:
    """A finding whose row and line count from this record and line."""
    if finding.row is None:
        return finding
    return replace(finding, row=finding.row + row, line=None if finding.line is None else finding.line + line)


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


@lru_cache(maxsize=1 << 12)
def _matches(pattern: str, text: str) -> bool:
    """Whether a cell of a waiver means a text: the same one, or one that its `*` stand for."""
    means = re.escape(pattern).replace(r"\*", ".*")
    return pattern == text or ("*" in pattern and re.fullmatch(means, text, re.DOTALL) is not None)


def find_waiver(waivers: Iterable[Waiver], key: str, column: str) -> Waiver | None:
    """The one of a rule's waivers that answers a finding there; one that names the place goes before a pattern."""
    found = [item for item in waivers if _matches(item.key, key) and _matches(item.field, column)]
    return min(found, key=lambda item: (item.key + item.field).count("*"), default=None)


def waivers_in_force(waivers: Sequence[Waiver], table: str, today: str) -> list[Waiver]:
    """The waivers of a table that are in force.

    Args:
        waivers: All of the package.
        table: The table's name.
        today: The ISO date that decides; a waiver is in force up to and on the day it expires.
    """
    return [item for item in waivers if _matches(item.table, table) and not _has_expired(item, today)]


def _has_expired(waiver: Waiver, today: str) -> bool:
    """Whether the waiver no longer counts; an empty `expires` never ends."""
    return bool(waiver.expires and today and waiver.expires < today)


def judge_waivers(waivers: Sequence[Waiver], used: Collection[int], ran: set[str], today: str) -> list[Finding]:
    """A warning for each waiver that has expired or that no finding needed.

    Args:
        waivers: All of the package.
        used: The rows of `waivers.csv` that answered a finding.
        ran: The rules that were evaluated; a waiver of another one is left alone.
        today: The ISO date that decides.
    """
    findings = []
    for it in waivers:
        about, place = f"the waiver of `{it.rule}` for {it.table} {it.key}", f"{it.table} {it.key}"
        is_idle = it.row not in used and any(_matches(it.rule, rule) for rule in ran)
        said = []
        if _has_expired(it, today):
            told = f"{about} expired on {it.expires}"
            said.append(("waiver-expired", "expires", told, "renew it or correct the row"))
        elif is_idle:
            told = f"nothing in {place} needs the waiver of `{it.rule}`"
            said.append(("waiver-unmatched", "rule", told, "delete the line"))
        if not it.reason.strip():
            told = f"{about} gives no reason"
            said.append(("waiver-without-reason", "reason", told, "say why the warning is accepted"))
        for rule, column, message, hint in said:
            at = Finding(rule=rule, severity="warning", table="waivers", path="waivers.csv", message=message, hint=hint)
            findings.append(replace(at, row=it.row, line=it.row, column=column, value=getattr(it, column)))
    return findings
