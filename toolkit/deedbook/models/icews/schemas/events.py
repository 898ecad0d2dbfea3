"""What an ICEWS event must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import geography, values
from deedbook.rules.rule import rule

root = pl.col("CAMEO Code").str.head(2).cast(pl.Int64, strict=False)

schema = pa.DataFrameSchema(
    checks=[
        rule(
            "intensity-against-code",
            ((root < 3) | (root > 8) | (pl.col("Intensity") >= 0)) & ((root < 9) | (pl.col("Intensity") <= 0)),
            at="Intensity",
            message="{Intensity} is not the intensity of {CAMEO Code}",
            hint="cooperation (03 to 08) is not hostile, conflict (09 to 20) not friendly",
        ),
        rule(
            "event-without-actors",
            pl.col("Source Name").is_not_null() | pl.col("Target Name").is_not_null(),
            at="Source Name",
            message="neither source nor target is named",
            hint="name at least one of them",
        ),
        values.together("half-a-point", "Latitude", "Longitude"),
        geography.units("Province", "District"),
    ]
)
