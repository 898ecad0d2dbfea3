"""What a GDELT mention must satisfy beyond cells and keys (mentions.schema.json)."""

import pandera.polars as pa

from deedbook.rules import dates

schema = pa.DataFrameSchema(
    checks=[
        dates.in_order(
            "mentioned-before-added",
            "EventTimeDate",
            "MentionTimeDate",
            message="mentioned on {MentionTimeDate}, before the event was added",
        )
    ]
)
