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
    return (
        tables["claims"]
        .select("claim_id", "event_id", "coded_position", actor_id="claimant_actor_id")
        .join(known, on="actor_id", how="left", maintain_order="left")
        .join(sides(tables["event_participants"], known), on=["event_id", "root"], how="left", maintain_order="left")
        .select("claim_id", position=pl.coalesce(derived, "coded_position"))
    )


def evidence(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The view `event_evidence`: one row per event and occurrence claim, sorted by both.

    Columns: event_id, claim_id, origin_actor_id, counts_as, position, is_record.
    """
    claims = tables["claims"].filter(pl.col("aspect") == "occurrence", pl.col("event_id").is_not_null())
    known = roots(tables["actors"])
    origin = pl.coalesce("original_publisher", "claimant_actor_id")
    return (
        claims.join(_first_publications(claims, tables, known), on="claim_id", how="left")
        .join(positions(tables, known), on="claim_id", how="left")
        .join(_event_classes(tables), on="event_id", how="left")
        .join(tables["actors"].select("actor_type", claimant_actor_id="actor_id"), on="claimant_actor_id", how="left")
        .join(_withdrawals(claims), on="claim_id", how="left")
        .with_columns(origin.alias("actor_id"), pl.col("is_record").fill_null(False))
        .join(known, on="actor_id", how="left")
        .select(
            "event_id",
            "claim_id",
            pl.coalesce("root", "actor_id").alias("origin_actor_id"),
            _counts_as(),
            "position",
            "is_record",
        )
        .sort("event_id", "claim_id")
    )


def _counts_as() -> pl.Expr:
    stance = pl.col("stance")
    narrated = (
        (pl.col("actor_type") == "media")
        & pl.col("is_own_publication").fill_null(False)
        & (pl.col("modality") != "observed").fill_null(True)
    )
    return (
        pl.when(stance == "retracts")
        .then(pl.lit("retraction"))
        .when("is_retracted")
        .then(pl.lit("retracted"))
        .when("is_superseded")
        .then(pl.lit("superseded"))
        .when(stance == "denies")
        .then(pl.lit("denial"))
        .when(~stance.is_in(AFFIRMING))
        .then(pl.lit("silence"))
        .when(~narrated)
        .then(pl.lit("affirmation"))
        .when(pl.col("evidence_class") == "attributed")
        .then(pl.lit("narration_uncounted"))
        .otherwise(pl.lit("narration"))
        .alias("counts_as")
    )


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
    first = (
        tables["claim_sources"]
        .filter(pl.col("hop") == 0)
        .join(claims.select("claim_id", "event_id", "claimant_actor_id"), on="claim_id", how="inner")
        .join(_publishers(tables["sources"]), on="source_id", how="inner")
        .join(known.select(publisher_actor_id="actor_id", root="root"), on="publisher_actor_id", how="left")
        .join(_record_keepers(tables, known), on=["event_id", "root"], how="left")
    )
    own = pl.col("publisher_actor_id") == pl.col("claimant_actor_id")
    record = pl.col("source_type").is_in(RECORD_TYPES) & pl.col("keeps_record").fill_null(False)
    return (
        first.sort("claim_id", "source_id")
        .group_by("claim_id")
        .agg(
            pl.col("original_publisher").filter(own).first(),
            own.any().alias("is_own_publication"),
            record.any().alias("is_record"),
        )
    )


def _publishers(sources: pl.DataFrame) -> pl.DataFrame:
    """Every source with its publisher and the publisher of what it reprints or translates in the end."""
    original = climb(
        sources["source_id"], sources.select(pl.coalesce("syndicated_from", "is_translation_of")).to_series()
    )
    first = sources.select(original="source_id", original_publisher="publisher_actor_id").unique(
        "original", keep="first"
    )
    return (
        sources.select("source_id", "publisher_actor_id", "source_type", original=original)
        .unique("source_id", keep="first")
        .join(first, on="original", how="left")
    )


def _record_keepers(tables: Mapping[str, pl.DataFrame], known: pl.DataFrame) -> pl.DataFrame:
    """Whose official publication is a record of the event: the initiators' roots and the body that registers the act.

    That body is a participant with a registering role, or the organisation that somebody applies to, joins or leaves.
    """
    kinds = tables["actors"].select("actor_id", "actor_type")
    organisation = (pl.col("role") == "recipient") & (pl.col("actor_type") == "intergovernmental_org")
    keeps = pl.col("role").is_in(["initiator", *REGISTERING_ROLES]) | organisation
    return (
        tables["event_participants"]
        .join(kinds, on="actor_id", how="left")
        .filter(keeps)
        .join(known, on="actor_id", how="inner")
        .select("event_id", "root", pl.lit(True).alias("keeps_record"))
        .unique()
    )


def _event_classes(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per event, in the order of the table, with `event_type` and `evidence_class`."""
    types = tables["code_values"].filter(pl.col("list") == "event_type").select("evidence_class", event_type="code")
    return (
        tables["events"]
        .select("event_id", "event_type")
        .unique("event_id", keep="first", maintain_order=True)
        .join(types.unique("event_type", keep="first"), on="event_type", how="left", maintain_order="left")
    )


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
    return (
        _event_classes(tables)
        .join(per_event, on="event_id", how="left", maintain_order="left")
        .join(
            _source_counts(found.filter(live), tables["claim_sources"]),
            on="event_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("^n_.*$").fill_null(0).cast(pl.Int64), pl.col("^has_.*$").fill_null(False))
        .with_columns(status().alias("computed"))
    )


def _source_counts(affirmed: pl.DataFrame, claim_sources: pl.DataFrame) -> pl.DataFrame:
    """One row per event with `n_sources`: the distinct sources of affirming occurrence claims."""
    carried = affirmed.select("event_id", "claim_id").join(claim_sources, on="claim_id", how="inner")
    return carried.group_by("event_id").agg(pl.col("source_id").n_unique().alias("n_sources"))
