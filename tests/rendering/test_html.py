"""The report as a page: what is on it, that nothing in a table becomes markup, and that a browser may obey nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deedbook.cli.main import run
from deedbook.errors import UsageError
from deedbook.findings import Excerpt, Finding, Report, Total
from deedbook.rendering import View
from deedbook.rendering.data import read_counts, render_json
from deedbook.rendering.html import render_html
from tests.package import fields, make_package
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY, SECOND_TITLE

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e"
LABELS = ("event_id", "title", "type", "date", "basis", "factuality", "status", "coder", "place_id", "note")
ROWS = View(
    name="deeds",
    by="coder",
    rows={
        ("events", "events.csv"): Excerpt(
            LABELS,
            {
                12: ("E000011", "Talks", "talks", "2024", "act", "occurred", "", "ann", "P00001", "left"),
                14: ("E000013", "Talks", "talks", "2024", "act", "occurred", "", "bob", "P000001", "right"),
            },
        )
    },
)


def texts(page: str) -> str:
    """What a reader sees, one word after the other."""
    page = re.sub(r"(?s)<(style|script)>.*?</\1>|<title>.*?</title>", " ", page)
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace("&gt;", ">").replace("&lt;", "<").split())


def test_a_finding_stands_in_its_row_with_the_cells_beside_it() -> None:
    page = render_html(DIRTY, ROWS)
    (row,) = re.findall(r"<tr[^>]*><td class=\"count\">12</td>.*?</tr>", page, re.DOTALL)
    assert texts(row) == "12 is not in `places`.place_id did you mean `P000001` Vientiane? E000011 ann P00001 left"
    assert '<td class="cell at">P00001</td>' in row
    assert "status coder place_id note" in texts(page)


def test_counts_are_there_by_table_rule_and_any_column() -> None:
    said = texts(render_html(DIRTY, ROWS))
    assert "events events.csv 120 1,204 1 0 1" in said
    assert "foreign-key events.place_id error 1,204 0" in said
    assert "ann 1 0 0 bob 0 1 0" in said
    assert "foreign-key of events.place_id: the table `places` could not be read" in said
    assert "and 1,203 more" in said


def test_an_earlier_report_says_what_changed() -> None:
    gone = Total("events", "type-error", "date", "error", 5)
    less = replace(DIRTY.totals[2], count=1200)
    earlier = read_counts(render_json(replace(DIRTY, totals=(gone, less, *DIRTY.totals[3:]))))
    said = texts(render_html(DIRTY, replace(ROWS, earlier=earlier)))
    assert "Errors 1,205 \u22121 since the earlier report" in said
    assert "foreign-key events.place_id error 1,204 0 1,200 +4" in said
    assert "type-error events.date gone 0 0 5 \u22125" in said
    assert "since" not in texts(render_html(DIRTY, ROWS))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"report_version": 2, "totals": [{}]}', '{"report_version": 1, "totals": [3]}']
)
def test_what_is_no_report_is_refused_as_an_earlier_one(text: str) -> None:
    with pytest.raises(UsageError, match="not one of deedbook"):
        read_counts(text)


def test_of_many_findings_the_first_stand_in_their_rows_and_each_other_is_a_folded_line() -> None:
    many = tuple(replace(BAD_PLACE, row=12 + number, key=f"E{number}<b>", proposal="P1<b>") for number in range(600))
    page = render_html(Report(findings=(*many, SECOND_TITLE), totals=DIRTY.totals), ROWS)
    shown = 500 // len(DIRTY.totals)
    assert len(re.findall(r'<tr[^>]*><td class="count">\d', page)) == shown + 1
    lines = re.findall(r"<li[^>]*>row (\d+): is not in `places`", page)
    assert lines == [str(12 + number) for number in range(shown, 600)]
    assert "<details><summary>475 more of foreign-key in place_id, a line each</summary>" in page
    assert "<b>" not in page
    assert "Of the 601 findings that this page shows" in page


def test_counts_by_a_column_say_that_they_are_of_all_findings_where_they_are() -> None:
    total = Total("events", "foreign-key", "place_id", "error", 1)
    assert "Of all findings that nobody waived." in render_html(Report(findings=(BAD_PLACE,), totals=(total,)), ROWS)


def test_texts_of_tables_are_never_markup() -> None:
    finding = Finding(
        rule=HOSTILE,
        severity="error",
        table=HOSTILE,
        message=HOSTILE,
        path="a.csv",
        row=2,
        column=HOSTILE,
        field_number=1,
        key=HOSTILE,
        value=HOSTILE,
        hint=HOSTILE,
        proposal=HOSTILE,
    )
    report = Report(findings=(finding,), totals=(Total(HOSTILE, HOSTILE, HOSTILE, "error", 5, 0, HOSTILE),))
    rows = {(HOSTILE, "a.csv"): Excerpt([HOSTILE, HOSTILE], {2: [HOSTILE, HOSTILE]})}
    page = render_html(report, View(name=HOSTILE, by=HOSTILE, rows=rows, earlier={(HOSTILE, HOSTILE, "x", "error"): 1}))
    assert page.count("<script>") == 1
    assert not re.search(r"<img|onerror=alert\(2\)>\"|\u202e", page)
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY])
def test_the_policy_allows_the_style_and_script_of_the_page_alone(report: Report) -> None:
    page = render_html(report, ROWS)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert "unsafe" not in policy
    assert policy.startswith("default-src &#39;none&#39;;")
    for kind in ("style", "script"):
        for content in re.findall(rf"(?s)<{kind}>(.*?)</{kind}>", page):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy
    assert not re.search(r"<(?:style|script) |\sstyle=|\son\w+=|src=|<link", page)


def test_a_row_that_reads_otherwise_than_the_finding_is_not_shown() -> None:
    other = replace(BAD_PLACE, value="P99999")
    page = render_html(Report(findings=(other, SECOND_TITLE), totals=DIRTY.totals), ROWS)
    assert '<td class="cell at">P00001</td>' not in page
    assert '<td class="cell at">Talks</td>' in page


def test_the_command_shows_the_rows_of_its_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = fields("id:integer", "day:date", "who", primaryKey=["id"])
    make_package(tmp_path, schemas={"a": schema}, a='id,day,who\n1,2024-01-02,ann\n2,"1\n2",bob\n3,12.1.2024,bob\n')
    monkeypatch.chdir(tmp_path)
    assert run(["validate", ".", "--format", "json", "-o", "first.json"]) == 1
    assert run(["validate", ".", "--format", "html", "-o", "r.html", "--by", "who", "--earlier", "first.json"]) == 1
    said = texts(Path("r.html").read_text(encoding="utf-8"))
    assert "bob 2 0 0" in said
    assert "4 `12.1.2024` is not a date" in said
    Path("first.json").write_text(json.dumps({"report_version": 1}))
    assert run(["validate", ".", "--format", "html", "--earlier", "first.json"]) == 2
