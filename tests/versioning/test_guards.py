"""Ids do not vanish, return or go back; a code does not die unnoticed; the changes add up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.changes.compare import compare
from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError
from deedbook.versioning.bump import Verdict
from deedbook.versioning.corrections import Correction, match_corrections, needed_corrections
from deedbook.versioning.guards import GUARDS, judge_changes
from deedbook.versioning.previous import Previous
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


def compared_of(sides: tuple[Side, Side], changes: Changes, **how: Any) -> Verdict:
    previous = Previous("1.0.0", "", Path())
    return Verdict(previous=previous, old=sides[0], new=sides[1], changes=changes, version="1.1.0", **how)


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
    compared = compared_of((old, new), changes, corrections=corrections, retired={"events": retired})
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


def test_a_code_that_no_row_has_any_more_is_acknowledged(tmp_path: Path) -> None:
    events = EVENTS.replace("E000002,grant.give", "E000002,visit.make")
    assert ("code-vanished", None) in findings(tmp_path, events)
    accepted = Correction("1.1.0", "events", "*", "event_type", "grant.give", "", "scope")
    assert ("code-vanished", None) not in findings(tmp_path / "2", events, corrections=(accepted,))


def judged(
    tmp_path: Path, schema: dict[str, Any], old: str, new: str, *corrections: Correction
) -> list[tuple[str, str | None]]:
    """What the rules say of a dataset with one table `items` and redirects."""
    schemas = {"items": schema, "id_redirects": SCHEMAS["id_redirects"]}
    before, after = (
        Side(name, make_package(tmp_path / name, schemas=schemas, items=text, id_redirects=REDIRECTS))
        for name, text in (("old", old), ("new", new))
    )
    changes = compare(before, after, literal=False)
    reasons = match_corrections(after.project, needed_corrections(changes, "1.1.0"), "1.1.0", corrections)
    found = [*judge_changes(compared_of((before, after), changes)), *reasons.findings]
    return [(item.rule, item.key) for item in found if item.rule != "correction-without-reason"]


def test_an_id_whose_row_is_another_one_is_doubted(tmp_path: Path) -> None:
    schema = fields("id", "name", "place", "day", primaryKey=["id"])
    old = "id,name,place,day\nI1,a,here,2024-01-01\nI2,b,there,2024-01-02\n"
    assert judged(tmp_path, schema, old, old.replace("b,there,2024-01-02", "c,where,2025-05-05")) == [
        ("id-reused", "I2")
    ]
    assert judged(tmp_path / "2", schema, old, old.replace("there", "where")) == []
    said = Correction("1.1.0", "items", "I2", "", "", "", "scope", row=2)
    changed = old.replace("b,there,2024-01-02", "c,where,2025-05-05")
    assert judged(tmp_path / "3", schema, old, changed, said) == []


def test_a_row_that_loses_its_declared_identity_is_stopped(tmp_path: Path) -> None:
    schema = fields("id", "name", "born", "place", primaryKey=["id"]) | {"deedbook": {"identity": ["name", "born"]}}
    old = "id,name,born,place\nI1,a,1990,here\nI2,b,1991,there\n"
    assert judged(tmp_path, schema, old, old.replace("b,1991", "c,1992")) == [("id-reused", "I2")]
    assert judged(tmp_path / "2", schema, old, old.replace("b,1991,there", "b,1992,where")) == []
    schema["deedbook"]["identity"] = ["nam"]
    with pytest.raises(ProjectError, match="identity"):
        judged(tmp_path / "3", schema, old, old)


def test_a_table_that_is_only_written_otherwise_is_told(tmp_path: Path) -> None:
    schema = fields("id", "sides", primaryKey=["id"])
    schema["fields"][1] |= {"packed": "set"}
    old = "id,sides\n" + "".join(f'I{number},"1,2"\n' for number in range(200))
    assert judged(tmp_path, schema, old, old.replace("1,2", "2,1", 50)) == [("mostly-rewritten", None)]
    assert judged(tmp_path / "2", schema, old, old.replace("1,2", "2,1", 40)) == []
    assert judged(tmp_path / "3", schema, old, old.replace("1,2", "2,1", 50).replace('"1,2"', "7", 2)) == []


def test_changes_that_miss_or_invent_something_do_not_add_up(tmp_path: Path) -> None:
    schema = {"items": fields("id", "name", "size:number", primaryKey=["id"])}
    old = "id,name,size\n" + "".join(f"I{number},a,{number}.50\n" for number in range(100))
    new = old.replace("I7,a", "I7,b").replace("I9,a,9.50\n", "").replace("I8,", "J8,") + "I100,a,\n"
    sides = (
        Side("old", make_package(tmp_path / "old", schemas=schema, items=old)),
        Side("new", make_package(tmp_path / "new", schemas=schema, items=new)),
    )
    whole = compare(*sides, literal=False)
    table = whole.tables[0]
    assert (table.added.height, table.removed.height, table.rekeyed.height, table.cells.height) == (1, 1, 1, 1)
    told = [
        replace(whole, tables=(replace(table, **{name: getattr(table, name).head(count)}),))
        for name, count in (("cells", 1), ("cells", 0), ("added", 0), ("removed", 0), ("rekeyed", 0))
    ]
    told.append(replace(whole, tables=(replace(table, cells=table.cells.with_columns(old=pl.lit("z"))),)))
    found = [[item.rule for item in judge_changes(compared_of(sides, changes))] for changes in told]
    assert found == [[], *[["changes-do-not-add-up"]] * 5]


def test_each_guard_is_listed_once_and_has_a_test_that_triggers_it() -> None:
    tests = "\n".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    ids = [guard.id for guard in GUARDS]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if f'"{name}"' not in tests] == []
