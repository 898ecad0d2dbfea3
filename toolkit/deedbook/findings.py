"""What validation says: findings, exact totals, what was checked and what was not.

Records only: nothing here prints. Every output format is a view of one `Report`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From what stops a release to what is only said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake at one place.

    Attributes:
        rule: Stable kebab-case id; for cells and structure the frictionless error type.
        table: Resource name.
        path: The file as the descriptor names it; empty when the finding concerns no file.
        row: Record number in the file, the header being 1; None for a finding about the whole table.
        line: Physical line on which the record starts; None where `row` is None.
        column: Field name; None for a row or table.
        field_number: 1-based position of the column in the file.
        key: Primary key values as text, joined by `|` (`|` and `\\` escaped); None without a primary key.
        value: The raw text of the cell; None where there is no cell or nothing in it.
        constraint: The violated constraint of a `constraint-error`.
        waived: The maintainer's reason from `waivers.csv`; None when not waived.
        proposal: A text that could stand in the cell and would be valid there; None where nothing is sure enough.
        certainty: `safe` when the cell can have meant nothing but the proposal, so that `fix --all-safe` writes it, else `likely`.
    """

    rule: str
    severity: Severity
    table: str
    message: str
    path: str = ""
    row: int | None = None
    line: int | None = None
    column: str | None = None
    field_number: int | None = None
    key: str | None = None
    value: str | None = None
    constraint: str | None = None
    hint: str = ""
    waived: str | None = None
    proposal: str | None = None
    certainty: str | None = None

    @property
    def has_file(self) -> bool:
        """Whether it concerns a file of the package, not an address."""
        return self.path != "" and "://" not in self.path


FINDING_FIELDS: Mapping[str, type] = {item.name: int if "int" in str(item.type) else str for item in fields(Finding)}
"""Name and type of each field, in order: the columns of a file of findings, and what JSON and its schema have."""


@dataclass(frozen=True, slots=True)
class Total:
    """How often a rule failed in one column of one table, however many findings are shown.

    Attributes:
        cause: What is wrong with each of them, after "each of the 40 values"; empty where they have nothing, or nobody knows.
    """

    table: str
    rule: str
    column: str | None
    severity: Severity
    count: int
    waived: int = 0
    cause: str = ""

    @property
    def is_alike(self) -> bool:
        """Whether the values are so many with one thing wrong that it is said once."""
        return self.cause != "" and self.count > 2


@dataclass(frozen=True, slots=True)
class Check:
    """Something declared that was enforced on a table: a type, a constraint, a key or a rule."""

    table: str
    name: str
    column: str | None = None
    skipped: int = 0
    """Rows that were not evaluated because a cell that the check reads is bad."""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something declared that could not be enforced, and why; `accepted` where a maintainer decided so, with that reason."""

    table: str
    name: str
    reason: str
    column: str | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class TableStats:
    """The size of what was read.

    Attributes:
        present: How many cells of each column hold a value; a release has to hold as many.
    """

    table: str
    path: str
    rows: int
    cells: int
    bytes: int
    present: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a validation.

    Attributes:
        findings: The shown ones, in a deterministic order: tables in descriptor order, then file, row
            (findings without a row first), field, rule, constraint, message.
        totals: Exact counts, in the order in which tables stand in the descriptor.
    """

    tables: tuple[TableStats, ...] = ()
    findings: tuple[Finding, ...] = ()
    totals: tuple[Total, ...] = ()
    checked: tuple[Check, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    def unwaived(self, severity: Severity) -> int:
        """The number of findings of a severity that nobody waived."""
        return sum(total.count - total.waived for total in self.totals if total.severity == severity)

    @property
    def errors(self) -> int:
        """The number of errors; errors cannot be waived."""
        return self.unwaived("error")

    @property
    def warnings(self) -> int:
        """The number of warnings that nobody waived."""
        return self.unwaived("warning")

    @property
    def waived(self) -> int:
        """The number of waived warnings."""
        return sum(total.waived for total in self.totals)

    @property
    def open_findings(self) -> list[Finding]:
        """The shown findings that nobody waived."""
        return [item for item in self.findings if item.waived is None]

    @property
    def valid(self) -> bool:
        """Whether no error was found."""
        return self.errors == 0

    def passes(self, *, strict: bool = False) -> bool:
        """Whether the data may be published; `strict` also counts unwaived warnings and unchecked declarations."""
        unchecked = any(not item.accepted for item in self.not_checked)
        return self.valid and not (strict and (self.warnings or unchecked))


REPORT_PARTS = {"tables": TableStats, "checked": Check, "not_checked": NotChecked, "totals": Total, "findings": Finding}
"""The lists of a report and what they hold, in the order in which JSON has them."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows of a file in which findings are shown.

    Attributes:
        labels: What the header calls the columns, in the order of the file; the names of the fields where there is no header.
        rows: Their cells by record number, the first record of the file being 1.
    """

    labels: Sequence[str] = ()
    rows: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def row_of(self, finding: Finding) -> Sequence[str]:
        """The cells of a finding's row; none where they are not known, or another value stands in its cell."""
        cells, number = self.rows.get(finding.row or 0, ()), finding.field_number
        if number and finding.value is not None and [*cells[number - 1 : number]] != [finding.value]:
            return ()
        return cells


def with_findings(report: Report, findings: Sequence[Finding]) -> Report:
    """The report with what was found after the validation of its tables, at the end."""
    totals = tuple(Total(*place, len(items)) for place, items in by_place(findings).items())
    return replace(report, findings=(*report.findings, *findings), totals=(*report.totals, *totals))


def joined(reports: Sequence[Report]) -> Report:
    """What all of them say, in their order."""
    lists: dict[str, Any] = {
        part: tuple(chain.from_iterable(getattr(report, part) for report in reports)) for part in REPORT_PARTS
    }
    return Report(**lists)


Place = tuple[str, str, str | None, Severity]
"""Table, rule, column, severity."""


def place_of(item: Finding | Total) -> Place:
    """What a total counts together."""
    return item.table, item.rule, item.column, item.severity


def by_place(findings: Iterable[Finding]) -> dict[Place, list[Finding]]:
    """The findings that belong to each total, in their order."""
    found: dict[Place, list[Finding]] = {}
    for item in findings:
        found.setdefault(place_of(item), []).append(item)
    return found


def by_table(report: Report) -> dict[str, Report]:
    """What a report says of each table that was read or that something is said of; an empty name is the whole package."""
    found: dict[str, dict[str, list[Any]]] = {}
    for part in REPORT_PARTS:
        for item in getattr(report, part):
            found.setdefault(item.table, {}).setdefault(part, []).append(item)
    reports = {}
    for name, lists in found.items():
        parts: dict[str, Any] = {part: tuple(items) for part, items in lists.items()}
        reports[name] = Report(**parts)
    return reports


def join_key(values: tuple[str, ...] | list[str]) -> str:
    """The text form of a key of several fields: joined by `|`, with `|` and the backslash escaped."""
    return "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint that the most similar of the known names may be meant; the other hint when none is similar."""
    import difflib

    by_fold = {item.casefold(): item for item in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean `{by_fold[found[0]]}`?" if found else otherwise


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 row`, `1,204 rows`, `3 info`."""
    return f"{count:,} {noun}{'' if count == 1 or noun == 'info' else 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """The first of the names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def place_in_package(item: Total | NotChecked | Finding) -> str:
    """`table.column`, as far as there are the two; empty for the package."""
    return ".".join(part for part in (item.table, item.column) if part)


def shorten(text: str, limit: int = 60) -> str:
    """The text, cut in the middle of nowhere only when it is too long to show."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def report_record(report: Report) -> dict[str, object]:
    """The report as JSON values, in the one shape that every machine output has; without the time that it took."""
    return {
        "report_version": 1,
        "valid": report.valid,
        "stats": {
            "tables": len(report.tables),
            "rows": sum(table.rows for table in report.tables),
            "cells": sum(table.cells for table in report.tables),
            "bytes": sum(table.bytes for table in report.tables),
            "checks": len(report.checked),
            "errors": report.errors,
            "warnings": report.warnings,
            "waived": report.waived,
        },
        **{part: _values(getattr(report, part)) for part in REPORT_PARTS},
    }


def _values(items: Sequence[TableStats | Check | NotChecked | Total | Finding]) -> list[dict[str, object]]:
    """Each record as a dictionary. (`dataclasses.asdict` copies what cannot change.)"""
    names = [item.name for item in fields(items[0])] if items else []
    return [{name: getattr(item, name) for name in names} for item in items]
