"""EDTF levels 0 and 1: what is a date, and which days it allows."""

from __future__ import annotations

import calendar
import datetime as dt
import time

import polars as pl
import pytest
from edtf import EDTFParseException, parse_edtf
from edtf.parser import parser_classes
from hypothesis import given
from hypothesis import strategies as st

from deedbook.rules import dates
from deedbook.rules.dates import are_apart
from tests.examples import examples

Day = tuple[int, int, int] | None
LEVELS_0_AND_1 = (
    parser_classes.Date,
    parser_classes.DateAndTime,
    parser_classes.Interval,
    parser_classes.UncertainOrApproximate,
    parser_classes.Unspecified,
    parser_classes.Level1Interval,
    parser_classes.Season,
)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-07-14", "2025-07-14", "2025-07-14"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("1000", "1000-01-01", "1000-12-31"),
        ("9999-12-31", "9999-12-31", "9999-12-31"),
        ("2025-07~", "2025-07-01", "2025-07-31"),
        ("2025-07-14?", "2025-07-14", "2025-07-14"),
        ("2025%", "2025-01-01", "2025-12-31"),
        ("2025-07-XX", "2025-07-01", "2025-07-31"),
        ("2025-XX-XX", "2025-01-01", "2025-12-31"),
        ("2025-XX", "2025-01-01", "2025-12-31"),
        ("202X", "2020-01-01", "2029-12-31"),
        ("19XX", "1900-01-01", "1999-12-31"),
        ("2025-21", "2025-03-01", "2025-05-31"),
        ("2025-22", "2025-06-01", "2025-08-31"),
        ("2025-23", "2025-09-01", "2025-11-30"),
        ("2025-24", "2025-12-01", "2026-02-28"),
        ("2025-05/2025-07~", "2025-05-01", "2025-07-31"),
        ("2025-07/2025-07-05", "2025-07-01", "2025-07-05"),
        ("2025-07-05/2025-07", "2025-07-05", "2025-07-31"),
        ("2025-21/2025-22", "2025-03-01", "2025-08-31"),
        ("../2025", None, "2025-12-31"),
        ("/2025-07", None, "2025-07-31"),
        ("2025-07~/..", "2025-07-01", None),
        ("2025/", "2025-01-01", None),
        ("2024-01-01T10:00:00Z", "2024-01-01", "2024-01-01"),
        ("2024-01-01T23:59:59+02:00", "2024-01-01", "2024-01-01"),
    ],
)
def test_bounds_are_strict(text: str, first: str | None, last: str | None) -> None:
    days = (dt.date.fromisoformat(first) if first else None, dt.date.fromisoformat(last) if last else None)
    assert dates.bounds(text) == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 2025",
        "2025 ",
        "2025\n",
        "2025-7",
        "2025-13",
        "2025-00",
        "2025-02-29",
        "2025-04-31~",
        "2025-04-00",
        "14.7.2025",
        "07/14/2025",
        "45852",
        "July 2025",
        "0999",
        "Y12000",
        "-0100",
        "25",
        "٢٠٢٥",
        "2025/2024",
        "2025-07-05/2025-07-04",
        "..",
        "../..",
        "/",
        "../",
        "2025/2026/2027",
        "open/2025",
        "unknown",
        "2025-~07",
        "?2025-07",
        "[2024,2025]",
        "{2024}",
        "2004-06-XX/2004-07-03",
        "156X-12-25",
        "20X5",
        "1XXX",
        "XXXX",
        "2025-XX-05",
        "2025-07-1X",
        "2025-07-XX-XX",
        "2025-25",
        "2025-33",
        "2001-21~",
        "2025-21-01",
        "2024S2",
        "2024-01-01T25:00:00",
        "2024-02-30T10:00:00",
        "2024T10:00:00",
        "2024-01-01T10:00:00Z/2025",
        "2025-07-14??",
    ],
)
def test_what_is_no_date_of_level_0_or_1(text: str) -> None:
    assert dates.bounds(text) is None


_part = st.from_regex(r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-[0-3][0-9])?)?[?~%]?", fullmatch=True)
_side = st.one_of(_part, st.just(".."))
_masked = r"[12][0-9]([0-9]X|XX)|[12][0-9]{3}-(XX(-XX)?|(0[1-9]|1[0-2])-XX)"
_text = st.one_of(
    _part,
    st.builds("{}/{}".format, _side, _side),
    st.from_regex(r"[12][0-9]{3}-2[0-9]", fullmatch=True),
    st.from_regex(_masked, fullmatch=True),
)


@given(_text)
@examples(150)
def test_the_edtf_library_agrees(text: str) -> None:
    """Except for the winter, which it ends in December, and for days that do not exist, which it lets pass."""
    ours, theirs = dates.bounds(text), _library_bounds(text)
    if ours is not None and "-24" not in text:
        assert theirs == tuple(day and (day.year, day.month, day.day) for day in ours)
    if ours is None and theirs is not None:
        first, last = theirs
        is_reversed = first is not None and last is not None and first > last
        assert text == "../.." or is_reversed or not (_exists(first) and _exists(last))


def _library_bounds(text: str) -> tuple[Day, Day] | None:
    try:
        found = parse_edtf(text)
    except (EDTFParseException, ValueError):
        return None
    if not isinstance(found, LEVELS_0_AND_1) or isinstance(found, parser_classes.Level2Interval):
        return None
    if isinstance(found, parser_classes.Season) and type(found) is not parser_classes.Season:
        return None
    return _day(found.lower_strict()), _day(found.upper_strict())


def _day(moment: float | time.struct_time) -> Day:
    """Year, month and day, which need not exist; None for an open side."""
    return None if isinstance(moment, float) else (moment.tm_year, moment.tm_mon, moment.tm_mday)


def _exists(day: Day) -> bool:
    return day is None or (1 <= day[1] <= 12 and 1 <= day[2] <= calendar.monthrange(day[0], day[1])[1])


def test_columns_hold_one_day_a_row_and_null_where_nothing_is_known() -> None:
    frame = pl.DataFrame({"on": ["2025-07", None, "2025/..", "no date", "2025-07"]})
    first, last = dt.date(2025, 7, 1), dt.date(2025, 7, 31)
    assert frame.select(dates.earliest("on")).to_series().to_list() == [first, None, dt.date(2025, 1, 1), None, first]
    assert frame.select(dates.latest("on")).to_series().to_list() == [last, None, None, None, last]
    assert frame.select(dates.is_edtf("on")).to_series().to_list() == [True, None, True, False, True]


def test_columns_without_rows_or_values_have_their_types() -> None:
    for texts in ([], [None, None]):
        frame = pl.DataFrame({"on": pl.Series(texts, dtype=pl.String)}).select(dates.earliest("on"))
        assert frame.schema == {"first": pl.Date}
        assert frame.height == len(texts)


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2025-07-14", "day"),
        ("2025-07-01/2025-07-02", "multi_day"),
        ("2025-07-01/2025-07-06", "multi_day"),
        ("2025-07-01/2025-07-07", "week"),
        ("2025-07-01/2025-07-08", "month"),
        ("2025-07", "month"),
        ("2025-07-01/2025-08-01", "quarter_season"),
        ("2025-24", "quarter_season"),
        ("2025-07/2025-09", "quarter_season"),
        ("2025-07-01/2025-10-02", "year"),
        ("2024", "year"),
        ("2024-01-01/2025-01-01", "longer"),
        ("../2025", "uncertain"),
    ],
)
def test_precision_follows_from_the_span(text: str, precision: str) -> None:
    frame = pl.DataFrame({"on": [text]})
    assert frame.select(dates.precision(dates.earliest("on"), dates.latest("on"))).item() == precision


@pytest.mark.parametrize(
    ("start", "end", "next_start", "apart"),
    [
        ("2020", "2021", "2022", True),
        ("2020", "2021", "2021", True),
        ("2020", "2021-12-31", "2021-12-31", False),
        (None, "2021-05", "2021-04", False),
        ("2020", "../2025", "2022", True),
        ("2020", None, "2022", False),
        (None, None, None, False),
    ],
)
def test_times_overlap_only_where_that_is_certain(start: str, end: str, next_start: str, apart: bool) -> None:
    rows = {"id": ["1", "2"], "key": ["a", "a"], "start": [start, next_start], "end": [end, None]}
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))
    assert frame.select(are_apart(("key",), "start", "end", "id")).to_series().to_list() == [True, apart]
