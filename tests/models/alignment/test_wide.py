"""The two views of a release for those who analyse without joins."""

from __future__ import annotations

import polars as pl

from deedbook.models.alignment.wide import event_dyads, events_flat

ACTORS = pl.DataFrame(
    {
        "actor_id": ["A1", "A2", "A3", "A4"],
        "name": ["Northland", "Government of Northland", "Southland", "League"],
        "actor_type": ["state", "government", "state", "intergovernmental_org"],
        "country_actor_id": [None, "A1", None, None],
        "parent_actor_id": [None, "A1", None, None],
        "valid_from": [None, "1990", None, None],
    }
).with_columns(valid_to=pl.lit(None, pl.String))
PARTICIPANTS = pl.DataFrame(
    [
        ("E1", "A2", "initiator", False),
        ("E1", "A2", "co_initiator", True),
        ("E1", "A3", "recipient", True),
        ("E1", "A4", "mediator", False),
        ("E2", "A3", "initiator", False),
        ("E2", "A1", "initiator", False),
        ("E3", "A1", "initiator", False),
    ],
    schema=["event_id", "actor_id", "role", "as_claimed"],
    orient="row",
)
TEXTS = (
    "title",
    "summary",
    "event_type",
    "date_edtf",
    "date_basis",
    "factuality",
    "quantity",
    "quantity_low",
    "quantity_high",
    "quantity_unit",
    "instrument_title",
)
EVENTS = pl.DataFrame({"event_id": ["E1", "E2", "E3"], "place_id": ["P1", None, None]}).with_columns(
    *(pl.lit("x").alias(name) for name in TEXTS if name not in {"date_edtf", "event_type"}),
    date_edtf=pl.lit("2025"),
    event_type=pl.lit("talks.hold"),
    relation=pl.lit(None, pl.String),
    related_event_id=pl.lit(None, pl.String),
)
TYPES = pl.DataFrame({"list": ["event_type"], "code": ["talks.hold"], "quad_class": ["verbal_cooperation"]})
PLACES = pl.DataFrame({"place_id": ["P1"], "name": ["Port"], "country_actor_id": ["A1"]}).with_columns(
    pl.lit("x").alias(name) for name in ("place_type", "latitude", "longitude", "geo_precision")
)
TABLES = {
    "actors": ACTORS,
    "event_participants": PARTICIPANTS,
    "events": EVENTS,
    "places": PLACES,
    "code_values": TYPES,
}
WEIGHED = EVENTS.select("event_id").with_columns(
    pl.lit("x").alias(name)
    for name in ("date_start", "date_end", "date_precision", "status", "n_sources", "n_origins", "n_denials")
)


def test_an_event_is_one_row_with_each_actor_once() -> None:
    rows = {row["event_id"]: row for row in events_flat(TABLES, WEIGHED).to_dicts()}
    assert list(rows) == ["E1", "E2", "E3"]
    first = rows["E1"]
    assert (first["acting_actors"], first["acting_actor_ids"]) == ("Government of Northland", "A2")
    assert (first["receiving_actors"], first["other_actors"]) == ("Southland", "League")
    assert (first["place"], first["country"]) == ("Port", "Northland")
    assert (rows["E2"]["acting_actor_ids"], rows["E2"]["receiving_actors"]) == ("A1; A3", None)


def test_dyads_are_directed_where_somebody_is_acted_upon() -> None:
    rows = event_dyads(TABLES, WEIGHED).select("event_id", "actor_a", "actor_b", "is_directed", "as_claimed").rows()
    assert rows == [("E1", "A2", "A3", True, True), ("E2", "A1", "A3", False, False)]


def test_dyads_name_the_states_behind_the_actors() -> None:
    row = event_dyads(TABLES, WEIGHED).row(0, named=True)
    assert (row["actor_a_name"], row["country_a"], row["country_b"]) == ("Government of Northland", "A1", "A3")


def test_dyads_name_the_roots_of_the_date_and_the_class_of_the_type() -> None:
    rows = event_dyads(TABLES, WEIGHED).select("root_a", "root_b", "quad_class").rows()
    assert rows == [("A2", "A3", "verbal_cooperation"), ("A2", "A3", "verbal_cooperation")]


def test_a_duplicate_is_in_no_view() -> None:
    relation = pl.when(pl.col("event_id") == "E2").then(pl.lit("duplicate_of")).alias("relation")
    twice = {**TABLES, "events": EVENTS.with_columns(relation)}
    assert events_flat(twice, WEIGHED)["event_id"].to_list() == ["E1", "E3"]
    assert event_dyads(twice, WEIGHED)["event_id"].to_list() == ["E1"]


def test_without_events_there_are_no_rows() -> None:
    empty = {name: frame.clear() for name, frame in TABLES.items()}
    assert events_flat(empty, WEIGHED.clear()).height == 0
    assert event_dyads(empty, WEIGHED.clear()).height == 0
