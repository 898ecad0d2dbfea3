"""Who takes part in an event: at a time at which the actor existed, and on one side only."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.actors import ACTING_ROLES, RECEIVING_ROLES
from deedbook.models.alignment.cells import judged
from deedbook.rules import dates
from deedbook.rules.views import View, beside

GROUP_TYPES = ("generic", "unidentified")
"""Types that stand for people of whom some may be on either side (ACLED: 220 of 9,000 events)."""


def in_its_time(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A participant existed when the event took place; not at every date that the event may have is a warning."""
    born, gone = dates.earliest("valid_from"), dates.latest("valid_to")
    life = tables["actors"].select("actor_id", "name", "valid_from", "valid_to", born=born, gone=gone)
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    times = tables["events"].select("event_id", "date_edtf", first=first, last=last)
    view = beside(View(tables["event_participants"]), "actor", life, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "event", times, {"event_id": "event_id"}, ("events",))
    born, gone, first, last = (pl.col(name) for name in ("actor.born", "actor.gone", "event.first", "event.last"))
    absent = (last < born).fill_null(False) | (first > gone).fill_null(False)
    partly = (first < born).fill_null(False) | (last > gone).fill_null(False)
    validity = pl.format("{}/{}", pl.col("actor.valid_from").fill_null(".."), pl.col("actor.valid_to").fill_null(".."))
    shown = {"name": pl.col("actor.name"), "validity": validity, "date": pl.col("event.date_edtf")}
    return [
        judged(view, "participant-not-there", ~absent, values=shown),
        judged(view, "participant-partly-there", absent | ~partly, values=shown),
    ]


def on_one_side(tables: Mapping[str, pl.DataFrame], roots: pl.DataFrame) -> list[pa.Check]:
    """Nobody acts upon himself; both sides having one root is worth a look."""
    own = tables["event_participants"]
    acting = own.filter(pl.col("role").is_in(ACTING_ROLES)).select("event_id", "actor_id")
    kin = acting.join(roots, on="actor_id").select("event_id", "root")
    names = tables["actors"].select("actor_id", "name", "actor_type")
    view = beside(View(own), "actor", names, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "root", roots, {"actor_id": "actor_id"}, ("actors",))
    view = beside(view, "same", acting, {"event_id": "event_id", "actor_id": "actor_id"}, ("event_participants",))
    view = beside(view, "kin", kin, {"event_id": "event_id", "root.root": "root"}, ("event_participants", "actors"))
    receives, is_group = pl.col("role").is_in(RECEIVING_ROLES), pl.col("actor.actor_type").is_in(GROUP_TYPES)
    both, shown = receives & pl.col("same.actor_id").is_not_null(), {"name": pl.col("actor.name")}
    return [
        judged(view, "actor-on-both-sides", ~both | is_group, values=shown),
        judged(view, "group-on-both-sides", ~both | ~is_group, values=shown),
        judged(view, "sides-share-root", ~receives | both | pl.col("kin.event_id").is_null(), values=shown),
    ]
