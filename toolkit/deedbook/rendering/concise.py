"""The report as lines that editors jump from: `path:line:column: severity rule: message`.

    datapackage/events.csv:15:9: error foreign-key: row 12 E000011 "P00001": is in no row of `places`

The column is the number of the field. A finding about a whole file stands on its first line. What is shown is in the report's order; the
last line is its summary.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from deedbook.findings import Finding, Report
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence
from deedbook.rendering.text import summary_line


def render(report: Report, view: View = PLAIN) -> str:
    """The report as one line for each finding that nobody waived, and the summary."""
    lines = [_line(item, view.folder) for item in report.findings if item.waived is None]
    return "".join(f"{line}\n" for line in [*lines, summary_line(report)])


def _line(item: Finding, folder: str) -> str:
    path = (PurePosixPath(folder) / item.path).as_posix() if item.path and "://" not in item.path else item.path
    place = f"{visible(path or item.table or 'the package')}:{item.line or 1}:{item.field_number or 1}"
    return f"{place}: {item.severity} {visible(item.rule)}: {sentence(item)}"
