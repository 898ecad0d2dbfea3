"""A report of ten thousand columns is rendered in a time that grows with their number, not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from deedbook.findings import Check, Finding, Report, TableStats, Total
from deedbook.rendering import View, frictionless, github, json, junit, markdown, text

COLUMNS = [f"c{number}" for number in range(10_000)]
SECONDS = 8.0
"""CPU seconds on a busy machine; looking through all findings for each total took 30."""


@pytest.fixture(scope="module")
def wide() -> Report:
    """One error in every column."""
    findings = [
        Finding(
            rule="type-error",
            severity="error",
            table="t",
            message="`x` is not a whole number",
            path="t.csv",
            row=2,
            column=name,
            field_number=at,
        )
        for at, name in enumerate(COLUMNS, 1)
    ]
    return Report(
        tables=(TableStats("t", "t.csv", 1, 10_000, 20_000),),
        findings=tuple(findings),
        totals=tuple(Total("t", "type-error", name, "error", 1) for name in COLUMNS),
        checked=tuple(Check("t", "type", name) for name in COLUMNS),
    )


@pytest.mark.parametrize(
    ("render", "mentions"),
    [
        (text.render, 10_000),
        (lambda report: text.render(report, View(width=80, color=True)), 10_000),
        (json.render, 10_000),
        (frictionless.render, 10_000),
        (junit.render, 10_000),
        (markdown.render, markdown.SHOWN),
        (lambda report: github.render(report, View(folder="")), 1),
    ],
    ids=["text", "terminal", "json", "frictionless", "junit", "markdown", "github"],
)
def test_a_wide_report_is_rendered_soon(render: Callable[[Report], str], mentions: int, wide: Report) -> None:
    before = time.process_time()
    rendered = render(wide)
    assert time.process_time() - before < SECONDS
    assert rendered.count("is not a whole number") >= mentions
