"""Changes from version to version, and what is filled in."""

from pathlib import Path

import polars as pl

from deedbook.site.pictures.coverage import missing_cells
from deedbook.site.pictures.facts import facts
from deedbook.site.pictures.versions import versions
from tests.site.pictures.releases import SVG, drawings, edition, table, texts

HISTORY: list[dict[str, object]] = [
    {
        "version": "1.1.0",
        "created": "2026-11-28T00:00:00Z",
        "tables": [
            {"table": "events", "added": 3, "removed": 1, "revised": 2, "cells": 5},
            {"table": "actors", "added": 0, "removed": 0, "revised": 4, "cells": 4},
            {"table": "places", "rows": 7},
        ],
    },
    {"version": "1.0.0", "created": "2026-01-01T00:00:00Z", "tables": [{"table": "events", "rows": 20}]},
]
EVENTS = pl.DataFrame({"event_id": ["a", "b"], "title": ["x", None], "note": pl.Series([None, None], dtype=pl.String)})


def test_the_rows_of_all_tables_are_counted_for_each_version(tmp_path: Path) -> None:
    release = edition(tmp_path, table("events", EVENTS, "event_id"), history=HISTORY)
    figure = versions(facts(release, "en"))
    assert figure is not None
    assert figure.rows == (("1.1.0", "28 November 2026", 10, 6, 1), ("1.0.0", "1 January 2026", 20, 0, 0))
    assert {"10 added", "6 changed", "1 withdrawn", "20 added"} <= set(texts(figure))


def test_a_first_version_has_no_changes(tmp_path: Path) -> None:
    assert versions(facts(edition(tmp_path, table("events", EVENTS, "event_id"), history=HISTORY[1:]), "en")) is None
    (tmp_path / "changes.json").unlink()
    assert versions(facts(edition(tmp_path, table("events", EVENTS, "event_id")), "en")) is None


def test_fields_are_drawn_as_far_as_they_are_filled(tmp_path: Path) -> None:
    figure = missing_cells(facts(edition(tmp_path, table("events", EVENTS, "event_id")), "de"))
    assert figure is not None
    assert figure.rows == (("event_id", 0, "0 %"), ("title", 1, "50 %"), ("note", 2, "100 %"))
    assert figure.caption == "Es fehlen 50 % aller Zellen; 1 von 3 Feldern sind immer ausgefüllt und nicht gezeichnet."
    filled = [path for path in drawings(figure)[0].iter(f"{SVG}path") if path.get("class") == "picture-filled"]
    assert len(filled) == 1


def test_tables_without_gaps_or_rows_have_no_picture(tmp_path: Path) -> None:
    for rows in (EVENTS.select("event_id"), EVENTS.clear()):
        assert missing_cells(facts(edition(tmp_path, table("events", rows, "event_id")), "en")) is None
