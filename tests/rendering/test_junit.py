"""The report as JUnit XML."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from deedbook.findings import Report, Total
from deedbook.rendering.pages import render_junit as render
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY])
def test_the_counts_are_those_of_the_cases(report: Report) -> None:
    for suite in ET.fromstring(render(report)):  # noqa: S314  # our own text
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))


def test_errors_fail_and_warnings_are_output() -> None:
    root = ET.fromstring(render(DIRTY))  # noqa: S314  # our own text
    assert [suite.attrib["name"] for suite in root] == ["events", "places"]
    failure = root[0].find("testcase[@name='foreign-key in place_id']/failure")
    assert failure is not None
    assert failure.attrib["message"] == "1204 findings"
    assert (failure.text or "").startswith('row 12 E000011 "P00001": is not in `places`.place_id')
    assert root[0].find("testcase[@name='title-used-twice in title']/system-out") is not None
    assert root[0].find("testcase[@name='type in title']") is not None


@pytest.mark.parametrize("text", ["</failure><x>", "]]>", "a\x00b\x1b", "a\"b'c", "&amp;", "\ud800", "\ufffe"])
@pytest.mark.parametrize("field", ["value", "message", "rule", "column", "table"])
def test_any_text_is_text(field: str, text: str) -> None:
    finding = replace(BAD_PLACE, **{field: text})  # type: ignore[arg-type]  # fields of text
    total = Total(finding.table, finding.rule, finding.column, "error", 1)
    root = ET.fromstring(render(Report(findings=(finding,), totals=(total,))).encode())  # noqa: S314
    assert {item.tag for item in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
