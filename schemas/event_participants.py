"""What an event_participants row must satisfy beyond cells and keys (event_participants.schema.json)."""

import pandera.polars as pa

from deedbook.rules import text

schema = pa.DataFrameSchema(checks=[*text.clean("note")])
