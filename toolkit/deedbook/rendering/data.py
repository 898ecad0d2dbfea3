"""The report for programs: as JSON of one shape, as CSV, and in the shape of frictionless-py's report."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from deedbook import files
from deedbook.errors import UsageError
from deedbook.findings import (
    FINDING_FIELDS,
    Finding,
    Place,
    Report,
    TableStats,
    Total,
    by_table,
    place_of,
    report_record,
)
from deedbook.rendering import PLAIN, View

FILE_TYPES = frozenset(
    {"byte-count", "compression-error", "encoding-error", "field-count", "format-error", "hash-count"}
    | {"row-count", "scheme-error", "source-error"}
)
"""Error types of frictionless-py, a closed set: these of files, others of headers and of rows."""
HEADER_TYPES = frozenset(
    {"blank-header", "blank-label", "duplicate-label", "extra-label", "incorrect-label", "missing-label"}
    | {"unmatched-header"}
)
ROW_TYPES = frozenset(
    {"blank-row", "constraint-error", "extra-cell", "foreign-key", "missing-cell", "primary-key", "type-error"}
    | {"unique-error"}
)
_OWN = {"unique-key": "unique-error", "unclosed-quote": "source-error", "nul-character": "source-error"}


def render_json(report: Report, _view: View = PLAIN) -> str:
    """The report in the shape of `report.schema.json` at any verbosity; only `stats.seconds` differs from run to run."""
    record: dict[str, Any] = report_record(report)
    record["stats"]["seconds"] = round(report.seconds, 3)
    return _dumped(record)


def read_counts(text: str) -> dict[Place, int]:
    """How many findings nobody had waived at each place of a report that `render_json` wrote.

    Raises:
        UsageError: when it is none.
    """
    try:
        record = json.loads(text)
        if record["report_version"] != 1:
            raise ValueError
        totals = [Total(**total) for total in record["totals"]]
        return {place_of(total): total.count - total.waived for total in totals}
    except (ValueError, TypeError, KeyError):
        hint = "write one with `deedbook validate --format json`"
        raise UsageError("the earlier report is not one of deedbook", hint) from None


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `render_json` writes."""
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
    return schema


def render_csv(report: Report, _view: View = PLAIN) -> str:
    """The findings that are shown, a row for each, LF at the end of each line; an empty cell is a value that there is not."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FINDING_FIELDS)
    writer.writerows([getattr(item, name) for name in FINDING_FIELDS] for item in report.findings)
    return out.getvalue()


def render_frictionless(report: Report, _view: View = PLAIN) -> str:
    """The report as `frictionless.Report.from_descriptor` reads it: `valid`, `stats`, `tasks[].errors[]`.

    A finding of a rule of ours is a `row-constraint`, or a `table-error` where it has no row. `rule` and `severity` are additions,
    the rest is the library's. Errors that are counted but not shown are in `stats` only; waived and other warnings are in
    `warnings` as sentences.
    """
    parts = by_table(report).values()
    lost = [item for part in parts if not part.tables for item in part.findings]
    warnings = [f"{item.severity} {item.rule}: {_sentence(item)}" for item in lost]
    tasks = [_task(table, part) for part in parts for table in part.tables]
    seconds = round(report.seconds, 3)
    stats = {"tasks": len(tasks), "errors": report.errors, "warnings": report.warnings, "seconds": seconds}
    return _dumped({"valid": report.valid, "stats": stats, "warnings": warnings, "errors": [], "tasks": tasks})


def _task(table: TableStats, part: Report) -> dict[str, Any]:
    stats = {"errors": part.errors, "warnings": part.warnings, "seconds": 0, "bytes": table.bytes}
    stats |= {"fields": table.cells // table.rows if table.rows else 0, "rows": table.rows}
    head = {"name": table.table, "type": "table", "valid": part.valid, "place": table.path or "<memory>"}
    warnings = [_sentence(item) for item in part.findings if item.severity != "error"]
    errors = [_error(item) for item in part.findings if item.severity == "error"]
    return {**head, "labels": [], "stats": stats, "warnings": warnings, "errors": errors}


def _error(finding: Finding) -> dict[str, Any]:
    kind, value, column = _kind(finding), finding.value or "", finding.column or ""
    parts: list[tuple[bool, dict[str, Any]]] = [
        (kind in HEADER_TYPES, {"labels": [], "rowNumbers": [1], "label": value or column}),
        (finding.row is not None, {"cells": [] if finding.value is None else [value], "rowNumber": finding.row}),
        (finding.column is not None, {"fieldName": column, "cell": value}),
        (finding.field_number is not None, {"fieldNumber": finding.field_number}),
        (kind == "foreign-key", {"fieldNames": column.split(", "), "fieldCells": [value]}),
        (kind == "foreign-key", {"referenceName": "", "referenceFieldNames": []}),
    ]
    error = {
        "type": kind,
        "title": kind.replace("-", " ").title(),
        "description": "",
        "message": _sentence(finding),
        "tags": ["#table", "#row", "#cell"][: 1 if finding.row is None else 3 if column else 2],
        "note": finding.message,
        "rule": finding.rule,
        "severity": finding.severity,
    }
    return error | {name: text for is_so, part in parts if is_so for name, text in part.items()}


def _kind(finding: Finding) -> str:
    """The library's type for a finding; a type of rows needs a row."""
    kind = _OWN.get(finding.rule, finding.rule)
    if kind in FILE_TYPES | HEADER_TYPES or (kind in ROW_TYPES and finding.row is not None):
        return kind
    return "table-error" if finding.row is None else "row-constraint"


def _sentence(finding: Finding) -> str:
    where = [finding.table] if finding.row is None else [f"row {finding.row}"]
    where += [f"field {finding.column}"] if finding.column else []
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    return f"{', '.join(where)}: {finding.message}{waived}"


def _dumped(record: dict[str, Any]) -> str:
    """Indented JSON with a final line end."""
    return files.json_document(record)
