"""The findings of a report as CSV: a row for each one that is shown, a column for each of its fields."""

from __future__ import annotations

import csv
import io

from deedbook.findings import FINDING_FIELDS, Report
from deedbook.rendering import PLAIN, View


def render(report: Report, view: View = PLAIN) -> str:  # noqa: ARG001  # as every format
    """The findings as CSV with a header, LF at the end of each line; an empty cell is a value that there is not."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FINDING_FIELDS)
    writer.writerows([getattr(item, name) for name in FINDING_FIELDS] for item in report.findings)
    return out.getvalue()
