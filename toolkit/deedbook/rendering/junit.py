"""The report as JUnit XML, which every CI shows: a suite for each table, a case for each rule and field.

A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from xml.sax.saxutils import escape, quoteattr

from deedbook.findings import Finding, Place, Report, Total, by_place, place_of
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence

_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as XML; totals are exact, and each case lists the findings that the report shows."""
    names = dict.fromkeys(
        [*(item.table for item in report.tables), *(item.table for item in report.totals)]
        + [item.table for item in report.not_checked]
    )
    shown = by_place(item for item in report.findings if item.waived is None)
    suites = [line for name in names for line in _suite(report, name, shown, view.folder)]
    head = f'<testsuites name="deedbook" time="{report.seconds:.3f}">'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]
    return "".join(f"{line}\n" for line in lines).translate(_NO_XML)


def _suite(report: Report, table: str, shown: Mapping[Place, list[Finding]], folder: str) -> Iterator[str]:
    failed = [item for item in report.totals if item.table == table]
    known = {(item.rule, item.column) for item in failed}
    passed = dict.fromkeys((item.name, item.column) for item in report.checked if item.table == table)
    good = [place for place in passed if place not in known]
    skipped = [item for item in report.not_checked if item.table == table]
    errors = sum(item.severity == "error" for item in failed)
    count = len(failed) + len(good) + len(skipped)
    paths = [
        (PurePosixPath(folder) / item.path).as_posix() for item in report.tables if item.table == table and item.path
    ]
    head = f'tests="{count}" failures="{errors}" errors="0" skipped="{len(skipped)}"'
    head += f" file={_quoted(paths[0])}" if paths else ""
    yield f"  <testsuite name={_quoted(table or 'the whole package')} {head}>"
    for total in failed:
        yield from _failed(table, total, shown.get(place_of(total), []))
    for name, column in good:
        yield f"    {_case(table, name, column)}/>"
    for item in skipped:
        yield f"    {_case(table, item.name, item.column)}><skipped message={_quoted(item.reason)}/></testcase>"
    yield "  </testsuite>"


def _failed(table: str, total: Total, findings: list[Finding]) -> Iterator[str]:
    said = escape("\n".join(map(sentence, findings)))
    waived = f", {total.waived} waived" if total.waived else ""
    message = f"{total.count} finding{'s' * (total.count != 1)}{waived}"
    yield f"    {_case(table, total.rule, total.column)}>"
    if total.severity == "error":
        yield f"      <failure type={_quoted(total.rule)} message={_quoted(message)}>{said}</failure>"
    else:
        yield f"      <system-out>{escape(f'{total.severity}: {message}')}\n{said}</system-out>"
    yield "    </testcase>"


def _case(table: str, rule: str, column: str | None) -> str:
    name = f"{rule} in {column}" if column else rule
    return f"<testcase classname={_quoted(table or 'the whole package')} name={_quoted(name)}"


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
