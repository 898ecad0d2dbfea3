"""How a claim reached a source: through whom, and in which order of time."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.cells import judged
from deedbook.models.alignment.evidence import AFFIRMING
from deedbook.rules import dates
from deedbook.rules.views import View, beside


def linked(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """A relay names a source of the same claim that is nearer to the claimant; so chains cannot run in a circle."""
    own = tables["claim_sources"]
    keys = {"claim_id": "claim_id", "via_source_id": "source_id"}
    view = beside(View(own), "via", own.select("claim_id", "source_id", "hop"), keys, ("claim_sources",))
    via = pl.col("via_source_id")
    return [
        judged(view, "relayed-source-not-linked", via.is_null() | pl.col("via.source_id").is_not_null()),
        judged(
            view, "relay-not-after-relayed", pl.col("via.hop") < pl.col("hop"), values={"via_hop": pl.col("via.hop")}
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
        judged(
            view,
            "source-older-than-event",
            ~(looks_back & is_real) | (source_last >= pl.col("event.first")),
            values={**day, "date": pl.col("event.date_edtf")},
        ),
        judged(
            view,
            "claimed-after-source",
            source_last >= pl.col("claim.first"),
            values={**day, "claimed": pl.col("claim.claimed_on")},
        ),
        judged(
            view,
            "relay-older-than-relayed",
            source_last >= pl.col("via.first"),
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
        judged(view, "quantity-without-claim", best.is_null() | pl.col("claim.event_id").is_not_null()),
        judged(view, "quantity-far-from-claims", best.is_null() | pl.col("claim.is_near")),
    ]
