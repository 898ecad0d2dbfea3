"""What an event must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates, geography, text, values
from deedbook.rules.rule import rule

schema = pa.DataFrameSchema(
    checks=[
        dates.in_order(
            "event-ends-before-start", "date_start", "date_end", message="ends on {date_end}, before it starts"
        ),
        dates.in_order(
            "source-older-than-event",
            "date_start",
            "source_date",
            message="its source is of {source_date}, before the event",
        ),
        rule(
            "actor-acts-on-itself",
            pl.col("source_actor_id") != pl.col("target_actor_id"),
            at="target_actor_id",
            message="{target_actor_id} does it to itself",
            hint="leave the target empty, or name another actor",
        ),
        values.in_order("deaths-out-of-order", "deaths_low", "deaths_best", "deaths_high"),
        *geography.coordinates("latitude", "longitude", "country_code"),
        *text.clean("summary"),
        text.no_stand_in("place"),
    ]
)
