"""Events that refer to other events."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.rules import chains, dates
from deedbook.rules.views import View, beside, judge


def related(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """Relations run in no circle, a reversal follows what it reverses, a duplicate names the row that stands."""
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    circle = own.select("event_id").with_columns(found=chains.in_circle(own["event_id"], own["related_event_id"]))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    view = beside(view, "chain", circle, {"event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    return [
        judge(
            view, "relations-in-a-circle", itself | ~pl.col("chain.found"), at="related_event_id", ref="R-26",
            message="the relations of {event_id} lead back to it", hint="remove one of them",
        ),
        judge(
            view, "reversal-before-original",
            (relation != "reverses") | (pl.col("other.first") <= dates.latest("date_edtf")), at="date_edtf", ref="R-26",
            message="{event_id} reverses {related_event_id}, which began later", hint="exchange them, or correct a date",
        ),
        judge(
            view, "duplicate-of-duplicate", (relation != "duplicate_of") | (pl.col("other.relation") != "duplicate_of"),
            at="related_event_id", ref="R-26", message="{related_event_id} is a duplicate itself",
            hint="name the row that stands",
        ),
    ]  # fmt: skip
