"""Findings of a table are counted exactly, shown up to the limit, and waived where a maintainer said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from deedbook.checking.findings import FILE_SHIFT, FINDINGS_SCHEMA, FindingsSoFar, Group, Records
from deedbook.checking.structure import fixed
from deedbook.descriptor import Resource
from deedbook.findings import FINDING_FIELDS, Finding, Severity
from deedbook.project import Waiver

KEYS = pl.DataFrame({"id": ["E1", "E2|3", "E4"]})
ROWS = Group("dull", np.array([0, 1, 2]), fixed("is dull", "say more", "x"), "warning", "title", 2, "minLength")


def _empty(limit: int, waived: Mapping[tuple[str, str], str] | None = None, *paths: str) -> FindingsSoFar:
    """No findings yet of a table whose rule `dull` has these waivers."""
    resource = Resource("events", paths or ("events.csv",))
    given = enumerate((waived or {}).items(), start=2)
    waivers = [Waiver("dull", "events", key, field, reason, "me", "", row) for row, ((key, field), reason) in given]
    return FindingsSoFar(resource, limit, waivers)


def _records(file: int = 0, row: int = 2, line: int = 2) -> Records:
    """Three rows, each on two lines, of which the first is this one."""
    rows = np.arange(3, dtype=np.int64)
    return Records((file << FILE_SHIFT) + row + rows, line + 2 * rows, KEYS)


def _found(found: FindingsSoFar, *groups: Group) -> FindingsSoFar:
    found.add(groups, _records())
    return found


def test_as_many_as_the_limit_are_shown_and_all_are_counted() -> None:
    found = _found(_empty(2), ROWS, ROWS)
    first = Finding(
        rule="dull",
        severity="warning",
        table="events",
        path="events.csv",
        message="is dull",
        hint="say more",
        value="x",
        row=2,
        line=2,
        column="title",
        field_number=2,
        key="E1",
        constraint="minLength",
    )
    assert [finding for finding, _ in found.shown()] == [first, first]
    assert found.counts == {("dull", "title", "warning"): [6, 0]}
    (both,) = [[finding for finding, _ in found.shown()] for found in [_found(_empty(2), ROWS)]]
    assert both == [first, replace(first, row=3, line=4, key="E2\\|3")]


def test_a_waived_warning_is_counted_as_such_and_its_waiver_as_used() -> None:
    found = _found(_empty(3, {("E4", "title"): "meant so", ("E9", "title"): "idle"}), ROWS)
    assert [finding.waived for finding, _ in found.shown()] == [None, None, "meant so"]
    assert found.counts == {("dull", "title", "warning"): [3, 1]}
    assert found.used_waivers == {2}


@pytest.mark.parametrize(("rule", "severity"), [("dull", "error"), ("another-rule", "warning")])
def test_an_error_cannot_be_waived_nor_what_another_rule_finds(rule: str, severity: Severity) -> None:
    found = _found(_empty(2, {("E1", "title"): "meant so"}), replace(ROWS, rule=rule, severity=severity))
    assert [finding.waived for finding, _ in found.shown()] == [None, None]
    assert found.counts == {(rule, "title", severity): [3, 0]}


def test_every_finding_is_a_row_with_all_fields_when_all_are_written() -> None:
    frames: list[pl.DataFrame] = []
    found = _empty(0, {("E4", "title"): "meant so"}, "one.csv", "two.csv")
    found.write_all = frames.append
    found.add([ROWS], _records(file=1, row=5, line=8))
    assert found.shown() == []
    assert frames[0].columns == list(FINDING_FIELDS) == list(FINDINGS_SCHEMA)
    columns = ["path", "row", "line", "key", "rule", "column", "value", "hint", "waived"]
    assert frames[0].select(columns).rows() == [
        ("two.csv", 5, 8, "E1", "dull", "title", "x", "say more", None),
        ("two.csv", 6, 10, "E2\\|3", "dull", "title", "x", "say more", None),
        ("two.csv", 7, 12, "E4", "dull", "title", "x", "say more", "meant so"),
    ]


def test_the_first_of_all_files_and_blocks_are_shown_in_whatever_order_they_come() -> None:
    found = _empty(2, {("E4", "title"): "meant so"}, "one.csv", "two.csv")
    for file, row, line in [(1, 2, 2), (1, 5, 9), (0, 8, 12), (0, 5, 7)]:
        found.add([ROWS], _records(file, row, line))
    assert [(finding.path, finding.row, finding.line) for finding, _ in found.shown()] == [
        ("one.csv", 5, 7),
        ("one.csv", 6, 9),
    ]
    assert [(total.count, total.waived) for total in found.totals()] == [(12, 4)]
    assert len(found._shown[("dull", "title")]) <= 4
