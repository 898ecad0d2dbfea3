"""How much, and who says so."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.rules.evidence import AFFIRMING
from deedbook.rules.views import View, beside, judge


def claimed(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A quantity of an event is claimed by somebody, and is near one of the claims."""
    number, best, bound = pl.col("value_number"), pl.col("quantity"), pl.col("value_bound").fill_null("about")
    too_low = (best < number / 2) & (bound != "at_most")
    too_high = (best > number * 1.5) & (bound != "at_least")
    claims = (
        tables["claims"]
        .filter(pl.col("aspect") == "quantity", pl.col("stance").is_in(AFFIRMING))
        .join(tables["events"].select("event_id", "quantity").unique("event_id", keep="first"), on="event_id")
        .group_by("event_id")
        .agg((~(too_low | too_high)).any(ignore_nulls=False).alias("is_near"))
    )
    view = beside(View(tables["events"]), "claim", claims, {"event_id": "event_id"}, ("claims",))
    return [
        judge(
            view,
            "quantity-without-claim",
            best.is_null() | pl.col("claim.event_id").is_not_null(),
            at="quantity",
            ref="R-29",
            message="nobody claims the quantity {quantity}",
            hint="add a claim of the aspect quantity",
        ),
        judge(
            view,
            "quantity-far-from-claims",
            best.is_null() | pl.col("claim.is_near"),
            at="quantity",
            ref="R-29",
            severity="warning",
            message="{quantity} differs by more than half from every claimed quantity",
            hint="correct it, or add the claim that it rests on",
        ),
    ]
