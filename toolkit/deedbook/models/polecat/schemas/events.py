"""What a POLECAT event must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import geography, values
from deedbook.rules.rule import rule

QUADS = {
    "VERBAL COOPERATION": ("AGREE", "CONSULT", "SUPPORT", "CONCEDE"),
    "MATERIAL COOPERATION": ("COOPERATE", "AID", "RETREAT"),
    "VERBAL CONFLICT": ("REQUEST", "ACCUSE", "REJECT", "THREATEN"),
    "MATERIAL CONFLICT": ("PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT"),
}
NEEDS_RECIPIENT = ("COOPERATE", "AID", "SANCTION")
"""Event types that PLOVER defines as done to somebody."""
recipient = pl.col("Recipient Name").is_not_null() | pl.col("Recipient Name Raw").is_not_null()

schema = pa.DataFrameSchema(
    checks=[
        values.fits("type-of-another-quad", "Event Type", "Quad Code", QUADS),
        rule(
            "event-without-recipient",
            ~pl.col("Event Type").is_in(NEEDS_RECIPIENT) | recipient | pl.col("Recipient COW").is_not_null(),
            at="Recipient Name",
            message="{Event Type} is done to somebody, and nobody is named",
            hint="name the recipient, or correct the event type",
        ),
        rule(
            "intensity-against-quad",
            (pl.col("Intensity") >= 0) | pl.col("Quad Code").str.ends_with("CONFLICT"),
            at="Intensity",
            message="{Intensity} is hostile, {Quad Code} is not",
            hint="correct one of the two",
        ),
        values.together("half-a-point", "Latitude", "Longitude"),
        geography.units("Province", "District"),
    ]
)
