"""Status against origins, and origins over time."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from deedbook.site.messages import messages
from deedbook.site.pictures.coverage import single_origins
from deedbook.site.pictures.evidence import share, status_by_evidence
from deedbook.site.pictures.facts import facts
from tests.site.pictures.releases import SVG, drawings, edition, table

EVENTS = pl.DataFrame(
    {
        "event_id": list("abcdef"),
        "date_start": [dt.date(2024, 1, 1)] * 6,
        "status": ["probable", "confirmed", "probable", "probable", None, "confirmed"],
        "n_origins": [1, 2, 1, 12, None, 2],
        "n_denials": [0, 0, 3, 0, 0, None],
    }
)
CODES = {"status": {"confirmed": {"en": "Confirmed"}, "probable": {"en": "Probable"}}}


def test_a_cell_counts_the_events_of_its_status_and_origins(tmp_path: Path) -> None:
    figure = status_by_evidence(facts(edition(tmp_path, table("events", EVENTS, "event_id", codes=CODES)), "en"))
    assert figure is not None
    assert figure.rows == (
        ("Confirmed", "2", 2, 0),
        ("Probable", "1", 2, 1),
        ("Probable", "5+", 1, 0),
        ("not stated", "n/a", 1, 0),
    )
    assert "Of 6 events, 2 (33%) rest on a single independent origin" in figure.caption
    assert "Somebody denies 1 of them." in figure.caption
    circles = [circle for circle in drawings(figure)[0].iter(f"{SVG}circle") if circle.get("class")]
    assert len(circles) == 4


def test_origins_over_time_add_up_to_all_events(tmp_path: Path) -> None:
    figure = single_origins(facts(edition(tmp_path, table("events", EVENTS, "event_id")), "en"))
    assert figure is not None
    assert figure.columns == ("Day", "All events", "Two or more", "A single origin", "Not stated")
    assert figure.rows == (("1 January 2024", 6, 3, 2, 1),)


def test_without_status_or_origins_there_is_no_picture(tmp_path: Path) -> None:
    for missing in ("status", "n_origins"):
        release = edition(tmp_path, table("events", EVENTS.drop(missing), "event_id"))
        assert status_by_evidence(facts(release, "en")) is None


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 5, "0%"), (5, 5, "100%"), (1, 3, "33%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (0, 0, "0%")],
)
def test_a_share_that_is_not_nothing_is_not_called_so(part: int, whole: int, text: str) -> None:
    assert share(part, whole, messages("en")) == text
