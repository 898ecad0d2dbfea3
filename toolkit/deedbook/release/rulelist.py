"""Every rule that the data of a release was held to, with what it found: the codebook's list of rules.

A project's own rules are read from its rule files, those between releases from `versioning.guards` and the project's own guards. What one cell or one key
may be is not repeated here: it stands at the fields.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from deedbook.checking.rules import RuleBook
from deedbook.findings import Report, Severity
from deedbook.project import Project
from deedbook.release.tables import schema_of
from deedbook.types import dtype_of
from deedbook.versioning.guards import all_guards

BETWEEN = "between releases"
_ANY_DAY = dt.date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
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
    ref: str = ""
    places: tuple[str, ...] = ()
    says: str = ""
    hint: str = ""
    is_checked: bool = False
    findings: int = 0
    waived: int = 0


def rule_entries(
    project: Project, book: RuleBook, report: Report, *, has_previous: bool = False
) -> tuple[RuleEntry, ...]:
    """The rules of a project, table by table, and those between releases, each with what it found."""
    found: dict[str, RuleEntry] = {}
    checked = {check.name for check in report.checked}
    for item in _rules_of(project, book):
        known = found.setdefault(item.id, replace(item, is_checked=item.id in checked))
        scope = known.scope if known.scope == item.scope else "several tables"
        found[item.id] = replace(known, scope=scope, places=tuple(dict.fromkeys((*known.places, *item.places))))
    tables = [resource.name for resource in project.package.resources]
    order = ["several tables", *tables]
    entries = sorted(found.values(), key=lambda entry: (order.index(entry.scope), entry.ref, entry.id))
    entries += [
        RuleEntry(item.id, item.severity, BETWEEN, item.ref, (), item.says, item.hint, is_checked=has_previous)
        for item in all_guards(book.guards)
        if item.severity != "info" and {*tables} >= {*item.needs}  # what a plan only tells found nothing wrong
    ]
    counts: Counter[str] = Counter()
    waived: Counter[str] = Counter()
    for total in report.totals:
        counts[total.rule] += total.count
        waived[total.rule] += total.waived
    return tuple(replace(entry, findings=counts[entry.id], waived=waived[entry.id]) for entry in entries)


def _rules_of(project: Project, book: RuleBook) -> Iterator[RuleEntry]:
    """Every rule of the project's rule files; one on several fields comes once a field."""
    frames = {
        resource.name: pl.DataFrame(schema={item.name: dtype_of(item) for item in schema_of(resource).fields})
        for resource in project.package.resources
    }
    across = book.dataset(frames, _ANY_DAY) if book.dataset else {}
    for table in frames:
        for rules in (book.tables.get(table), across.get(table)):
            for item in rules.all_rules if rules else ():
                place = f"{table}.{item.at}" if item.at else table
                yield RuleEntry(item.id, item.severity, table, item.ref, (place,), item.message, item.hint)
