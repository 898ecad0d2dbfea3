"""What a release adds to the alliances: the days that dates in parts allow, and each pair of members."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The columns that a release adds to members, and the view `dyads`."""
    del created  # nothing rests on the day of the release
    members = tables["members"]
    key = ["version4id", "ccode", "mem_st_year", "mem_st_month", "mem_st_day"]
    days = derived.bounds(
        key,
        members,
        start=("mem_st_year", "mem_st_month", "mem_st_day"),
        end=("mem_end_year", "mem_end_month", "mem_end_day"),
    )
    since, until = pl.col("mem_st_year"), pl.col("mem_end_year")
    own = members.select("version4id", "ccode", from_year=since, to_year=until)
    pairs = own.join(own, on="version4id", suffix="_b").filter(pl.col("ccode") < pl.col("ccode_b"))
    together = pairs.select(
        "version4id",
        ccode_a="ccode",
        ccode_b="ccode_b",
        from_year=pl.max_horizontal("from_year", "from_year_b"),
        to_year=pl.min_horizontal("to_year", "to_year_b"),
    )
    lasts = pl.col("to_year").is_null() | (pl.col("from_year") <= pl.col("to_year"))
    return {"members": days, "dyads": together.filter(lasts).unique()}
