"""The network of actors."""

import math
from pathlib import Path

import polars as pl

from deedbook.site.pictures.facts import facts
from deedbook.site.pictures.network import graph, layout, network
from tests.site.pictures.releases import drawings, edition, table, texts

TIES = pl.LazyFrame(
    {"id": ["1", "1", "2", "3", "3"], "one": ["a", "b", "b", "c", "a"], "other": ["b", "a", "a", "a", "c"]}
)


def test_two_actors_of_an_event_are_counted_once() -> None:
    found = graph(TIES)
    assert found is not None
    assert found.actors == ("a", "b", "c")
    assert found.events == (3, 2, 1)
    assert found.ties == ((0, 1, 2), (0, 2, 1))


def test_actors_of_few_events_are_left_out_and_said(tmp_path: Path) -> None:
    count = 70
    events = pl.DataFrame(
        {"event_id": list(range(count)), "side_a": ["hub"] * count, "side_b": [f"actor {at}" for at in range(count)]}
    )
    figure = network(facts(edition(tmp_path, table("events", events, "event_id")), "en"))
    assert figure is not None
    assert figure.caption.endswith("Drawn are the 40 actors of most events; left out: 31.")
    assert len(figure.rows) == 39
    assert "hub" in texts(figure)


def test_participants_of_a_table_of_their_own_are_joined_by_their_names(tmp_path: Path) -> None:
    release = edition(
        tmp_path,
        table("events", pl.DataFrame({"event_id": ["E1", "E2"]}), "event_id"),
        table("actors", pl.DataFrame({"actor_id": ["A1", "A2"], "name": ["North", "South"]}), "actor_id"),
        table(
            "participants", pl.DataFrame({"event_id": ["E1", "E1", "E2"], "actor_id": ["A1", "A2", "A1"]}), "event_id"
        ),
    )
    names = facts(release, "en").ties
    assert names is None or set(names.collect().rows()) == {("E1", "North", "South")}


def test_the_layout_keeps_ties_short_and_is_always_the_same() -> None:
    ties = [(0, at, 1) for at in range(1, 6)] + [(6, at, 1) for at in range(7, 12)]
    first = layout(12, ties)
    assert first == layout(12, ties)
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in first)

    def apart(one: int, other: int) -> float:
        return math.dist(first[one], first[other])

    own, others = [apart(0, at) for at in range(1, 6)], [apart(0, at) for at in range(7, 12)]
    assert sum(own) < sum(others)


def test_one_pair_is_a_network_and_nobody_is_none(tmp_path: Path) -> None:
    events = pl.DataFrame({"event_id": [1, 2], "side_a": ["North", "North"], "side_b": ["South", None]})
    figure = network(facts(edition(tmp_path, table("events", events, "event_id")), "de"))
    assert figure is not None
    assert figure.rows == (("North", "South", 1),)
    assert len(drawings(figure)) == 2
    alone = table("events", events.with_columns(side_b=pl.lit(None, pl.String)), "event_id")
    assert network(facts(edition(tmp_path, alone), "de")) is None
