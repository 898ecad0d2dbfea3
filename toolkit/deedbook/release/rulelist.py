"""Every rule that the data of a release was held to, with what it found: the codebook's list of rules.

A project's own rules are read from its rule files, those between releases from `versioning.guards` and the project's own guards. What one cell or one key
may be is not repeated here: it stands at the fields.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import polars as pl

from deedbook.checking.rules import RuleBook, TableRules, kebab
from deedbook.findings import Report, Severity
from deedbook.project import Project
from deedbook.release.tables import schema_of
from deedbook.types import dtype_of
from deedbook.versioning.guards import all_guards

BETWEEN = "between releases"
_ANY_DAY = dt.date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """One rule.

    Attributes:
        scope: The table that it stands at, "several tables", or "between releases".
        places: The fields that it looks at, as `table.field` (or `table`); empty between releases.
        says: Its message; `{field}` stands for the value of a row.
        is_checked: Whether it was; rules between releases need an earlier one.
        findings: How many rows of this release it names; none of them is an error.
        waived: How many of these a maintainer accepted with a reason.
    """

    id: str
    severity: Severity
    scope: str
    ref: str
    places: tuple[str, ...]
    says: str
    hint: str
    is_checked: bool
    findings: int
    waived: int


@dataclass(frozen=True, slots=True)
class _Rule:
    table: str
    id: str
    severity: Severity
    ref: str
    at: str
    says: str
    hint: str


def rule_entries(
    project: Project, book: RuleBook, report: Report, *, has_previous: bool = False
) -> tuple[RuleEntry, ...]:
    """The rules of a project, table by table, and those between releases, each with what it found."""
    found: dict[str, list[_Rule]] = {}
    for item in _rules_of(project, book):
        found.setdefault(item.id, []).append(item)
    counts: dict[str, tuple[int, int]] = {}
    for total in report.totals:
        count, waived = counts.get(total.rule, (0, 0))
        counts[total.rule] = (count + total.count, waived + total.waived)
    checked = {check.name for check in report.checked}
    own = [_entry(rules, counts, is_checked=rules[0].id in checked) for rules in found.values()]
    order = ["several tables", *(resource.name for resource in project.package.resources)]
    own.sort(key=lambda entry: (order.index(entry.scope), entry.ref, entry.id))
    tables = {resource.name for resource in project.package.resources}
    return (*own, *_between(book, counts, tables, is_checked=has_previous))


def _entry(rules: list[_Rule], counts: Mapping[str, tuple[int, int]], *, is_checked: bool) -> RuleEntry:
    first = rules[0]
    tables = {item.table for item in rules}
    places = tuple(dict.fromkeys(f"{item.table}.{item.at}" if item.at else item.table for item in rules))
    count, waived = counts.get(first.id, (0, 0))
    return RuleEntry(
        id=first.id,
        severity=first.severity,
        scope=first.table if len(tables) == 1 else "several tables",
        ref=first.ref,
        places=places,
        says=first.says,
        hint=first.hint,
        is_checked=is_checked,
        findings=count,
        waived=waived,
    )


def _between(
    book: RuleBook, counts: Mapping[str, tuple[int, int]], tables: Set[str], *, is_checked: bool
) -> Iterator[RuleEntry]:
    """Those that apply to such tables; what a plan only tells (severity info) found nothing wrong."""
    for item in all_guards(book.guards):
        if item.severity == "info" or not tables >= set(item.needs):
            continue
        count, waived = counts.get(item.id, (0, 0))
        yield RuleEntry(
            id=item.id,
            severity=item.severity,
            scope=BETWEEN,
            ref=item.ref,
            places=(),
            says=item.says,
            hint=item.hint,
            is_checked=is_checked,
            findings=count,
            waived=waived,
        )


def _rules_of(project: Project, book: RuleBook) -> Iterator[_Rule]:
    """Every rule of the project's rule files; one on several fields comes once a field."""
    frames = {
        resource.name: pl.DataFrame(schema={item.name: dtype_of(item) for item in schema_of(resource).fields})
        for resource in project.package.resources
    }
    across = book.dataset(frames, _ANY_DAY) if book.dataset else {}
    for table in frames:
        for rules in (book.tables.get(table), across.get(table)):
            yield from _of_table(table, rules) if rules else ()


def _of_table(table: str, rules: TableRules) -> Iterator[_Rule]:
    for item in rules.rules:
        yield _Rule(table, item.id, item.severity, item.ref, item.at, item.message, item.hint)
    for column, check in rules.checks:
        says = f"does not satisfy {check.error or check.name or 'a check'}"
        yield _Rule(
            table, kebab(check.name or ""), "warning" if check.raise_warning else "error", "", column or "", says, ""
        )
