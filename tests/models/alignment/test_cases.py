"""Every rule of the reference dataset: what it finds, and that nothing else is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.models.alignment import cases_claims, cases_events, cases_tables
from tests.models.alignment.cases import Case
from tests.models.alignment.dataset import (
    ROOT,
    Change,
    Found,
    all_rules,
    findings,
    rules_of,
    schema,
    table_names,
    typed_tables,
    write_project,
    write_tables,
)

CASES = [*cases_tables.CASES, *cases_events.CASES, *cases_claims.CASES]


def test_no_rule_fires_on_the_small_dataset() -> None:
    assert findings() == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_causes_exactly_these_findings(case: Case) -> None:
    assert findings(*case.changes) == case.findings


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tables each test writes anew."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    return folder


@cache
def rule_ids() -> frozenset[str]:
    """The ids of all rules that run unasked; the others are in `test_duplicates`."""
    return frozenset(rule.id for _, rule in all_rules() if not rule.on_request)


def reported(folder: Path, *changes: Change) -> set[Found]:
    """What `validate` reports of our rules after the changes; other findings are those of cells and keys."""
    write_tables(folder, *changes)
    report = validate(load_project(folder), Options(trust_rules=True))
    names = rule_ids()
    return {
        (item.rule, item.table, item.key or "", item.column or "") for item in report.findings if item.rule in names
    }


def test_the_small_dataset_is_valid(project: Path) -> None:
    write_tables(project)
    report = validate(load_project(project), Options(trust_rules=True))
    assert (report.findings, report.not_checked) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_engine_reports_the_same(case: Case, project: Path) -> None:
    assert reported(project, *case.changes) == case.findings


def test_the_reference_dataset_has_no_errors_and_only_waived_warnings() -> None:
    report = validate(load_project(ROOT), Options(trust_rules=True))
    assert (report.errors, report.warnings, report.not_checked) == (0, 0, ())


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    fired = {found[0] for case in CASES for found in case.findings}
    assert rule_ids() == fired
    assert {case.rule for case in CASES} == fired


def test_an_id_has_one_severity_and_one_reference() -> None:
    kinds: dict[str, set[tuple[str, str]]] = {}
    for _, rule in all_rules():
        kinds.setdefault(rule.id, set()).add((rule.severity, rule.ref))
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}


def test_no_id_can_stand_in_two_tables_or_differ_only_in_case() -> None:
    """R-04 and R-05 need no rule of their own where the patterns see to it."""
    keys = {
        name: [field for field in schema(name)["fields"] if field["name"] in schema(name)["primaryKey"]]
        for name in table_names()
    }
    patterns = [
        fields[0]["constraints"]["pattern"]
        for name, fields in keys.items()
        if len(fields) == 1 and name != "id_redirects"
    ]
    assert sorted(patterns) == [f"{letter}[0-9]{{6,}}" for letter in "ACEKNPRS"]


def test_every_rule_points_at_a_field_of_its_table_and_says_what_to_do() -> None:
    tables = typed_tables()
    assert [rule.id for name, rule in all_rules() if rule.at not in tables[name].columns] == []
    assert [rule.id for _, rule in all_rules() if not rule.hint or rule.message.endswith(".")] == []


def test_every_rule_knows_the_line_where_it_is_written() -> None:
    assert {rule.where.split(":")[0] for _, rule in all_rules()} == {
        str(ROOT / f"schemas/{name}.py") for name in (*table_names(), "dataset")
    }


def test_without_a_release_date_its_rules_are_not_checked() -> None:
    tables = typed_tables()
    parts = [part for own in rules_of(tables, None).values() for part in own]
    skipped = {rule.id: rule.unmet for part in parts for rule in part.rules if rule.unmet and not rule.on_request}
    assert skipped.keys() == {"event-after-release", "future-event-overdue", "retrieved-after-release"}
    assert set(skipped.values()) == {"the descriptor has no release date (`created`)"}


def test_the_rules_run_on_tables_without_rows() -> None:
    empty = {name: frame.clear() for name, frame in typed_tables().items()}
    assert rules_of(empty).keys() == empty.keys()
