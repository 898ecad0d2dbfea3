"""An event stays the same event, a status that falls has a reason, and a release says what it covers."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deedbook.changes.compare import compare
from deedbook.changes.sources import Side
from deedbook.models.alignment.guards import GUARDS, RANKS
from deedbook.project import Project, load_project
from deedbook.release.build import build
from deedbook.validation import Options
from deedbook.versioning.bump import Verdict
from deedbook.versioning.corrections import corrections_csv, read_corrections
from deedbook.versioning.guards import coverage, judge_changes
from deedbook.versioning.plan import plan, write_drafts, write_plan
from deedbook.versioning.previous import Previous
from tests.models.alignment.dataset import Change, put, write_project, write_tables
from tests.package import fields, make_package


def _claim(stance: str, text: str) -> tuple[Change, Change]:
    """The claim of another actor about an event, with its source."""
    about = {"event_id": "E000002", "aspect": "occurrence", "claimant_actor_id": "A000002", "modality": "asserted"}
    claim = put("claims", "C000004", **about, stance=stance, claim_text=text, claimed_on="2025-03-09")
    return claim, put("claim_sources", "C000004|S000001", hop="0", carriage="quotes")


DENIAL = _claim("denies", "Nothing was imposed.")
SECOND_CLAIM = _claim("affirms", "They were imposed.")
TRUSTED = Options(trust_rules=True)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the reference model with its first release built: E000001 is reported, E000002 claimed; never written to."""
    root = tmp_path_factory.mktemp("first")
    write_project(root)
    with (root / "deedbook.toml").open("a", encoding="utf-8") as file:
        file.write("[release]\nformats = []\n")
    write_tables(root)
    built = build(load_project(root), TRUSTED)
    assert built.release is not None, built.report.findings
    return root


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Project:
    """A copy of it for the test alone."""
    return load_project(shutil.copytree(first, tmp_path / "project"))


def changed(project: Project, *changes: Change) -> Project:
    write_tables(project.root, *changes)
    return load_project(project.root)


def missing(project: Project) -> list[tuple[str, str | None, str]]:
    return [
        (item.rule, item.key, item.message)
        for item in plan(project, guards=GUARDS).findings
        if item.severity == "error"
    ]


def test_a_status_that_falls_stops_the_release_until_its_reason_is_given(project: Project) -> None:
    fallen = changed(project, *DENIAL)
    said = "fell from claimed to disputed, and corrections.csv gives no reason"
    assert missing(fallen) == [("status-fell-without-reason", "E000002", said)]
    planned = plan(fallen, guards=GUARDS)
    fallen = write_plan(fallen, planned, dt.date(2026, 12, 1))
    assert write_drafts(fallen, planned) == 1
    assert build(fallen, TRUSTED).release is None
    [draft] = read_corrections(fallen)
    assert (draft.table, draft.key, draft.field, draft.old, draft.new) == (
        "events",
        "E000002",
        "status",
        "claimed",
        "disputed",
    )
    text = corrections_csv([replace(draft, reason="new_information", note="Northland denies it")])
    (fallen.package.root / "corrections.csv").write_text(text, encoding="utf-8")
    built = build(fallen, TRUSTED)
    assert built.release is not None, built.report.findings
    document = json.loads((built.release.folder / "changes.json").read_text(encoding="utf-8"))
    assert document["fallen_status"] == [
        {
            "table": "events",
            "key": "E000002",
            "old": "claimed",
            "new": "disputed",
            "reason": "new_information",
            "note": "Northland denies it",
        }
    ]
    assert "Status fell: `events` E000002 from claimed to disputed" in (
        built.release.folder / "CHANGELOG.md"
    ).read_text(encoding="utf-8")


def test_a_status_that_rises_or_stays_needs_no_reason(project: Project) -> None:
    assert missing(changed(project, *SECOND_CLAIM)) == []
    assert missing(changed(project, put("claims", "C000003", claimed_on="2025-03-11"))) == [
        ("correction-without-reason", "C000003", "claimed_on was corrected, and corrections.csv gives no reason")
    ]


def test_an_editor_who_overrides_a_status_gives_the_reason_there(project: Project) -> None:
    override = put("events", "E000002", status_override="refuted", status_override_reason="The list was a forgery.")
    found = missing(changed(project, *DENIAL, override))
    assert {rule for rule, _, _ in found} == {"correction-without-reason"}  # that of the two edited cells


def test_every_status_of_the_reference_dataset_has_a_rank() -> None:
    rows = (Path(__file__).parents[3] / "datapackage/code_values.csv").read_text(encoding="utf-8").splitlines()
    assert {row.split(",")[1] for row in rows if row.startswith("status,")} == RANKS.keys()


def told(side: Side) -> list[tuple[str, str]]:
    return [(item.rule, item.message) for item in coverage(side, GUARDS)]


def test_single_origins_are_told(project: Project) -> None:
    said = "2 of 2 affirmed events rest on a single origin (100 %)"
    assert ("coverage-single-origin", said) in told(Side("", project))
    said = "1 of 2 affirmed events rest on a single origin (50 %)"
    assert ("coverage-single-origin", said) in told(Side("", changed(project, *SECOND_CLAIM)))


SCHEMAS = {
    "events": fields("event_id", "event_type", "title", "date_edtf", primaryKey=["event_id"]),
    "event_participants": fields("event_id", "actor_id", "role", primaryKey=["event_id", "actor_id", "role"]),
}
EVENTS = "event_id,event_type,title,date_edtf\nE000001,visit.make,a,2024-01\nE000002,grant.give,b,2024\nE000005,visit.make,c,2025-02-03\n"
SIDES = (
    "event_id,actor_id,role\nE000001,A1,initiator\nE000002,A2,initiator\nE000002,A3,recipient\nE000005,A1,initiator\n"
)


def findings(tmp_path: Path, events: str = EVENTS, sides: str = SIDES) -> list[tuple[str, str | None]]:
    old, new = (
        Side(name, make_package(tmp_path / name, schemas=SCHEMAS, events=texts[0], event_participants=texts[1]))
        for name, texts in (("old", (EVENTS, SIDES)), ("new", (events, sides)))
    )
    previous, changes = Previous("1.0.0", "", tmp_path), compare(old, new, literal=False)
    compared = Verdict(previous=previous, old=old, new=new, changes=changes, version="1.1.0")
    return [(item.rule, item.key) for item in judge_changes(compared, GUARDS) if item.rule.startswith("event-")]


def test_another_act_of_other_initiators_is_another_event(tmp_path: Path) -> None:
    events = EVENTS.replace("E000001,visit.make", "E000001,grant.give")
    sides = SIDES.replace("E000001,A1", "E000001,A9")
    assert findings(tmp_path, events, sides) == [("event-changed-identity", "E000001")]
    assert findings(tmp_path / "2", events) == [("event-identity-doubtful", "E000001")]
    assert findings(tmp_path / "3", EVENTS, sides) == [("event-identity-doubtful", "E000001")]


def test_the_same_root_of_a_type_is_the_same_kind_of_act(tmp_path: Path) -> None:
    assert findings(tmp_path, EVENTS.replace("E000001,visit.make", "E000001,visit.end")) == []


def test_events_by_month_are_told(tmp_path: Path) -> None:
    side = Side("", make_package(tmp_path, schemas=SCHEMAS, events=EVENTS))
    assert told(side) == [("coverage-events-by-month", "events by month: 2024 1, 2024-01 1, 2025-02 1")]


def test_coverage_counts_actors_and_sources(tmp_path: Path) -> None:
    schemas = {
        "actors": fields("actor_id", primaryKey=["actor_id"]),
        "actor_codes": fields("code_id", "actor_id", primaryKey=["code_id"]),
        "sources": fields("source_id", "archive_url", primaryKey=["source_id"]),
    }
    tables: dict[str, Any] = {
        "actors": "actor_id\nA1\nA2\nA3\n",
        "actor_codes": "code_id,actor_id\nK1,A2\nK2,A2\n",
        "sources": "source_id,archive_url\nS1,\nS2,https://example.org\n",
    }
    found = coverage(Side("", make_package(tmp_path, schemas=schemas, **tables)), GUARDS)
    assert [(item.rule, item.severity, item.message) for item in found] == [
        ("coverage-actors-without-code", "info", "2 of 3 without a code"),
        ("coverage-sources-without-archive", "info", "1 of 2 without archive"),
    ]


def test_each_guard_has_a_test_that_triggers_it() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [guard.id for guard in GUARDS if f'"{guard.id}"' not in text] == []
