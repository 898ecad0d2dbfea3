"""What a places row must satisfy beyond cells and keys (places.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.rules import plain
from deedbook.rules import geography
from deedbook.rules.rule import rule

schema = pa.DataFrameSchema(
    checks=[
        *plain("name", "claimed_by_note", "admin1", "admin2"),
        *geography.coordinates("latitude", "longitude", "country_actor_id", ref="R-30"),
        geography.units("admin1", "admin2", ref="R-33"),
        rule(
            "country-not-country-precise",
            (pl.col("place_type") != "country") | (pl.col("geo_precision") == "country"),
            at="geo_precision",
            ref="R-31",
            message="{name} is a country, its precision is {geo_precision}",
            hint="write country",
        ),
        rule(
            "disputed-place-without-note",
            ~pl.col("is_disputed") | pl.col("claimed_by_note").is_not_null(),
            at="claimed_by_note",
            ref="section 1",
            message="{name} is disputed, but nothing says between whom",
            hint="say who claims it",
        ),
    ]
)
