"""What an alignments row must satisfy beyond cells and keys (alignments.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import dates
from deedbook.rules.dates import are_apart, earlier
from deedbook.rules.rule import rule

PAIR = ("actor_a", "actor_b", "kind")

schema = pa.DataFrameSchema(
    checks=[
        *plain("note"),
        *dates.well_formed("start_edtf", "end_edtf", ref="R-07"),
        dates.in_order(
            "episode-ends-before-start",
            "start_edtf",
            "end_edtf",
            ref="R-11",
            message="ends {end_edtf}, before it starts {start_edtf}",
        ),
        rule(
            "aligned-with-itself",
            pl.col("actor_a") != pl.col("actor_b"),
            at="actor_b",
            ref="R-54",
            message="{actor_a} is aligned with itself",
            hint="name the other side",
        ),
        rule(
            "episodes-overlap",
            are_apart(PAIR, "start_edtf", "end_edtf", "alignment_id"),
            at="start_edtf",
            ref="R-54",
            group=PAIR,
            message="{other} is an episode of the same pair and kind whose time overlaps",
            hint="end the earlier episode, or merge both",
            values={"other": earlier("alignment_id", PAIR, "start_edtf", "alignment_id")},
        ),
        rule(
            "beginning-known-but-censored",
            pl.col("left_censored") == dates.earliest("start_edtf").is_null(),
            at="left_censored",
            ref="R-55",
            message="left_censored is {left_censored}, the start is {start_edtf}",
            hint="it is true where the beginning is not known, and false where it is",
        ),
        rule(
            "end-known-but-censored",
            pl.col("right_censored") == dates.latest("end_edtf").is_null(),
            at="right_censored",
            ref="R-55",
            message="right_censored is {right_censored}, the end is {end_edtf}",
            hint="it is true where the episode goes on or its end is not known, and false where it is",
        ),
    ]
)
