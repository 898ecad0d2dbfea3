"""Why an event or an alignment has its status: people, claims and chains, and the lines of the decision table, read from above."""

from collections.abc import Iterator

import polars as pl

from deedbook.models.alignment import evidence
from deedbook.models.alignment.actors import Tables


def explain(tables: Tables, row_id: str) -> list[str]:
    """The lines that say so, for people; none for a row that has no status."""
    judged = evidence.subjects(tables)
    names = dict(tables["actors"].select("actor_id", "name").iter_rows())
    subject = judged["events"].filter(pl.col("event_id") == row_id)
    if subject.is_empty():
        return []
    found = evidence.evidence(judged)
    weighed = evidence.tally(judged, found).filter(pl.col("event_id") == row_id)
    own = tables["events"].filter(pl.col("event_id") == row_id)
    override = own["status_override"].item() if own.height else None
    people = judged["event_participants"].filter(pl.col("event_id") == row_id).sort("role", "actor_id")
    lines = ["people:", *(f"  {it['role']}: {names.get(it['actor_id'])} {it['actor_id']}" for it in people.to_dicts())]
    lines += ["claims:", *_claims(judged, found.filter(pl.col("event_id") == row_id), names)]
    lines += ["status:", *_lines(weighed)]
    return lines + [f"  override: {override}, because: {own['status_override_reason'].item()}"] * bool(override)


def _claims(tables: Tables, found: pl.DataFrame, names: dict[str, str]) -> Iterator[str]:
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


def _lines(weighed: pl.DataFrame) -> Iterator[str]:
    """The lines of the decision table down to the one that holds, each with what it looks at."""
    for line in evidence.TABLES["status"]:
        when = pl.sql_expr(line["when"])
        looked_at = weighed.select(sorted(set(when.meta.root_names()))).row(0, named=True)
        facts = ", ".join(f"{name} {str(value).lower()}" for name, value in looked_at.items())
        holds = bool(weighed.select(when.fill_null(False)).item())
        yield f"  {'->' if holds else 'no'} {line['then']}: {line['text']} ({facts})"
        if holds:
            return
    yield "  -> none: nobody affirms or denies it"
