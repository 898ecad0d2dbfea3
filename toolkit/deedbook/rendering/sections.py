"""A report taken apart by table, as every format that has headings shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from deedbook.findings import Check, Finding, NotChecked, Report, Severity, TableStats, Total, plural

Item = TypeVar("Item", Total, Finding, Check, NotChecked)
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From what stops a release to what is only said."""


@dataclass(frozen=True, slots=True)
class Section:
    """What a report says of one table, or of the whole package where the name is empty.

    Attributes:
        stats: The size of the table; None when it was not read.
        totals: Exact counts, in the report's order.
        findings: The shown ones, waived ones too.
    """

    name: str
    stats: TableStats | None
    totals: tuple[Total, ...]
    findings: tuple[Finding, ...]
    checked: tuple[Check, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def title(self) -> str:
        """The name, in words where there is none."""
        return self.name or "the whole package"

    @property
    def path(self) -> str:
        """The table's files, separated by commas; empty when there is none."""
        return self.stats.path if self.stats else ""

    @property
    def open_findings(self) -> list[Finding]:
        """The shown findings that nobody waived."""
        return [item for item in self.findings if item.waived is None]

    def count(self, severity: Severity) -> int:
        """Findings of that severity that nobody waived, shown or not."""
        return sum(total.count - total.waived for total in self.totals if total.severity == severity)


def sections(report: Report) -> list[Section]:
    """One section for each table that was read or that something is said of, in the report's order."""
    stats = {table.table: table for table in report.tables}
    totals, findings = _by_table(report.totals), _by_table(report.findings)
    checked, not_checked = _by_table(report.checked), _by_table(report.not_checked)
    names = dict.fromkeys([*stats, *totals, *not_checked])
    return [
        Section(
            name,
            stats.get(name),
            tuple(totals.get(name, ())),
            tuple(findings.get(name, ())),
            tuple(checked.get(name, ())),
            tuple(not_checked.get(name, ())),
        )
        for name in names
    ]


def _by_table(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.table, []).append(item)
    return found


def counts(totals: Iterable[Total]) -> str:
    """How many findings there are of each severity, in words: `3 errors, 1 waived`."""
    found: Counter[str] = Counter()
    for total in totals:
        found[total.severity] += total.count - total.waived
        found["waived"] += total.waived
    said = [
        f"{found[kind]:,} info" if kind == "info" else plural(found[kind], kind) for kind in SEVERITIES if found[kind]
    ]
    return ", ".join([*said, *([f"{found['waived']:,} waived"] if found["waived"] else [])])
