"""What an event of UCDP GED must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates, geography, values
from deedbook.rules.rule import rule

DAYS = {1: (0, 0), 2: (1, 5), 3: (6, 6), 4: (7, 30), 5: (31, 366)}
"""Of each `date_prec`, the fewest and the most days between the first and the last one."""
ROUNDED = 0.00001
"""Degrees by which the same coordinates differ where one of the columns was rounded."""
latitude, longitude = pl.col("latitude"), pl.col("longitude")
point = [pl.col("geom_wkt").str.extract(rf"\((?:[^ ]+ ){{{at}}}([^ )]+)").cast(pl.Float64) for at in (0, 1)]
cell = ((latitude + 90) / 0.5).floor() * 720 + ((longitude + 180) / 0.5).floor() + 1

schema = pa.DataFrameSchema(
    checks=[
        values.in_order("estimates-out-of-order", "low", "best", "high"),
        values.adds_up("deaths-do-not-add-up", "best", ["deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"]),
        dates.in_order(
            "event-ends-before-start", "date_start", "date_end", message="ends on {date_end}, before it starts"
        ),
        dates.fits_precision("date-precision-against-span", "date_prec", "date_start", "date_end", DAYS),
        rule(
            "year-of-another-date",
            pl.col("date_start").dt.year() == pl.col("year"),
            at="year",
            message="the event is of {date_start}, not of {year}",
            hint="correct the year or the date",
        ),
        rule(
            "side-fights-itself",
            pl.col("side_a_new_id") != pl.col("side_b_new_id"),
            at="side_b_new_id",
            message="{side_a} stands on both sides",
            hint="correct one of the sides",
        ),
        rule(
            "point-elsewhere",
            ((point[0] - longitude).abs() < ROUNDED) & ((point[1] - latitude).abs() < ROUNDED),
            at="geom_wkt",
            message="{geom_wkt} is not {longitude}, {latitude}",
            hint="write longitude and latitude in this order",
        ),
        rule(
            "grid-cell-elsewhere",
            pl.col("priogrid_gid") == cell,
            at="priogrid_gid",
            message="{latitude}, {longitude} lies in the cell {cell}, not in {priogrid_gid}",
            hint="correct the cell or the coordinates",
            values={"cell": cell.cast(pl.Int64)},
        ),
        geography.units("adm_1", "adm_2"),
    ]
)
