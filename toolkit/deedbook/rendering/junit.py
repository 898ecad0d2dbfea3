"""The report as JUnit XML, which every CI shows: a suite for each table, a case for each rule and field.

A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.sax.saxutils import escape, quoteattr

from deedbook.findings import Report, by_place, place_of
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence
from deedbook.rendering.sections import Section, sections

_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as XML; totals are exact, and each case lists the findings that the report shows."""
    suites = [line for section in sections(report) for line in _suite(section, view.folder)]
    head = f'<testsuites name="deedbook" time="{report.seconds:.3f}">'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]
    return "".join(f"{line}\n" for line in lines).translate(_NO_XML)


def _suite(section: Section, folder: str) -> Iterator[str]:
    failed = {(total.rule, total.column) for total in section.totals}
    passed = dict.fromkeys((item.name, item.column) for item in section.checked)
    good = [place for place in passed if place not in failed]
    cases = len(section.totals) + len(good) + len(section.not_checked)
    failures = sum(total.severity == "error" for total in section.totals)
    path = f" file={_quoted((PurePosixPath(folder) / section.path).as_posix())}" if section.path else ""
    counted = f'tests="{cases}" failures="{failures}" errors="0" skipped="{len(section.not_checked)}"'
    yield f"  <testsuite name={_quoted(section.title)} {counted}{path}>"
    shown = by_place(section.open_findings)
    for total in section.totals:
        said = escape("\n".join(map(sentence, shown.get(place_of(total), []))))
        waived = f", {total.waived} waived" if total.waived else ""
        message = f"{total.count} finding{'s' * (total.count != 1)}{waived}"
        yield f"    {_case(section, total.rule, total.column)}>"
        if total.severity == "error":
            yield f"      <failure type={_quoted(total.rule)} message={_quoted(message)}>{said}</failure>"
        else:
            yield f"      <system-out>{escape(f'{total.severity}: {message}')}\n{said}</system-out>"
        yield "    </testcase>"
    for name, column in good:
        yield f"    {_case(section, name, column)}/>"
    for item in section.not_checked:
        skipped = f"<skipped message={_quoted(item.reason)}/>"
        yield f"    {_case(section, item.name, item.column)}>{skipped}</testcase>"
    yield "  </testsuite>"


def _case(section: Section, rule: str, column: str | None) -> str:
    name = f"{rule} in {column}" if column else rule
    return f"<testcase classname={_quoted(section.title)} name={_quoted(name)}"


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
