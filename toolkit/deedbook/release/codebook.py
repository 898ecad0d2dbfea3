"""The codebook: every table, field, code and rule with statistics, as one record and as JSON, Markdown and HTML of it.

It is generated from the release's schemas, code lists, rules and rows, so it cannot disagree with the data. A project's own rules
are read from its rule files, those between releases from `versioning.guards` and the project's own guards; what one cell or one key
may be is not repeated among them: it stands at the fields.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import polars as pl

from deedbook.checking.rules import RuleBook
from deedbook.findings import Report, Severity
from deedbook.project import Project
from deedbook.release.edition import Edition
from deedbook.release.pages import json_text, render
from deedbook.release.statistics import Statistics, code_labels, code_text, describe_columns
from deedbook.release.tables import Outline, Table, references_of, schema_of
from deedbook.schema import Field
from deedbook.types import dtype_of
from deedbook.versioning.guards import all_guards

BETWEEN = "between releases"
SEVERAL = "several tables"
_ANY_DAY = dt.date(2000, 1, 1)
_BOUNDS = (
    ("minimum", "maximum", ""),
    ("exclusiveMinimum", "exclusiveMaximum", ", ends excluded"),
    ("minLength", "maxLength", " characters"),
)


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

    def joined_to(self, known: Self) -> Self:
        """The rule of both entries, which stands at the fields of both."""
        scope = self.scope if self.scope == known.scope else SEVERAL
        return replace(known, scope=scope, places=tuple(dict.fromkeys(known.places + self.places)))


TableEntry = dict[str, Any]
"""What `codebook.json` says of a table."""


def table_entry(table: Table, definitions: Mapping[tuple[str, str], str]) -> TableEntry:
    """The entry of one table; `crosswalk` names counterparts in other datasets.

    Args:
        table: The table.
        definitions: What the codes mean, by list and code.
    """
    outline, statistics = table.outline, describe_columns(table)
    return {
        "name": outline.name,
        "title": outline.title,
        "description": outline.description,
        "rows": table.rows.height,
        "is_view": outline.is_view,
        "primary_key": outline.schema.primary_key,
        "crosswalk": _texts(outline.schema.raw.get("crosswalk")),
        "fields": [_field_entry(item, outline, statistics[item.name], definitions) for item in outline.schema.fields],
    }


def codebook_documents(edition: Edition, tables: Sequence[TableEntry], rules: Sequence[RuleEntry]) -> dict[str, str]:
    """The codebook for machines, as plain text, and as one self-contained page without script, font or image from elsewhere."""
    codebook = {
        "codebook_version": 1,
        "name": edition.name,
        "title": edition.title,
        "version": edition.version,
        "created": edition.moment,
        "description": edition.description,
        "tables": tables,
        "rules": rules,
    }
    names = {table["name"] for table in tables}
    return {
        "codebook.json": json_text(codebook, 2, asdict),
        "CODEBOOK.md": render("CODEBOOK.md.j2", codebook=codebook),
        "CODEBOOK.html": render("CODEBOOK.html.j2", codebook=codebook, table_names=names),
    }


def _field_entry(
    item: Field, outline: Outline, statistics: Statistics, definitions: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """One field. `refers_to` is `table.field` for a foreign key; `rules` are its bounds in words."""
    primary_key, said = outline.schema.primary_key, item.constraints
    examples = item.raw.get("examples")
    example: Any = item.raw.get("example", examples[0] if isinstance(examples, list) and examples else "")
    counts = {entry.value: entry.count for entry in statistics.top}
    return {
        "name": item.name,
        "type": item.type if item.format in {"default", ""} else f"{item.type} ({item.format})",
        "title": item.title,
        "description": item.description,
        "example": code_text(example) if isinstance(example, bool) else str(example),
        "is_required": item.name in outline.required,
        "is_unique": bool(said.get("unique")) or primary_key == (item.name,),
        "in_primary_key": item.name in primary_key,
        "is_derived": item.name in outline.derived,
        "refers_to": references_of(item, outline),
        "rules": tuple(_bounds(said)),
        "pattern": str(said.get("pattern", "")),
        "crosswalk": _texts(item.raw.get("crosswalk")),
        "code_list": item.code_list,
        "codes": [
            {
                "value": code,
                "label": label,
                "definition": definitions.get((item.code_list, code), ""),
                "count": counts.get(code, 0),
            }
            for code, label in code_labels(item).items()
        ],
        "statistics": statistics,
    }


def _bounds(constraints: Mapping[str, Any]) -> Iterator[str]:
    """The declared bounds in words: `1 to 120 characters`, `at least 0`."""
    for lower, upper, unit in _BOUNDS:
        low, high = constraints.get(lower), constraints.get(upper)
        if low is not None or high is not None:
            alone = f"at most {high}" if low is None else f"at least {low}"
            yield (alone if low is None or high is None else f"{low} to {high}") + unit


def _texts(raw: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in raw.items()} if isinstance(raw, Mapping) else {}


def rule_entries(
    project: Project, book: RuleBook, report: Report, *, has_previous: bool = False
) -> tuple[RuleEntry, ...]:
    """The rules of a project, table by table, and those between releases, each with what it found."""
    found: dict[str, RuleEntry] = {}
    for item in _rules_of(project, book):
        found[item.id] = item.joined_to(found.get(item.id, item))
    checked = {check.name for check in report.checked}
    tables = [resource.name for resource in project.package.resources]
    order = [SEVERAL, *tables]
    entries = [replace(entry, is_checked=entry.id in checked) for entry in found.values()]
    entries.sort(key=lambda entry: (order.index(entry.scope), entry.ref, entry.id))
    entries += [
        RuleEntry(item.id, item.severity, BETWEEN, item.ref, (), item.says, item.hint, is_checked=has_previous)
        for item in all_guards(book.guards)
        if item.severity != "info" and {*tables} >= {*item.needs}  # what a plan only tells found nothing wrong
    ]
    counts, waived = Counter[str](), Counter[str]()
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
            for item in rules.rules if rules else ():
                place = f"{table}.{item.at}" if item.at else table
                yield RuleEntry(item.id, item.severity, table, item.ref, (place,), item.message, item.hint)
