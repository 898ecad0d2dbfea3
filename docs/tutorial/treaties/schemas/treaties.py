"""What a treaties row must satisfy beyond cells and keys (treaties.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule

schema = pa.DataFrameSchema(
    checks=[
        rule(
            "in-force-before-signed",
            pl.col("signed") <= pl.col("in_force"),
            at="in_force",
            message="is in force since {in_force}, before it was signed on {signed}",
            hint="exchange or correct the dates",
        ),
    ]
)
