"""What the claims about an event are worth: origins, positions, and the status that follows.

The status is a table of lines in evidence.toml, read from above; the first line that holds gives it. Independence is counted on
origins, not on outlets.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from deedbook.models.alignment.actors import ACTING_ROLES, RECEIVING_ROLES, Tables, roots_at, sides
from deedbook.rules.chains import climb

AFFIRMING = ("affirms", "partly_affirms")
SILENT = ("silent", "declined_comment")
"""Stances of which it is noted up to which day they lasted."""
VALUELESS = (*SILENT, "unaware", "retracts")
"""Stances that claim no value."""
UNREAL = ("announced_future", "planned", "hypothetical")
"""Factualities of what has not happened yet, or may never."""
RECORD_TYPES = ("primary_official", "official_social_media")
REGISTERING_ROLES = ("host", "guarantor")
"""Roles of a body that keeps the register of an act, such as the depositary of a treaty or the house of a vote."""
READS = ("claims", "claim_sources", "sources", "event_participants", "actors", "code_values")
"""The tables that the evidence of an event rests on, besides the event itself."""

_COUNTED = ("affirmation", "narration")
_LIVE = ("affirmation", "narration", "narration_uncounted")
TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def status() -> pl.Expr:
    """The status of a row of `tally`; null where nobody affirms, denies or took back anything."""
    return _first_that_holds("status")


def subjects(tables: Tables) -> Tables:
    """The tables with every alignment as one more event that goes on and in which both actors act: one law judges both."""
    own, role, goes_on = tables["alignments"], pl.lit("initiator"), pl.lit("ongoing")
    episodes = own.select(event_id="alignment_id", event_type="kind", date_edtf="start_edtf", factuality=goes_on)
    pairs = [own.select(actor_id=f"actor_{side}", event_id="alignment_id", role=role) for side in "ab"]
    return {
        **tables,
        "events": pl.concat([tables["events"].select(episodes.columns), episodes]),
        "event_participants": pl.concat([tables["event_participants"].select("actor_id", "event_id", "role"), *pairs]),
        "claims": tables["claims"].with_columns(event_id=pl.coalesce("event_id", "alignment_id")),
    }


def positions(tables: Tables) -> pl.DataFrame:
    """One row per claim: the `root` of its claimant, and `position`, from the participants, else as coded; null where neither says."""
    derived = pl.when("acts").then(pl.lit("acting_party")).when("receives").then(pl.lit("receiving_party"))
    claims = tables["claims"].select("claim_id", "event_id", "coded_position", actor_id="claimant_actor_id")
    placed = left(roots_at(claims, tables), sides(tables), "event_id", "root")
    return placed.select("claim_id", "root", position=pl.coalesce(derived, "coded_position"))


def left(rows: pl.DataFrame, facts: pl.DataFrame, *on: str) -> pl.DataFrame:
    """The rows, in order, with the columns of at most one other row beside each."""
    return rows.join(facts, on=list(on), how="left", maintain_order="left")


def evidence(tables: Tables) -> pl.DataFrame:
    """The view `event_evidence`: one row per event and occurrence claim, sorted by both.

    Narration does not count beside an affirmation that the same source passes on for the same event.
    Columns: event_id, claim_id, origin_actor_id, counts_as, position, is_record.
    """
    claims = tables["claims"].filter(pl.col("aspect") == "occurrence", pl.col("event_id").is_not_null())
    placed = positions(tables)
    found = left(claims, _first_publications(claims, tables), "claim_id")
    found = left(found, placed, "claim_id")
    found = left(found, _withdrawals(claims, tables["claims"], placed), "claim_id")
    found = left(found, _event_classes(tables), "event_id")
    found = left(found, tables["actors"].select("actor_type", claimant_actor_id="actor_id"), "claimant_actor_id")
    original = roots_at(found.select("claim_id", "event_id", actor_id="original_publisher"), tables)
    found = left(found, original.select("claim_id", original_root="root"), "claim_id")
    origin = pl.coalesce("original_root", "root", "claimant_actor_id").alias("origin_actor_id")
    found = found.with_columns(
        pl.col("is_record", "is_own_publication").fill_null(False),
        affirms=pl.col("stance").is_in(AFFIRMING),
        is_unreal=pl.col("factuality").is_in(UNREAL),
    )
    counted = _first_that_holds("counts").alias("counts_as")
    weighed = found.select("event_id", "claim_id", origin, counted, "position", "is_record")
    linked = weighed.join(tables["claim_sources"], on="claim_id")
    affirmed = linked.filter(pl.col("counts_as") == "affirmation")
    told = linked.filter(pl.col("counts_as") == "narration", pl.col("hop") == 0)
    again = told.join(affirmed, on=["event_id", "source_id"], how="semi")["claim_id"]
    uncounted = pl.when(pl.col("claim_id").is_in(again.implode())).then(pl.lit("narration_uncounted"))
    return weighed.with_columns(counts_as=uncounted.otherwise("counts_as")).sort("event_id", "claim_id")


def _first_that_holds(table: str) -> pl.Expr:
    """What the first line of a table says of which the condition holds; null where none does."""
    return pl.coalesce(pl.when(pl.sql_expr(line["when"])).then(pl.lit(line["then"])) for line in TABLES[table])


def _withdrawals(claims: pl.DataFrame, others: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Which of the claims their own root took back or replaced.

    A retraction names the claim (`responds_to_claim_id`, or that claim's `superseded_by_claim_id` names it); one that
    names none takes back all that the same claimant said about the occurrence of the event.

    Args:
        claims: Those about an occurrence.
        others: All claims, since one about something else may replace them.
        placed: The result of `positions`.
    """
    rooted = left(others, placed.select("claim_id", "root"), "claim_id")
    own = left(claims, placed.select("claim_id", "root"), "claim_id")
    by = rooted.select("event_id", "root", superseded_by_claim_id="claim_id", by_stance="stance")
    retractions = rooted.filter(pl.col("stance") == "retracts", pl.col("aspect") == "occurrence")
    named = retractions.select("event_id", "root", claim_id="responds_to_claim_id", is_named=pl.lit(True)).drop_nulls()
    is_named_there = pl.col("claim_id").is_in(claims["superseded_by_claim_id"].drop_nulls().implode())
    unnamed = retractions.filter(pl.col("responds_to_claim_id").is_null(), ~is_named_there)
    blanket = unnamed.select("event_id", "claimant_actor_id", is_blanket=pl.lit(True)).unique()
    found = left(own, by, "superseded_by_claim_id", "event_id", "root")
    found = left(found, named.unique(), "claim_id", "event_id", "root")
    found = left(found, blanket, "event_id", "claimant_actor_id")
    is_taken_back = pl.any_horizontal("is_named", "is_blanket", pl.col("by_stance") == "retracts").fill_null(False)
    return found.select(
        "claim_id",
        is_retracted=is_taken_back & pl.col("stance").is_in([*AFFIRMING, "denies"]),
        is_superseded=pl.col("by_stance").is_not_null(),
    )


def _first_publications(claims: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """One row per claim with a source at hop 0: `original_publisher`, `is_own_publication`, `is_record`.

    The original publisher is that of what the source reprints or translates in the end.
    """
    sources = tables["sources"]
    reprinted = sources.select(pl.coalesce("syndicated_from", "is_translation_of")).to_series()
    originals = sources.select(original="source_id", original_publisher="publisher_actor_id")
    sources = sources.with_columns(original=climb(sources["source_id"], reprinted)).unique("source_id", keep="first")
    sources = left(sources, originals.unique("original", keep="first"), "original")
    publications = sources.select("source_id", "source_type", "original_publisher", actor_id="publisher_actor_id")
    first = tables["claim_sources"].filter(pl.col("hop") == 0)
    first = first.join(claims.select("claim_id", "event_id", "claimant_actor_id"), on="claim_id")
    first = roots_at(first.join(publications, on="source_id"), tables)
    first = left(first, _record_keepers(tables), "event_id", "root").sort("claim_id", "source_id")
    own = pl.col("actor_id") == pl.col("claimant_actor_id")
    record = pl.col("source_type").is_in(RECORD_TYPES) & pl.col("keeps_record").fill_null(False)
    return first.group_by("claim_id").agg(
        pl.col("original_publisher").filter(own).first(), is_own_publication=own.any(), is_record=record.any()
    )


def _record_keepers(tables: Tables) -> pl.DataFrame:
    """Whose official publication is a record of the event: initiators, every party of a mutual act, and the body that registers it.

    That body is a participant with a registering role, or the organisation that somebody applies to, joins or leaves.
    """
    kinds = tables["actors"].select("actor_id", "actor_type").unique("actor_id", keep="first")
    organisation = (pl.col("role") == "recipient") & (pl.col("actor_type") == "intergovernmental_org")
    is_mutual = pl.col("recipient_rule").is_in(["optional", "none"]).fill_null(False)
    is_party = pl.col("role").is_in([*ACTING_ROLES, *RECEIVING_ROLES]) & is_mutual
    keeps = pl.col("role").is_in(["initiator", *REGISTERING_ROLES]) | organisation | is_party
    parties = tables["event_participants"].select("event_id", "actor_id", "role")
    parties = left(left(parties, kinds, "actor_id"), _event_classes(tables), "event_id")
    kept = roots_at(parties.filter(keeps), tables).drop_nulls("root")
    return kept.select("event_id", "root", keeps_record=pl.lit(True)).unique()


def _event_classes(tables: Tables) -> pl.DataFrame:
    """One row per event, in the order of the table, with its `factuality` and what the code of its `event_type` says."""
    types = tables["code_values"].filter(pl.col("list") == "event_type")
    types = types.select("evidence_class", "recipient_rule", event_type="code")
    events = tables["events"].select("event_id", "event_type", "factuality")
    events = events.unique("event_id", keep="first", maintain_order=True)
    return left(events, types.unique("event_type", keep="first"), "event_type")


def tally(tables: Tables, found: pl.DataFrame) -> pl.DataFrame:
    """One row per event, in the order of the table: what is counted, and the `computed` status.

    Args:
        tables: The typed tables by name.
        found: The result of `evidence`.
    """
    counts, position = pl.col("counts_as"), pl.col("position")
    live, counted, denies = counts.is_in(_LIVE), counts.is_in(_COUNTED), counts == "denial"
    acts = position == "acting_party"
    voices = {"origins": counted, "denials": denies, "voices": live | denies, "acting": counted & acts}
    sides = {"acting": "acting_party", "receiving": "receiving_party", "adversary": "adversary_of_acting_party"}
    sides |= {"uninvolved": "uninvolved"}
    per_event = found.group_by("event_id").agg(
        *(pl.col("origin_actor_id").filter(when).n_unique().alias(f"n_{name}") for name, when in voices.items()),
        *((counted & (position == side)).any().alias(f"has_{name}") for name, side in sides.items()),
        n_live=live.sum(),
        n_narrations=(live & (counts != "affirmation")).sum(),
        n_retracted=(counts == "retracted").sum(),
        has_record=(live & pl.col("is_record")).any(),
        has_acting_quoted=((counts == "affirmation") & acts).any(),
    )
    carried = found.filter(live).select("event_id", "claim_id").join(tables["claim_sources"], on="claim_id")
    sources = carried.group_by("event_id").agg(n_sources=pl.col("source_id").n_unique())
    counted_events = left(left(_event_classes(tables), per_event, "event_id"), sources, "event_id")
    numbers, flags = pl.col("^n_.*$").fill_null(0).cast(pl.Int64), pl.col("^has_.*$").fill_null(False)
    return counted_events.with_columns(numbers, flags).with_columns(computed=status())


def episodes(tables: Tables, weighed: pl.DataFrame) -> pl.DataFrame:
    """One row per alignment: `status`, `n_origins`, `n_denials` of the claims about it, else of the event that starts or ends it.

    Args:
        tables: The typed tables by name.
        weighed: The same of every event.
    """
    judged = subjects(tables)
    counts = ["status", "n_origins", "n_denials"]
    found = tally(judged, evidence(judged)).select("n_origins", "n_denials", alignment_id="event_id", status="computed")
    own = tables["alignments"].select("alignment_id", "start_event_id", "end_event_id")
    rows = left(own, found.filter(pl.col("status").is_not_null()), "alignment_id")
    for side in ("start", "end"):
        event = weighed.select(pl.col("event_id").alias(f"{side}_event_id"), pl.col(counts).name.prefix(f"{side}_"))
        rows = left(rows, event, f"{side}_event_id")
    rows = rows.select("alignment_id", *(pl.coalesce(name, f"start_{name}", f"end_{name}") for name in counts))
    return rows.with_columns(pl.col("n_origins", "n_denials").fill_null(0))


def explain(tables: Tables, row_id: str) -> list[str]:
    """Why an event or an alignment has its status, for people: who, claims and chains, and the lines down to the one that holds."""
    judged = subjects(tables)
    names = dict(tables["actors"].select("actor_id", "name").iter_rows())
    subject = judged["events"].filter(pl.col("event_id") == row_id)
    if subject.is_empty():
        return []
    found = evidence(judged)
    weighed = tally(judged, found).filter(pl.col("event_id") == row_id)
    own = tables["events"].filter(pl.col("event_id") == row_id)
    override = own["status_override"].item() if own.height else None
    people = judged["event_participants"].filter(pl.col("event_id") == row_id).sort("role", "actor_id")
    lines = ["people:", *(f"  {it['role']}: {names.get(it['actor_id'])} {it['actor_id']}" for it in people.to_dicts())]
    lines += ["claims:", *_claims_of(judged, found.filter(pl.col("event_id") == row_id), names)]
    lines += ["status:", *_decision(weighed)]
    return lines + [f"  override: {override}, because: {own['status_override_reason'].item()}"] * bool(override)


def _claims_of(tables: Tables, found: pl.DataFrame, names: dict[str, str]) -> Iterator[str]:
    """Every claim about the occurrence, what it counts as, and the way on which it is known."""
    claims = tables["claims"].select("claim_id", "claimant_actor_id", "stance", "modality", "claim_text")
    titles = dict(tables["sources"].select("source_id", "title").iter_rows())
    for it in found.join(claims, on="claim_id").to_dicts():
        said = " ".join(filter(None, [it["stance"], it["modality"]]))
        yield f"  {it['claim_id']} {names.get(it['claimant_actor_id'])}: {said}: {it['claim_text']}"
        origin = f"origin {names.get(it['origin_actor_id'])} {it['origin_actor_id']}"
        record = ", a party's record" if it["is_record"] else ""
        yield f"    counts as {it['counts_as']}; {origin}; position {it['position'] or 'not known'}{record}"
        links = tables["claim_sources"].filter(pl.col("claim_id") == it["claim_id"]).sort("hop", "source_id")
        for link in links.to_dicts():
            via = f", from {link['via_source_id']}" if link["via_source_id"] else ""
            yield f"    hop {link['hop']}: {link['source_id']} {titles.get(link['source_id'])}{via}"


def _decision(weighed: pl.DataFrame) -> Iterator[str]:
    """The lines of the decision table down to the one that holds, each with what it looks at."""
    for line in TABLES["status"]:
        when = pl.sql_expr(line["when"])
        looked_at = weighed.select(sorted(set(when.meta.root_names()))).row(0, named=True)
        facts = ", ".join(f"{name} {str(value).lower()}" for name, value in looked_at.items())
        holds = bool(weighed.select(when.fill_null(False)).item())
        yield f"  {'->' if holds else 'no'} {line['then']}: {line['text']} ({facts})"
        if holds:
            return
    yield "  -> none: nobody affirms or denies it"
