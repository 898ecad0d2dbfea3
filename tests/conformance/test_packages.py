"""`validate` on what anybody may give it ends in a report or in a message with a hint, never in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.errors import ProjectError
from deedbook.findings import Report
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.conformance import CONFORMANCE, SHARED

if not CONFORMANCE.is_dir():
    pytest.skip(f"{CONFORMANCE} is absent", allow_module_level=True)

from tests.conformance.packages import read_descriptors


def _validate(path: Path) -> Report:
    return validate(load_project(path), Options(rules=False))


def _name(path: Path) -> str:
    return str(path.relative_to(SHARED))


@pytest.mark.parametrize("path", list(read_descriptors()), ids=_name)
def test_every_descriptor_ends_in_a_report_or_in_a_message(path: Path) -> None:
    try:
        tables = len(_validate(path).tables)
    except ProjectError as error:
        tables = len(error.message)
    assert tables


def test_country_codes_are_valid_against_their_own_schema() -> None:
    report = _validate(SHARED / "realdata" / "country-codes" / "datapackage.yml")
    assert report.valid
    assert report.tables[0].rows == 249
    assert {(check.name, check.column) for check in report.checked} >= {("type", "FIFA")}
