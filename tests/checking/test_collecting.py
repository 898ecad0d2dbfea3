"""Findings of a block are counted exactly, shown up to the limit, and waived where a maintainer said so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from deedbook.checking.collecting import Collecting, Group, Ledger, collect
from deedbook.checking.structure import fixed
from deedbook.findings import Finding

FRAME = pl.DataFrame({"id": ["E1", "E2|3", "E4"], "title": ["a", "b", "c"]})
SETTINGS = Collecting(table="events", path="events.csv", key=("id",), limit=2)
ROWS = Group("dull", np.array([0, 1, 2]), fixed("is dull", "say more", "x"), "warning", "title", 2, "minLength")


def test_as_many_as_the_limit_are_shown_and_all_are_counted() -> None:
    found = collect([ROWS, ROWS], FRAME, SETTINGS, lambda row: 10 * row)
    first = Finding(
        rule="dull",
        severity="warning",
        table="events",
        path="events.csv",
        message="is dull",
        hint="say more",
        value="x",
        row=0,
        line=0,
        column="title",
        field_number=2,
        key="E1",
        constraint="minLength",
    )
    second = replace(first, row=1, line=10, key="E2\\|3")
    assert found.shown == (first, second, first, second)
    assert found.counts == {("dull", "title", "warning"): (6, 0)}
    assert found.everything is None


def test_a_waived_warning_is_counted_as_such_and_its_waiver_as_used() -> None:
    settings = replace(SETTINGS, waived={"dull": {("E4", "title"): "meant so", ("E9", "title"): "idle"}}, limit=3)
    found = collect([ROWS], FRAME, settings, lambda row: row)
    assert [item.waived for item in found.shown] == [None, None, "meant so"]
    assert found.counts == {("dull", "title", "warning"): (3, 1)}
    assert found.used_waivers == {("dull", "E4", "title")}


def test_an_error_cannot_be_waived() -> None:
    settings = replace(SETTINGS, waived={"dull": {("E1", "title"): "meant so"}})
    found = collect([replace(ROWS, severity="error")], FRAME, settings, lambda row: row)
    assert [item.waived for item in found.shown] == [None, None]
    assert found.counts == {("dull", "title", "error"): (3, 0)}


def test_every_finding_is_a_row_when_all_are_kept() -> None:
    found = collect([ROWS], FRAME, replace(SETTINGS, limit=0, keep_all=True), lambda row: row)
    assert found.shown == ()
    assert found.everything is not None
    assert found.everything.select("row", "rule", "column", "value").rows() == [
        (0, "dull", "title", "x"),
        (1, "dull", "title", "x"),
        (2, "dull", "title", "x"),
    ]


def test_a_ledger_shows_the_first_of_all_files_and_blocks_in_whatever_order_they_come() -> None:
    settings = replace(SETTINGS, paths=("one.csv", "two.csv"), waived={"dull": {("E4", "title"): "meant so"}})
    ledger = Ledger(settings)
    for path, row, line in [("two.csv", 2, 2), ("two.csv", 5, 9), ("one.csv", 8, 12), ("one.csv", 5, 7)]:
        ledger.add(collect([ROWS], FRAME, replace(settings, path=path), lambda at: 2 * at), row, line)
    assert [(item.path, item.row, item.line) for item in ledger.sorted_findings()] == [
        ("one.csv", 5, 7),
        ("one.csv", 6, 9),
    ]
    assert [(total.count, total.waived) for total in ledger.totals()] == [(12, 4)]
    assert len(ledger._shown[("dull", "title")]) <= 2 * settings.limit
