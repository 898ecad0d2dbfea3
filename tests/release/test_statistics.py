"""What is reckoned of a long column part by part is what is reckoned of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.release import rows, statistics
from deedbook.release.rows import Rows
from deedbook.release.statistics import describe_columns
from deedbook.release.tables import Outline, Table
from deedbook.schema import read_schema

COUNT = 2000
NUMBERS = pl.Series("n", [((place * 7919) % 3001 - 1500) / 7 for place in range(COUNT)])
ODD = [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, -1e308]
COLUMNS = {
    "decimals": ("number", NUMBERS),
    "odd decimals": ("number", pl.concat([NUMBERS, pl.Series(ODD * 100)])),
    "the same again and again": ("integer", pl.Series([7] * COUNT + [-7, 8])),
    "the largest whole numbers": ("integer", pl.Series([2**63 - 1, -(2**63), 0] * 300)),
    "days": ("date", NUMBERS.cast(pl.Int32).cast(pl.Date)),
    "moments": ("datetime", (NUMBERS * 1e12).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))),
    "texts": ("string", NUMBERS.cast(pl.String)),
    "codes": ("string", (NUMBERS.cast(pl.Int64) % 5).cast(pl.String)),
    "keys": ("string", pl.concat([NUMBERS.cast(pl.String), pl.Series(["b", "a", "c", "a", "b"])])),
}


@pytest.mark.parametrize("gaps", [0, 3])
@pytest.mark.parametrize("name", COLUMNS)
def test_parts_give_the_numbers_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, gaps: int
) -> None:
    kind, values = COLUMNS[name]
    if gaps:
        values = pl.select(pl.when(pl.int_range(len(values)) % gaps > 0).then(values)).to_series()
    constraints = {"unique": True} if name == "keys" else {}
    schema = read_schema({"fields": [{"name": "v", "type": kind, "constraints": constraints}]}, "test")

    def described(held: Rows) -> Any:
        return repr(describe_columns(Table(Outline("t", schema), held)))

    frame = values.to_frame("v")
    whole = described(Rows.of(frame))
    for limit, bound in (("_KEPT", 0), ("_COUNTED", 400), ("_SORTED", 10)):
        monkeypatch.setattr(rows if limit == "_KEPT" else statistics, limit, bound)
    parts = Rows.spilled([frame.head(0), *frame.iter_slices(97)], tmp_path / "rows")
    assert described(parts) == whole
    assert not [path for path in (tmp_path / "rows").iterdir() if path.is_dir()]


@pytest.mark.parametrize("rank", [0, 1, 999, 1998, 1999])
def test_a_rank_is_that_among_sorted_numbers(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    monkeypatch.setattr(statistics, "_SORTED", 1)
    for values in (NUMBERS, NUMBERS.cast(pl.Int64), NUMBERS.cast(pl.Int32).cast(pl.Date)):
        found = statistics._ranked(Rows.of(values.to_frame("v")), "v", rank)
        assert found.dtype == values.dtype
        assert found.item() == values.sort()[rank]
