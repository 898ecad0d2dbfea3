"""What an event of the UCDP table must satisfy beyond its cells (ucdp-ged-syria.datapackage.json)."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule

low, best, high = pl.col("low"), pl.col("best"), pl.col("high")
span = (pl.col("date_end") - pl.col("date_start")).dt.total_days()
precision = pl.col("date_prec").cast(pl.Int64)
# UCDP GED codebook, date_prec: 1 the day is known, 2 to 6 days, 7 days, 8 to 31 days, more than a month.
narrowest = precision.replace_strict({1: 0, 2: 1, 3: 6, 4: 7, 5: 31}, default=None)
widest = precision.replace_strict({1: 0, 2: 5, 3: 6, 4: 30, 5: 366}, default=None)

schema = pa.DataFrameSchema(
    checks=[
        rule(
            "estimates-out-of-order",
            (low <= best) & (best <= high),
            at="best",
            message="the best estimate {best} is outside {low} to {high}",
            hint="correct the three estimates",
        ),
        rule(
            "date-precision-against-span",
            span.is_between(narrowest, widest),
            at="date_prec",
            message="precision {date_prec} does not fit {date_start} to {date_end}",
        ),
    ]
)
