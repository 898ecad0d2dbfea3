"""Events over time."""

import datetime as dt
from collections import Counter
from pathlib import Path

import polars as pl

from deedbook.site.pictures.facts import facts
from deedbook.site.pictures.timeline import by_pair, by_status, by_type
from tests.site.pictures.releases import edition, table, texts


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def events(*rows: tuple[str | None, str | None, str | None]) -> pl.DataFrame:
    """A row for each start, end and type."""
    columns = {
        "event_id": [f"E{number}" for number in range(len(rows))],
        "date_start": [day(start) for start, _, _ in rows],
        "date_end": [day(end) for _, end, _ in rows],
        "event_type": [kind for _, _, kind in rows],
        "side_a": ["North" if number % 2 else "South" for number in range(len(rows))],
        "side_b": ["South" if number % 2 else "North" for number in range(len(rows))],
    }
    types = {"date_start": pl.Date, "date_end": pl.Date, "event_type": pl.String}
    return pl.DataFrame(columns, schema_overrides=types)


def test_each_row_of_bars_has_the_numbers_of_a_plain_recount(tmp_path: Path) -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=(number * number * 7) % 700) for number in range(500)]
    rows = [(one.isoformat(), one.isoformat(), "abc"[number % 3]) for number, one in enumerate(days)]
    figure = by_type(facts(edition(tmp_path, table("events", events(*rows), "event_id")), "en"))
    assert figure is not None
    assert figure.columns == ("Month", "All events", "a", "b", "c")
    plain = Counter((f"{one:%B %Y}", "abc"[number % 3]) for number, one in enumerate(days))
    for month, whole, *parts in figure.rows:
        assert parts == [plain[str(month), kind] for kind in "abc"]
        assert whole == sum(plain[str(month), kind] for kind in "abc")
    assert sum(int(str(row[1])) for row in figure.rows) == 500


def test_a_date_that_may_be_in_several_months_is_spread_evenly_over_them(tmp_path: Path) -> None:
    rows = events(("2024-01-05", "2024-01-20", "a"), ("2024-01-01", "2024-04-30", "a"), ("2024-12-31", None, "a"))
    figure = by_type(facts(edition(tmp_path, table("events", rows, "event_id")), "en"))
    assert figure is not None
    assert figure.rows == (
        ("January 2024", 1.25, 1.25),
        ("February 2024", 0.25, 0.25),
        ("March 2024", 0.25, 0.25),
        ("April 2024", 0.25, 0.25),
        ("December 2024", 1, 1),
    )
    assert "spread evenly" in figure.caption
    assert "-picture-bar)" in figure.svg


def test_events_without_a_date_are_counted_and_said(tmp_path: Path) -> None:
    rows = events(("2024-01-05", None, "a"), (None, "2024-01-06", "b"), (None, None, None))
    figure = by_type(facts(edition(tmp_path, table("events", rows, "event_id")), "en"))
    assert figure is not None
    assert figure.caption.startswith("Events with a date: 2, 5 January 2024 to 6 January 2024.")
    assert "Without a date: 1." in figure.caption


def test_rare_types_are_one_row_together(tmp_path: Path) -> None:
    rows = [("2024-01-05", None, kind) for place, kind in enumerate("abcdefghijk") for _ in range(20 - place)]
    figure = by_type(facts(edition(tmp_path, table("events", events(*rows), "event_id")), "de"))
    assert figure is not None
    assert figure.columns[2:] == (*"abcdefg", "4 weitere")
    assert figure.rows[0][-1] == 13 + 12 + 11 + 10
    assert "46" in texts(figure)


def test_a_missing_type_is_said_to_be_missing(tmp_path: Path) -> None:
    rows = events(("2024-01-05", None, None), ("2024-01-05", None, None), ("2024-01-05", None, "a"))
    figure = by_type(facts(edition(tmp_path, table("events", rows, "event_id")), "en"))
    assert figure is not None
    assert figure.columns == ("Day", "All events", "not stated", "a")
    assert figure.rows == (("5 January 2024", 3, 2, 1),)


def test_codes_are_called_as_their_list_does(tmp_path: Path) -> None:
    rows = events(("2024-01-05", None, "clash"))
    codes = {"event_type": {"clash": {"en": "Clash", "de": "Zusammenstoß"}}}
    release = edition(tmp_path, table("events", rows, "event_id", codes=codes))
    named = {lang: by_type(facts(release, lang)) for lang in ("en", "de")}
    assert [figure and figure.columns[-1] for figure in named.values()] == ["Clash", "Zusammenstoß"]


def test_a_pair_is_one_whoever_acts(tmp_path: Path) -> None:
    rows = events(*(("2024-01-05", None, "a"),) * 5)
    figure = by_pair(facts(edition(tmp_path, table("events", rows, "event_id")), "en"))
    assert figure is not None
    assert figure.columns[2:] == ("North \u2013 South",)
    assert figure.rows == (("5 January 2024", 5, 5),)


def test_what_a_release_lacks_gives_no_picture(tmp_path: Path) -> None:
    undated = facts(edition(tmp_path, table("events", events((None, None, "a")), "event_id")), "en")
    assert by_type(undated) is None
    dated = facts(edition(tmp_path, table("events", events(("2024-01-05", None, "a")), "event_id")), "en")
    assert by_status(dated) is None
    assert by_type(facts(edition(tmp_path), "en")) is None
