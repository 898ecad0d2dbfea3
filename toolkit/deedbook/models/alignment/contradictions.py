"""Rows that contradict what they are linked to: claims and their events, replies and what they answer, episodes and their events."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.models.alignment.actors import roots_at
from deedbook.models.alignment.evidence import AFFIRMING
from deedbook.models.alignment.rules import judged
from deedbook.rules import dates
from deedbook.rules.views import View, beside

Tables = Mapping[str, pl.DataFrame]
AMOUNTS = ("quantity_low", "quantity", "quantity_high")
_PARTIES = ("event_participants", "actors", "events", "alignments")


def about_one_thing(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """A claim answers or replaces a claim about the same event or alignment, and replaces only what its own root said.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    others = (
        tables["claims"]
        .select("claim_id", "event_id", "alignment_id")
        .join(placed.select("claim_id", "root"), on="claim_id")
    )
    view = beside(View(tables["claims"]), "own", placed, {"claim_id": "claim_id"}, ("claims", *_PARTIES))
    checks = []
    for link, name in (("responds_to", "reply-about-another-event"), ("superseded_by", "superseded-by-another-event")):
        view = beside(view, link, others, {f"{link}_claim_id": "claim_id"}, ("claims", *_PARTIES))
        is_same = pl.all_horizontal(
            pl.col(f"{link}.{field}").eq_missing(pl.col(field)) for field in ("event_id", "alignment_id")
        )
        checks.append(judged(view, name, pl.col(f"{link}.claim_id").is_null() | is_same))
    is_stranger = pl.col("superseded_by.root") != pl.col("own.root")
    return [*checks, judged(view, "superseded-by-a-stranger", ~is_stranger)]


def as_participants(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """Who is claimed to take part does, and a position that cannot be derived is coded.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    events = tables["event_participants"].select("event_id", "actor_id")
    takes_part = roots_at(events, tables).select("event_id", "root").drop_nulls().unique()
    claims = tables["claims"]
    named = claims.select("claim_id", "event_id", actor_id="value_actor_id").drop_nulls()
    named = roots_at(named, tables).join(takes_part, on=["event_id", "root"], how="semi").select("claim_id")
    view = beside(View(claims), "named", named, {"claim_id": "claim_id"}, ("claims", *_PARTIES))
    view = beside(view, "place", placed, {"claim_id": "claim_id"}, ("claims", *_PARTIES))
    names_one = (pl.col("aspect") == "participant") & pl.col("value_actor_id").is_not_null()
    affirms = pl.col("stance").is_in(AFFIRMING)
    is_known = pl.col("event_id").is_null() | pl.col("named.claim_id").is_not_null()
    return [
        judged(view, "claimed-participant-takes-no-part", ~(names_one & affirms) | is_known),
        judged(
            view,
            "position-not-known",
            ~(affirms | (pl.col("stance") == "denies")) | pl.col("place.position").is_not_null(),
        ),
    ]


def of_one_voice(tables: Tables, placed: pl.DataFrame) -> list[pa.Check]:
    """No root affirms and denies the occurrence of the same event or alignment, unless it took one of them back.

    Args:
        tables: The typed tables by name.
        placed: The root and the position of every claim.
    """
    claims = tables["claims"].with_columns(event_id=pl.coalesce("event_id", "alignment_id"))
    claims = claims.filter(pl.col("aspect") == "occurrence")
    said = claims.filter(pl.col("superseded_by_claim_id").is_null())
    rooted = said.join(placed.select("claim_id", "root"), on="claim_id")
    affirmed = rooted.filter(pl.col("stance").is_in(AFFIRMING))
    denied = rooted.filter(pl.col("stance") == "denies")
    both = denied.join(affirmed, on=["event_id", "root"]).select("claim_id", other="claim_id_right")
    view = beside(View(tables["claims"]), "same", both, {"claim_id": "claim_id"}, ("claims", *_PARTIES))
    other = {"other": pl.col("same.other")}
    return [judged(view, "one-voice-on-both-sides", pl.col("same.claim_id").is_null(), other)]


def as_dated(tables: Tables) -> list[pa.Check]:
    """A claimed date may be that of the event."""
    first, last = dates.earliest("date_edtf"), dates.latest("date_edtf")
    times = tables["events"].select("event_id", "date_edtf", first=first, last=last)
    view = beside(View(tables["claims"]), "event", times, {"event_id": "event_id"}, ("events",))
    begins, ends = dates.earliest("value_edtf"), dates.latest("value_edtf")
    meets = (begins <= pl.col("event.last")).fill_null(True) & (ends >= pl.col("event.first")).fill_null(True)
    is_dated = (pl.col("aspect") == "date") & pl.col("stance").is_in(AFFIRMING)
    return [judged(view, "claimed-date-contradicts-event", ~is_dated | meets, {"date": pl.col("event.date_edtf")})]


def as_factual(tables: Tables, found: pl.DataFrame) -> list[pa.Check]:
    """What did not occur is affirmed by nobody.

    Args:
        tables: The typed tables by name.
        found: The view `event_evidence`.
    """
    affirmed = found.filter(pl.col("counts_as").is_in(["affirmation", "narration", "narration_uncounted"]))
    reads = ("claims", "claim_sources", "sources", *_PARTIES, "code_values")
    view = beside(
        View(tables["events"]), "claim", affirmed.select("event_id", "claim_id"), {"event_id": "event_id"}, reads
    )
    did_occur = (pl.col("factuality") != "did_not_occur") | pl.col("claim.claim_id").is_null()
    return [judged(view, "affirmed-though-not-occurred", did_occur, {"claim": pl.col("claim.claim_id")})]


def as_measured(tables: Tables) -> list[pa.Check]:
    """Every amount of an event, its limits too, is near one of those that are claimed."""
    number, bound = pl.col("value_number"), pl.col("value_bound").fill_null("about")
    claims = tables["claims"].filter(pl.col("aspect") == "quantity", pl.col("stance").is_in(AFFIRMING))
    amounts = tables["events"].select("event_id", *AMOUNTS).unique("event_id", keep="first")
    both = claims.select("event_id", "value_number", "value_bound").join(amounts, on="event_id")

    def is_near(amount: pl.Expr) -> pl.Expr:
        too_low = (amount < number / 2) & (bound != "at_most")
        too_high = (amount > number * 1.5) & (bound != "at_least")
        return (~(too_low | too_high)).any(ignore_nulls=False)

    near = both.group_by("event_id").agg(is_near(pl.col(name)).alias(name) for name in AMOUNTS)
    view = beside(View(tables["events"]), "claim", near, {"event_id": "event_id"}, ("claims",))
    given = [pl.col(name).is_not_null() for name in AMOUNTS]
    is_off = [pl.col(name).is_not_null() & ~pl.col(f"claim.{name}") for name in AMOUNTS]
    shown = pl.coalesce(*(pl.when(off).then(pl.col(name)) for off, name in zip(is_off, AMOUNTS, strict=True)))
    stated = pl.coalesce("quantity", "quantity_high", "quantity_low")
    is_claimed = ~pl.any_horizontal(given) | pl.col("claim.event_id").is_not_null()
    return [
        judged(view, "quantity-without-claim", is_claimed, {"amount": stated}),
        judged(view, "quantity-far-from-claims", ~pl.any_horizontal(is_off), {"amount": shown}),
    ]


def of_both_actors(tables: Tables) -> list[pa.Check]:
    """An episode begins and ends with events in which both of its actors take part."""
    own = tables["alignments"]
    takes_part = roots_at(tables["event_participants"].select("event_id", "actor_id"), tables)
    takes_part = takes_part.select("event_id", "root").drop_nulls().unique()
    checks = []
    for side in ("start", "end"):
        pairs = [
            own.select("alignment_id", event_id=f"{side}_event_id", actor_id=actor) for actor in ("actor_a", "actor_b")
        ]
        met = roots_at(pl.concat(pairs).drop_nulls("event_id"), tables).join(takes_part, on=["event_id", "root"])
        met = met.group_by("alignment_id").agg(n=pl.col("actor_id").n_unique())
        view = beside(View(own), "met", met, {"alignment_id": "alignment_id"}, _PARTIES)
        is_met = pl.col(f"{side}_event_id").is_null() | (pl.col("met.n").fill_null(0) == 2)
        checks.append(judged(view, f"episode-{side}s-with-event-of-others", is_met))
    return checks


def backed(tables: Tables) -> pa.Check:
    """Somebody claims an episode, or an event begins or ends it."""
    claimed = tables["claims"].filter(pl.col("aspect") == "occurrence", pl.col("stance").is_in(AFFIRMING))
    claimed = claimed.select("alignment_id").drop_nulls().unique()
    view = beside(View(tables["alignments"]), "claim", claimed, {"alignment_id": "alignment_id"}, ("claims",))
    has_event = pl.col("start_event_id").is_not_null() | pl.col("end_event_id").is_not_null()
    return judged(view, "alignment-without-evidence", has_event | pl.col("claim.alignment_id").is_not_null())
