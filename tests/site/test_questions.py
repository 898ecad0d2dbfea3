"""What a journalist asks of the site, answered in at most three clicks (questions.toml)."""

from __future__ import annotations

import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.site.pages import Page

QUESTIONS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("questions.toml").read_text("utf-8"))[
    "question"
]
OWN = [one for one in QUESTIONS if one["dataset"] == "alignment-events"]


class Links(HTMLParser):
    """The links of a page by their text, the first of each."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._href = ""
        self._text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._text = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.found.setdefault(" ".join(self._text.split()), self._href)


def walk(start: Path, clicks: list[str]) -> Path:
    """The page at the end of the clicks."""
    for text in clicks:
        links = Links(start).found
        assert text in links, f"{start.name} has no link {text!r}"
        start = (start.parent / links[text].partition("#")[0]).resolve()
    return start


@pytest.mark.parametrize("question", OWN, ids=[one["asks"] for one in OWN])
def test_a_question_on_the_reference_dataset_is_answered(reference: Path, question: dict[str, Any]) -> None:
    page = Page(walk(reference / "index.html", question["clicks"]))
    assert question["expect"] in page.text


def test_there_are_ten_questions_a_dataset_of_three_clicks_at_most() -> None:
    by = {name: [one for one in QUESTIONS if one["dataset"] == name] for name in ("alignment-events", "ucdp-syria")}
    assert {name: len(own) for name, own in by.items()} == {"alignment-events": 10, "ucdp-syria": 10}
    assert all(len(one["clicks"]) <= 3 for one in QUESTIONS)
