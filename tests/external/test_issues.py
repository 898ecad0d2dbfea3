"""SARIF before the schema that OASIS published with the standard, as a package of others ships it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deedbook.findings import Finding, Report, Total
from deedbook.rendering import View
from deedbook.rendering.issues import render_sarif
from tests.external.conftest import TOOLS, tool
from tests.rendering.reports import CLEAN, DIRTY, EMPTY

pytestmark = pytest.mark.external

ODD = Report(
    findings=(
        Finding(rule="a-rule", severity="info", table="t", message="no place\n\u202e", value="\ud83d\ude00"),
        Finding(
            rule="a-rule", severity="info", table="", message="x", path="https://example.org/a b.csv", row=2, line=2
        ),
    ),
    totals=(Total("t", "a-rule", None, "info", 2),),
)


def published() -> dict[str, Any]:
    """The schema of OASIS."""
    schema: dict[str, Any] = json.loads(Path(tool(TOOLS / "sarif" / "sarif-schema.json")).read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("report", [EMPTY, CLEAN, DIRTY, ODD])
def test_the_published_schema_accepts_every_log(report: Report) -> None:
    schema = published()
    assert schema["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert list(validator.iter_errors(json.loads(render_sarif(report, View(folder="data packages"))))) == []


def test_the_published_schema_refuses_what_is_wrong() -> None:
    validator = jsonschema.Draft4Validator(published())
    log = json.loads(render_sarif(DIRTY))
    log["runs"][0]["results"][0]["level"] = "info"
    assert not validator.is_valid(log)
