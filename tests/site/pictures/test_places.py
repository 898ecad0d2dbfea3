"""The map of events, its projections and outlines."""

import math
from pathlib import Path

import polars as pl
import pytest

from deedbook.site.pictures.facts import facts
from deedbook.site.pictures.outlines import countries, land
from deedbook.site.pictures.places import map_of_events, spots
from deedbook.site.pictures.projection import project, view_of
from tests.site.pictures.releases import SVG, drawings, edition, table, texts


def places(*rows: tuple[float | None, float | None, str, str]) -> pl.DataFrame:
    """A row for each longitude, latitude, precision and name."""
    columns = {
        "event_id": [f"E{number}" for number in range(len(rows))],
        "longitude": [row[0] for row in rows],
        "latitude": [row[1] for row in rows],
        "geo_precision": [row[2] for row in rows],
        "place": [row[3] for row in rows],
    }
    return pl.DataFrame(columns, schema_overrides={"longitude": pl.Float64, "latitude": pl.Float64})


SYRIA = (
    *((36.3, 33.5, "exact", "Damascus"),) * 5,
    *((37.15, 36.2, "near", "Aleppo"),) * 3,
    (38.5, 35.0, "country", "Syria"),
    (None, None, "exact", "nowhere"),
    (200.0, 33.0, "exact", "off the earth"),
)


def test_circles_have_the_events_of_their_place_and_its_precision(tmp_path: Path) -> None:
    found = spots(facts(edition(tmp_path, table("events", places(*SYRIA), "event_id")), "en"))
    assert [(spot.name, spot.count, spot.precise) for spot in found] == [
        ("Damascus", 5, True),
        ("Aleppo", 3, True),
        ("Syria", 1, False),
    ]
    assert (found[0].longitude, found[0].latitude) == (36.3, 33.5)


def test_the_map_says_what_it_does_not_show(tmp_path: Path) -> None:
    figure = map_of_events(facts(edition(tmp_path, table("events", places(*SYRIA), "event_id")), "en"))
    assert figure is not None
    assert "Events with coordinates: 9 of 11. Of these, 1 are known only to a wider area" in figure.caption
    assert "Natural Earth, public domain" in figure.source
    assert figure.rows[2] == ("Syria", 35.0, 38.5, "only a wider area is known", 1)
    wide, narrow = drawings(figure)
    for drawing in (wide, narrow):
        circles = {group.get("class"): len(group) for group in drawing.iterfind(f"{SVG}svg/{SVG}g")}
        assert circles == {"picture-vague": 1, "picture-spot": 2}
    assert {"Damascus", "Aleppo", "Iraq"} <= set(texts(figure))


def test_neighbouring_places_are_one_where_the_map_is_wide(tmp_path: Path) -> None:
    rows = [(10 + number / 1000, 50.0, "exact", "here") for number in range(100)] + [(30.0, 60.0, "exact", "there")]
    found = spots(facts(edition(tmp_path, table("events", places(*rows), "event_id")), "en"))
    assert [spot.count for spot in found] == [100, 1]
    assert found[0].longitude == pytest.approx(10.0495)


def test_every_event_is_drawn_however_many_places_there_are(tmp_path: Path) -> None:
    rows = [(number * 17 % 360 - 180.0, number * 7 % 160 - 80.0, "exact", f"place {number}") for number in range(5000)]
    found = spots(facts(edition(tmp_path, table("events", places(*rows), "event_id")), "en"))
    assert sum(spot.count for spot in found) == 5000
    assert 50 < len(found) <= 350


def test_events_without_coordinates_give_no_map(tmp_path: Path) -> None:
    release = edition(tmp_path, table("events", places((None, None, "exact", "nowhere")), "event_id"))
    assert map_of_events(facts(release, "en")) is None


def test_the_precision_stands_beside_the_coordinates_of_another_table(tmp_path: Path) -> None:
    events = pl.DataFrame({"event_id": ["E1", "E2", "E3"], "place_id": ["P1", "P2", None]})
    rows = {"place_id": ["P1", "P2"], "name": ["Here", "There"], "latitude": [50.0, 51.0], "longitude": [9.0, 10.0]}
    rows["geo_precision"] = ["near", "admin1"]
    release = edition(
        tmp_path,
        table("events", events, "event_id", refers={"place_id": "places.place_id"}),
        table("places", pl.DataFrame(rows), "place_id"),
    )
    found = spots(facts(release, "en"))
    assert [(spot.name, spot.precise) for spot in found] == [("Here", True), ("There", False)]


@pytest.mark.parametrize("is_world", [True, False])
def test_areas_are_true(is_world: bool) -> None:
    """A small square has the area that it has on the sphere, wherever it lies."""
    for longitude, latitude in ((0, 0), (20, 45), (-60, -30), (10, 70)):
        side = 0.01
        corners = [(longitude, latitude), (longitude + side, latitude), (longitude, latitude + side)]
        (x, y), (x1, y1), (x2, y2) = (project(*corner, (5, 10), is_world) for corner in corners)
        area = abs((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y))
        assert area == pytest.approx(math.radians(side) ** 2 * math.cos(math.radians(latitude)), rel=1e-3)


@pytest.mark.parametrize(
    "points",
    [
        [(37.6, 55.75)],
        [(37.6, 55.75), (60.6, 56.8)],
        [(179.0, -17.0), (-179.0, -16.0)],
        [(-120.0, 40.0), (140.0, 35.0), (20.0, -30.0)],
        [(0.0, 89.0), (90.0, 88.0)],
        [(0.0, -75.0)],
    ],
)
def test_every_point_lies_on_its_map(points: list[tuple[float, float]]) -> None:
    view = view_of(points, 760, 440)
    for longitude, latitude in points:
        x, y = view.place(longitude + 360 * round((view.middle[0] - longitude) / 360), latitude)
        assert 0 <= x <= 760
        assert 0 <= y <= 440
    ground, borders = land(view, 760, 440)
    assert "nan" not in ground + borders


def test_points_on_both_sides_of_the_date_line_are_near_each_other() -> None:
    view = view_of([(179.0, -17.0), (-179.0, -16.0)], 760, 440)
    assert not view.is_world
    assert abs(view.middle[0]) == pytest.approx(180)
    assert "Fiji" in [name for name, _, _ in countries(view, "en")]


def test_the_outlines_are_small_and_say_whose_they_are() -> None:
    text = (Path(land.__code__.co_filename).parent / "outlines.txt").read_text(encoding="utf-8")
    assert len(text) <= 40_000
    assert "Natural Earth" in text
    assert "public domain" in text
