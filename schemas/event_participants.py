"""What an event_participants row must satisfy beyond cells and keys (event_participants.schema.json)."""

import pandera.polars as pa

from deedbook.rules import text
from deedbook.rules.references import distinct_beyond_case

schema = pa.DataFrameSchema(checks=[distinct_beyond_case("event_id", "actor_id", "role"), *text.clean("note")])
