"""What the evidence of an event is worth now and was worth in the release before: R-64, and the single origins of R-70.

Only in projects with the tables that the evidence rests on (`deedbook.rules.evidence`). The status before is the column that
readers saw in `events.csv`; the status now is computed as a release computes it, without running code of the project.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.checking.canonical import canonical_text, typed
from deedbook.checking.canonical_field import canonical_field
from deedbook.descriptor import Resource
from deedbook.models.alignment import evidence
from deedbook.reading.tables import read_text

EVENTS, KEY, STATUS, OVERRIDE = "events", "event_id", "status", "status_override"
RANKS = {
    "official": 5,
    "confirmed": 4,
    "probable": 3,
    "reported": 2,
    "claimed": 2,
    "disputed": 1,
    "denied": 0,
    "retracted": 0,
    "refuted": 0,
}
"""How well an event of a status is supported: what one party claims counts as much as what one medium reports."""

_NEEDED = {
    "events": {KEY, "event_type"},
    "claims": {
        "claim_id",
        KEY,
        "aspect",
        "stance",
        "modality",
        "claimant_actor_id",
        "coded_position",
        "responds_to_claim_id",
        "superseded_by_claim_id",
    },
    "claim_sources": {"claim_id", "source_id", "hop"},
    "sources": {"source_id", "publisher_actor_id", "source_type", "syndicated_from", "is_translation_of"},
    "event_participants": {KEY, "actor_id", "role"},
    "actors": {"actor_id", "actor_type", "parent_actor_id"},
    "code_values": {"list", "code", "evidence_class"},
}

EVIDENCE_TABLES = tuple(_NEEDED)
"""The tables without which an event has no status."""


def fallen(old: Side, new: Side, changes: Changes) -> Iterator[tuple[str, str, str]]:
    """Key, status before and status now of each event that stands in both and is supported less.

    A status that an editor overrides has its reason in the row itself.
    """
    touched = {table.table for table in changes.tables if table.has_new_values}
    if not touched & _NEEDED.keys() or not _has_evidence(new):
        return
    before = _published(old)
    if before is None:
        return
    now = _tally(new).select(KEY, pl.col("computed").alias(STATUS))
    overridden = _overridden(new)
    both = before.join(now, on=KEY, how="inner", suffix=" (now)", maintain_order="left")
    for key, was, is_now in both.iter_rows():
        if key not in overridden and RANKS.get(is_now, 0) < RANKS.get(was, 0):
            yield key, was, is_now or ""


def single_origins(side: Side) -> tuple[int, int] | None:
    """How many events one origin alone affirms, and how many anybody affirms; None without evidence."""
    if not _has_evidence(side):
        return None
    origins = _tally(side).get_column("n_origins")
    return int((origins == 1).sum()), int((origins > 0).sum())


def _resources(side: Side) -> dict[str, Resource]:
    return {item.name: item for item in side.package.resources}


def _has_evidence(side: Side) -> bool:
    resources = _resources(side)
    return all(
        name in resources and (schema := resources[name].schema) is not None and columns <= set(schema.names)
        for name, columns in _NEEDED.items()
    )


def _tally(side: Side) -> pl.DataFrame:
    resources = _resources(side)
    tables = {name: _typed(resources[name], columns) for name, columns in _NEEDED.items()}
    return evidence.tally(tables, evidence.evidence(tables))


def _typed(resource: Resource, columns: set[str]) -> pl.DataFrame:
    """The named columns of a table with their types."""
    fields = [item for item in (resource.schema.fields if resource.schema else ()) if item.name in columns]
    text = [canonical_text(item).alias(item.name) for item in fields]
    empty = pl.DataFrame(schema={item.name: pl.String for item in fields})
    rows = pl.concat([empty, *(frame.select(text) for frame in read_text(resource))])
    return rows.select(typed(canonical_field(item)).alias(item.name) for item in fields)


def _published(old: Side) -> pl.DataFrame | None:
    """Every event of a release with its status; None where it says none."""
    resource = _resources(old).get(EVENTS)
    if resource is None or resource.schema is None or not {KEY, STATUS} <= set(resource.schema.names):
        return None
    return _typed(resource, {KEY, STATUS})


def _overridden(side: Side) -> set[str]:
    resource = _resources(side)[EVENTS]
    if resource.schema is None or OVERRIDE not in resource.schema.names:
        return set()
    return set(_typed(resource, {KEY, OVERRIDE}).drop_nulls().get_column(KEY))
