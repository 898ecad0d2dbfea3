"""The report as JSON."""

from __future__ import annotations

import json

import jsonschema
import pytest

from deedbook.findings import FINDING_FIELDS, Report, report_record
from deedbook.rendering.data import render_json as render
from deedbook.rendering.data import report_schema
from tests.rendering.reports import CLEAN, DIRTY, EMPTY


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY])
def test_every_report_fits_the_schema(report: Report) -> None:
    jsonschema.validate(json.loads(render(report)), report_schema(), jsonschema.Draft202012Validator)


def test_what_a_release_holds_fits_the_schema() -> None:
    jsonschema.validate(json.loads(json.dumps(report_record(DIRTY))), report_schema())


def test_the_schema_is_valid_and_closed() -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    broken = json.loads(render(DIRTY)) | {"more": 1}
    with pytest.raises(jsonschema.ValidationError, match="more"):
        jsonschema.validate(broken, report_schema())


def test_the_schema_names_the_fields_of_a_finding_and_no_others() -> None:
    item = report_schema()["properties"]["findings"]["items"]
    assert item["required"] == list(item["properties"]) == list(FINDING_FIELDS)


def test_totals_are_exact_and_findings_have_every_field() -> None:
    record = json.loads(render(DIRTY))
    assert record["stats"] == {
        "tables": 2,
        "rows": 120,
        "cells": 3600,
        "bytes": 40_000,
        "checks": 2,
        "errors": 1205,
        "warnings": 1,
        "waived": 1,
        "seconds": 0.613,
    }
    assert record["totals"][2] == {
        "table": "events",
        "rule": "foreign-key",
        "column": "place_id",
        "severity": "error",
        "count": 1204,
        "waived": 0,
        "cause": "",
    }
    assert record["findings"][1]["line"] == 15
    assert record["findings"][0]["waived"] == "not known"


def test_text_stays_readable() -> None:
    assert "Vientiane" in render(DIRTY)
    assert render(DIRTY).endswith("}\n")
