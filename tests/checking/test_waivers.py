"""A waiver counts until it expires, and one that answers nothing is named."""

from __future__ import annotations

from deedbook.checking.findings import find_waiver, judge_waivers, waivers_in_force
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
    found = waivers_in_force(waivers, "events", "2024-01-31")
    assert [item.key for item in found] == ["E1", "E2"]


def test_a_waiver_may_be_a_pattern_and_the_one_that_names_the_place_goes_first() -> None:
    waivers = [_waiver(2, "E*", "all"), _waiver(3, "E1", "this"), _waiver(4, "A.1*", "dots", table="*")]
    found = waivers_in_force(waivers, "events", "2024-01-31")
    keys = ("E1", "E27", "A.1|x", "Ax1", "B")
    reasons = [(item := find_waiver(found, key, "title")) and item.reason for key in keys]
    assert reasons == ["this", "all", "dots", None, None]
    assert find_waiver(found, "E1", "place") is None
    unused = judge_waivers(waivers, {2}, {RULE}, "2024-01-31")
    assert [(item.rule, item.row) for item in unused] == [("waiver-unmatched", 3), ("waiver-unmatched", 4)]


def test_expired_idle_and_unreasoned_waivers_are_warnings() -> None:
    waivers = [
        _waiver(2, "E1"),
        _waiver(3, "E2"),
        _waiver(4, "E3", expires="2024-01-30"),
        _waiver(5, "E4", reason=" "),
    ]
    found = judge_waivers(waivers, {2, 5}, {RULE}, "2024-01-31")
    assert [(item.rule, item.row, item.column, item.value, item.severity) for item in found] == [
        ("waiver-unmatched", 3, "rule", RULE, "warning"),
        ("waiver-expired", 4, "expires", "2024-01-30", "warning"),
        ("waiver-without-reason", 5, "reason", " ", "warning"),
    ]


def test_the_waiver_of_a_rule_that_did_not_run_is_left_alone() -> None:
    assert judge_waivers([_waiver(2, "E1")], (), set(), "2024-01-31") == []
