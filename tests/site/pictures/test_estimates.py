"""Numbers with a range over time."""

import datetime as dt
import random
from pathlib import Path

import polars as pl
import pytest

from deedbook.site.pictures.estimates import estimates, round_ticks
from deedbook.site.pictures.facts import facts
from tests.site.pictures.releases import edition, table


def deaths(**columns: list[object]) -> pl.DataFrame:
    days = [dt.date(2024, 1, 1), dt.date(2024, 5, 1), dt.date(2024, 5, 9), dt.date(2024, 12, 1)]
    return pl.DataFrame({"event_id": list("abcd"), "date_start": days, **columns})


def test_the_sums_of_a_month_are_those_of_its_events(tmp_path: Path) -> None:
    rows = deaths(low=[1, 2, None, 0], best=[1, 3, 4, 0], high=[1, 30, 5, 0])
    figure = estimates(facts(edition(tmp_path, table("events", rows, "event_id")), "en"))
    assert figure is not None
    assert figure.title == "Deaths over time, with their range"
    assert figure.rows == (("January 2024", 1, 1, 1), ("May 2024", 2, 7, 35))
    assert "Together 8, between 3 and 36; most in May 2024: 7." in figure.caption
    assert "picture-range" in figure.svg


def test_a_number_whose_date_may_be_of_several_months_is_spread_over_them_hatched_and_said(tmp_path: Path) -> None:
    ends: list[object] = [dt.date(2024, 1, 1), dt.date(2024, 6, 30), dt.date(2024, 5, 9), dt.date(2024, 12, 1)]
    rows = deaths(date_end=ends, low=[0, 0, 0, 0], best=[1, 3, 4, 0], high=[1, 8, 4, 0])
    sure, vague = (
        estimates(facts(edition(tmp_path, table("events", frame, "event_id")), "en"))
        for frame in (rows.drop("date_end"), rows)
    )
    assert sure is not None
    assert vague is not None
    assert vague.rows == (("January 2024", 0, 1, 1), ("May 2024", 0, 5.5, 8), ("June 2024", 0, 1.5, 4))
    assert "Together 8, between 0 and 13; most in May 2024: 5.5." in vague.caption
    assert "Hatched: the date may fall into several columns" in vague.caption
    assert "Hatched" not in sure.caption
    assert vague.svg.count('fill="url(#') > sure.svg.count('fill="url(#')


def test_one_number_has_no_range(tmp_path: Path) -> None:
    figure = estimates(facts(edition(tmp_path, table("events", deaths(fatalities=[1, 2, 3, 4]), "event_id")), "de"))
    assert figure is not None
    assert figure.columns == ("Monat", "Beste Schätzung")
    assert figure.title == "Todesopfer im Lauf der Zeit"
    assert "picture-range" not in figure.svg


@pytest.mark.parametrize(
    "columns",
    [
        {"best": [0, 0, 0, 0]},
        {"best": [1, 2, 3, 4], "quantity_unit": ["people", "tons", "tons", "tons"]},
        {"intensity_level": [1, 2, 2, 1]},
        {},
    ],
)
def test_numbers_that_may_not_be_added_give_no_picture(columns: dict[str, list[object]], tmp_path: Path) -> None:
    assert estimates(facts(edition(tmp_path, table("events", deaths(**columns), "event_id")), "en")) is None


def test_fractions_sum_up_to_the_same_in_any_order(tmp_path: Path) -> None:
    numbers = [round(random.Random(place).random() * 1000, 2) for place in range(2000)]  # noqa: S311 - a fixed example
    rows = pl.DataFrame({"event_id": range(2000), "date_start": [dt.date(2024, 1, 1)] * 2000, "best": numbers})
    several = [
        estimates(facts(edition(tmp_path, table("events", frame, "event_id")), "en"))
        for frame in (rows, rows.reverse(), rows.sort("best"))
    ]
    assert len({figure and figure.rows for figure in several}) == 1
    assert several[0] is not None
    assert several[0].rows[0][1] == round(sum(numbers), 2)


@pytest.mark.parametrize("most", [0.3, 1, 3, 7, 10, 99, 12_345, 1e6])
def test_ticks_are_few_round_and_reach_the_most(most: float) -> None:
    ticks = round_ticks(most)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == 0
    assert ticks[-2] < most <= ticks[-1]
