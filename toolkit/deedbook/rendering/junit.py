"""The report as JUnit XML, which every CI shows: a suite for each table, a case for each rule and field.

A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from deedbook.findings import Report, by_place, by_table, place_of
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence

_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as XML; totals are exact, and each case lists the findings that the report shows."""
    suites = [
        line for name, part in by_table(report).items() for line in _suite(name or "the whole package", part, view)
    ]
    head = f'<testsuites name="deedbook" time="{report.seconds:.3f}">'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]
    return "".join(f"{line}\n" for line in lines).translate(_NO_XML)


def _suite(title: str, report: Report, view: View) -> Iterator[str]:
    """What is said of one table."""

    def case(rule: str, column: str | None) -> str:
        name = f"{rule} in {column}" if column else rule
        return f"    <testcase classname={_quoted(title)} name={_quoted(name)}"

    failed = {(total.rule, total.column) for total in report.totals}
    good = [
        place for place in dict.fromkeys((item.name, item.column) for item in report.checked) if place not in failed
    ]
    cases = len(report.totals) + len(good) + len(report.not_checked)
    failures = sum(total.severity == "error" for total in report.totals)
    counted = f'tests="{cases}" failures="{failures}" errors="0" skipped="{len(report.not_checked)}"'
    files = "".join(f" file={_quoted(view.path(table.path))}" for table in report.tables if table.path)
    yield f"  <testsuite name={_quoted(title)} {counted}{files}>"
    shown = by_place(report.open_findings)
    for total in report.totals:
        said = escape("\n".join(map(sentence, shown.get(place_of(total), []))))
        waived = f", {total.waived} waived" if total.waived else ""
        message = f"{total.count} finding{'s' * (total.count != 1)}{waived}"
        yield f"{case(total.rule, total.column)}>"
        if total.severity == "error":
            yield f"      <failure type={_quoted(total.rule)} message={_quoted(message)}>{said}</failure>"
        else:
            yield f"      <system-out>{escape(f'{total.severity}: {message}')}\n{said}</system-out>"
        yield "    </testcase>"
    yield from (f"{case(name, column)}/>" for name, column in good)
    for item in report.not_checked:
        yield f"{case(item.name, item.column)}><skipped message={_quoted(item.reason)}/></testcase>"
    yield "  </testsuite>"


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
