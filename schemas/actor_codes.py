"""What an actor_codes row must satisfy beyond cells and keys (actor_codes.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import dates
from deedbook.rules.dates import are_apart, earlier
from deedbook.rules.rule import rule

CODE, OWN_CODE = ("scheme", "code"), ("actor_id", "scheme", "code")
is_shared = pl.col("actor_id").n_unique().over(CODE) > 1
repeats_itself = ~are_apart(OWN_CODE, "valid_from", "valid_to", "code_id")

schema = pa.DataFrameSchema(
    checks=[
        *plain("code"),
        *dates.well_formed("valid_from", "valid_to", ref="R-07"),
        dates.in_order(
            "validity-ends-before-start",
            "valid_from",
            "valid_to",
            ref="R-11",
            message="is valid until {valid_to}, which is before it is valid from {valid_from}",
        ),
        rule(
            "code-overlaps-itself",
            ~repeats_itself,
            at="code",
            ref="R-49",
            group=OWN_CODE,
            message="{actor_id} has {scheme} {code} in {other} too, for a time that overlaps",
            hint="keep one row, or limit the validity of both",
            values={"other": earlier("code_id", OWN_CODE, "valid_from", "code_id")},
        ),
        rule(
            "code-of-two-actors",
            ~is_shared | repeats_itself | are_apart(CODE, "valid_from", "valid_to", "code_id"),
            at="code",
            ref="R-52",
            group=CODE,
            message="{scheme} {code} belongs to {other} too, for a time that overlaps",
            hint="a code means one actor at a time: limit the validity of both rows",
            values={"other": earlier("actor_id", CODE, "valid_from", "code_id")},
        ),
    ]
)
