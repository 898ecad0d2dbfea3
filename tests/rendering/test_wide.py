"""A report of many columns is rendered with work that grows with their number, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from deedbook.findings import Check, Finding, Report, TableStats, Total
from deedbook.rendering import View, data, locations, pages, text

FEW, MANY = 200, 1_600


def wide(columns: int) -> Report:
    """One error in every column."""
    names = [f"c{number}" for number in range(columns)]
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
        for at, name in enumerate(names, 1)
    ]
    return Report(
        tables=(TableStats("t", "t.csv", 1, columns, 2 * columns),),
        findings=tuple(findings),
        totals=tuple(Total("t", "type-error", name, "error", 1) for name in names),
        checked=tuple(Check("t", "type", name) for name in names),
    )


def work(do: Callable[[], object]) -> int:
    """How many instructions of the toolkit's own code run."""
    count = 0

    def note(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if "deedbook" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("render", "mentions"),
    [
        (text.render_text, MANY),
        (lambda report: text.render_text(report, View(width=80, color=True)), MANY),
        (data.render_json, MANY),
        (data.render_frictionless, MANY),
        (pages.render_junit, MANY),
        (pages.render_markdown, pages.SHOWN),
        (lambda report: locations.render_github(report, View(folder="")), 1),
    ],
    ids=["text", "terminal", "json", "frictionless", "junit", "markdown", "github"],
)
def test_twice_the_columns_are_twice_the_work(render: Callable[[Report], str], mentions: int) -> None:
    few, many = wide(FEW), wide(MANY)
    render(few)  # imports what it needs
    assert work(lambda: render(many)) < 1.25 * MANY / FEW * work(lambda: render(few))
    assert render(many).count("is not a whole number") >= mentions
