"""What a GDELT event must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import values
from deedbook.rules.rule import rule

ROOTS = [f"{code:02d}" for code in range(1, 21)]
QUADS = {code: [1 if at < 5 else 2 if at < 8 else 3 if at < 13 else 4] for at, code in enumerate(ROOTS)}
"""Of each CAMEO root code the class: 01 to 05, 06 to 08, 09 to 13, 14 to 20."""
QUADS["14"] = [3, 4]  # protest, which stands between words and deeds
day = pl.col("SQLDATE")

schema = pa.DataFrameSchema(
    checks=[
        values.within("code-outside-its-base", "EventCode", "EventBaseCode"),
        values.within("base-outside-its-root", "EventBaseCode", "EventRootCode"),
        values.fits("quad-of-another-code", "QuadClass", "EventRootCode", QUADS),
        values.within("actor1-of-another-country", "Actor1Code", "Actor1CountryCode"),
        values.within("actor2-of-another-country", "Actor2Code", "Actor2CountryCode"),
        rule(
            "month-of-another-date",
            day.dt.year() * 100 + day.dt.month() == pl.col("MonthYear"),
            at="MonthYear",
            message="the event is of {SQLDATE}, not of {MonthYear}",
            hint="correct one of the two",
        ),
        rule(
            "year-of-another-date",
            day.dt.year() == pl.col("Year"),
            at="Year",
            message="the event is of {SQLDATE}, not of {Year}",
            hint="correct one of the two",
        ),
        rule(
            "more-articles-than-mentions",
            pl.col("NumArticles") <= pl.col("NumMentions"),
            at="NumArticles",
            severity="warning",
            message="{NumArticles} articles have {NumMentions} mentions",
            hint="every article mentions the event at least once",
        ),
        rule(
            "added-before-its-day",
            pl.col("DATEADDED").dt.date() >= day,
            at="DATEADDED",
            severity="warning",
            message="was added on {DATEADDED}, before it happened ({SQLDATE})",
            hint="the day of the event was read wrongly",
        ),
        *(
            values.together(f"half-a-point-of-{name.lower()}", f"{name}Geo_Lat", f"{name}Geo_Long")
            for name in ("Actor1", "Actor2", "Action")
        ),
    ]
)
