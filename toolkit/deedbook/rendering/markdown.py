"""The report as Markdown, for the summary of a CI job: the verdict, counts by table, and the first findings of each table, folded."""

from __future__ import annotations

from collections.abc import Iterator

from deedbook.findings import Finding, NotChecked, Report, Total, plural
from deedbook.rendering import PLAIN, View
from deedbook.rendering.markup import code, plain, table_row
from deedbook.rendering.sections import Section, sections
from deedbook.rendering.text import outcome, summary_line

SHOWN = 50
"""Findings of a table that are listed."""
_MOST_TABLES = 40
"""Tables whose findings are listed: what a CI keeps of a summary is limited."""


def render(report: Report, view: View = PLAIN, *, shown: int = SHOWN) -> str:  # noqa: ARG001  # as every format
    """The report as Markdown.

    Args:
        report: What to render.
        view: Means nothing here.
        shown: Findings listed of each table; the counts are exact all the same.
    """
    mark = "✅" if report.valid else "❌"
    lines = [
        f"### {mark} {'Valid' if report.valid else 'Invalid'}: {outcome(report)}",
        "",
        plain(summary_line(report)),
        "",
    ]
    groups = [section for section in sections(report) if section.totals]
    if groups:
        lines += [table_row("table", "severity", "rule", "field", "findings", "waived"), "|---|---|---|---|---:|---:|"]
        lines += [_total(total) for section in groups for total in section.totals]
        lines.append("")
    for section in groups[:_MOST_TABLES]:
        lines += _table(section, shown)
    if len(groups) > _MOST_TABLES:
        lines += [f"The findings of {len(groups) - _MOST_TABLES:,} more tables are not listed here.", ""]
    lines += _not_checked(report.not_checked, shown)
    return "\n".join(lines).rstrip() + "\n"


def _total(total: Total) -> str:
    cells = (plain(total.table), total.severity, plain(total.rule), plain(total.column or ""))
    return table_row(*cells, f"{total.count:,}", f"{total.waived:,}" if total.waived else "")


def _table(section: Section, shown: int) -> Iterator[str]:
    """The findings that nobody waived, errors first, folded unless there is an error among them."""
    listed = sorted(section.open_findings, key=lambda item: item.severity != "error")
    count = sum(total.count - total.waived for total in section.totals)
    if not listed:
        return
    is_open = " open" if listed[0].severity == "error" else ""
    yield f"<details{is_open}><summary>{plain(section.title)}: {plural(count, 'finding')}</summary>"
    yield ""
    yield table_row("row", "line", "key", "field", "value", "finding")
    yield "|---:|---:|---|---|---|---|"
    yield from map(_finding, listed[:shown])
    yield ""
    if count > len(listed[:shown]):
        yield f"and {count - len(listed[:shown]):,} more"
        yield ""
    yield "</details>"
    yield ""


def _finding(item: Finding) -> str:
    said = f"{item.severity} {plain(item.rule)}: {plain(item.message)}"
    return table_row(
        str(item.row or ""),
        str(item.line or ""),
        code(item.key) if item.key else "",
        plain(item.column or ""),
        code(item.value) if item.value else "",
        f"{said}<br>{plain(item.hint)}" if item.hint else said,
    )


def _not_checked(entries: tuple[NotChecked, ...], shown: int) -> Iterator[str]:
    if not entries:
        return
    yield "#### Not checked"
    yield ""
    for entry in entries[:shown]:
        place = ".".join(part for part in (entry.table, entry.column) if part) or "the package"
        yield f"* {plain(entry.name)} of {plain(place)}: {plain(entry.reason)}"
    if len(entries) > shown:
        yield f"* and {len(entries) - shown:,} more"
    yield ""
