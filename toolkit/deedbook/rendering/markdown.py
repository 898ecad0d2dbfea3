"""The report as Markdown, for the summary of a CI job: the verdict, counts by table, and the first findings of each table, folded."""

from __future__ import annotations

from itertools import islice

from deedbook.findings import Finding, Report, Total, by_table, place_in_package, plural
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import code, plain, table_row
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
    groups = {name: part for name, part in by_table(report).items() if part.totals}
    if groups:
        lines += [table_row("table", "severity", "rule", "field", "findings", "waived"), "|---|---|---|---|---:|---:|"]
        lines += [_total(total) for part in groups.values() for total in part.totals]
        lines.append("")
    for name, part in islice(groups.items(), _MOST_TABLES):
        lines += _table(name or "the whole package", part, shown)
    if len(groups) > _MOST_TABLES:
        lines += [f"The findings of {len(groups) - _MOST_TABLES:,} more tables are not listed here.", ""]
    if report.not_checked:
        lines += ["#### Not checked", ""]
    for entry in report.not_checked[:shown]:
        place = place_in_package(entry) or "the package"
        lines.append(f"* {plain(entry.name)} of {plain(place)}: {plain(entry.reason)}")
    if len(report.not_checked) > shown:
        lines.append(f"* and {len(report.not_checked) - shown:,} more")
    return "\n".join(lines).rstrip() + "\n"


def _total(total: Total) -> str:
    cells = (plain(total.table), total.severity, plain(total.rule), plain(total.column or ""))
    return table_row(*cells, f"{total.count:,}", f"{total.waived:,}" if total.waived else "")


def _table(title: str, report: Report, shown: int) -> list[str]:
    """The findings that nobody waived, errors first, folded unless there is an error among them."""
    listed = sorted(report.open_findings, key=lambda item: item.severity != "error")
    count = sum(total.count - total.waived for total in report.totals)
    if not listed:
        return []
    is_open = " open" if listed[0].severity == "error" else ""
    left = count - len(listed[:shown])
    return [
        f"<details{is_open}><summary>{plain(title)}: {plural(count, 'finding')}</summary>",
        "",
        table_row("row", "line", "key", "field", "value", "finding"),
        "|---:|---:|---|---|---|---|",
        *map(_finding, listed[:shown]),
        "",
        *([f"and {left:,} more", ""] if left > 0 else []),
        "</details>",
        "",
    ]


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
