"""Real tables, and the fixtures of other validators, validate under their drafts; keys and references are those of their makers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deedbook import drafts
from deedbook.descriptor import read_package
from deedbook.findings import Report
from deedbook.project import Project
from deedbook.validation import validate
from tests.conformance import SHARED

REALDATA, FIXTURES = SHARED / "realdata", SHARED / "conformance"
KEYS: dict[str, dict[str, tuple[list[str], list[Any]]]] = {
    "un-votes": {
        "un_roll_calls": (["rcid"], []),
        "un_votes": (
            ["rcid", "country"],
            [{"fields": ["rcid"], "reference": {"resource": "un_roll_calls", "fields": ["rcid"]}}],
        ),
    },
    "ucdp-ged-syria": {"ucdp_syria_df": (["id"], [])},
    "ucdp-prio-acd": {
        "actorlist": (["ActorID"], []),
        "translate_actor": (["new_id"], []),
        "ucdp-prio-acd-191": (["conflict_id", "year"], []),
        "ucdpprioconflict_v25_1": (["conflict_id", "year"], []),
    },
}
"""The primary key and the references of each table."""
RECORDS = {"blank-row", "missing-cell", "extra-cell", "stray-quote", "total-row", "repeated-header"}
"""What no schema can allow: records that are none."""
FILES = [file for kind in ("csv", "tsv", "xlsx", "ods", "jsonl") for file in sorted(FIXTURES.rglob(f"*.{kind}"))]


def _report(draft: drafts.Draft) -> Report:
    resources = [{**table.raw, "schema": table.schema} for table in draft.tables]
    return validate(Project(draft.root, read_package({"resources": resources}, draft.root, where="draft")))


@pytest.mark.skipif(not REALDATA.is_dir(), reason="the real tables are not here")
@pytest.mark.parametrize("name", KEYS)
def test_real_tables_validate_under_drafts_with_the_keys_of_their_makers(name: str) -> None:
    draft = drafts.describe([REALDATA / name])
    assert draft.undescribed == {}
    found = {item.name: (item.schema.get("primaryKey"), item.schema.get("foreignKeys", [])) for item in draft.tables}
    assert found == KEYS[name]
    assert _report(draft).valid


@pytest.mark.skipif(not REALDATA.is_dir(), reason="the real tables are not here")
def test_namibia_is_no_missing_value() -> None:
    (table,) = drafts.describe([REALDATA / "un-votes" / "un_votes.csv"]).tables
    code = next(item for item in table.schema["fields"] if item["name"] == "country_code")
    assert code == {"name": "country_code", "type": "string", "constraints": {"pattern": "[A-Z]{2}"}}


@pytest.mark.slow
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the fixtures are not here")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_fixture_validates_under_its_draft_but_for_records_that_are_none(file: Path) -> None:
    draft = drafts.describe([file])
    errors = {item.rule for item in _report(draft).findings if item.severity == "error"} if draft.tables else set()
    assert errors <= RECORDS
    assert all(draft.undescribed.values())
    json.dumps([table.schema for table in draft.tables])
