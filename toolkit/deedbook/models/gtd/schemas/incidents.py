"""What an incident of the GTD must satisfy beyond cells and keys (incidents.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates, values
from deedbook.rules.rule import rule

ATTACKS = (
    "Assassination",
    "Armed Assault",
    "Bombing/Explosion",
    "Hijacking",
    "Hostage Taking (Barricade Incident)",
    "Hostage Taking (Kidnapping)",
    "Facility/Infrastructure Attack",
    "Unarmed Assault",
    "Unknown",
)
"""The names of attack types 1 to 9."""
parts = [pl.col(name).fill_null(0).cast(pl.String).str.zfill(2) for name in ("iyear", "imonth", "iday")]

schema = pa.DataFrameSchema(
    checks=[
        dates.parts_exist("no-such-day", "iyear", "imonth", "iday"),
        rule(
            "id-of-another-date",
            pl.col("eventid").str.head(8) == pl.concat_str(parts),
            at="eventid",
            severity="warning",
            message="the id begins with another date than {iyear}, {imonth}, {iday}",
            hint="look the date up; an id is never changed",
        ),
        rule(
            "resolution-before-start",
            pl.col("resolution") >= dates.of_parts("iyear", "imonth", "iday")[0],
            at="resolution",
            message="ended on {resolution}, before it began",
            hint="correct one of the dates",
        ),
        rule(
            "too-few-criteria",
            pl.sum_horizontal("crit1", "crit2", "crit3") >= 2,
            at="crit1",
            message="an incident meets at least two of the three criteria",
            hint="correct the criteria, or leave the incident out",
        ),
        rule(
            "alternative-without-doubt",
            pl.col("alternative").is_null() | (pl.col("doubtterr") == 1).fill_null(False),
            at="alternative",
            message="an alternative is named, but no doubt",
            hint="set doubtterr to 1, or leave the alternative empty",
        ),
        values.fits(
            "attack-type-misnamed",
            "attacktype1_txt",
            "attacktype1",
            {number: [name] for number, name in enumerate(ATTACKS, 1)},
        ),
        values.in_order("more-caught-than-there", "nperpcap", "nperps"),
        values.in_order("more-attackers-dead-than-dead", "nkillter", "nkill"),
        values.in_order("more-citizens-dead-than-dead", "nkillus", "nkill"),
        rule(
            "hostages-of-no-taking",
            pl.col("nhostkid").is_null() | (pl.col("ishostkid") == 1).fill_null(False),
            at="nhostkid",
            message="{nhostkid} people were taken, but nobody was",
            hint="set ishostkid to 1, or leave the number empty",
        ),
        values.together("half-a-point", "latitude", "longitude"),
    ]
)
