"""What an ACLED event must satisfy beyond cells and keys (events.schema.json)."""

import pandera.polars as pa
import polars as pl

from deedbook.rules import geography, values
from deedbook.rules.rule import rule

SUB_EVENTS = {
    "Battles": ["Armed clash", "Government regains territory", "Non-state actor overtakes territory"],
    "Explosions/Remote violence": [
        "Chemical weapon",
        "Air/drone strike",
        "Suicide bomb",
        "Shelling/artillery/missile attack",
        "Remote explosive/landmine/IED",
        "Grenade",
    ],
    "Violence against civilians": ["Sexual violence", "Attack", "Abduction/forced disappearance"],
    "Protests": ["Peaceful protest", "Protest with intervention", "Excessive force against protesters"],
    "Riots": ["Violent demonstration", "Mob violence"],
    "Strategic developments": [
        "Agreement",
        "Arrests",
        "Change to group/activity",
        "Disrupted weapons use",
        "Headquarters or base established",
        "Looting/property destruction",
        "Non-violent transfer of territory",
        "Other",
    ],
}
VIOLENCE, DEMONSTRATION, BOTH = "Political violence", "Demonstrations", "Political violence; Demonstrations"
DISORDERS = {
    "Battles": [VIOLENCE],
    "Explosions/Remote violence": [VIOLENCE],
    "Violence against civilians": [VIOLENCE],
    "Protests": [DEMONSTRATION, BOTH],
    "Riots": [VIOLENCE, DEMONSTRATION, BOTH],
    "Strategic developments": ["Strategic developments"],
}
GENERIC = "^(Unidentified|Protesters|Rioters|Civilians|Labor Group|Students)"
"""How labels begin that stand for anybody of a kind, who may be on both sides."""
second = pl.col("actor2").is_not_null()

schema = pa.DataFrameSchema(
    checks=[
        values.fits("sub-event-of-another-type", "sub_event_type", "event_type", SUB_EVENTS),
        values.fits("disorder-of-another-type", "disorder_type", "event_type", DISORDERS),
        rule(
            "year-of-another-date",
            pl.col("event_date").dt.year() == pl.col("year"),
            at="year",
            message="the event is of {event_date}, not of {year}",
            hint="correct the year or the date",
        ),
        rule(
            "second-actor-without-kind",
            second == pl.col("inter2").replace("0", None).is_not_null(),
            at="inter2",
            message="a second actor and its kind go together",
            hint="fill in the missing one, or empty both",
        ),
        rule(
            "actor-on-both-sides",
            (pl.col("actor1") != pl.col("actor2")) | pl.col("actor1").str.contains(GENERIC),
            at="actor2",
            severity="warning",
            message="{actor1} stands on both sides",
            hint="correct one of the actors",
        ),
        rule(
            "civilians-not-targeted",
            (pl.col("event_type") != "Violence against civilians") | pl.col("civilian_targeting").is_not_null(),
            at="civilian_targeting",
            message="violence against civilians targets civilians",
            hint="write Civilian targeting, or correct the event type",
        ),
        geography.units("admin1", "admin2"),
    ]
)
