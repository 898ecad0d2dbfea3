"""Who belongs to whom: roots of actors, and on which side of an event a root stands."""

from __future__ import annotations

import polars as pl

from deedbook.rules.chains import climb

ACTING_ROLES = ("initiator", "co_initiator")
RECEIVING_ROLES = ("recipient",)
BELONGING_TYPES = ("government", "military", "intelligence_service", "ministry_agency", "police", "judiciary")
"""Types of actor that are part of something else."""
OFFICE_SECTORS = ("GOV", "MIL", "SPY", "COP", "JUD", "LEG")
"""Sectors in which a person holds an office."""
_COUNTRIES = ("state", "partially_recognised_state")


def roots(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per actor with its `root`: the first government above it (itself included), else the last actor.

    A state with one government counts as that government; rival governments stay apart. An actor whose parents run in
    a circle is its own root.
    """
    is_government = actors["actor_type"] == "government"
    top = climb(actors["actor_id"], actors["parent_actor_id"], stops=is_government)
    countries = actors.filter(pl.col("actor_type").is_in(_COUNTRIES))
    governments = actors.filter(is_government).group_by(top="parent_actor_id")
    single = governments.agg(pl.col("actor_id").first().alias("government"), pl.len().alias("n")).filter(
        pl.col("n") == 1
    )
    single = single.join(countries, left_on="top", right_on="actor_id", how="semi")
    rows = pl.DataFrame({"actor_id": actors["actor_id"], "top": top})
    found = rows.join(single, on="top", how="left", maintain_order="left")
    root = pl.coalesce("government", "top", "actor_id").alias("root")
    return found.select("actor_id", root).unique("actor_id", keep="first", maintain_order=True)


def sides(participants: pl.DataFrame, roots_of: pl.DataFrame) -> pl.DataFrame:
    """One row per event and root that takes part: `takes_part`, `acts`, `receives`, `initiates` (all Boolean)."""
    role = pl.col("role")
    return (
        participants.join(roots_of, on="actor_id", how="inner")
        .group_by("event_id", "root")
        .agg(
            acts=role.is_in(ACTING_ROLES).any(),
            receives=role.is_in(RECEIVING_ROLES).any(),
            initiates=(role == "initiator").any(),
            takes_part=pl.lit(True),
        )
    )


def needs_parent() -> pl.Expr:
    """Whether an actor is part of something else: by its type, or as a person in office."""
    in_office = (pl.col("actor_type") == "person") & pl.col("sector").is_in(OFFICE_SECTORS).fill_null(False)
    return pl.col("actor_type").is_in(BELONGING_TYPES) | in_office
