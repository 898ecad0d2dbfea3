"""What a release adds to ICEWS: the events from one country to another by day and CAMEO root code."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The view `dyad_days`."""
    del created  # nothing rests on the day of the release
    events = tables["events"].with_columns(root=pl.col("CAMEO Code").str.head(2))
    by = {
        "day": "Event Date",
        "source_country": "Source Country",
        "target_country": "Target Country",
        "root_code": "root",
    }
    found = derived.counts(events, by, {"intensity": "Intensity"})
    return {"dyad_days": found.with_columns(intensity=(pl.col("intensity") / pl.col("n_events")).round(4))}
