"""The report as lines that editors jump from: `path:line:column: severity rule: message`.

    datapackage/events.csv:15:9: error foreign-key: row 12 E000011 "P00001": is in no row of `places`

The column is the number of the field. A finding about a whole file stands on its first line. What is shown is in the report's order; the
last line is its summary.
"""

from __future__ import annotations

from deedbook.findings import Report
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence
from deedbook.rendering.text import summary_line


def render(report: Report, view: View = PLAIN) -> str:
    """The report as one line for each finding that nobody waived, and the summary."""
    lines = []
    for item in report.open_findings:
        path = visible(view.path(item.path) or item.table or "the package")
        place = f"{path}:{item.line or 1}:{item.field_number or 1}"
        lines.append(f"{place}: {item.severity} {visible(item.rule)}: {sentence(item)}")
    return "".join(f"{line}\n" for line in [*lines, summary_line(report)])
