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
        rule(
            "relay-without-its-source",
            (pl.col("hop") == lowest) | pl.col("via_source_id").is_not_null(),
            at="via_source_id",
            ref="R-73",
            group=("claim_id",),
            message="{source_id} is at hop {hop}, and from which source it has {claim_id} is missing",
            hint="name the source that it relays",
        ),
        rule(
            "original-at-second-hand",
            (pl.col("carriage") != "original") | (pl.col("hop") == 0),
            at="carriage",
            ref="R-73",
            message="{source_id} is at hop {hop}, so it is no original",
            hint="say how it passes the claim on: relays, quotes ...",
        ),
    ]
)
