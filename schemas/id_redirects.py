"""What an id_redirects row must satisfy beyond cells and keys (id_redirects.schema.json)."""

import pandera.polars as pa

from deedbook.rules import text
from deedbook.rules.references import distinct_beyond_case

schema = pa.DataFrameSchema(checks=[distinct_beyond_case("old_id"), *text.clean("note")])
