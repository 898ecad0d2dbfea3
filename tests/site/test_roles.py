from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from deedbook.site.editions import Edition, read_site
from deedbook.site.roles import Column, Participation, Roles, event_frame, roles
from tests.site.catalogues import field, release


def edition_of(folder: Path, schemas: dict[str, Any], **rows: str) -> Edition:
    (shelf,) = read_site(release(folder, rows=rows, schemas=schemas))
    return shelf.editions[0]


def test_names_types_and_foreign_keys_tell_the_roles(published: Path) -> None:
    (shelf,) = read_site(published)
    found = roles(shelf.editions[0])
    assert (found.events, found.id, found.actors, found.actor_id, found.actor_name) == (
        "events",
        "event_id",
        "actors",
        "actor_id",
        "name",
    )
    told = {role: found.own(role) for role in ("title", "start", "type", "place", "latitude")}
    assert told == {"title": "title", "start": "day", "type": "event_type", "place": "place", "latitude": ""}
    assert found.participations == (Participation("events", "event_id", "actor_id", refers=True),)
    assert found.has_dates
    assert not found.has_points


def test_a_field_says_its_role_itself_whatever_it_is_called(tmp_path: Path) -> None:
    schema = {
        "fields": [field("k"), field("wann", "date", deedbook={"role": "start"}), field("date", "date")],
        "primaryKey": ["k"],
        "deedbook": {"role": "events"},
    }
    found = roles(edition_of(tmp_path, {"taten": schema}, taten="k,wann,date\n1,2024-01-02,2020-01-01\n"))
    assert (found.events, found.own("start")) == ("taten", "wann")


def test_a_crosswalk_tells_it_too(tmp_path: Path) -> None:
    schema = {
        "fields": [
            field("k"),
            field("when_", "date", crosswalk={"UCDP": "date_start"}),
            field("n", "number", crosswalk={"UCDP": "best"}),
        ]
    }
    found = roles(edition_of(tmp_path, {"things": schema}, things="k,when_,n\n1,2024-01-02,3\n"))
    assert (found.own("start"), found.own("best"), found.id) == ("when_", "n", "")


def test_coordinates_of_another_table_are_found_by_the_reference(tmp_path: Path) -> None:
    places = {
        "fields": [field("place_id"), field("name"), field("latitude", "number"), field("longitude", "number")],
        "primaryKey": ["place_id"],
    }
    events = {
        "fields": [field("id"), field("date", "date"), field("place_id")],
        "primaryKey": ["id"],
        "foreignKeys": [{"fields": ["place_id"], "reference": {"resource": "places", "fields": ["place_id"]}}],
    }
    rows = {
        "events": "id,date,place_id\n1,2024-01-02,P1\n2,,\n",
        "places": "place_id,name,latitude,longitude\nP1,Here,1.5,2\n",
    }
    edition = edition_of(tmp_path, {"events": events, "places": places}, **rows)
    found = roles(edition)
    assert found.columns["latitude"] == Column("places", "latitude", "place_id")
    assert found.own("latitude") == ""
    frame = event_frame(edition, found)
    assert frame.select("id", "start", "place", "latitude").rows() == [
        ("1", dt.date(2024, 1, 2), "Here", 1.5),
        ("2", None, None, None),
    ]


def test_a_year_alone_is_its_first_day(tmp_path: Path) -> None:
    schema = {"fields": [field("id", "number"), field("year", "year")], "primaryKey": ["id"]}
    edition = edition_of(tmp_path, {"events": schema}, events="id,year\n7,1999\n")
    assert event_frame(edition, roles(edition)).select("id", "start").rows() == [("7", dt.date(1999, 1, 1))]


def test_a_table_of_participants_is_preferred(tmp_path: Path) -> None:
    def refers(name: str, table: str) -> dict[str, Any]:
        return {"fields": [name], "reference": {"resource": table, "fields": [name]}}

    schemas = {
        "events": {"fields": [field("event_id"), field("date", "date")], "primaryKey": ["event_id"]},
        "actors": {"fields": [field("actor_id"), field("name")], "primaryKey": ["actor_id"]},
        "who": {
            "fields": [field("event_id"), field("actor_id"), field("role", categories=["a", "b"])],
            "primaryKey": ["event_id", "actor_id", "role"],
            "foreignKeys": [refers("event_id", "events"), refers("actor_id", "actors")],
        },
    }
    rows = {
        "events": "event_id,date\nE1,2024-01-01\n",
        "actors": "actor_id,name\nA1,x\n",
        "who": "event_id,actor_id,role\nE1,A1,a\n",
    }
    found = roles(edition_of(tmp_path, schemas, **rows))
    assert found.participations == (Participation("who", "event_id", "actor_id", "role", refers=True),)


def test_what_tells_nothing_has_no_roles(tmp_path: Path) -> None:
    schema = {"fields": [field("word"), field("coded_on", "date")], "primaryKey": ["word"]}
    assert roles(edition_of(tmp_path, {"words": schema}, words="word,coded_on\nx,2024-01-01\n")) == Roles()
