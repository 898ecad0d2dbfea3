"""What a release of this model adds: the names of both sides beside their ids, and how long an event lasted."""

import datetime as dt
from collections.abc import Mapping

import polars as pl


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The columns that a release adds to events."""
    del created  # nothing rests on the day of the release
    names = tables["actors"].select("actor_id", "name").unique("actor_id", keep="first")
    events = tables["events"]
    for side in ("source", "target"):
        named = names.rename({"name": f"{side}_actor"})
        events = events.join(named, left_on=f"{side}_actor_id", right_on="actor_id", how="left")
    last = pl.coalesce("date_end", "date_start")
    days = (last - pl.col("date_start")).dt.total_days() + 1
    return {"events": events.select("event_id", "source_actor", "target_actor", days=days)}
