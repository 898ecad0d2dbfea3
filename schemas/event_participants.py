"""What an event_participants row must satisfy beyond cells and keys (event_participants.schema.json)."""

import pandera.polars as pa

from deedbook.models.alignment.rules import plain

schema = pa.DataFrameSchema(checks=[*plain("note")])
