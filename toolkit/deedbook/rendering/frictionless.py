"""The report in the shape of frictionless-py's: `valid`, `stats`, `tasks[].errors[]`.

`frictionless.Report.from_descriptor` reads it. Its error types are a closed set: a finding of a rule of ours is a
`row-constraint`, or a `table-error` where it has no row. `rule` and `severity` are additions, the rest is the library's.
Errors that are counted but not shown are in `stats` only; waived and other warnings are in `warnings` as sentences.
"""

from __future__ import annotations

import json
from typing import Any

from deedbook.findings import Finding, Report, by_table
from deedbook.rendering import PLAIN, View

FILE_TYPES = frozenset(
    {"byte-count", "compression-error", "encoding-error", "field-count", "format-error", "hash-count"}
    | {"row-count", "scheme-error", "source-error"}
)
HEADER_TYPES = frozenset(
    {"blank-header", "blank-label", "duplicate-label", "extra-label", "incorrect-label", "missing-label"}
    | {"unmatched-header"}
)
ROW_TYPES = frozenset(
    {"blank-row", "constraint-error", "extra-cell", "foreign-key", "missing-cell", "primary-key", "type-error"}
    | {"unique-error"}
)
_OWN = {"unique-key": "unique-error", "unclosed-quote": "source-error", "nul-character": "source-error"}


def render(report: Report, view: View = PLAIN) -> str:  # noqa: ARG001  # as every format
    """The report as indented JSON with a final line end."""
    parts = by_table(report).values()
    lost = [item for part in parts if not part.tables for item in part.findings]
    tasks = [
        {
            "name": table.table,
            "type": "table",
            "valid": part.valid,
            "place": table.path or "<memory>",
            "labels": [],
            "stats": {
                "errors": part.errors,
                "warnings": part.warnings,
                "seconds": 0,
                "bytes": table.bytes,
                "fields": table.cells // table.rows if table.rows else 0,
                "rows": table.rows,
            },
            "warnings": [_sentence(item) for item in part.findings if item.severity != "error"],
            "errors": [_error(item) for item in part.findings if item.severity == "error"],
        }
        for part in parts
        for table in part.tables
    ]
    seconds = round(report.seconds, 3)
    stats = {"tasks": len(tasks), "errors": report.errors, "warnings": report.warnings, "seconds": seconds}
    warnings = [f"{item.severity} {item.rule}: {_sentence(item)}" for item in lost]
    record = {"valid": report.valid, "stats": stats, "warnings": warnings, "errors": [], "tasks": tasks}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _error(finding: Finding) -> dict[str, Any]:
    kind = _kind(finding)
    places = ["#table", "#row", "#cell"][: 1 if finding.row is None else 3 if finding.column else 2]
    error: dict[str, Any] = {
        "type": kind,
        "title": kind.replace("-", " ").title(),
        "description": "",
        "message": _sentence(finding),
        "tags": places,
        "note": finding.message,
        "rule": finding.rule,
        "severity": finding.severity,
    }
    value = finding.value or ""
    if kind in HEADER_TYPES:
        error |= {"labels": [], "rowNumbers": [1], "label": value or finding.column or ""}
    if finding.row is not None:
        error |= {"cells": [] if finding.value is None else [finding.value], "rowNumber": finding.row}
    if finding.column is not None:
        error |= {"fieldName": finding.column, "cell": value}
    if finding.field_number is not None:
        error["fieldNumber"] = finding.field_number
    if kind == "foreign-key":
        error |= {"fieldNames": (finding.column or "").split(", "), "fieldCells": [value]}
        error |= {"referenceName": "", "referenceFieldNames": []}
    return error


def _kind(finding: Finding) -> str:
    """The library's type for a finding; a type of rows needs a row."""
    kind = _OWN.get(finding.rule, finding.rule)
    if kind in FILE_TYPES or kind in HEADER_TYPES or (kind in ROW_TYPES and finding.row is not None):
        return kind
    return "table-error" if finding.row is None else "row-constraint"


def _sentence(finding: Finding) -> str:
    where = [finding.table] if finding.row is None else [f"row {finding.row}"]
    where += [f"field {finding.column}"] if finding.column else []
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    return f"{', '.join(where)}: {finding.message}{waived}"
