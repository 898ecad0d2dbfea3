"""What a membership in an alliance must satisfy beyond cells and keys (members.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates
from deedbook.rules.rule import rule

ALLIANCE_START, ALLIANCE_END, START, END = (
    tuple(f"{date}_{part}" for part in ("year", "month", "day")) for date in ("all_st", "all_end", "mem_st", "mem_end")
)
DUTIES = ("defense", "neutrality", "nonaggression", "entente")
kind = pl.col("ss_type").str.extract("^Type (I+)")
is_neutral = (pl.col("neutrality") == 1) | (pl.col("nonaggression") == 1)

schema = pa.DataFrameSchema(
    checks=[
        dates.parts_exist("no-such-start-of-alliance", *ALLIANCE_START),
        dates.parts_exist("no-such-end-of-alliance", *ALLIANCE_END),
        dates.parts_exist("no-such-start", *START),
        dates.parts_exist("no-such-end", *END),
        dates.parts_in_order("alliance-ends-before-start", ALLIANCE_START, ALLIANCE_END),
        dates.parts_in_order("membership-ends-before-start", START, END),
        dates.parts_in_order("member-before-alliance", ALLIANCE_START, START),
        dates.parts_in_order("member-after-alliance", END, ALLIANCE_END),
        rule(
            "censoring-and-end",
            (pl.col("right_censor") == 1) == pl.col("mem_end_year").is_null(),
            at="right_censor",
            severity="warning",
            message="a membership that outlasts the dataset has no end, and no other lacks one",
            hint="correct right_censor or the end",
        ),
        rule(
            "alliance-without-duty",
            pl.any_horizontal(pl.col(duty) == 1 for duty in DUTIES),
            at="defense",
            message="the alliance has no duty at all",
            hint="say what its members owe each other",
        ),
        rule(
            "type-without-its-duty",
            ((kind != "I") | (pl.col("defense") == 1)) & ((kind != "II") | is_neutral),
            at="ss_type",
            message="the duties are not those of {ss_type}",
            hint="correct the type or the duties",
        ),
    ]
)
