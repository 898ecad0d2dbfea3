"""What a release adds to GDELT: the events between two countries by day and class."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The view `dyad_days`."""
    del created  # nothing rests on the day of the release
    by = {"day": "SQLDATE", "country1": "Actor1CountryCode", "country2": "Actor2CountryCode", "quad_class": "QuadClass"}
    return {"dyad_days": derived.counts(tables["events"], by, {"mentions": "NumMentions", "articles": "NumArticles"})}
