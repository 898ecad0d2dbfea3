"""The report as JUnit XML, which every CI shows: a suite for each table, a case for each rule and field.

A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from deedbook.findings import Finding, Place, Report, Total, by_place, place_of
from deedbook.rendering.escaping import visible

_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def render(report: Report) -> str:
    """The report as XML; totals are exact, and each case lists the findings that the report shows."""
    names = dict.fromkeys(
        [*(item.table for item in report.tables), *(item.table for item in report.totals)]
        + [item.table for item in report.not_checked]
    )
    shown = by_place(item for item in report.findings if item.waived is None)
    suites = [line for name in names for line in _suite(report, name, shown)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"]
    return "".join(f"{line}\n" for line in lines).translate(_NO_XML)


def _suite(report: Report, table: str, shown: Mapping[Place, list[Finding]]) -> Iterator[str]:
    failed = [item for item in report.totals if item.table == table]
    known = {(item.rule, item.column) for item in failed}
    passed = dict.fromkeys((item.name, item.column) for item in report.checked if item.table == table)
    good = [place for place in passed if place not in known]
    skipped = [item for item in report.not_checked if item.table == table]
    errors = sum(item.severity == "error" for item in failed)
    count = len(failed) + len(good) + len(skipped)
    head = f'tests="{count}" failures="{errors}" errors="0" skipped="{len(skipped)}"'
    yield f"  <testsuite name={_quoted(table or 'the whole package')} {head}>"
    for total in failed:
        yield from _failed(table, total, shown.get(place_of(total), []))
    for name, column in good:
        yield f"    {_case(table, name, column)}/>"
    for item in skipped:
        yield f"    {_case(table, item.name, item.column)}><skipped message={_quoted(item.reason)}/></testcase>"
    yield "  </testsuite>"


def _failed(table: str, total: Total, findings: list[Finding]) -> Iterator[str]:
    said = escape("\n".join(map(_sentence, findings)))
    waived = f", {total.waived} waived" if total.waived else ""
    message = f"{total.count} findings{waived}"
    yield f"    {_case(table, total.rule, total.column)}>"
    if total.severity == "error":
        yield f"      <failure type={_quoted(total.rule)} message={_quoted(message)}>{said}</failure>"
    else:
        yield f"      <system-out>{escape(f'{total.severity}: {message}')}\n{said}</system-out>"
    yield "    </testcase>"


def _sentence(item: Finding) -> str:
    place = f"row {item.row}" if item.row is not None else ""
    parts = [place, *(visible(text, 80) for text in (item.key, item.value) if text)]
    head = " ".join(part for part in parts if part)
    said = visible(item.message) + (f" ({visible(item.hint)})" if item.hint else "")
    return f"{head}: {said}" if head else said


def _case(table: str, rule: str, column: str | None) -> str:
    name = f"{rule} in {column}" if column else rule
    return f"<testcase classname={_quoted(table or 'the whole package')} name={_quoted(name)}"


def _quoted(text: str) -> str:
    return quoteattr(visible(text))
