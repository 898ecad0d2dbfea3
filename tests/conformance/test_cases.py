"""Our own language-neutral cases: see cases/README.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deedbook.descriptor import Package, read_resource
from deedbook.project import Project
from deedbook.validation import Options, validate
from tests.conformance import CASES
from tests.conformance.decisions import read_decisions, read_readings
from tests.conformance.verdict import ALL, WHOLE_ROW

FOLDERS = sorted(path.parent for path in CASES.glob("*/expected.json"))
DEVIATIONS = {
    name: ours for decision in read_decisions() for name, ours in decision.ours.items() if name.startswith("case:")
}
Triple = tuple[int, int, str, str]


def _judge(folder: Path) -> list[Triple]:
    descriptor: dict[str, str | None] = {"name": "data", "path": "data.csv", "schema": "schema.json"}
    if (folder / "resource.json").is_file():
        descriptor |= json.loads((folder / "resource.json").read_text(encoding="utf-8"))
    descriptor = {name: value for name, value in descriptor.items() if value is not None}  # no `path` beside `data`
    resources = [read_resource(descriptor, folder, where=folder.name)]
    for parent in sorted(folder.glob("*.parent.csv")):
        name = parent.name.removesuffix(".parent.csv")
        other = {"name": name, "path": parent.name, "schema": f"{name}.schema.json"}
        resources.append(read_resource(other, folder, where=name))
    project = Project(folder, Package(root=folder, path=None, resources=tuple(resources)))
    report = validate(project, Options(max_findings=ALL, rules=False))
    assert not [item for item in report.not_checked if item.name != "column"]  # a column may lack by `fieldsMatch`
    return sorted(
        (
            finding.row or 0,
            0 if finding.rule in WHOLE_ROW else finding.field_number or 0,
            finding.rule,
            finding.constraint or "",
        )
        for finding in report.findings
        if finding.severity == "error" and finding.table == "data"
    )


def test_there_are_cases() -> None:
    assert len(FOLDERS) >= 40


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_engine_finds_what_is_expected_and_nothing_else(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["errors"]
    wanted = [(item.get("row", 0), item.get("field", 0), item["type"], item.get("constraint", "")) for item in expected]
    found = _judge(folder)
    deviation = DEVIATIONS.get(f"case:{folder.name}")
    if deviation is None:
        assert found == sorted(wanted)
    else:  # the case says what the standard says
        assert found != sorted(wanted)
        assert " ".join(f"{row or '-'}:{field or '-'}:{rule}" for row, field, rule, _ in found) == deviation


def test_every_case_that_a_reading_names_exists() -> None:
    known = {folder.name for folder in FOLDERS}
    assert {name for reading in read_readings() for name in reading.cases} <= known


def test_every_case_that_a_decision_names_exists() -> None:
    assert {f"case:{folder.name}" for folder in FOLDERS} >= DEVIATIONS.keys()
