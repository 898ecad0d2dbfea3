"""Spans of time."""

import datetime as dt

import polars as pl
import pytest

from deedbook.site.messages import messages
from deedbook.site.pictures.bins import Bins, Unit, choose, ordinal, ordinals


@pytest.mark.parametrize(
    ("first", "last", "unit", "count"),
    [
        ("2024-01-01", "2024-01-01", "day", 1),
        ("2024-01-01", "2024-03-02", "day", 62),
        ("2024-01-01", "2024-03-03", "month", 3),
        ("2018-01-31", "2023-12-01", "month", 72),
        ("2018-01-31", "2024-01-01", "quarter", 25),
        ("2000-05-01", "2018-04-01", "year", 19),
        ("1900-05-01", "2009-04-01", "year", 110),
        ("1816-05-01", "2020-04-01", "decade", 22),
    ],
)
def test_the_span_chooses_the_unit(first: str, last: str, unit: Unit, count: int) -> None:
    bins = choose(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert (bins.unit, bins.count) == (unit, count)


@pytest.mark.parametrize("unit", ["day", "month", "quarter", "year", "decade"])
def test_a_column_of_days_has_the_bins_of_its_days(unit: Unit) -> None:
    days = [dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]
    assert pl.DataFrame({"d": days}).select(ordinals("d", unit))["d"].to_list() == [ordinal(day, unit) for day in days]


@pytest.mark.parametrize(
    ("unit", "day", "english", "german"),
    [
        ("day", "2025-05-03", "3 May 2025", "3. Mai 2025"),
        ("month", "2025-03-31", "March 2025", "März 2025"),
        ("quarter", "2025-12-31", "Q4 2025", "4. Quartal 2025"),
        ("year", "2025-05-03", "2025", "2025"),
        ("decade", "1999-05-03", "1990s", "1990er"),
    ],
)
def test_bins_are_named_in_the_language_of_the_page(unit: Unit, day: str, english: str, german: str) -> None:
    bins = Bins(unit, ordinal(dt.date.fromisoformat(day), unit), 1)
    assert [bins.name(0, messages(lang)) for lang in ("en", "de")] == [english, german]


def test_an_axis_names_as_many_bins_as_there_is_room_for() -> None:
    bins = choose(dt.date(2020, 3, 1), dt.date(2025, 2, 1))
    assert [name for _, name in bins.marks(600, 60, messages("en"))][:3] == ["Jul 2020", "Jan 2021", "Jul 2021"]
    assert [name for _, name in bins.marks(300, 60, messages("en"))] == ["2021", "2022", "2023", "2024", "2025"]
    assert [name for _, name in bins.marks(120, 60, messages("en"))] == ["2025"]
    assert Bins("month", 24292, 1).marks(300, 60, messages("en")) == [(0, "May 2024")]
