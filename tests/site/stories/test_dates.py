"""Dates in words, no more precise than they are coded."""

from __future__ import annotations

import datetime as dt

import pytest

from deedbook.site.messages import messages
from deedbook.site.stories.dates import in_words, span_in_words, years

EN, DE = messages("en"), messages("de")


@pytest.mark.parametrize(
    ("coded", "english", "german"),
    [
        ("2025-07-03", "3 July 2025", "3. Juli 2025"),
        ("2025-07", "July 2025", "Juli 2025"),
        ("2025", "2025", "2025"),
        ("2025-07~", "about July 2025", "um Juli 2025"),
        ("2025?", "2025 (uncertain)", "2025 (unsicher)"),
        ("2025%", "about 2025, uncertain", "um 2025, unsicher"),
        ("2024/2025-07~", "2024 to about July 2025", "2024 bis um Juli 2025"),
        ("../2024", "until 2024", "bis 2024"),
        ("/2024", "until 2024, beginning not known", "bis 2024, Beginn nicht bekannt"),
        ("2024/..", "from 2024 on", "ab 2024"),
        ("2024/", "from 2024, end not known", "ab 2024, Ende nicht bekannt"),
        ("2024-XX", "some time in 2024", "irgendwann in 2024"),
        ("2024-03-XX", "some time in March 2024", "irgendwann in März 2024"),
        ("199X", "the 1990s", "die 1990er Jahre"),
        ("2024-21", "spring 2024", "Frühling 2024"),
    ],
)
def test_a_coded_date_reads_as_it_was_meant(coded: str, english: str, german: str) -> None:
    assert (in_words(coded, EN), in_words(coded, DE)) == (english, german)


@pytest.mark.parametrize("text", ["", "soon", "2025-13", "2025-02-30", "../..", "<b>2025</b>"])
def test_what_is_no_date_stays_as_it_is(text: str) -> None:
    assert in_words(text, EN) == text


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (dt.date(2016, 1, 1), dt.date(2016, 1, 1), "1 January 2016"),
        (dt.date(2016, 1, 1), dt.date(2016, 1, 31), "January 2016"),
        (dt.date(2016, 1, 1), dt.date(2016, 12, 31), "2016"),
        (dt.date(2016, 1, 30), dt.date(2016, 2, 2), "30 January 2016 to 2 February 2016"),
        (dt.date(2016, 1, 30), None, "from 30 January 2016 on"),
        (None, dt.date(2016, 1, 30), "until 30 January 2016"),
        (None, None, ""),
    ],
)
def test_a_first_and_a_last_day_are_a_month_or_a_year_where_they_are_whole(
    first: dt.date | None, last: dt.date | None, words: str
) -> None:
    assert span_in_words(first, last, EN) == words


def test_bounds_on_the_axis_are_strict_and_open_where_nothing_is_known() -> None:
    assert years("2024") == (2024.0, 2025.0)
    assert years("../2024") == (None, 2025.0)
    assert years("2025-07~/..") == (2025.5, None)
    assert years("") == (None, None)
