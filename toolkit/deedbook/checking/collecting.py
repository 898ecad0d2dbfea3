"""Findings of one block, counted exactly and kept only as far as they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.findings import Finding, Severity, Total, join_key
from deedbook.reading.native import without_mark

TotalKey = tuple[str, str | None, Severity]
"""Rule, column, severity."""

FINDINGS_SCHEMA = {
    "table": pl.String,
    "rule": pl.String,
    "severity": pl.String,
    "row": pl.Int64,
    "column": pl.String,
    "field_number": pl.Int64,
    "constraint": pl.String,
    "value": pl.String,
    "message": pl.String,
    "waived": pl.Boolean,
}

Words = Callable[[int], tuple[str, str, str | None]]
"""Message, hint and raw value of the n-th row of a group."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a block that break one rule at one column.

    Attributes:
        rows: Their positions in the block, rising.
        words: What to say about the n-th of them.
    """

    rule: str
    rows: Rows
    words: Words
    severity: Severity = "error"
    column: str | None = None
    field_number: int | None = None
    constraint: str | None = None


@dataclass(frozen=True, slots=True)
class Collecting:
    """What the findings of a table need to know.

    Attributes:
        limit: How many findings of one rule and column are shown.
        path: The file that is read; all of them where that is not known.
        paths: The files in order.
        has_lines: Whether records stand on lines; those of JSON and spreadsheets do not.
        keep_all: Whether every finding is wanted as a row of `FINDINGS_SCHEMA`.
        waived: For each rule with waivers, the (key, column) pairs that are accepted and why.
    """

    table: str
    path: str
    key: tuple[str, ...]
    limit: int
    keep_all: bool = False
    paths: tuple[str, ...] = ()
    has_lines: bool = True
    waived: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collected:
    """The findings of a block; rows and lines still count from the block's start (0)."""

    shown: tuple[Finding, ...] = ()
    counts: Mapping[TotalKey, tuple[int, int]] = field(default_factory=dict)
    everything: pl.DataFrame | None = None
    used_waivers: frozenset[tuple[str, str, str]] = frozenset()

    def renumbered(self, numbers: Rows) -> Collected:
        """The same findings, each of the row of that number in place of the row at that position."""
        shown = tuple(replace(item, row=None if item.row is None else int(numbers[item.row])) for item in self.shown)
        everything = self.everything
        if everything is not None:
            everything = everything.with_columns(row=pl.Series(numbers[everything["row"].to_numpy()]))
        return replace(self, shown=shown, everything=everything)


def collect(groups: list[Group], frame: pl.DataFrame, settings: Collecting, line_of: Callable[[int], int]) -> Collected:
    """The groups as findings and counts.

    Args:
        groups: What was found.
        settings: What the table's findings have in common.
        frame: The block's text columns, for the keys of the shown rows.
        line_of: The line of a row, both counted from the block's start.
    """
    shown: list[Finding] = []
    counts: dict[TotalKey, tuple[int, int]] = {}
    used: set[tuple[str, str, str]] = set()
    frames = []
    for group in groups:
        accepted = settings.waived.get(group.rule, {}) if group.severity == "warning" else {}
        reasons = _reasons(group, frame, settings.key, accepted)
        used |= {(group.rule, keys_of(frame, settings.key, at), group.column or "") for at in reasons}
        total = (group.rule, group.column, group.severity)
        count, waived = counts.get(total, (0, 0))
        counts[total] = count + len(group.rows), waived + len(reasons)
        for at, row in enumerate(group.rows[: settings.limit].tolist()):
            shown.append(_finding(group, at, row, frame, settings, line_of, reasons.get(row)))
        if settings.keep_all:
            frames.append(_all_rows(group, settings.table, reasons))
    return Collected(tuple(shown), counts, pl.concat(frames) if frames else None, frozenset(used))


def keys_of(frame: pl.DataFrame, key: tuple[str, ...], row: int) -> str:
    """The primary key of a row as text."""
    return join_key([without_mark(frame[name][row] or "") for name in key])


def _reasons(
    group: Group, frame: pl.DataFrame, key: tuple[str, ...], accepted: Mapping[tuple[str, str], str]
) -> dict[int, str]:
    if not accepted:
        return {}
    found = ((row, accepted.get((keys_of(frame, key, row), group.column or ""))) for row in group.rows.tolist())
    return {row: reason for row, reason in found if reason is not None}


def _finding(
    group: Group,
    at: int,
    row: int,
    frame: pl.DataFrame,
    settings: Collecting,
    line_of: Callable[[int], int],
    waived: str | None,
) -> Finding:
    message, hint, value = group.words(at)
    return Finding(
        rule=group.rule,
        severity=group.severity,
        table=settings.table,
        path=settings.path,
        message=message,
        hint=hint,
        value=value,
        row=row,
        line=line_of(row),
        column=group.column,
        field_number=group.field_number,
        key=keys_of(frame, settings.key, row) if settings.key else None,
        constraint=group.constraint,
        waived=waived,
    )


def _all_rows(group: Group, table: str, reasons: Mapping[int, str]) -> pl.DataFrame:
    words = [group.words(at) for at in range(len(group.rows))]
    count = len(words)
    return pl.DataFrame(
        {
            "table": [table] * count,
            "rule": [group.rule] * count,
            "severity": [group.severity] * count,
            "row": group.rows,
            "column": [group.column] * count,
            "field_number": [group.field_number] * count,
            "constraint": [group.constraint] * count,
            "value": [value for _, _, value in words],
            "message": [message for message, _, _ in words],
            "waived": np.isin(group.rows, list(reasons)),
        },
        schema=FINDINGS_SCHEMA,
    )


@dataclass(slots=True)
class Ledger:
    """The findings of a whole table, block after block."""

    settings: Collecting
    write_all: Callable[[pl.DataFrame], None] | None = None
    counts: dict[TotalKey, list[int]] = field(default_factory=dict)
    used_waivers: set[tuple[str, str, str]] = field(default_factory=set)
    _shown: dict[tuple[str, str | None], list[Finding]] = field(default_factory=dict)

    def add(self, collected: Collected, first_row: int, first_line: int) -> None:
        """Takes a block's findings, its first record and line being these."""
        for finding in collected.shown:
            row, line = finding.row, finding.line
            self._show(
                replace(
                    finding,
                    row=None if row is None else row + first_row,
                    line=None if line is None else line + first_line,
                )
            )
        for key, (count, waived) in collected.counts.items():
            entry = self.counts.setdefault(key, [0, 0])
            entry[0] += count
            entry[1] += waived
        self.used_waivers |= collected.used_waivers
        if self.write_all and collected.everything is not None:
            self.write_all(collected.everything.with_columns(pl.col("row") + first_row))

    def say(self, finding: Finding) -> None:
        """Takes one finding whose place is final."""
        self.count_only(finding, 1)
        self._show(finding)
        if self.write_all:
            values = {name: getattr(finding, name) for name in FINDINGS_SCHEMA if name != "waived"}
            self.write_all(pl.DataFrame([{**values, "waived": finding.waived is not None}], schema=FINDINGS_SCHEMA))

    def count_only(self, finding: Finding, count: int) -> None:
        """Counts findings like this one without showing them."""
        entry = self.counts.setdefault((finding.rule, finding.column, finding.severity), [0, 0])
        entry[0] += count
        entry[1] += count if finding.waived is not None else 0

    def _show(self, finding: Finding) -> None:
        """Keeps a finding if it is among the first of its rule and column; the order in which they come does not matter."""
        kept = self._shown.setdefault((finding.rule, finding.column), [])
        kept.append(finding if self.settings.has_lines else replace(finding, line=None))
        if len(kept) > 2 * self.settings.limit:
            kept.sort(key=self._place)
            del kept[self.settings.limit :]

    def sorted_findings(self) -> list[Finding]:
        """What is shown: by file, findings without a row first, then by row, field, rule, constraint, message."""
        chosen = [sorted(kept, key=self._place)[: self.settings.limit] for kept in self._shown.values()]
        return sorted((finding for kept in chosen for finding in kept), key=self._place)

    def _place(self, finding: Finding) -> tuple[object, ...]:
        paths = self.settings.paths
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
            Total(self.settings.table, rule, column, severity, count, waived)
            for (rule, column, severity), (count, waived) in ordered
        ]
