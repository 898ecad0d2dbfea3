"""The report as Markdown, for the summary of a CI job: the verdict, counts by table, and the first findings of each table, folded.

Of each table those that nobody waived are listed, errors first, folded unless there is an error among them.
"""

from __future__ import annotations

from deedbook.findings import Report, by_table, place_in_package
from deedbook.rendering import PLAIN, View
from deedbook.rendering.templates import template
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
    page = template("report.md.j2").render(
        report=report,
        outcome=outcome(report),
        summary=summary_line(report),
        tables=[(name or "the whole package", part) for name, part in by_table(report).items() if part.totals],
        most_tables=_MOST_TABLES,
        place=place_in_package,
        shown=shown,
    )
    return page.rstrip() + "\n"
