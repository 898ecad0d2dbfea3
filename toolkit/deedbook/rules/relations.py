"""Rows that refer to rows of their own table: events to events, actors to parents, sources to sources."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates
from deedbook.rules.chains import in_circle
from deedbook.rules.rule import rule
from deedbook.rules.views import View, beside, judge


def no_circle(name: str, tables: Mapping[str, pl.DataFrame], table: str, key: str, link: str, ref: str) -> pa.Check:
    """No row of the table points at itself, or comes back to itself by following its links."""
    own = tables[table]
    return rule(
        name,
        ~in_circle(own[key], own[link]),
        at=link,
        ref=ref,
        columns=(key, link),
        reads=(table,),
        message=f"{{{key}}} leads back to itself by way of {{{link}}}",
        hint="remove one of the links",
    )


def related(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A reversal follows what it reverses, a duplicate names the row that stands."""
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    is_later = pl.col("other.first") > dates.latest("date_edtf")
    return [
        judge(
            view,
            "reversal-before-original",
            (relation != "reverses") | ~is_later,
            at="date_edtf",
            ref="R-26",
            message="{event_id} reverses {related_event_id}, which began later",
            hint="exchange them, or correct a date",
        ),
        judge(
            view,
            "duplicate-of-duplicate",
            (relation != "duplicate_of") | itself | (pl.col("other.relation") != "duplicate_of"),
            at="related_event_id",
            ref="R-26",
            message="{related_event_id} is a duplicate itself",
            hint="name the row that stands",
        ),
    ]
