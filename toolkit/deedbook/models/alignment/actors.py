"""Who belongs to whom: roots of actors, and on which side of an event a root stands."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from deedbook.rules import dates
from deedbook.rules.chains import climb

ACTING_ROLES = ("initiator", "co_initiator")
RECEIVING_ROLES = ("recipient",)
BELONGING_TYPES = ("government", "military", "intelligence_service", "ministry_agency", "police", "judiciary")
"""Types of actor that are part of something else."""
OFFICE_SECTORS = ("GOV", "MIL", "SPY", "COP", "JUD", "LEG")
"""Sectors in which a person holds an office."""
_COUNTRIES = ("state", "partially_recognised_state")


def tops(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per actor with its `top`: the first government above it (itself included), else the last actor.

    An actor whose parents run in a circle is its own top.
    """
    top = climb(actors["actor_id"], actors["parent_actor_id"], stops=actors["actor_type"] == "government")
    found = pl.DataFrame({"actor_id": actors["actor_id"], "top": top.fill_null(actors["actor_id"])})
    return found.unique("actor_id", keep="first", maintain_order=True)


def lands(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per actor with its `land`: the last actor above it, which for a government and all that is part of it is the country."""
    land = climb(actors["actor_id"], actors["parent_actor_id"])
    return pl.DataFrame({"actor_id": actors["actor_id"], "land": land}).unique("actor_id", keep="first")


def governments(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per government of a country: `top` (the country), `government`, `born` and `gone` as far as they are known."""
    countries = actors.filter(pl.col("actor_type").is_in(_COUNTRIES)).select(top="actor_id")
    found = actors.filter(pl.col("actor_type") == "government").select(
        top="parent_actor_id",
        government="actor_id",
        born=dates.earliest("valid_from"),
        gone=dates.latest("valid_to"),
    )
    return found.join(countries, on="top", how="semi")


def roots(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per actor with its `root`: its top, and for a country its government when it has one alone."""
    return _governed(tops(actors), governments(actors), ()).select("actor_id", "root")


def roots_at(rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows, of which each has an `event_id` and an `actor_id`, with the `root` of the actor at the date of the event.

    A country counts as the government that was valid then, when exactly one was; rival governments stay apart.
    """
    known = governments(tables["actors"])
    named = rows.join(tops(tables["actors"]), on="actor_id", how="left", maintain_order="left")
    if known["born"].is_null().all() and known["gone"].is_null().all():  # none came or went, so the dates tell nothing
        return _governed(named, known, ()).drop("top")
    times = tables["events"].select("event_id", first=dates.earliest("date_edtf"), last=dates.latest("date_edtf"))
    pairs = named.select("event_id", "top").unique().join(times.unique("event_id", keep="first"), on="event_id")
    pairs = pairs.join(known, on="top")
    is_gone = (pl.col("gone") < pl.col("first")) | (pl.col("born") > pl.col("last"))
    valid = pairs.filter(~is_gone.fill_null(False)).drop("first", "last")
    return _governed(named, valid, ("event_id",)).drop("top")


def _governed(rows: pl.DataFrame, valid: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """The rows with a `root`: the one government of their `top`, else that itself."""
    keys = [*by, "top"]
    single = valid.group_by(keys).agg(pl.col("government").first(), n=pl.len()).filter(pl.col("n") == 1).drop("n")
    found = rows.join(single, on=keys, how="left", maintain_order="left")
    return found.with_columns(root=pl.coalesce("government", "top")).drop("government")


def sides(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per event and root that takes part: `takes_part`, `acts`, `receives`, `initiates` (all Boolean)."""
    role = pl.col("role")
    rooted = roots_at(tables["event_participants"].select("event_id", "actor_id", "role"), tables)
    return (
        rooted.drop_nulls("root")
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
