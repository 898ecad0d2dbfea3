"""What the claims about an event are worth: origins, positions, and the status that follows.

The status is a table of lines, read from above; the first line that holds gives it. Independence is
counted on origins, not on outlets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from deedbook.models.alignment.actors import roots, sides
from deedbook.rules.chains import climb

AFFIRMING = ("affirms", "partly_affirms")
SILENT = ("silent", "declined_comment")
RECORD_TYPES = ("primary_official", "official_social_media")
REGISTERING_ROLES = ("host", "guarantor")
"""Roles of a body that keeps the register of an act, such as the depositary of a treaty or the house of a vote."""
READS = ("claims", "claim_sources", "sources", "event_participants", "actors", "code_values")
"""The tables that the evidence of an event rests on, besides the event itself."""

_COUNTED = ("affirmation", "narration")
_LIVE = ("affirmation", "narration", "narration_uncounted")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the decision table: a status, and when it applies to a row of `tally`."""

    status: str
    text: str
    when: pl.Expr


_live, _denials, _origins = pl.col("n_live"), pl.col("n_denials"), pl.col("n_origins")
_opposed = pl.col("has_acting") & (pl.col("has_receiving") | pl.col("has_adversary"))
_performative = pl.col("evidence_class") == "performative"

STATUS_LINES = (
    Line("retracted", "every affirmation is retracted", (_live == 0) & (pl.col("n_retracted") > 0)),
    Line("denied", "no affirmation, at least one denial", (_live == 0) & (_denials > 0)),
    Line("disputed", "affirmation and denial", (_live > 0) & (_denials > 0)),
    Line("official", "performative, and an acting side's record at hop 0", _performative & pl.col("has_record")),
    Line(
        "confirmed",
        "at least 2 origins of which one is uninvolved, or acting party together with receiving party or adversary",
        (_origins >= 2) & (pl.col("has_uninvolved") | _opposed),
    ),
    Line("probable", "at least 2 origins otherwise", _origins >= 2),
    Line("reported", "narration only", (_live > 0) & (pl.col("n_narrations") == _live)),
    Line("probable", "performative, acting party quoted", _performative & pl.col("has_acting_quoted")),
    Line("claimed", "one origin", _origins == 1),
)


def status() -> pl.Expr:
    """The status of a row of `tally`; null where nobody affirms, denies or took back anything."""
    return pl.coalesce(pl.when(line.when).then(pl.lit(line.status)) for line in STATUS_LINES)


def positions(tables: Mapping[str, pl.DataFrame], known: pl.DataFrame) -> pl.DataFrame:
    """One row per claim: `position`, from the participants, else as coded; null where neither says.

    Args:
        tables: The typed tables by name.
        known: The roots of the actors.
    """
    derived = pl.when("acts").then(pl.lit("acting_party")).when("receives").then(pl.lit("receiving_party"))
    claims = tables["claims"].select("claim_id", "event_id", "coded_position", actor_id="claimant_actor_id")
    placed = left(left(claims, known, "actor_id"), sides(tables["event_participants"], known), "event_id", "root")
    return placed.select("claim_id", position=pl.coalesce(derived, "coded_position"))


def left(rows: pl.DataFrame, facts: pl.DataFrame, *on: str) -> pl.DataFrame:
    """The rows, in order, with the columns of at most one other row beside each."""
    return rows.join(facts, on=list(on), how="left", maintain_order="left")


def evidence(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The view `event_evidence`: one row per event and occurrence claim, sorted by both.

    Columns: event_id, claim_id, origin_actor_id, counts_as, position, is_record.
    """
    claims = tables["claims"].filter(pl.col("aspect") == "occurrence", pl.col("event_id").is_not_null())
    known = roots(tables["actors"])
    found = left(claims, _first_publications(claims, tables, known), "claim_id")
    found = left(found, positions(tables, known), "claim_id")
    found = left(found, _withdrawals(claims), "claim_id")
    found = left(found, _event_classes(tables), "event_id")
    found = left(found, tables["actors"].select("actor_type", claimant_actor_id="actor_id"), "claimant_actor_id")
    found = left(found.with_columns(actor_id=pl.coalesce("original_publisher", "claimant_actor_id")), known, "actor_id")
    origin, is_record = pl.coalesce("root", "actor_id").alias("origin_actor_id"), pl.col("is_record").fill_null(False)
    counted = pl.coalesce(pl.when(when).then(pl.lit(name)) for name, when in COUNTS).alias("counts_as")
    return found.select("event_id", "claim_id", origin, counted, "position", is_record).sort("event_id", "claim_id")


_stance, _narrates = pl.col("stance"), pl.col("is_own_publication").fill_null(False)
_is_narrated = (pl.col("actor_type") == "media") & _narrates & (pl.col("modality") != "observed").fill_null(True)
COUNTS = (
    ("retraction", _stance == "retracts"),
    ("retracted", pl.col("is_retracted")),
    ("superseded", pl.col("is_superseded")),
    ("denial", _stance == "denies"),
    ("silence", ~_stance.is_in(AFFIRMING)),
    ("affirmation", ~_is_narrated),
    ("narration_uncounted", pl.col("evidence_class") == "attributed"),
    ("narration", pl.lit(True)),
)
"""What a claim counts as: the first line that holds."""


def _withdrawals(claims: pl.DataFrame) -> pl.DataFrame:
    """Which claims were taken back or replaced.

    A retraction names the claim (`responds_to_claim_id`, or that claim's `superseded_by_claim_id` names it); one that
    names none takes back all that the same claimant said about the occurrence of the event.
    """
    retractions = claims.filter(pl.col("stance") == "retracts")
    named = retractions["responds_to_claim_id"].drop_nulls().implode()
    unnamed = retractions.filter(
        pl.col("responds_to_claim_id").is_null(),
        ~pl.col("claim_id").is_in(claims["superseded_by_claim_id"].drop_nulls().implode()),
    )
    blanket = unnamed.select("event_id", "claimant_actor_id").unique().with_columns(pl.lit(True).alias("blanket"))
    replaced = pl.col("superseded_by_claim_id")
    taken_back = (
        pl.col("claim_id").is_in(named)
        | replaced.is_in(retractions["claim_id"].implode()).fill_null(False)
        | pl.col("blanket").fill_null(False)
    )
    return claims.join(blanket, on=["event_id", "claimant_actor_id"], how="left").select(
        "claim_id",
        (taken_back & pl.col("stance").is_in([*AFFIRMING, "denies"])).alias("is_retracted"),
        replaced.is_not_null().alias("is_superseded"),
    )


def _first_publications(claims: pl.DataFrame, tables: Mapping[str, pl.DataFrame], known: pl.DataFrame) -> pl.DataFrame:
    """One row per claim with a source at hop 0: `original_publisher`, `is_own_publication`, `is_record`."""
    first = tables["claim_sources"].filter(pl.col("hop") == 0)
    first = first.join(claims.select("claim_id", "event_id", "claimant_actor_id"), on="claim_id", how="inner")
    first = first.join(_publishers(tables["sources"]), on="source_id", how="inner")
    first = left(first, known.select("root", publisher_actor_id="actor_id"), "publisher_actor_id")
    first = left(first, _record_keepers(tables, known), "event_id", "root").sort("claim_id", "source_id")
    own = pl.col("publisher_actor_id") == pl.col("claimant_actor_id")
    record = pl.col("source_type").is_in(RECORD_TYPES) & pl.col("keeps_record").fill_null(False)
    return first.group_by("claim_id").agg(
        pl.col("original_publisher").filter(own).first(),
        own.any().alias("is_own_publication"),
        record.any().alias("is_record"),
    )


def _publishers(sources: pl.DataFrame) -> pl.DataFrame:
    """Every source with its publisher and the publisher of what it reprints or translates in the end."""
    reprinted = sources.select(pl.coalesce("syndicated_from", "is_translation_of")).to_series()
    original = climb(sources["source_id"], reprinted)
    first = sources.select(original="source_id", original_publisher="publisher_actor_id").unique(
        "original", keep="first"
    )
    own = sources.select("source_id", "publisher_actor_id", "source_type", original=original)
    return left(own.unique("source_id", keep="first"), first, "original")


def _record_keepers(tables: Mapping[str, pl.DataFrame], known: pl.DataFrame) -> pl.DataFrame:
    """Whose official publication is a record of the event: the initiators' roots and the body that registers the act.

    That body is a participant with a registering role, or the organisation that somebody applies to, joins or leaves.
    """
    kinds = tables["actors"].select("actor_id", "actor_type")
    organisation = (pl.col("role") == "recipient") & (pl.col("actor_type") == "intergovernmental_org")
    keeps = pl.col("role").is_in(["initiator", *REGISTERING_ROLES]) | organisation
    kept = left(tables["event_participants"], kinds, "actor_id").filter(keeps).join(known, on="actor_id", how="inner")
    return kept.select("event_id", "root", keeps_record=pl.lit(True)).unique()


def _event_classes(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per event, in the order of the table, with `event_type` and `evidence_class`."""
    types = tables["code_values"].filter(pl.col("list") == "event_type").select("evidence_class", event_type="code")
    events = tables["events"].select("event_id", "event_type").unique("event_id", keep="first", maintain_order=True)
    return left(events, types.unique("event_type", keep="first"), "event_type")


def tally(tables: Mapping[str, pl.DataFrame], found: pl.DataFrame) -> pl.DataFrame:
    """One row per event, in the order of the table: what is counted, and the `computed` status.

    Args:
        tables: The typed tables by name.
        found: The result of `evidence`.
    """
    counts, position = pl.col("counts_as"), pl.col("position")
    live, counted = counts.is_in(_LIVE), counts.is_in(_COUNTED)
    per_event = found.group_by("event_id").agg(
        live.sum().alias("n_live"),
        (live & (counts != "affirmation")).sum().alias("n_narrations"),
        (counts == "retracted").sum().alias("n_retracted"),
        pl.col("origin_actor_id").filter(counted).n_unique().alias("n_origins"),
        pl.col("origin_actor_id").filter(counts == "denial").n_unique().alias("n_denials"),
        (live & pl.col("is_record")).any().alias("has_record"),
        (counted & (position == "uninvolved")).any().alias("has_uninvolved"),
        (counted & (position == "acting_party")).any().alias("has_acting"),
        (counted & (position == "receiving_party")).any().alias("has_receiving"),
        (counted & (position == "adversary_of_acting_party")).any().alias("has_adversary"),
        ((counts == "affirmation") & (position == "acting_party")).any().alias("has_acting_quoted"),
    )
    carried = (
        found.filter(live).select("event_id", "claim_id").join(tables["claim_sources"], on="claim_id", how="inner")
    )
    sources = carried.group_by("event_id").agg(pl.col("source_id").n_unique().alias("n_sources"))
    counted_events = left(left(_event_classes(tables), per_event, "event_id"), sources, "event_id")
    numbers, flags = pl.col("^n_.*$").fill_null(0).cast(pl.Int64), pl.col("^has_.*$").fill_null(False)
    return counted_events.with_columns(numbers, flags).with_columns(computed=status())
