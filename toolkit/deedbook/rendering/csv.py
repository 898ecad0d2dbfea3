"""The findings of a report as CSV: a row for each one that is shown, a column for each of its fields."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from deedbook.findings import Finding, Report
from deedbook.rendering import PLAIN, View


def render(report: Report, view: View = PLAIN) -> str:  # noqa: ARG001  # as every format
    """The findings as CSV with a header, LF at the end of each line; an empty cell is a value that there is not."""
    names = [item.name for item in fields(Finding)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([getattr(item, name) for name in names] for item in report.findings)
    return out.getvalue()
