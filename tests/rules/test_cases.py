"""Every rule of the reference dataset: what it finds, and that nothing else is found."""

from __future__ import annotations

import pytest

from tests.rules import cases_claims, cases_events, cases_tables
from tests.rules.cases import Case
from tests.rules.dataset import ROOT, all_rules, evaluations, findings, rules_of, table_names, typed_tables

CASES = [*cases_tables.CASES, *cases_events.CASES, *cases_claims.CASES]


def test_no_rule_fires_on_the_small_dataset() -> None:
    assert findings() == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_causes_exactly_these_findings(case: Case) -> None:
    assert findings(*case.changes) == case.findings


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    fired = {found[0] for case in CASES for found in case.findings}
    assert {rule.id for _, rule in all_rules()} == fired
    assert {case.rule for case in CASES} == fired


def test_an_id_has_one_severity_and_one_reference() -> None:
    kinds: dict[str, set[tuple[str, str]]] = {}
    for _, rule in all_rules():
        kinds.setdefault(rule.id, set()).add((rule.severity, rule.ref))
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}


def test_every_rule_points_at_a_field_of_its_table_and_says_what_to_do() -> None:
    tables = typed_tables()
    assert [rule.id for name, rule in all_rules() if rule.at not in tables[name].columns] == []
    assert [rule.id for _, rule in all_rules() if not rule.hint or rule.message.endswith(".")] == []


def test_every_rule_knows_the_line_where_it_is_written() -> None:
    assert {rule.where.split(":")[0] for _, rule in all_rules()} == {
        str(ROOT / f"schemas/{name}.py") for name in (*table_names(), "dataset")
    }


def test_without_a_release_date_its_rules_are_not_checked() -> None:
    found = evaluations(created=None)
    skipped = {rule.id: reason for parts in found.values() for part in parts for rule, reason in part.not_checked}
    assert skipped.keys() == {"event-after-release", "future-event-overdue", "retrieved-after-release"}
    assert set(skipped.values()) == {"the descriptor has no release date (`created`)"}


def test_the_rules_run_on_tables_without_rows() -> None:
    empty = {name: frame.clear() for name, frame in typed_tables().items()}
    assert rules_of(empty).keys() == empty.keys()
