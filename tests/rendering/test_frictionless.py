"""The report in the shape of frictionless-py, read by frictionless-py."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from frictionless import Report as PeerReport
from frictionless import Resource

from deedbook.findings import Finding, Report, TableStats, Total
from deedbook.rendering.data import FILE_TYPES, HEADER_TYPES, ROW_TYPES
from deedbook.rendering.data import render_frictionless as render
from tests.rendering.reports import BAD_PLACE, CLEAN, DIRTY, EMPTY


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY])
def test_the_library_reads_it_and_agrees_on_the_verdict(report: Report) -> None:
    peer = PeerReport.from_descriptor(json.loads(render(report)))
    assert peer.valid == report.valid
    assert peer.stats["errors"] == report.errors


def test_the_library_finds_row_field_and_cell() -> None:
    peer = PeerReport.from_descriptor(json.loads(render(DIRTY)))
    assert peer.flatten(["type", "rowNumber", "fieldNumber", "fieldName", "note"]) == [
        ["foreign-key", 12, 9, "place_id", "is not in `places`.place_id"],
        ["scheme-error", None, None, None, "the file places.csv does not exist"],
    ]
    assert json.loads(render(DIRTY))["tasks"][0]["errors"][0]["cell"] == "P00001"


@pytest.mark.parametrize(
    "kind", [*sorted(FILE_TYPES | HEADER_TYPES | ROW_TYPES), "event-ends-before-start", "unique-key", "unclosed-quote"]
)
@pytest.mark.parametrize("row", [None, 7])
def test_every_kind_of_error_is_readable(kind: str, row: int | None) -> None:
    finding = replace(BAD_PLACE, rule=kind, row=row)
    errors = PeerReport.from_descriptor(json.loads(render(about(finding)))).tasks[0].errors
    assert [error.note for error in errors] == [finding.message]


def test_a_rule_of_ours_keeps_its_id_beside_the_type() -> None:
    [error] = json.loads(render(about(replace(BAD_PLACE, rule="event-ends-before-start"))))["tasks"][0]["errors"]
    assert (error["type"], error["rule"]) == ("row-constraint", "event-ends-before-start")


def test_warnings_are_sentences() -> None:
    assert json.loads(render(DIRTY))["tasks"][0]["warnings"] == [
        "row 3: the agreement has no title (waived: not known)",
        "row 14, field title: another event that day has this title",
    ]


def test_every_property_of_the_library_is_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\nx\n", encoding="utf-8")
    descriptor = {"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "a", "type": "integer"}]}}
    resource = Resource.from_descriptor(descriptor, basepath=str(tmp_path))
    theirs: dict[str, Any] = resource.validate().to_descriptor()
    ours = json.loads(render(about(replace(BAD_PLACE, rule="type-error"))))
    assert theirs.keys() <= ours.keys()
    assert theirs["tasks"][0].keys() <= ours["tasks"][0].keys()
    assert theirs["tasks"][0]["errors"][0].keys() <= ours["tasks"][0]["errors"][0].keys()


def about(finding: Finding) -> Report:
    return Report(
        tables=(TableStats("events", "events.csv", 120, 3600, 40_000),),
        findings=(finding,),
        totals=(Total("events", finding.rule, finding.column, "error", 1),),
    )
