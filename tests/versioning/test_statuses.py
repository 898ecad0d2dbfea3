"""A status that falls from one release to the next has a reason (R-64); how many events rest on one origin (R-70)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from deedbook.changes.sources import Side
from deedbook.project import Project, load_project
from deedbook.release.build import build
from deedbook.validation import Options
from deedbook.versioning.corrections import corrections_csv, read_corrections
from deedbook.versioning.guards import coverage
from deedbook.versioning.planning import plan, write_drafts, write_plan
from deedbook.versioning.statuses import RANKS, single_origins
from tests.models.alignment.dataset import Change, put, write_project, write_tables

DENIAL = (
    put(
        "claims",
        "C000004",
        event_id="E000002",
        aspect="occurrence",
        claimant_actor_id="A000002",
        stance="denies",
        modality="asserted",
        claim_text="Nothing was imposed.",
        claimed_on="2025-03-09",
    ),
    put("claim_sources", "C000004|S000001", hop="0", carriage="quotes"),
)
SECOND_CLAIM = (
    put(
        "claims",
        "C000004",
        event_id="E000002",
        aspect="occurrence",
        claimant_actor_id="A000002",
        stance="affirms",
        modality="asserted",
        claim_text="They were imposed.",
        claimed_on="2025-03-09",
    ),
    put("claim_sources", "C000004|S000001", hop="0", carriage="quotes"),
)
TRUSTED = Options(trust_rules=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A dataset of the reference model with its first release built: E000001 is reported, E000002 claimed."""
    write_project(tmp_path)
    with (tmp_path / "deedbook.toml").open("a", encoding="utf-8") as file:
        file.write("[release]\nformats = []\n")
    write_tables(tmp_path)
    built = build(load_project(tmp_path), TRUSTED)
    assert built.release is not None, built.report.findings
    return load_project(tmp_path)


def changed(project: Project, *changes: Change) -> Project:
    write_tables(project.root, *changes)
    return load_project(project.root)


def missing(project: Project) -> list[tuple[str, str | None, str]]:
    return [(item.rule, item.key, item.message) for item in plan(project).findings if item.severity == "error"]


def test_a_status_that_falls_stops_the_release_until_its_reason_is_given(project: Project) -> None:
    fallen = changed(project, *DENIAL)
    said = "fell from claimed to disputed, and corrections.csv gives no reason"
    assert missing(fallen) == [("status-fell-without-reason", "E000002", said)]
    planned = plan(fallen)
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
    rows = (Path(__file__).parents[2] / "datapackage/code_values.csv").read_text(encoding="utf-8").splitlines()
    assert {row.split(",")[1] for row in rows if row.startswith("status,")} == RANKS.keys()


def test_single_origins_are_told(project: Project) -> None:
    assert single_origins(Side("", project)) == (2, 2)
    told = [item.message for item in coverage(Side("", project)) if item.rule == "coverage-single-origin"]
    assert told == ["2 of 2 affirmed events rest on a single origin (100 %)"]
    assert single_origins(Side("", changed(project, *SECOND_CLAIM))) == (1, 2)
