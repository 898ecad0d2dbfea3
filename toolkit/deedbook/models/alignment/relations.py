"""Rows that refer to rows of their own table: events to events, actors to parents, sources to sources."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.cells import judged
from deedbook.rules import dates
from deedbook.rules.views import View, beside, judge


def related(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A reversal follows what it reverses, a duplicate names the row that stands."""
    own = tables["events"]
    others = own.select("event_id", "relation", first=dates.earliest("date_edtf"))
    view = beside(View(own), "other", others, {"related_event_id": "event_id"}, ("events",))
    relation, itself = pl.col("relation"), pl.col("related_event_id") == pl.col("event_id")
    is_later = pl.col("other.first") > dates.latest("date_edtf")
    return [
        judged(view, "reversal-before-original", (relation != "reverses") | ~is_later),
        judged(
            view,
            "duplicate-of-duplicate",
            (relation != "duplicate_of") | itself | (pl.col("other.relation") != "duplicate_of"),
        ),
    ]


def inside_events(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """An episode begins and ends while its events take place, as far as the dates are certain."""
    checks = []
    for side, verb in (("start", "starts"), ("end", "ends")):
        times = tables["events"].select(
            "event_id", "date_edtf", first=dates.earliest("date_edtf"), last=dates.latest("date_edtf")
        )
        view = beside(View(tables["alignments"]), "event", times, {f"{side}_event_id": "event_id"}, ("events",))
        first, last = dates.earliest(f"{side}_edtf"), dates.latest(f"{side}_edtf")
        meets = (first <= pl.col("event.last")).fill_null(True) & (last >= pl.col("event.first")).fill_null(True)
        checks.append(
            judge(
                view,
                f"episode-{verb}-outside-event",
                meets,
                at=f"{side}_edtf",
                ref="R-55",
                message=f"{verb} {{{side}_edtf}}, but {{{side}_event_id}} is of {{date}}",
                hint="correct one of the dates",
                values={"date": pl.col("event.date_edtf")},
            )
        )
    return checks


def pair_in_order(tables: Mapping[str, pl.DataFrame]) -> pa.Check:
    """An alignment that has no direction is stored once, the lower id first."""
    kinds = tables["code_values"].filter(pl.col("list") == "alignment_kind").select("code", "is_directed")
    view = beside(View(tables["alignments"]), "kind", kinds, {"kind": "code"}, ("code_values",))
    a, b = pl.col("actor_a"), pl.col("actor_b")
    longer = b.str.len_chars() - a.str.len_chars().cast(pl.Int64)  # A1000000 comes after A999999
    is_ordered = pl.when(longer == 0).then(a <= b).otherwise(longer > 0)
    return judged(view, "symmetric-pair-out-of-order", pl.col("kind.is_directed") | is_ordered)
