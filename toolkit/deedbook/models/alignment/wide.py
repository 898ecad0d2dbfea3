"""Events as one wide table, and as pairs of actors: what a release offers to those who analyse without joins."""

import polars as pl

from deedbook.models.alignment.actors import ACTING_ROLES, RECEIVING_ROLES, STATES, Tables, roots_at

SEPARATOR = "; "
_WEIGHED = "date_start date_end date_precision status n_sources n_origins n_denials"
_OF_EVENTS = (
    "event_id title summary event_type date_edtf date_basis factuality quantity quantity_low quantity_high quantity_unit "
    "instrument_title place_id relation related_event_id quad_class"
)
_OF_PLACES = "place_id place_type country latitude longitude geo_precision"
_OF_DYADS = "event_id event_type factuality relation related_event_id quad_class"


def events_flat(tables: Tables, weighed: pl.DataFrame) -> pl.DataFrame:
    """The view `events_flat`: one row per event that is no duplicate, with its place and the names of who took part, `; ` between them.

    Args:
        tables: The typed tables by name.
        weighed: What releases derive for every event, by `event_id`.
    """
    who = tables["event_participants"].join(tables["actors"].select("actor_id", "name"), on="actor_id", how="left")
    acts, receives = (pl.col("role").is_in(roles) for roles in (ACTING_ROLES, RECEIVING_ROLES))
    groups = {"acting": acts, "receiving": receives, "other": ~acts & ~receives}
    packed = who.sort("event_id", "actor_id", "role").group_by("event_id", maintain_order=True)
    names = packed.agg(
        _joined(column, is_in).alias(f"{group}_{end}")
        for group, is_in in groups.items()
        for end, column in (("actors", "name"), ("actor_ids", "actor_id"))
    )
    country = tables["actors"].select(country_actor_id="actor_id", country="name")
    places = tables["places"].join(country, on="country_actor_id", how="left")
    places = places.select(*_OF_PLACES.split(), place="name")
    flat = _events(tables, _OF_EVENTS).join(weighed.select("event_id", *_WEIGHED.split()), on="event_id", how="left")
    return flat.join(places, on="place_id", how="left").join(names, on="event_id", how="left").sort("event_id")


def event_dyads(tables: Tables, weighed: pl.DataFrame) -> pl.DataFrame:
    """The view `event_dyads`: one row per event that is no duplicate and pair of actors, with the roots that they had then.

    Where somebody is acted upon, from every acting to every receiving actor (`is_directed`). Where nobody is, as in
    agreements and talks, every two acting actors once, the lesser id first. An event with one actor alone has no row.

    Args:
        tables: The typed tables by name.
        weighed: What releases derive for every event, by `event_id`.
    """
    sides = tables["event_participants"].select("event_id", "actor_id", "role", "as_claimed")
    acting, receiving = _side(sides, ACTING_ROLES), _side(sides, RECEIVING_ROLES)
    directed = acting.join(receiving, on="event_id", suffix="_b").with_columns(is_directed=pl.lit(True))
    alone = acting.join(receiving, on="event_id", how="anti")
    each = alone.join(alone, on="event_id", suffix="_b").filter(pl.col("actor_id") < pl.col("actor_id_b"))
    pairs = pl.concat([directed, each.with_columns(is_directed=pl.lit(False))])
    claimed = (pl.col("as_claimed") | pl.col("as_claimed_b")).alias("as_claimed")
    named = pairs.filter(pl.col("actor_id") != pl.col("actor_id_b")).select(
        "event_id", "is_directed", claimed, actor_a="actor_id", actor_b="actor_id_b"
    )
    actors = tables["actors"].with_columns(own=pl.when(pl.col("actor_type").is_in(STATES)).then("actor_id"))
    described = actors.select("actor_id", "name", country=pl.coalesce("country_actor_id", "own"))
    for side in "ab":
        ends = {"actor_id": f"actor_{side}", "name": f"actor_{side}_name", "country": f"country_{side}"}
        named = named.join(described.rename(ends), on=f"actor_{side}", how="left")
    for side in "ab":
        roots = roots_at(named.select("event_id", actor_id=f"actor_{side}").unique(), tables)
        roots = roots.rename({"actor_id": f"actor_{side}", "root": f"root_{side}"})
        named = named.join(roots, on=["event_id", f"actor_{side}"], how="left")
    named = named.join(_events(tables, _OF_DYADS), on="event_id")
    named = named.join(weighed.select("event_id", *_WEIGHED.split()), on="event_id", how="left")
    return named.sort("event_id", "actor_a", "actor_b")


def _events(tables: Tables, fields: str) -> pl.DataFrame:
    """Fields of the events without those that are duplicates of another, and of the `quad_class` of their types."""
    types = tables["code_values"].filter(pl.col("list") == "event_type").select("quad_class", event_type="code")
    own = tables["events"].filter((pl.col("relation") != "duplicate_of").fill_null(True))
    return own.join(types.unique("event_type", keep="first"), on="event_type", how="left").select(fields.split())


def _joined(column: str, is_in: pl.Expr) -> pl.Expr:
    """A value per actor of a group, in the order of their ids; null where there are none."""
    found = pl.col(column).filter(is_in).filter(pl.col("actor_id").filter(is_in).is_first_distinct())
    return pl.when(is_in.any()).then(found.str.join(SEPARATOR))


def _side(sides: pl.DataFrame, roles: tuple[str, ...]) -> pl.DataFrame:
    """One row per event and actor in one of the roles; `as_claimed` unless one of them is undisputed."""
    inside = sides.filter(pl.col("role").is_in(roles)).group_by("event_id", "actor_id")
    return inside.agg(pl.col("as_claimed").fill_null(False).all())
