"""The findings of a table so far: counted exactly, kept only as far as they are shown, and written to a file when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.explanation import common_cause
from deedbook.checking.group import Group
from deedbook.checking.plan import TablePlan
from deedbook.checking.references import Reference
from deedbook.errors import UsageError
from deedbook.files import replacement
from deedbook.findings import FINDING_FIELDS, Finding, Severity, Total, join_key
from deedbook.reading.inputs import is_foreign
from deedbook.types import without_mark

FILE_SHIFT = 40
"""A record of a table is known by its file's number, shifted by this, plus its record number in the file."""
_ROW = (1 << FILE_SHIFT) - 1
FINDINGS_SCHEMA = {name: pl.Int64 if kind is int else pl.String for name, kind in FINDING_FIELDS.items()}
WriteAll = Callable[[pl.DataFrame], None]
"""Takes rows of `FINDINGS_SCHEMA`."""


@dataclass(frozen=True, slots=True)
class Records:
    """Where rows stand that groups of findings speak of.

    Attributes:
        numbers: Their record numbers, with the number of the file in the bits above `FILE_SHIFT`.
        lines: The lines on which they start.
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


@dataclass(slots=True)
class FindingsSoFar:
    """The findings of a table; those of its blocks come in order, those of keys and rules after them."""

    plan: TablePlan
    write_all: WriteAll | None = None
    counts: dict[tuple[str, str | None, Severity], list[int]] = field(default_factory=dict)
    causes: dict[tuple[str, str | None, Severity], set[str]] = field(default_factory=dict)
    used_waivers: set[int] = field(default_factory=set)
    _shown: dict[tuple[str, str | None], list[tuple[Finding, Reference | None]]] = field(default_factory=dict)

    def add(self, groups: Iterable[Group], records: Records) -> None:
        """Takes groups whose rows are positions in `records`."""
        for group in groups:
            waived = self._waive(group, records)
            self.count(group.rule, group.column, group.severity, len(group.rows), len(waived))
            self.causes.setdefault((group.rule, group.column, group.severity), set()).update(group.causes())
            shown = self._columns(group, self.plan.options.max_findings, records, waived)
            for values in zip(*shown.values(), strict=True):
                self._show(Finding(**dict(zip(shown, values, strict=True))), group.reference)
            if self.write_all:
                everything = self._columns(group, len(group.rows), records, waived)
                self.write_all(pl.DataFrame(everything, schema=FINDINGS_SCHEMA))

    def say(self, finding: Finding) -> None:
        """Takes one finding whose place is final."""
        self.count(finding.rule, finding.column, finding.severity, 1)
        self._show(finding, None)
        if self.write_all:
            self.write_all(pl.DataFrame([finding], schema=FINDINGS_SCHEMA))

    def count(self, rule: str, column: str | None, severity: Severity, count: int, waived: int = 0) -> None:
        """Counts findings, so many of them waived, without showing them."""
        entry = self.counts.setdefault((rule, column, severity), [0, 0])
        entry[0] += count
        entry[1] += waived

    def _waive(self, group: Group, records: Records) -> dict[int, str]:
        """The rows of a group that are waived, and why; errors cannot be."""
        waivers = self.plan.waivers.of_rule(group.rule) if group.severity == "warning" else None
        if not waivers or not waivers.in_force:
            return {}
        found = {}
        for row, key in zip(group.rows.tolist(), records.keys_of(group.rows), strict=True):
            if (waiver := waivers.find(key or "", group.column or "")) is not None:
                found[row] = waiver.reason
                self.used_waivers.add(waiver.row)
        return found

    def _columns(self, group: Group, count: int, records: Records, waived: Mapping[int, str]) -> dict[str, list[Any]]:
        """The first findings of a group, a list for each of `FINDING_FIELDS`."""
        resource, rows = self.plan.resource, group.rows[:count]
        numbers = records.numbers[rows].tolist()
        words = [group.words(at) for at in range(len(rows))]
        every = len(rows)
        return {
            "rule": [group.rule] * every,
            "severity": [group.severity] * every,
            "table": [resource.name] * every,
            "message": [item.message for item in words],
            "path": [resource.paths[number >> FILE_SHIFT] if resource.paths else "" for number in numbers],
            "row": [number & _ROW for number in numbers],
            "line": [None] * every if is_foreign(resource) else records.lines[rows].tolist(),
            "column": [group.column] * every,
            "field_number": [group.field_number] * every,
            "key": records.keys_of(rows),
            "value": [item.value for item in words],
            "constraint": [group.constraint] * every,
            "hint": [item.hint for item in words],
            "waived": [waived.get(row) for row in rows.tolist()],
            "proposal": [item.proposal for item in words],
        }

    def _show(self, finding: Finding, reference: Reference | None) -> None:
        """Keeps a finding if it is among the first of its rule and column."""
        kept, limit = self._shown.setdefault((finding.rule, finding.column), []), self.plan.options.max_findings
        kept.append((finding, reference))
        if len(kept) > 2 * limit:
            kept.sort(key=self._place)
            del kept[limit:]

    def shown(self) -> list[tuple[Finding, Reference | None]]:
        """What is shown, each with the foreign key that its row breaks.

        By file, findings without a row first, then by row, field, rule, constraint, message.
        """
        chosen = (sorted(kept, key=self._place)[: self.plan.options.max_findings] for kept in self._shown.values())
        return sorted((item for kept in chosen for item in kept), key=self._place)

    def _place(self, item: tuple[Finding, Reference | None]) -> tuple[object, ...]:
        finding, paths = item[0], self.plan.resource.paths
        return (
            paths.index(finding.path) if finding.path in paths else -1,
            -1 if finding.row is None else finding.row,
            finding.field_number or 0,
            finding.rule,
            finding.constraint or "",
            finding.message,
        )

    def totals(self) -> list[Total]:
        """The exact counts, by rule and column."""
        ordered = sorted(self.counts.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2]))
        return [
            Total(self.plan.resource.name, *key, count, waived, common_cause(frozenset(self.causes.get(key, ()))))
            for key, (count, waived) in ordered
        ]


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
        if path.suffix == ".csv":
            rows, staged = target, path
        else:
            import tempfile

            staged = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deedbook-"))) / "findings.csv"
            rows = stack.enter_context(staged.open("wb"))
        pl.DataFrame(schema=FINDINGS_SCHEMA).write_csv(rows)
        yield lambda frame: frame.write_csv(rows, include_header=False)
        if rows is not target:
            rows.close()
            pl.scan_csv(staged, schema=FINDINGS_SCHEMA).sink_parquet(target)
