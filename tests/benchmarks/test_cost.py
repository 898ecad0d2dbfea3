"""The cost of a table: lines through what was measured, and a release that is built and verified at each size."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cost as module
from benchmarks import generate as generating
from benchmarks.cost import Cost, Line, built, lines_of


def test_a_line_goes_through_what_was_measured() -> None:
    costs = [Cost(rows, 2 + rows / 1e6 * 30, 0) for rows in (100_000, 300_000, 1_000_000)]
    line = Line.through(costs, "cpu")
    assert (line.start, line.million, line.at(100)) == pytest.approx((2, 30, 3002))
    assert Line.through(costs[:1], "cpu").million == pytest.approx(50)


def test_a_table_says_what_was_measured_and_how_far_it_is_drawn() -> None:
    costs = {"build": [Cost(1_000_000, 12, 300_000_000, 400_000_000, 900_000_000), Cost(2_000_000, 22, 310_000_000)]}
    lines = list(lines_of(costs))
    assert "| build | 1,000,000 | 12.0 | 300 | 400 | 900 |" in lines
    assert "| build, CPU s | 2.0 | 10.0 | 102 | 1,002 | 10,002 |" in lines


def test_building_and_verifying_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (module, generating):
        monkeypatch.setattr(place, "WORK", tmp_path)
    for name in ("ACTORS", "SOURCES"):
        monkeypatch.setattr(generating, name, 500)
    build, verify = built(300, ("parquet",))
    assert build.cpu > 0
    assert build.release > 300 * 300
    assert build.room >= build.release
    assert verify.release == build.release
