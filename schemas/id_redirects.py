"""What an id_redirects row must satisfy beyond cells and keys (id_redirects.schema.json)."""

import pandera.polars as pa

from deedbook.rules import text

schema = pa.DataFrameSchema(checks=[*text.clean("note")])
