"""What a conflict-year of UCDP/PRIO must satisfy beyond cells and keys (conflicts.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates, values
from deedbook.rules.rule import rule

kind, year = pl.col("type_of_conflict"), pl.col("year")
has_help = pl.col("side_a_2nd").is_not_null() | pl.col("side_b_2nd").is_not_null()

schema = pa.DataFrameSchema(
    checks=[
        dates.in_order(
            "episode-before-conflict", "start_date", "start_date2", message="began on {start_date2}, the conflict later"
        ),
        dates.in_order(
            "episode-ends-before-start", "start_date2", "ep_end_date", message="ends on {ep_end_date}, before it starts"
        ),
        rule(
            "episode-end-without-date",
            pl.col("ep_end") == pl.col("ep_end_date").is_not_null(),
            at="ep_end_date",
            message="the end of an episode and its date go together",
            hint="fill in the date, or set ep_end to 0",
        ),
        rule(
            "year-before-episode",
            year >= pl.col("start_date2").dt.year(),
            at="year",
            message="{year} lies before the episode, which starts on {start_date2}",
            hint="correct the year or the date",
        ),
        rule(
            "end-in-another-year",
            pl.col("ep_end_date").dt.year() == year,
            at="ep_end_date",
            message="the episode ends on {ep_end_date}, but the row is of {year}",
            hint="an episode ends in its last year",
        ),
        rule(
            "territory-and-incompatibility",
            (pl.col("incompatibility") == 2) == pl.col("territory_name").is_null(),
            at="territory_name",
            message="a territory is named where one is fought over, and nowhere else",
            hint="correct the incompatibility or the territory",
        ),
        rule(
            "state-on-side-b",
            (kind == 2) == pl.col("gwno_b").is_not_null(),
            at="gwno_b",
            message="side B has a number of a state in a conflict between states, and nowhere else",
            hint="correct the type of conflict or the number",
        ),
        rule(
            "help-and-type-of-conflict",
            ((kind != 3) | ~has_help) & ((kind != 4) | has_help),
            at="type_of_conflict",
            message="an internal conflict is of type 4 when other states help, else of type 3",
            hint="correct the type of conflict or the secondary parties",
        ),
        rule(
            "war-below-its-sum",
            (pl.col("intensity_level") != 2) | pl.col("cumulative_intensity"),
            at="cumulative_intensity",
            message="a year with 1000 deaths has passed them",
            hint="write 1",
        ),
        values.together("helpers-without-number-a", "side_a_2nd", "gwno_a_2nd"),
        values.together("helpers-without-number-b", "side_b_2nd", "gwno_b_2nd"),
    ]
)
