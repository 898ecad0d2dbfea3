"""SARIF and GitLab's code quality report: where findings stand, and that each is known again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deedbook.findings import Report
from deedbook.rendering import PLAIN, View
from deedbook.rendering.issues import render_gitlab, render_sarif
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY, NO_FILE, SECOND_TITLE, WAIVED


def sarif(report: Report, view: View = PLAIN) -> dict[str, Any]:
    """The one run of the log."""
    log: dict[str, Any] = json.loads(render_sarif(report, view))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    return dict(run)


def gitlab(report: Report, view: View = PLAIN) -> list[dict[str, Any]]:
    """The issues."""
    return list(json.loads(render_gitlab(report, view)))


def test_a_result_names_its_rule_its_line_and_its_field() -> None:
    run = sarif(DIRTY, View(folder="data packages"))
    result = next(it for it in run["results"] if it["ruleId"] == "foreign-key")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "foreign-key"
    assert result["level"] == "error"
    (place,) = result["locations"]
    physical = {"artifactLocation": {"uri": "data%20packages/events.csv"}, "region": {"startLine": 15}}
    assert place["physicalLocation"] == physical
    (field,) = place["logicalLocations"]
    assert field["fullyQualifiedName"] == "events.place_id"
    assert result["properties"] == {"key": "E000011", "value": "P00001"}


def test_what_is_waived_is_suppressed_and_what_is_not_checked_is_a_notification() -> None:
    run = sarif(DIRTY)
    reasons = [it["suppressions"][0]["justification"] for it in run["results"] if "suppressions" in it]
    assert reasons == [WAIVED.waived]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "foreign-key of events.place_id: the table `places` could not be read" in note["message"]["text"]


def test_an_issue_has_what_gitlab_asks_for() -> None:
    issues = gitlab(DIRTY, View(folder="datapackage"))
    assert [(it["check_name"], it["severity"]) for it in issues] == [
        ("foreign-key", "major"),
        ("title-used-twice", "minor"),
        ("scheme-error", "major"),
    ]
    assert issues[0]["location"] == {"path": "datapackage/events.csv", "lines": {"begin": 15}}
    assert issues[2]["location"] == {"path": "datapackage/places.csv", "lines": {"begin": 1}}
    assert issues[0]["description"].startswith("row 12 E000011")
    assert gitlab(EMPTY) == []


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY, Report(findings=(NO_FILE, NO_FILE))])
def test_issues_have_the_shape_that_gitlab_publishes(report: Report) -> None:
    schema = json.loads(Path(__file__).with_name("gitlab.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    issues = gitlab(report, View(folder="data packages"))
    assert list(validator.iter_errors(issues)) == []
    assert len({it["fingerprint"] for it in issues}) == len(issues)
    for wrong in ({"severity": "error"}, {"location": {"path": "./a.csv", "lines": {"begin": 1}}}):
        assert not validator.is_valid([gitlab(DIRTY)[0] | wrong])


def test_a_finding_keeps_its_fingerprint_when_its_row_moves_and_no_two_have_one() -> None:
    moved = replace(BAD_PLACE, row=40, line=41)
    before, after = (gitlab(Report(findings=(it, SECOND_TITLE))) for it in (BAD_PLACE, moved))
    assert [it["fingerprint"] for it in before] == [it["fingerprint"] for it in after]
    twice = gitlab(Report(findings=(NO_FILE, NO_FILE)))
    assert len({it["fingerprint"] for it in twice}) == 2
    known = [it["partialFingerprints"]["deedbook/v1"] for it in sarif(Report(findings=(moved,)))["results"]]
    assert known == [before[0]["fingerprint"]]
