"""The report as workflow commands: what GitHub's runner reads in it, however a cell is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from deedbook.findings import Finding, Report, Total
from deedbook.rendering import View
from deedbook.rendering.locations import command
from deedbook.rendering.locations import render_github as render
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY, WAIVED

NASTY = (
    "100%",
    "%0A::error::forged",
    "a\n::warning::forged",
    "a\r\n::add-mask::e",
    "::set-output name=x::y",
    "a::b,line=3",
    "##[add-mask]e",
    "a,file=/etc/passwd,line=1",
    "\u2028::error::forged",
    "\x1b[2J::stop-commands::x",
)


@dataclass(frozen=True, slots=True)
class Command:
    """What the runner does at a line."""

    name: str
    properties: dict[str, str]
    data: str


def read_command(line: str) -> Command | None:
    """The command in a line of a log, read as the runner's documentation and its source describe."""
    text = line.lstrip()
    if text.startswith("::"):
        end = text.find("::", 2)
        if end < 0:
            return None
        name, _, rest = text[2:end].partition(" ")
        pairs = dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair)
        return Command(name, {key: _unescaped(value) for key, value in pairs.items()}, _unescaped(text[end + 2 :]))
    at = line.find("##[")
    if at >= 0 and "]" in line[at:]:
        name, _, data = line[at + 3 :].partition("]")
        return Command(name, {}, data)
    return None


def _unescaped(text: str) -> str:
    for code, sign in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def commands(text: str) -> list[Command]:
    return [found for line in text.split("\n") if (found := read_command(line)) is not None]


def test_each_finding_is_an_annotation_at_its_line() -> None:
    first, *others, last = render(DIRTY, View(folder="datapackage")).splitlines()
    assert first == (
        "::error file=datapackage/events.csv,line=15,col=9,title=foreign-key in events.place_id::"
        'row 12 E000011 "P00001": is not in `places`.place_id (did you mean `P000001` Vientiane?)'
    )
    assert last.startswith("invalid: 2 tables, 120 rows")
    assert [read_command(line) is not None for line in others] == [True] * len(others)


def test_a_waived_warning_is_no_annotation() -> None:
    assert WAIVED.message not in render(DIRTY)


def test_what_is_not_shown_is_counted() -> None:
    found = [replace(BAD_PLACE, row=row, line=row) for row in range(2, 52)]
    report = Report(findings=tuple(found), totals=(Total("events", "foreign-key", "place_id", "error", 1204),))
    read = commands(render(report, shown=10))
    assert [item.name for item in read] == ["error"] * 10 + ["notice"]
    assert read[-1].data.startswith("1,194 errors more")


@pytest.mark.parametrize("report", [EMPTY, CLEAN])
def test_a_clean_report_annotates_nothing(report: Report) -> None:
    assert commands(render(report)) == []
    assert render(report).startswith("valid: ")


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("field", ["value", "message", "hint", "key", "rule", "table", "column", "path"])
def test_no_text_of_a_table_forges_a_command(field: str, value: str) -> None:
    finding = replace(BAD_PLACE, **{field: value})  # type: ignore[arg-type]  # fields of text
    total = Total(finding.table, finding.rule, finding.column, "error", 1)
    text = render(Report(findings=(finding,), totals=(total,)), View(folder="data"))
    assert len(text.split("\n")) == 3
    read = commands(text)
    assert [item.name for item in read] == ["error"]
    assert read[0].properties["line"] == "15"
    assert read[0].properties["file"] == f"data/{finding.path}"
    assert set(read[0].properties) == {"file", "line", "col", "title"}
    assert field == "path" or "##[" not in text  # the newer form is read first, so a path may keep it


def test_a_finding_without_a_place_still_says_what_is_wrong() -> None:
    finding = Finding(
        rule="scheme-error", severity="warning", table="", message="no table", path="https://a.example/b.csv"
    )
    text = render(Report(findings=(finding,), totals=(Total("", "scheme-error", None, "warning", 1),)))
    assert text.startswith("::warning title=scheme-error::no table\n")


@pytest.mark.parametrize("text", NASTY)
def test_the_runner_reads_back_what_was_written(text: str) -> None:
    read = read_command(command("error", text, file=text, line=0))
    assert read == Command("error", {"file": text}, text)
