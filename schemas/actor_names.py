"""What an actor_names row must satisfy beyond cells and keys (actor_names.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import duplicates
from deedbook.rules.rule import rule

preferred = pl.col("is_preferred").sum().over("actor_id", "lang")
is_first = pl.col("name_id") == pl.col("name_id").min().over("actor_id", "lang")
to_blame = pl.when(preferred == 0).then(is_first).otherwise(pl.col("is_preferred"))

schema = pa.DataFrameSchema(
    checks=[
        *plain("name"),
        rule(
            "preferred-name-not-single",
            (preferred == 1) | ~to_blame,
            at="is_preferred",
            group=("actor_id", "lang"),
            ref="section 1",
            message="{actor_id} has {n} preferred names in the language {lang}",
            hint="mark exactly one as preferred",
            values={"n": preferred},
        ),
        duplicates.near_names("likely-duplicate-name", "actor_id", "name", apart="actor_id", ref="section 1"),
    ]
)
