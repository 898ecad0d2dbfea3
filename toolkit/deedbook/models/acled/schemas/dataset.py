"""What a release adds to an export of ACLED: actors one by one, and the events of each country by month."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The views `event_actors` and `country_months`."""
    del created  # nothing rests on the day of the release
    events = tables["events"].with_columns(month=pl.col("event_date").dt.strftime("%Y-%m"))
    roles = {"actor1": "actor1", "associate1": "assoc_actor_1", "actor2": "actor2", "associate2": "assoc_actor_2"}
    by = {"country": "country", "month": "month", "event_type": "event_type"}
    return {
        "event_actors": derived.unpacked(events, "event_id_cnty", roles, ";"),
        "country_months": derived.counts(events, by, {"fatalities": "fatalities"}),
    }
