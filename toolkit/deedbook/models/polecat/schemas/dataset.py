"""What a release adds to POLECAT: actors and recipients one by one."""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from deedbook.rules import derived


def derive(tables: Mapping[str, pl.DataFrame], created: dt.date) -> dict[str, pl.DataFrame]:
    """The view `event_actors`."""
    del created  # nothing rests on the day of the release
    roles = {"actor": "Actor Name", "recipient": "Recipient Name"}
    return {"event_actors": derived.unpacked(tables["events"].rename({"Event ID": "event_id"}), "event_id", roles, ";")}
