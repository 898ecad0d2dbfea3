"""What a release adds to the conflict-years: each episode as one row."""

import datetime as dt
from collections.abc import Mapping

import polars as pl


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The view `episodes`."""
    del created  # nothing rests on the day of the release
    spans = tables["conflicts"].sort("conflict_id", "year").group_by("conflict_id", "start_date2", maintain_order=True)
    found = spans.agg(
        first_year=pl.col("year").min(),
        last_year=pl.col("year").max(),
        n_years=pl.len(),
        ended_on=pl.col("ep_end_date").max(),
        intensity_level=pl.col("intensity_level").max(),
    )
    return {"episodes": found.rename({"start_date2": "began_on"})}
