"""The page of an event: what is claimed, by whom, on what evidence, and what became of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deedbook.site.editions import read_root, read_site
from deedbook.site.stories import read_records, story_pages
from tests.site.catalogues import HOSTILE, SCHEMAS, field, release
from tests.site.pages import Page

EMPTY_HEADING = re.compile(r"<h2[^>]*>[^<]*</h2>\s*(?:<h2|</article)")
SIDES = {
    "title": "Violence",
    "fields": [
        field("id", "number"),
        field("side_a"),
        field("side_b"),
        field("where_coordinates"),
        field("latitude", "number"),
        field("longitude", "number"),
        field("date_start", "date"),
        field("date_end", "date"),
        field("low", "number"),
        field("best", "number"),
        field("high", "number"),
        field("source_article"),
    ],
    "primaryKey": ["id"],
}


def pages_of(root: Path, most: int | None = None) -> dict[str, str]:
    """The story pages of the one dataset of a catalogue in English, by their address below it."""
    (shelf,) = read_site(root)
    records = read_records(shelf) if most is None else read_records(shelf, most)
    if records is None:
        return {}
    found = story_pages(read_root(root), records, "en")
    return {address.partition("/")[2].partition("/")[2]: content.decode() for address, content in found}


def words(markup: str) -> str:
    """The text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_a_claim_is_told_from_who_makes_it_to_who_relays_it(reference: Path) -> None:
    page = Page(reference / "events" / "E000003.html")
    assert "Who took part" in page.text
    assert re.search(r"Relays relays ?: \[article on Russia's search", page.text)
    assert "from S000002" in page.text
    assert {"C000004", "S000001", "S000002"} <= set(page.ids)


def test_who_is_silent_and_how_many_origins_there_are_stands_on_the_page(reference: Path) -> None:
    page = Page(reference / "events" / "E000019.html")
    assert "Silent silent" in page.text
    assert "Affirmation affirmation : 1 origin:" in page.text
    assert "A single origin affirms it." in page.text


@pytest.mark.parametrize("kind", ["events", "actors"])
def test_every_link_leads_somewhere_and_no_heading_stands_alone(reference: Path, kind: str) -> None:
    for path in sorted((reference / kind).glob("*.html")):
        page, markup = Page(path), path.read_text(encoding="utf-8")
        assert page.broken == [], path.name
        assert page.faults == [], path.name
        assert EMPTY_HEADING.search(markup) is None, path.name
        assert len(page.ids) == len(set(page.ids)), path.name


def test_a_fact_leads_to_the_claims_about_it(reference: Path) -> None:
    markup = (reference / "events" / "E000006.html").read_text(encoding="utf-8")
    assert 'href="#C000009"' in markup
    assert 'id="C000009"' in markup


def test_machines_hear_of_an_event_only_where_it_is_not_denied(reference: Path) -> None:
    assert Page(reference / "events" / "E000016.html").json["application/ld+json"]["@type"] == "Event"
    pages = [Page(path) for path in (reference / "events").glob("E*.html")]
    assert all("startDate" in page.json["application/ld+json"] for page in pages if page.json)
    assert any(not page.json for page in pages)


def test_german_pages_have_german_names_and_labels(reference: Path) -> None:
    page = Page(reference.parents[1] / "de" / "alignment-events" / "events" / "E000006.html")
    assert "Russland" in page.text
    assert "Warum es diesen Status hat" in page.text


def test_what_was_corrected_is_told_with_its_reason(published: Path) -> None:
    text = Page(published / "site" / "en" / "deeds" / "events" / "E1.html").text
    assert "21 March 1990 1990-03-21 → 22 March 1990 1990-03-22 Reason: date, the paper says so" in text


def test_an_event_that_was_withdrawn_keeps_its_page(published: Path) -> None:
    page = Page(published / "site" / "en" / "deeds" / "events" / "E3.html")
    assert "They meet again" in page.text
    assert "This entry was withdrawn in version 1.1.0. Reason: duplicate" in page.text
    assert "What version 1.0.0 said about it" in page.text
    assert page.broken == []


def test_events_that_name_their_actors_themselves_get_a_title_and_actors_with_pages(tmp_path: Path) -> None:
    rows = """
        id,side_a,side_b,where_coordinates,latitude,longitude,date_start,date_end,low,best,high,source_article
        7,Government,Rebels,Sample town,1.5,2.5,2016-01-01,2016-01-03,1,4,9,Example Daily
        8,Rebels,Civilians,Sample town,1.5,2.5,2017-05-01,2017-05-01,0,0,0,
        """
    pages = pages_of(release(tmp_path, rows={"events": rows}, schemas={"events": SIDES}))
    assert "Government – Rebels, Sample town, 1 January 2016 to 3 January 2016" in pages["events/7.html"]  # noqa: RUF001
    assert "4 (from 1 to 9)" in pages["events/7.html"]
    assert "Example Daily" in pages["events/7.html"]
    assert ">Sources</h2>" not in pages["events/8.html"]
    assert "What is claimed" not in pages["events/7.html"]
    actors = [name for name in pages if name.startswith("actors/")]
    assert len(actors) == 4  # three and the list of them
    rebels = next(pages[name] for name in actors if ">Rebels</h1>" in pages[name])
    assert "On another side" in rebels
    assert "2 events" in rebels


def test_hostile_values_are_text_and_hostile_ids_are_plain_file_names(tmp_path: Path) -> None:
    ids = ["../../etc/passwd", "__proto__", "a/b", "index", "CON", "\u202eevil", 'x"onload="1']
    lines = "".join(
        f'"{id_.replace(chr(34), chr(34) * 2)}",{HOSTILE}{n},2024-01-0{n + 1},talks,A1,x\n' for n, id_ in enumerate(ids)
    )
    rows = {
        "events": f"event_id,title,day,event_type,actor_id,place\n{lines}",
        "actors": f'actor_id,name\nA1,"{HOSTILE}"\n',
    }
    root = release(tmp_path, rows=rows, schemas=SCHEMAS)
    pages = pages_of(root)
    assert len([name for name in pages if name.startswith("events/")]) == len(ids) + 1
    for name, markup in pages.items():
        assert re.fullmatch(r"(?:events|actors)/[a-zA-Z0-9_.~-]+\.html", name)
        assert "<script>alert" not in markup
        assert 'onload="1' not in markup.replace("&#34;", "")


def test_a_cell_of_100_kilobytes_is_cut_with_a_word_about_it(tmp_path: Path) -> None:
    rows = {
        "events": f"event_id,title,day,event_type,actor_id,place\nE1,They meet,2024-01-01,talks,A1,{'y' * 100_000}\n",
        "actors": "actor_id,name\nA1,Laos\n",
    }
    page = pages_of(release(tmp_path, rows=rows))["events/E1.html"]
    assert len(page) < 20_000
    assert "cut here: 100,000 characters in the table" in page


def test_more_events_than_pages_get_one_page_that_reads_what_it_shows(tmp_path: Path) -> None:
    pages = pages_of(release(tmp_path), most=2)
    assert "data-story" in pages["event.html"]
    assert not [name for name in pages if name.startswith("events/")]
    assert "too many events" in pages["actors/A1.html"]
    assert "2 events" in words(pages["actors/index.html"])


def test_where_events_have_no_page_an_actor_has_their_numbers_by_year_and_role(tmp_path: Path) -> None:
    rows = """
        id,side_a,side_b,where_coordinates,latitude,longitude,date_start,date_end,low,best,high,source_article
        7,Government,Rebels,Sample town,1.5,2.5,2016-12-31,2017-01-03,1,4,9,
        8,Rebels,Civilians,Sample town,1.5,2.5,2017-05-01,2017-05-01,0,0,0,
        9,Rebels,Government,Sample town,1.5,2.5,2017-05-02,2017-05-02,0,0,0,
        10,Rebels,Rebels,Sample town,1.5,2.5,2017-05-03,2017-05-03,0,0,0,
        11,Rebels,,Sample town,1.5,2.5,,,0,0,0,
        """
    pages = pages_of(release(tmp_path, rows={"events": rows}, schemas={"events": SIDES}), most=4)
    rebels = words(next(page for page in pages.values() if ">Rebels</h1>" in page))
    assert "5 events Year Events side_a side_b 2016 1 0 1 2017 3 3 1 no year known 1 1 0" in rebels
    assert "too many events" in rebels
    assert len([name for name in pages if name.startswith("actors/")]) == 4, "three and the list of them"
    assert "Rebels 5 events" in words(pages["actors/index.html"])


def test_events_without_a_key_of_one_field_have_no_pages(tmp_path: Path) -> None:
    schema = {**SCHEMAS["events"], "primaryKey": ["event_id", "day"]}
    assert pages_of(release(tmp_path, schemas={**SCHEMAS, "events": schema})) == {}
