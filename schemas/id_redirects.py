"""What an id_redirects row must satisfy beyond cells and keys (id_redirects.schema.json)."""

import pandera.polars as pa

from deedbook.models.alignment.rules import plain

schema = pa.DataFrameSchema(checks=[*plain("note")])
