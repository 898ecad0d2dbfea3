"""The page of an actor: what it is called, with and against whom it acts, what holds with others over time."""

from __future__ import annotations

import re
from pathlib import Path

from tests.site.pages import Page


def test_names_codes_and_what_belongs_to_an_actor_stand_on_its_page(reference: Path) -> None:
    page = Page(reference / "actors" / "A000001.html")
    assert "Russland" in page.text
    assert "ISO 3166-1 numeric iso3166_1_num 643" in page.text
    assert "Belongs to it Government of Russia" in page.text


def test_events_are_counted_by_the_company_in_which_they_happen(reference: Path) -> None:
    page = Page(reference / "actors" / "A000001.html")
    assert "With and against whom" in page.text
    assert re.search(r"Actor Events Verbal cooperation .* Material conflict", page.text)
    assert re.search(r"Laos 3 1 2 0 0", page.text)


def test_relations_are_bars_and_the_same_in_words(reference: Path) -> None:
    page = Page(reference / "actors" / "A000001.html")
    markup = page.path.read_text(encoding="utf-8")
    assert markup.count('<svg class="bar"') == markup.count("<td><svg")
    assert re.search(r"Strained ties strained_ties .* until 2024 – open or not known", page.text)  # noqa: RUF001
    assert "style=" not in markup


def test_what_an_actor_says_leads_to_the_claim(reference: Path) -> None:
    markup = (reference / "actors" / "A000026.html").read_text(encoding="utf-8")
    assert re.search(r'href="../events/E\d{6}\.html#C\d{6}"', markup)


def test_the_list_of_actors_names_each_once(reference: Path) -> None:
    page = Page(reference / "actors" / "index.html")
    own = [link for link in page.links if re.fullmatch(r"A\d{6}\.html", link)]
    assert len(own) == len(set(own)) == 36
