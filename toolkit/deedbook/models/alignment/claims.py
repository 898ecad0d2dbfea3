"""How a claim reached a source: through whom, and in which order of time."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.evidence import AFFIRMING
from deedbook.rules import dates
from deedbook.rules.views import View, beside, judge


def linked(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A relay names a source of the same claim that is nearer to the claimant; so chains cannot run in a circle."""
    own = tables["claim_sources"]
    keys = {"claim_id": "claim_id", "via_source_id": "source_id"}
    view = beside(View(own), "via", own.select("claim_id", "source_id", "hop"), keys, ("claim_sources",))
    via = pl.col("via_source_id")
    return [
        judge(
            view,
            "relayed-source-not-linked",
            via.is_null() | pl.col("via.source_id").is_not_null(),
            at="via_source_id",
            ref="R-36",
            message="{via_source_id}, from which {source_id} has it, is no source of {claim_id}",
            hint="add the relayed source to the claim",
        ),
        judge(
            view,
            "relay-not-after-relayed",
            pl.col("via.hop") < pl.col("hop"),
            at="hop",
            ref="R-36",
            message="{source_id} is at hop {hop}, {via_source_id}, which it relays, at hop {via_hop}",
            hint="count the hops from the claimant",
            values={"via_hop": pl.col("via.hop")},
        ),
    ]


def in_time(tables: Mapping[str, pl.DataFrame], exempt: tuple[str, ...]) -> list[pa.Check]:
    """No source is certainly older than what it carries.

    Args:
        tables: The typed tables by name.
        exempt: Values of `factuality` of events that a source may precede.
    """
    view = _dated(tables)
    published, day = pl.col("source.published_on"), {"published": pl.col("source.published_on")}
    affirms = (pl.col("claim.aspect") == "occurrence") & pl.col("claim.stance").is_in(AFFIRMING)
    looks_back = affirms & (pl.col("claim.modality") != "anticipated").fill_null(True)
    is_real = ~pl.col("event.factuality").is_in(exempt)
    source_last = pl.col("source.last")
    return [
        judge(
            view,
            "source-older-than-event",
            ~(looks_back & is_real) | (source_last >= pl.col("event.first")),
            at="source_id",
            ref="R-15",
            message="{source_id} is of {published}, the event that it affirms of {date}",
            hint="correct one of the dates",
            values={**day, "date": pl.col("event.date_edtf")},
        ),
        judge(
            view,
            "claimed-after-source",
            source_last >= pl.col("claim.first"),
            at="source_id",
            ref="R-17",
            message="{source_id} is of {published}, the claim that it carries of {claimed}",
            hint="correct one of the dates",
            values={**day, "claimed": pl.col("claim.claimed_on")},
        ),
        judge(
            view,
            "relay-older-than-relayed",
            source_last >= pl.col("via.first"),
            at="via_source_id",
            ref="R-17",
            message="{source_id} is of {published}, what it relays of {relayed}",
            hint="correct one of the dates",
            values={"published": published, "relayed": pl.col("via.published_on")},
        ),
    ]


def _dated(tables: Mapping[str, pl.DataFrame]) -> View:
    """Every row of claim_sources with the dates of its source, relayed source, claim and event."""
    first, last = dates.earliest("published_on"), dates.latest("published_on")
    sources = tables["sources"].select("source_id", "published_on", first=first, last=last)
    claims = tables["claims"].select(
        "claim_id", "event_id", "aspect", "stance", "modality", "claimed_on", first=dates.earliest("claimed_on")
    )
    events = tables["events"].select("event_id", "factuality", "date_edtf", first=dates.earliest("date_edtf"))
    view = beside(View(tables["claim_sources"]), "source", sources, {"source_id": "source_id"}, ("sources",))
    view = beside(view, "via", sources, {"via_source_id": "source_id"}, ("sources",))
    view = beside(view, "claim", claims, {"claim_id": "claim_id"}, ("claims",))
    return beside(view, "event", events, {"claim.event_id": "event_id"}, ("events",))


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
