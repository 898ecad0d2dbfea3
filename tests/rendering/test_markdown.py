"""Markdown of reports, changes and plans: whatever a cell holds, the page shows it and nothing else happens."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from deedbook.findings import Report, Total
from deedbook.rendering.escapes import code, plain, visible
from deedbook.rendering.pages import render_markdown as render
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY

NASTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "| a | b |",
    "[click](javascript:alert(1))",
    "![x](https://tracker.example/a.png)",
    "https://phish.example/",
    "WWW.phish.example",
    "mail@phish.example",
    "**bold** _it_ `code` ~~gone~~",
    "</details><h1>forged</h1>",
    "a\n\n# forged\n",
    "&lt;b&gt; &amp;",
    "\\<b\\>",
    "<b\\>",
    "$x$ :smile: ^[note]",
)
ALLOWED = {
    "h3",
    "h4",
    "p",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "code",
    "br",
    "ul",
    "li",
}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.text = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {tag, *(name for name, _ in attrs if name not in {"open", "style"})}
        if tag == "td":
            self.cells.append("")
        self._inside = self._inside or tag == "td"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self.cells[-1] += data


def page_of(markdown: str) -> _Page:
    """The page that a renderer of GitHub's Markdown, with HTML and links from addresses, makes of it."""
    page = _Page()
    page.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))
    return page


def test_a_report_has_its_verdict_counts_and_findings() -> None:
    text = render(DIRTY)
    page = page_of(text)
    assert text.startswith("### ❌ Invalid: 1,205 errors, 1 warning\n")
    assert "| events | error | foreign-key | place&#95;id | 1,204 |  |" in text
    assert "events: 1,205 findings" in page.text
    assert "and 1,203 more" in page.text
    assert "the table `places` could not be read" in page.text
    assert page.tags == ALLOWED


def test_a_clean_report_is_short() -> None:
    assert render(CLEAN).startswith("### ✅ Valid: no errors, no warnings\n")
    assert len(render(CLEAN).splitlines()) == 3


def test_a_waived_warning_is_counted_and_not_listed() -> None:
    assert "| events | warning | agreement-without-title |  | 1 | 1 |" in render(DIRTY)
    assert "the agreement has no title" not in render(DIRTY)


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("field", ["value", "message", "hint", "key", "rule", "table", "column"])
def test_no_text_of_a_table_is_structure(field: str, value: str) -> None:
    finding = replace(BAD_PLACE, **{field: value})  # type: ignore[arg-type]  # fields of text
    total = Total(finding.table, finding.rule, finding.column, "error", 1)
    page = page_of(render(Report(findings=(finding,), totals=(total,))))
    assert page.tags <= ALLOWED
    assert visible(value) in page.text.replace("\u2060", "")
    rows = [page.cells[:6], page.cells[6:]]
    assert [len(row) for row in rows] == [6, 6]
    assert rows[1][0] == "12"


@pytest.mark.parametrize("value", NASTY)
def test_text_in_an_html_block_is_text_too(value: str) -> None:
    page = page_of(f"<details><summary>{plain(value)}</summary>\n\nx\n\n</details>\n")
    assert page.tags <= {"details", "summary", "p"}
    assert page.text.replace("\u2060", "").strip().startswith(visible(value))


def test_nobody_is_mentioned_and_no_address_is_a_link() -> None:
    assert page_of(plain("@maintainer #12")).text.strip() == "@\u2060maintainer #\u206012"
    assert page_of(code("@maintainer")).text.strip() == "@maintainer"
    assert "://" not in plain("https://phish.example")
    assert "www." not in plain("www.phish.example")


def test_a_long_report_is_cut_and_says_so() -> None:
    found = tuple(replace(BAD_PLACE, row=row) for row in range(2, 202))
    text = render(Report(findings=found, totals=(Total("events", "foreign-key", "place_id", "error", 200),)), shown=20)
    assert text.count("did you mean") == 20
    assert "and 180 more" in text
