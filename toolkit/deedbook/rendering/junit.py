"""The report as JUnit XML, which every CI shows: a suite for each table, a case for each rule and field.

A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
"""

from __future__ import annotations

from deedbook.findings import Report, by_place, by_table, place_of
from deedbook.rendering import PLAIN, View
from deedbook.rendering.templates import template

_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as XML; totals are exact, and each case lists the findings that the report shows."""
    suites = []
    for name, part in by_table(report).items():
        failed = {(total.rule, total.column) for total in part.totals}
        passed = [place for place in dict.fromkeys((it.name, it.column) for it in part.checked) if place not in failed]
        suites.append((name or "the whole package", part, passed, by_place(part.open_findings)))
    page = template("report.xml.j2").render(report=report, suites=suites, place_of=place_of, view=view)
    return page.translate(_NO_XML)
