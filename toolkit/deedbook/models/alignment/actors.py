"""Who belongs to whom: roots of actors, and on which side of an event a root stands."""

from collections.abc import Mapping

import polars as pl

from deedbook.rules import dates
from deedbook.rules.chains import climb

Tables = Mapping[str, pl.DataFrame]
ACTING_ROLES = ("initiator", "co_initiator")
RECEIVING_ROLES = ("recipient",)
BELONGING_TYPES = ("government", "military", "intelligence_service", "ministry_agency", "police", "judiciary")
"""Types of actor that are part of something else."""
OFFICE_SECTORS = ("GOV", "MIL", "SPY", "COP", "JUD", "LEG")
"""Sectors in which a person holds an office."""
STATES = ("state", "partially_recognised_state")


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


def event_days(tables: Tables) -> pl.DataFrame:
    """Every event with the `first` and the `last` day that its date allows, and its `factuality`."""
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    return tables["events"].select("event_id", "date_edtf", "factuality", first=first, last=last)


def roots(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per actor with its `root`: its top, and for a country its government when it has one alone."""
    return _governed(tops(actors), _governments(actors), "top").select("actor_id", "root")


def roots_at(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The rows, of which each has an `event_id` and an `actor_id`, with the `root` of the actor at the date of the event.

    A country counts as the government that was valid then, when exactly one was; rival governments stay apart.
    """
    known = _governments(tables["actors"])
    named = rows.join(tops(tables["actors"]), on="actor_id", how="left", maintain_order="left")
    if known["born"].is_null().all() and known["gone"].is_null().all():  # none came or went, so the dates tell nothing
        return _governed(named, known, "top").drop("top")
    times = event_days(tables).select("event_id", "first", "last").unique("event_id", keep="first")
    pairs = named.select("event_id", "top").unique().join(times, on="event_id").join(known, on="top")
    is_gone = (pl.col("gone") < pl.col("first")) | (pl.col("born") > pl.col("last"))
    valid = pairs.filter(~is_gone.fill_null(False)).drop("first", "last")
    return _governed(named, valid, "event_id", "top").drop("top")


def _governments(actors: pl.DataFrame) -> pl.DataFrame:
    """One row per government of a country: `top` (the country), `government`, `born` and `gone` as far as they are known."""
    kind, born, gone = pl.col("actor_type"), dates.earliest("valid_from"), dates.latest("valid_to")
    found = actors.filter(kind == "government")
    found = found.select(top="parent_actor_id", government="actor_id", born=born, gone=gone)
    return found.join(actors.filter(kind.is_in(STATES)), left_on="top", right_on="actor_id", how="semi")


def _governed(rows: pl.DataFrame, valid: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The rows with a `root`: the one government of their `top`, else that itself."""
    single = valid.group_by(keys).agg(pl.col("government").first(), n=pl.len()).filter(pl.col("n") == 1).drop("n")
    found = rows.join(single, on=keys, how="left", maintain_order="left")
    return found.with_columns(root=pl.coalesce("government", "top")).drop("government")


def sides(tables: Tables) -> pl.DataFrame:
    """One row per event and root that takes part: `takes_part`, `acts`, `receives` (all Boolean)."""
    role = pl.col("role")
    rooted = roots_at(tables["event_participants"].select("event_id", "actor_id", "role"), tables).drop_nulls("root")
    return rooted.group_by("event_id", "root").agg(
        acts=role.is_in(ACTING_ROLES).any(),
        receives=role.is_in(RECEIVING_ROLES).any(),
        takes_part=pl.lit(True),
    )


def needs_parent() -> pl.Expr:
    """Whether an actor is part of something else: by its type, or as a person in office."""
    in_office = (pl.col("actor_type") == "person") & pl.col("sector").is_in(OFFICE_SECTORS).fill_null(False)
    return pl.col("actor_type").is_in(BELONGING_TYPES) | in_office
