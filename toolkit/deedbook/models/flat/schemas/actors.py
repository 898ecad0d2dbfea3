"""What an actor must satisfy beyond cells and keys (actors.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates
from deedbook.rules.rule import rule

schema = pa.DataFrameSchema(
    checks=[
        dates.in_order(
            "actor-ends-before-start", "active_from", "active_to", message="ended on {active_to}, before it began"
        ),
        rule(
            "actor-part-of-itself",
            pl.col("part_of_actor_id") != pl.col("actor_id"),
            at="part_of_actor_id",
            message="{name} is part of itself",
            hint="name what it belongs to, or leave the cell empty",
        ),
        rule(
            "name-of-two-actors",
            dates.are_apart(("name",), "active_from", "active_to", "actor_id"),
            at="name",
            severity="warning",
            group="name",
            message="{other} is called {name} too, at a time that overlaps",
            hint="merge the rows, or tell the names apart",
            values={"other": dates.earlier("actor_id", ("name",), "active_from", "actor_id")},
        ),
    ]
)
