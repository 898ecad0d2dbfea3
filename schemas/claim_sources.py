"""What a claim_sources row must satisfy beyond cells and keys (claim_sources.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules.rule import rule

lowest = pl.col("hop").min().over("claim_id")

schema = pa.DataFrameSchema(
    checks=[
        *plain("locator"),
        rule(
            "claim-without-first-source",
            (lowest == 0) | (pl.col("hop") > lowest),
            at="hop",
            ref="R-36",
            severity="warning",
            group=("claim_id",),
            message="no source at hop 0 is known for {claim_id}",
            hint="add the source that the claimant spoke to, or waive this where it is not known",
        ),
    ]
)
