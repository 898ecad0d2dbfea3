"""What a release adds to the GTD: the days that the three parts of a date allow."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The columns that a release adds to incidents."""
    del created  # nothing rests on the day of the release
    return {"incidents": derived.bounds(["eventid"], tables["incidents"], date=("iyear", "imonth", "iday"))}
