"""A waiver counts until it expires, and one that answers nothing is named."""

from __future__ import annotations

from deedbook.checking.waivers import accepted, judge_waivers
from deedbook.project import Waiver

RULE = "title-used-twice"


def _waiver(row: int, key: str, reason: str = "two talks", expires: str = "", table: str = "events") -> Waiver:
    return Waiver(row=row, rule=RULE, table=table, key=key, field="title", reason=reason, by="me", expires=expires)


def test_waivers_of_the_table_count_up_to_the_day_they_expire() -> None:
    waivers = [
        _waiver(2, "E1"),
        _waiver(3, "E2", expires="2024-01-31"),
        _waiver(4, "E3", expires="2024-01-30"),
        _waiver(5, "A1", table="actors"),
    ]
    assert accepted(waivers, "events", "2024-01-31") == {
        RULE: {("E1", "title"): "two talks", ("E2", "title"): "two talks"}
    }


def test_expired_idle_and_unreasoned_waivers_are_warnings() -> None:
    waivers = [
        _waiver(2, "E1"),
        _waiver(3, "E2"),
        _waiver(4, "E3", expires="2024-01-30"),
        _waiver(5, "E4", reason=" "),
    ]
    used = {"events": {(RULE, "E1", "title"), (RULE, "E4", "title")}}
    found = judge_waivers(waivers, used, {RULE}, "2024-01-31")
    assert [(item.rule, item.row, item.column, item.value, item.severity) for item in found] == [
        ("waiver-unmatched", 3, "rule", RULE, "warning"),
        ("waiver-expired", 4, "expires", "2024-01-30", "warning"),
        ("waiver-without-reason", 5, "reason", " ", "warning"),
    ]


def test_the_waiver_of_a_rule_that_did_not_run_is_left_alone() -> None:
    assert judge_waivers([_waiver(2, "E1")], {}, set(), "2024-01-31") == []
