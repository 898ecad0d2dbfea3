"""Ids do not vanish, return or go back; an event stays the same event; a code does not die unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deedbook.changes.compare import compare
from deedbook.changes.sources import Side
from deedbook.versioning.corrections import Correction
from deedbook.versioning.guards import Compared, coverage, judge_changes
from tests.package import fields, make_package

SCHEMAS = {
    "events": fields("event_id", "event_type", "title", "date_edtf", primaryKey=["event_id"]),
    "event_participants": fields("event_id", "actor_id", "role", primaryKey=["event_id", "actor_id", "role"]),
    "id_redirects": fields("old_id", "new_id", "table", primaryKey=["old_id"]),
}
SCHEMAS["events"]["fields"][1]["categories"] = ["visit.make", "visit.end", "grant.give"]
EVENTS = "event_id,event_type,title,date_edtf\nE000001,visit.make,a,2024-01\nE000002,grant.give,b,2024\nE000005,visit.make,c,2025-02-03\n"
SIDES = (
    "event_id,actor_id,role\nE000001,A1,initiator\nE000002,A2,initiator\nE000002,A3,recipient\nE000005,A1,initiator\n"
)
REDIRECTS = "old_id,new_id,table\nE000003,E000002,events\n"


def findings(
    tmp_path: Path,
    events: str = EVENTS,
    sides: str = SIDES,
    redirects: str = REDIRECTS,
    *,
    corrections: tuple[Correction, ...] = (),
    retired: tuple[str, ...] = (),
) -> list[tuple[str, str | None]]:
    made = []
    for name, texts in (("old", (EVENTS, SIDES, REDIRECTS)), ("new", (events, sides, redirects))):
        tables: dict[str, Any] = dict(zip(("events", "event_participants", "id_redirects"), texts, strict=True))
        made.append(Side(name, make_package(tmp_path / name, schemas=SCHEMAS, **tables)))
    old, new = made
    changes = compare(old, new, literal=False)
    compared = Compared(old, new, changes, "1.1.0", corrections, {"events": retired})
    return [(item.rule, item.key) for item in judge_changes(compared) if item.rule != "table-shrank"]


def test_an_unchanged_dataset_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path) == []


def test_a_published_id_needs_a_redirect(tmp_path: Path) -> None:
    events = EVENTS.replace("E000005,visit.make,c,2025-02-03\n", "")
    assert ("published-id-vanished", "E000005") in findings(tmp_path, events)
    redirects = REDIRECTS + "E000005,,events\n"
    assert findings(tmp_path / "2", events, redirects=redirects) == []


def test_a_retired_id_never_returns(tmp_path: Path) -> None:
    events = EVENTS + "E000003,visit.make,d,\n"
    assert findings(tmp_path, events) == [("retired-id-returned", "E000003")]
    events = EVENTS + "E000007,visit.make,d,\n"
    assert findings(tmp_path / "2", events, retired=("E000007",)) == [("retired-id-returned", "E000007")]


def test_new_ids_are_higher_than_all_that_were_issued(tmp_path: Path) -> None:
    assert findings(tmp_path, EVENTS + "E000004,visit.make,d,\n") == [("new-id-too-low", "E000004")]
    assert findings(tmp_path / "2", EVENTS + "E000006,visit.make,d,\n") == []


def test_another_act_of_other_initiators_is_another_event(tmp_path: Path) -> None:
    events = EVENTS.replace("E000001,visit.make", "E000001,grant.give")
    sides = SIDES.replace("E000001,A1", "E000001,A9")
    assert findings(tmp_path, events, sides) == [("event-changed-identity", "E000001")]
    assert findings(tmp_path / "2", events) == [("event-identity-doubtful", "E000001")]
    assert findings(tmp_path / "3", EVENTS, sides) == [("event-identity-doubtful", "E000001")]


def test_the_same_root_of_a_type_is_the_same_kind_of_act(tmp_path: Path) -> None:
    assert findings(tmp_path, EVENTS.replace("E000001,visit.make", "E000001,visit.end")) == []


def test_a_code_that_no_row_has_any_more_is_acknowledged(tmp_path: Path) -> None:
    events = EVENTS.replace("E000002,grant.give", "E000002,visit.make")
    assert ("code-vanished", None) in findings(tmp_path, events)
    accepted = Correction("1.1.0", "events", "*", "event_type", "grant.give", "", "scope")
    assert ("code-vanished", None) not in findings(tmp_path / "2", events, corrections=(accepted,))


def test_coverage_is_told(tmp_path: Path) -> None:
    side = Side("", make_package(tmp_path, schemas=SCHEMAS, events=EVENTS))
    assert [item.message for item in coverage(side)] == ["events by month: 2024 1, 2024-01 1, 2025-02 1"]
