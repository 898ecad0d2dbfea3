"""What other programs read of a report before the schemas of others: SARIF before that of OASIS, JUnit before that of Jenkins' plugin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deedbook.findings import Finding, Report, Total
from deedbook.rendering import View
from deedbook.rendering.issues import render_sarif
from deedbook.rendering.pages import render_junit
from tests.external.conftest import TOOLS, run, tool
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


XSD = """\
import sys
from lxml import etree
schema = etree.XMLSchema(etree.parse(sys.argv[1]))
for name in sys.argv[2:]:
    schema.validate(etree.parse(name))
    print(*(f"{name}: {error.message}" for error in schema.error_log), sep="\\n", end="")
"""


def judge_junit(folder: Path, *files: str) -> str:
    """What the schema of Jenkins' plugin, as pytest's sources ship it, says against files."""
    schema = tool(TOOLS / "junit" / "junit-10.xsd")
    done = run(tool(TOOLS / "check" / "bin" / "python"), "-c", XSD, schema, *files, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_published_schema_accepts_every_junit_report_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    for number, report in enumerate([EMPTY, CLEAN, DIRTY, ODD]):
        (tmp_path / f"{number}.xml").write_text(render_junit(report, View(folder="data packages")), encoding="utf-8")
    files = sorted(file.name for file in tmp_path.iterdir())
    assert judge_junit(tmp_path, *files) == ""
    wrong = render_junit(DIRTY).replace("<failure ", "<failed ").replace("</failure>", "</failed>")
    (tmp_path / "wrong.xml").write_text(wrong, encoding="utf-8")
    assert "failed" in judge_junit(tmp_path, "wrong.xml")
