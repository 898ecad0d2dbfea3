from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.site.addresses import page_of, slug, way
from tests.examples import examples


@pytest.mark.parametrize(
    "text", ["E000002", "A1", "alignment-events", "1.2.0", "events_flat", "SYR_12", "20240307-0001-abc"]
)
def test_ids_and_plain_names_stay_as_they_are(text: str) -> None:
    assert slug(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "..", ".", "a/b", "a\\b", "CON", "con", "index", "a b", "é", "\ud800", "<script>", "x" * 500, "e1", "a."],
)
def test_what_is_no_safe_name_gets_one(text: str) -> None:
    found = slug(text)
    assert found != text
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-~")
    assert len(found) < 80


@given(
    st.lists(
        st.one_of(st.text(max_size=8), st.from_regex(r"[aAeE.~-]{0,3}[01]{0,2}", fullmatch=True)),
        unique=True,
        max_size=30,
    )
)
@examples(300)
def test_no_two_texts_share_a_file_even_without_case(texts: list[str]) -> None:
    slugs = [slug(text).casefold() for text in texts]
    assert len(set(slugs)) == len(texts)


def test_a_page_is_found_by_what_it_shows() -> None:
    assert page_of("table", "deeds", "1.0.0", "events") == "deeds/1.0.0/tables/events.html"
    assert page_of("event", "deeds", "../E1").startswith("deeds/events/e1~")


def test_the_way_is_relative() -> None:
    assert way("en/deeds/index.html", "en/index.html") == "../index.html"
    assert way("en/index.html", "de/index.html") == "../de/index.html"
