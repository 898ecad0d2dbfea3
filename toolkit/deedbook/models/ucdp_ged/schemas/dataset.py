"""What a release adds to UCDP GED: who fought, and the events of each dyad by year."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The views `sides` and `dyad_years`."""
    del created  # nothing rests on the day of the release
    whole = ("side_a_new_id", "side_b_new_id", "dyad_new_id", "year", "best", "low", "high")
    events = tables["events"].with_columns(pl.col(whole).cast(pl.Int64))  # which R may have written as 1.0
    sides = [
        events.select(side_id=f"side_{it}_new_id", name=f"side_{it}", year="year", best="best") for it in ("a", "b")
    ]
    fought = pl.concat(sides).drop_nulls("side_id").sort("side_id", "year").group_by("side_id", maintain_order=True)
    deaths = {"best": "best", "low": "low", "high": "high"}
    return {
        "sides": fought.agg(
            pl.col("name").last(),
            pl.len().alias("n_events"),
            pl.col("best").sum(),
            first_year=pl.col("year").min(),
            last_year=pl.col("year").max(),
        ),
        "dyad_years": derived.counts(
            events, {"dyad_id": "dyad_new_id", "dyad_name": "dyad_name", "year": "year"}, deaths
        ),
    }
