"""What an actors row must satisfy beyond cells and keys (actors.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment import actors
from deedbook.models.alignment.rules import plain
from deedbook.rules import dates, duplicates
from deedbook.rules.dates import are_apart, earlier
from deedbook.rules.rule import rule

actor_type = pl.col("actor_type")

schema = pa.DataFrameSchema(
    checks=[
        *plain("name", "recognition_note"),
        *dates.well_formed("valid_from", "valid_to", ref="R-07"),
        dates.in_order(
            "validity-ends-before-start",
            "valid_from",
            "valid_to",
            ref="R-11",
            message="is valid until {valid_to}, which is before it is valid from {valid_from}",
        ),
        rule(
            "parent-missing",
            ~actors.needs_parent() | pl.col("parent_actor_id").is_not_null(),
            at="parent_actor_id",
            ref="R-48",
            message="{name} is a {actor_type} and belongs to something that is not named",
            hint="name the state, government or body that it belongs to",
        ),
        rule(
            "recognition-note-missing",
            (actor_type != "partially_recognised_state") | pl.col("recognition_note").is_not_null(),
            at="recognition_note",
            ref="R-48",
            message="{name} is recognised by some states only",
            hint="say by whom, since when and on what source",
        ),
        rule(
            "wikidata-item-of-two-actors",
            are_apart(("wikidata_qid",), "valid_from", "valid_to", "actor_id"),
            at="wikidata_qid",
            ref="R-52",
            group=("wikidata_qid",),
            message="{wikidata_qid} stands at {other} too, for a time that overlaps",
            hint="one item is one actor: merge the rows, or limit their validity",
            values={"other": earlier("actor_id", ("wikidata_qid",), "valid_from", "actor_id")},
        ),
        duplicates.near_names("likely-duplicate-actor", "actor_id", "name", ref="section 1"),
    ]
)
