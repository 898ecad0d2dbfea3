"""The verdict of the engine on a descriptor, in the form that frictionless records: (row, field, type) items."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deedbook.descriptor import Package, read_package, read_resource
from deedbook.errors import DeedbookError
from deedbook.findings import NotChecked, Report
from deedbook.project import Project
from deedbook.validation import Options, validate

ALL = 1_000_000_000

# In frictionless these concern a row or a table, never a cell, so the field that ours points at is not compared.
WHOLE_ROW = frozenset({"blank-row", "primary-key", "foreign-key", "unique-key"})
WHOLE_TABLE = frozenset(
    {
        "source-error",
        "scheme-error",
        "encoding-error",
        "format-error",
        "compression-error",
        "hash-count",
        "byte-count",
        "row-count",
        "field-count",
        "unmatched-header",
        "blank-header",
    }
)


class Item(NamedTuple):
    """One mistake: record number (header = 1), field number (1-based) and frictionless error type."""

    row: int | None
    field: int | None
    type: str

    def __str__(self) -> str:
        return ":".join("-" if part is None else str(part) for part in self)


class Verdict(NamedTuple):
    """What a validator says of a descriptor.

    Attributes:
        refused: The message when it could not be read at all.
        crashed: The exception and its place when the engine failed: never an agreement.
    """

    items: tuple[Item, ...]
    refused: str = ""
    not_checked: tuple[NotChecked, ...] = ()
    crashed: str = ""

    def __str__(self) -> str:
        if self.crashed:
            return f"crash ({self.crashed})"
        if self.refused:
            return "refused"
        return " ".join(map(str, self.items)) or "valid"


def ordered(items: list[Item]) -> tuple[Item, ...]:
    """The distinct items by row, field and type, those without a row first."""
    return tuple(sorted(set(items), key=lambda item: (item.row or 0, item.field or 0, item.type)))


def items_of(report: Report) -> tuple[Item, ...]:
    """The errors of a report as items; the position is dropped where frictionless has none."""
    items = []
    for finding in report.findings:
        if finding.severity != "error":
            continue
        field = None if finding.rule in WHOLE_ROW | WHOLE_TABLE else finding.field_number
        row = None if finding.rule in WHOLE_TABLE else finding.row
        items.append(Item(row, field, finding.rule))
    return ordered(items)


def judge(project: Project, **options: Any) -> Verdict:
    """The engine's verdict on a project, every finding counted."""
    try:
        report = validate(project, Options(max_findings=ALL, rules=False, **options))
    except DeedbookError as error:
        return Verdict((), refused=error.message)
    except Exception as error:  # noqa: BLE001  # a crash is a verdict to report, case by case, not the end of the run
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict((), crashed=f"{type(error).__name__}: {error} in {Path(last.filename).name}:{last.lineno}")
    return Verdict(items_of(report), not_checked=report.not_checked)


def judge_resource(raw: Mapping[str, Any], root: Path, **options: Any) -> Verdict:
    """The engine's verdict on one resource descriptor whose paths are relative to `root`."""
    try:
        resource = read_resource(raw, root, where="resource")
    except DeedbookError as error:
        return Verdict((), refused=error.message)
    return judge(Project(root, Package(root=root, path=None, resources=(resource,))), **options)


def judge_package(raw: Mapping[str, Any], root: Path, **options: Any) -> Verdict:
    """The engine's verdict on a package descriptor whose paths are relative to `root`."""
    try:
        package = read_package(raw, root, where="package")
    except DeedbookError as error:
        return Verdict((), refused=error.message)
    return judge(Project(root, package), **options)
