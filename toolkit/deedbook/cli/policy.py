"""What a result means for the process: its exit code, and whether a project's own code may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from deedbook.findings import Report
    from deedbook.project import Project

DONE = 0
FINDINGS = 1
USAGE = 2
BUG = 70
INTERRUPTED = 130


def exit_code(report: Report, *, strict: bool) -> int:
    """0 when the data may be published, else 1."""
    return DONE if report.passes(strict=strict) else FINDINGS


def strict_complaint(report: Report) -> str:
    """Why a report without errors does not pass `--strict`; empty when it passes, or when the errors say enough."""
    if not report.valid:
        return ""
    parts = [f"{report.warnings:,} unwaived warning{'s' * (report.warnings != 1)}"] if report.warnings else []
    if report.not_checked:
        parts.append(f"{len(report.not_checked):,} not checked")
    return f"not passed, because --strict: {', '.join(parts)}" if parts else ""


def is_own(project: Project, folder: Path) -> bool:
    """Whether the project contains the folder; its rule files are then the user's own code."""
    return folder.resolve().is_relative_to(project.root.resolve())
