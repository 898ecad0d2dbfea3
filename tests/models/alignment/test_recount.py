"""Everything that a release derives is what a recount in plain Python finds, on the reference dataset and on events made for each line."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Mapping
from itertools import product

import polars as pl
import pytest

from deedbook.models.alignment import evidence
from tests.models.alignment.cases import actor, claim
from tests.models.alignment.dataset import (
    CREATED,
    ROOT,
    Change,
    put,
    rows_of,
    rule_book,
    table_names,
    typed,
    typed_tables,
)
from tests.models.alignment.recount import Recount, Tables, precision, span

ANYBODY, MEDIA, ACTING = (
    ("A000002", "A000003", "A000005", "A000006", "A000007", "A000008"),
    ("A000005",),
    ("A000002", "A000008"),
)
STANCES = (
    ("affirms", "affirms", "affirms", "denies", "retracts", "silent", "partly_affirms"),
    ("affirms",),
    ("retracts", "silent"),
)
TYPES = ("sanction.impose", "talks.call", "attack.covert", "territory.capture", "relations.restore")


def tables_of(*changes: Change) -> Tables:
    """The rows of every table, each with all of its fields."""
    rows = rows_of(changes)
    whole = typed_tables(*changes)
    return {name: [{**dict.fromkeys(whole[name].columns, ""), **row} for row in rows[name].values()] for name in rows}


def compare(recount: Recount, frames: dict[str, list[dict[str, object]]]) -> Counter[int]:
    """Holds every derived value against the recount; how often each line of the table was met."""
    met: Counter[int] = Counter()
    for row in frames["events"]:
        key = str(row["event_id"])
        first, last = span(recount.events[key]["date_edtf"])
        weight = recount.weight(key)
        status = recount.events[key].get("status_override") or weight.status
        wanted = (first, last, precision(first, last), status or None, weight.n_sources)
        assert tuple(row.values())[1:] == (*wanted, weight.n_origins, weight.n_denials), key
        met[weight.line] += 1
    for row in frames["claims"]:
        claimed = recount.claims[str(row["claim_id"])]
        assert row["claimant_position"] == (recount.position(claimed) or None), claimed
    for row in frames["alignments"]:
        status, origins, denials = recount.episode(str(row["alignment_id"]))
        assert (row["status"], row["n_origins"], row["n_denials"]) == (status or None, origins, denials), row
    return met


def derived(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, object]]]:
    """What a release adds to the tables."""
    derive = rule_book().derive
    assert derive is not None
    return {name: frame.to_dicts() for name, frame in derive(tables, CREATED).items()}


def test_the_reference_dataset_is_derived_as_it_is_recounted() -> None:
    tables: dict[str, list[Mapping[str, str]]] = {}
    for name in table_names():
        with (ROOT / f"datapackage/{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    met = compare(Recount(tables), derived(typed(tables)))
    assert sum(met.values()) == len(tables["events"])


def made(draw: random.Random) -> list[Change]:
    """One event with some claims, each carried by some sources, drawn without regard to whether the rules allow it."""
    number, voices, stances = draw.randrange, draw.choice((ANYBODY, ANYBODY, MEDIA, ACTING)), draw.choice(STANCES)
    steps: list[Change] = [
        put("events", "E000002", event_type=draw.choice(TYPES), factuality=draw.choice(("occurred", "planned"))),
        put(
            "claims",
            "C000002",
            claimant_actor_id=draw.choice(voices),
            stance=draw.choice(("affirms", "affirms", "denies")),
        ),
        put("events", "E000002", date_edtf=draw.choice(("2025-03-05", "2009", "../2025"))),
        actor("A000007", "media"),
        actor("A000008", "ministry_agency", parent_actor_id="A000002"),
        put("actors", "A000002", valid_from=draw.choice(("", "2010"))),
        put(
            "sources",
            "S000003",
            publisher_actor_id="A000007",
            source_type="newspaper",
            syndicated_from=draw.choice(("", "S000001")),
        ),
        put("sources", "S000004", publisher_actor_id="A000008", source_type="primary_official"),
    ]
    for place in range(4, 4 + number(4)):
        stance, own = draw.choice(stances), draw.choice(voices)
        steps += claim(
            place,
            claimant_actor_id=own,
            stance=stance,
            modality=draw.choice(("asserted", "observed", "anticipated")),
            coded_position=draw.choice(("", "uninvolved", "ally", "adversary_of_acting_party")),
            responds_to_claim_id=draw.choice(("", "", "C000002", "C000004")),
            superseded_by_claim_id=draw.choice(("", "", "", "C000002", f"C{place + 1:06}")),
        )
        for source, hop in product(("S000003", "S000004"), ("0", "1")):
            if draw.random() < 0.3:
                steps.append(put("claim_sources", f"C{place:06}|{source}", hop=hop, carriage="relays"))
    return steps


@pytest.mark.parametrize("events", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_events_of_every_line_of_the_table_are_derived_as_they_are_recounted(events: int) -> None:
    draw, met = random.Random(38), Counter[int]()  # noqa: S311  # the same events each time
    for _ in range(events):
        changes = made(draw)
        met += compare(Recount(tables_of(*changes)), derived(typed_tables(*changes)))
    lines = range(1, len(evidence.TABLES["status"]) + 1)
    assert events < 60 or {line for line in lines if met[line] < 2} == set()
