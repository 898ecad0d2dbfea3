"""The events of each actor counted by year and role: what is told of an actor where there are too many events for a page each.

The engine counts, so no event becomes a record of Python: a million of them take some seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from deedbook.site.roles import Participation
from deedbook.site.stories.cells import key_text
from deedbook.site.stories.parts import Parts


@dataclass(frozen=True, slots=True)
class Year:
    """The events of an actor in a year.

    Attributes:
        year: Of their first days; empty where none is known.
        events: How many, each once.
        roles: In how many of them the actor has which role: the code of it, or the field of the event that names the actor.
    """

    year: str
    events: int
    roles: Mapping[str, int]


def years_of_actors(parts: Parts, ids: Mapping[str, str], most: int) -> dict[str, list[Year]]:
    """The years of each actor in their order, that without a year last; of more than `most` actors nothing.

    Args:
        parts: The tables of the release.
        ids: Ids of actors by their name, where events hold names.
        most: Actors that have a page each.
    """
    dated = parts.events.scan().select(key_text(parts.roles.id).alias("event"), _year(parts).alias("year"))
    scans = [_taking_part(parts, one, ids) for one in parts.roles.participations]
    if not scans:
        return {}
    joined = pl.concat(scans).drop_nulls(["event", "actor"]).join(dated, on="event", how="inner")
    if joined.select(pl.col("actor").n_unique()).collect().item() > most:
        return {}
    by_role = joined.group_by("actor", "year", "role").agg(pl.col("event").n_unique().alias("events"))
    by_year = joined.group_by("actor", "year").agg(pl.col("event").n_unique().alias("all"))
    roles = by_role.sort("role").group_by("actor", "year", maintain_order=True).agg("role", "events")
    counted = by_year.join(roles, on=["actor", "year"]).sort("actor", "year").collect(engine="streaming")
    found: dict[str, list[Year]] = {}
    for actor, year, events, names, counts in counted.select("actor", "year", "all", "role", "events").iter_rows():
        found.setdefault(actor, []).append(Year(year, events, dict(zip(names, counts, strict=True))))
    return {actor: sorted(own, key=lambda it: (not it.year, it.year)) for actor, own in found.items()}


def _year(parts: Parts) -> pl.Expr:
    """The year of an event as people look for it, as text; empty where none is known."""
    own = parts.roles.own
    days = [pl.col(name).cast(pl.String).str.slice(0, 4) for role in ("start", "end") if (name := own(role))]
    whole = [key_text(own("year"))] if own("year") else []
    return pl.coalesce(*days, *whole, pl.lit(""))


def _taking_part(parts: Parts, one: Participation, ids: Mapping[str, str]) -> pl.LazyFrame:
    """Which actor takes part in which event in which role."""
    actor = key_text(one.actor)
    own = one.actor if one.table == parts.roles.events else ""
    role = pl.col(one.role).cast(pl.String).fill_null("") if one.role else pl.lit(own)
    return (
        parts.table(one.table)
        .scan()
        .select(
            key_text(one.event).alias("event"),
            (actor if one.refers else actor.replace(ids)).alias("actor"),
            role.alias("role"),
        )
    )
