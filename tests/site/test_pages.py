from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deedbook.publishing.publish import give_notice
from deedbook.publishing.steps import Notice
from deedbook.site import build_site
from deedbook.site.pages import embedded, script, web_link
from tests.fetching.catalogues import target
from tests.site.catalogues import HOSTILE, LATER, ROWS, SCHEMAS, field, release
from tests.site.pages import Page, pages_of


def page(root: Path, address: str) -> Page:
    return Page(root / "site" / address)


def test_no_page_has_what_its_policy_forbids_nor_a_link_that_leads_nowhere(published: Path) -> None:
    found = pages_of(published)
    assert len(found) > 20
    known = {one.path.relative_to(published).as_posix(): one for one in found}
    assert {name: one.faults for name, one in known.items() if one.faults} == {}
    assert {name: one.broken for name, one in known.items() if one.broken} == {}
    assert {name: sorted(one.ids) for name, one in known.items() if len(set(one.ids)) < len(one.ids)} == {}


def test_the_page_of_a_release_says_what_when_who_where_and_how_to_cite(published: Path) -> None:
    text = page(published, "en/deeds/1.1.0/index.html").text
    for said in (
        "Who did what.",
        "22 March 1990 to 1 January 2025",
        "2 actors",
        "2 places",
        "Bureau of Deeds (2026). Deeds (version 1.1.0)",
    ):
        assert said in text
    assert "A newer version exists" not in text
    assert page(published, "en/deeds/index.html").text == text


def test_an_older_version_leads_to_the_newer_one(published: Path) -> None:
    found = page(published, "de/deeds/1.0.0/index.html")
    assert "Es gibt eine neuere Version: deeds 1.1.0" in found.text
    assert "../1.1.0/index.html" in found.links


def test_a_withdrawn_version_says_so_with_reason(root: Path) -> None:
    give_notice(target(root, {}), Notice("deeds", "1.1.0", "a table was <wrong>", "1.0.0"))
    build_site(root)
    text = page(root, "en/deeds/1.1.0/index.html").text
    assert "This version was withdrawn. a table was <wrong>" in text
    assert "Use instead: deeds 1.0.0" in text
    assert "version 1.0.0" in page(root, "en/deeds/index.html").text


def test_downloads_are_there_for_every_tool(published: Path) -> None:
    found = page(published, "en/deeds/1.1.0/index.html")
    for name in ("deeds.xlsx", "deeds.sqlite", "deeds-csv.zip", "events.parquet", "events.dta", "load.R"):
        assert f"../../../../deeds/1.1.0/{name}" in found.links
    assert (published / "site/data/deeds/1.1.0/citation.ris").read_text().startswith("TY")
    assert (published / "site/data/deeds/1.1.0/citation.bib").read_text().startswith("@")


def test_the_changes_have_old_and_new_values_and_reasons(published: Path) -> None:
    found = page(published, "en/deeds/1.1.0/changes.html")
    assert "corrected E1 day 1990-03-21 1990-03-22 date; the paper says so" in found.text
    assert "withdrawn E3 duplicate" in found.text
    assert "added E4" in found.text
    assert "first version" in page(published, "en/deeds/1.0.0/changes.html").text


def test_changes_are_capped_and_the_page_says_how_many_there_are(tmp_path: Path) -> None:
    release(tmp_path)
    many = ROWS["events"] + "".join(f"        F{number},More,2024-01-01,aid,A1,\n" for number in range(500))
    root = release(tmp_path, "1.1.0", {**ROWS, "events": many})
    build_site(root)
    assert "400 of 500 are shown; all are in changes.json" in page(root, "en/deeds/1.1.0/changes.html").text


def test_the_codebook_tells_each_field_its_codes_and_its_history(published: Path) -> None:
    found = page(published, "en/deeds/1.1.0/codebook.html")
    assert "Talks (2), Aid (1)" in found.text
    assert "since 1.0.0 1.1.0: 1 value corrected" in found.text
    assert {"events.day", "codes.events.event_type"} <= set(found.ids)


def test_a_field_that_was_renamed_or_dropped_is_followed(tmp_path: Path) -> None:
    release(tmp_path)
    fields = [
        field("where_", title="Where", deedbook={"previousName": "place"}) if one["name"] == "place" else one
        for one in SCHEMAS["events"]["fields"]
    ]
    schema = {**SCHEMAS["events"], "fields": [*fields, field("note")]}
    events = (
        ROWS["events"]
        .replace("actor_id,place\n", "actor_id,where_,note\n")
        .replace("Vientiane\n", "Vientiane,\n")
        .replace("A2,\n", "A2,,\n")
    )
    root = release(tmp_path, "2.0.0", {**ROWS, "events": events}, schemas={**SCHEMAS, "events": schema})
    build_site(root)
    text = page(root, "en/deeds/2.0.0/codebook.html").text
    assert "since 2.0.0" in text


def test_the_rules_page_says_that_there_are_none(published: Path) -> None:
    assert "Rules" in page(published, "en/deeds/1.1.0/rules.html").text


def test_the_search_finds_datasets_tables_fields_and_codes(published: Path) -> None:
    text = (published / "site/data/search.en.json.js").read_text()
    given = json.loads(text.removeprefix("deedbook.take(").removesuffix(");\n"))
    entries = json.loads(given["text"])
    assert given["name"] == "search.en"
    assert {one["kind"] for one in entries} == {"dataset", "table", "field", "code"}
    for one in entries:
        file, _, anchor = one["href"].partition("#")
        assert not anchor or anchor in page(published, file).ids


def test_a_damaged_version_has_a_page_that_says_it_and_nothing_else(root: Path) -> None:
    (root / "deeds" / "1.1.0" / "events.csv").write_text("event_id\n")
    built = build_site(root)
    assert [one.partition(":")[0] for one in built.damaged] == ["deeds 1.1.0"]
    text = page(root, "en/deeds/1.1.0/index.html").text
    assert "This version is damaged." in text
    assert "events.csv was changed" in text
    assert not (root / "site/en/deeds/1.1.0/codebook.html").exists()
    assert "version 1.0.0" in page(root, "en/deeds/index.html").text


def test_what_has_no_dates_places_or_rows_says_so(tmp_path: Path) -> None:
    schema = {"words": {"fields": [field("word")], "primaryKey": ["word"]}}
    root = release(tmp_path, rows={"words": "word\n"}, schemas=schema)
    build_site(root)
    text = page(root, "en/deeds/index.html").text
    for said in (
        "no dates, so there is no picture over time",
        "no places, so there is no map",
        "has no rows",
        "tells who took part",
    ):
        assert said in text


def test_a_package_that_says_next_to_nothing_has_its_pages(tmp_path: Path) -> None:
    root = release(tmp_path, title=None, description=None, contributors=None)
    assert not build_site(root).damaged
    shown = page(root, "en/deeds/index.html")
    assert "They meet again" in shown.text
    assert "None" not in shown.text


def test_events_without_an_id_have_no_pages_and_nothing_leads_to_any(tmp_path: Path) -> None:
    schema = {"events": {"fields": [field("date", "date"), field("actor1")]}}
    root = release(tmp_path, rows={"events": "date,actor1\n2024-01-01,Laos\n"}, schemas=schema)
    build_site(root)
    assert [one.broken for one in pages_of(root) if one.broken] == []


def test_whatever_a_publisher_wrote_is_text(tmp_path: Path) -> None:
    long = "x" * 100_000
    rows = {
        "events": f'event_id,title,day,event_type,actor_id,place\n"{HOSTILE}","{HOSTILE}",2024-01-01,talks,A1,"=1+1"\n__proto__,{long},2024-01-01,aid,A1,\n',
        "actors": f'actor_id,name\nA1,"{HOSTILE}"\n',
    }
    fields = [{**one, "title": HOSTILE, "description": HOSTILE} for one in SCHEMAS["events"]["fields"]]
    schema = {**SCHEMAS["events"], "title": HOSTILE, "fields": fields}
    more: dict[str, Any] = {
        "title": HOSTILE,
        "description": HOSTILE,
        "homepage": "javascript:alert(1)",
        "keywords": [HOSTILE],
    }
    root = release(tmp_path, rows=rows, schemas={**SCHEMAS, "events": schema}, **more)
    build_site(root)
    for one in pages_of(root):
        assert one.faults == []
        assert not [link for link in one.links if link.startswith("javascript")]
        is_story = one.path.parent.name in {"events", "actors"}  # the page of a row may show the whole of it
        assert one.path.stat().st_size < (400_000 if is_story else 150_000)
    assert HOSTILE in page(root, "en/deeds/index.html").text


@pytest.mark.parametrize("text", ["</script>", "<!--", "&amp;", "\u2028", '"'])
def test_json_in_a_page_cannot_end_its_element(text: str) -> None:
    found = str(embedded({"a": text}))
    assert not set("<>&\u2028") & set(found)
    assert json.loads(found) == {"a": text}
    assert b"<" not in script({"a": text})


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("https://a.org/b", True),
        ("http://a.org", True),
        ("javascript:x", False),
        ("https://a b", False),
        ("//a.org", False),
        (None, False),
        ("https://a\u202e", False),
    ],
)
def test_only_addresses_on_the_web_are_links(text: object, is_link: bool) -> None:
    assert bool(web_link(text)) is is_link


def test_two_datasets_stand_side_by_side(tmp_path: Path) -> None:
    release(tmp_path)
    root = release(tmp_path, name="words", rows=LATER)
    build_site(root)
    links = page(root, "en/index.html").links
    assert {"deeds/index.html", "words/index.html"} <= set(links)


def test_codes_that_are_numbers_have_their_labels_on_every_page(tmp_path: Path) -> None:
    kinds = [{"value": 1, "label": "state-based conflict"}, {"value": 2, "label": "non-state conflict"}]
    fields = [field("event_id"), field("date", "date"), field("type_of_violence", "number", categories=kinds)]
    schemas = {"events": {"fields": fields, "primaryKey": ["event_id"]}}
    rows = "event_id,date,type_of_violence\nE1,2024-01-01,1.0\nE2,2024-01-02,2\nE3,2024-01-03,1\n"
    root = release(tmp_path, rows={"events": rows}, schemas=schemas)
    build_site(root)
    assert "state-based conflict (2), non-state conflict (1)" in page(root, "en/deeds/1.0.0/codebook.html").text
    assert "What state-based conflict 1" in page(root, "en/deeds/events/E1.html").text
    explorer = page(root, "en/deeds/1.0.0/tables/events.html")
    assert "state-based conflict" in explorer.text
    assert '"non-state conflict"' in json.dumps(explorer.json["page"])
    assert "state-based conflict" in (root / "deeds" / "1.0.0" / "CODEBOOK.md").read_text(encoding="utf-8")
