"""Since when each row has been there is the same for buckets of any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from deedbook.release import rows
from deedbook.release.row_ages import HISTORY, Earlier, row_ages
from deedbook.release.rows import Rows, Scratch
from deedbook.schema import read_schema

SIZES = [1, 300, 1 << 20]
"""Bytes of a bucket: nearly one for each row, some, and a single one."""


@pytest.fixture(autouse=True)
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_KEPT", 0)


def table(*names: str, columns: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String), orient="row")


def parts(old: pl.DataFrame, size: int = 7) -> Iterator[pl.DataFrame]:
    yield old.clear()
    yield from old.iter_slices(size)


def ages(
    new: pl.DataFrame,
    old: Iterator[pl.DataFrame],
    place: Path,
    size: int,
    *key: str,
    rekeyed: pl.DataFrame | None = None,
) -> list[tuple[str, ...]] | None:
    described = {"fields": [{"name": name} for name in new.columns], "primaryKey": list(key)}
    text = Rows.spilled([new.clear(), *new.iter_slices(5)], place / "text")
    (place / "scratch").mkdir()
    found = row_ages(
        text, read_schema(described, "t"), Earlier("3.0.0", old, rekeyed), Scratch(place / "scratch", size)
    )
    return None if found is None else found.select(pl.col(HISTORY).cast(pl.String)).rows()


@pytest.mark.parametrize("size", SIZES)
def test_a_row_is_known_by_its_key_and_changed_where_a_cell_is(tmp_path: Path, size: int) -> None:
    since = [("1.0.0", "1.0.0"), ("1.0.0", "2.0.0"), ("2.0.0", "2.0.0")]
    old = table("id", "n", *HISTORY, columns=[(f"{at:02}", f"{at % 4}", *since[at % 3]) for at in range(40)])
    kept = old.drop(HISTORY).filter(pl.int_range(pl.len()) != 7).with_columns(added=pl.lit(None, pl.String))
    changed = (
        pl.when(pl.col("id") == "10").then(pl.lit("x")).when(pl.col("id") == "11").then(None).otherwise("n").alias("n")
    )
    told = pl.when(pl.col("id") == "12").then(pl.lit("new")).alias("added")
    new = pl.concat([kept.with_columns(changed, told), table("id", "n", "added", columns=[("zz", "1", None)])])
    found = ages(new.reverse(), parts(old), tmp_path, size, "id")
    expected = dict(zip(old["id"], old.select(HISTORY).rows(), strict=True))
    expected |= {key: (expected[key][0], "3.0.0") for key in ("10", "11", "12")} | {"zz": ("3.0.0", "3.0.0")}
    assert found == [expected[key] for key in new.reverse()["id"]]


@pytest.mark.parametrize("size", SIZES)
def test_a_row_under_another_key_is_as_old_as_it_was(tmp_path: Path, size: int) -> None:
    old = table("a", "b", "n", *HISTORY, columns=[("x|", str(at), "1", "1.0.0", "2.0.0") for at in range(20)])
    new = old.drop(HISTORY).with_columns(pl.when(pl.col("b") == "3").then(pl.lit("99")).otherwise("b").alias("b"))
    rekeyed = pl.DataFrame({"old": [r"x\||3"], "new": [r"x\||99"]})
    found = ages(new, parts(old), tmp_path, size, "a", "b", rekeyed=rekeyed)
    assert found == [("1.0.0", "3.0.0" if at == 3 else "2.0.0") for at in range(20)]


@pytest.mark.parametrize("size", SIZES)
def test_rows_without_a_key_are_known_by_all_cells_and_equal_ones_by_their_order(tmp_path: Path, size: int) -> None:
    since = [("1.0.0", "1.0.0"), ("2.0.0", "2.0.0")]
    old = table("n", "s", *HISTORY, columns=[(f"{at % 5}", None, *since[at // 5]) for at in range(10)])
    new = table("n", "s", columns=[(f"{at % 5}", None if at % 5 else "s") for at in range(15)])
    told = [("1.0.0", "1.0.0")] * 5 + [("2.0.0", "2.0.0")] * 5 + [("3.0.0", "3.0.0")] * 5
    assert ages(new, parts(old), tmp_path, size) == [
        one if at % 5 else ("3.0.0", "3.0.0") for at, one in enumerate(told)
    ]


def test_every_row_is_new_where_nothing_tells_the_ages_of_old_ones(tmp_path: Path) -> None:
    new = table("id", columns=[("a",)])
    assert ages(new, iter(()), tmp_path, 1, "id") is None
    other = table("other", *HISTORY, columns=[("a", "1.0.0", "1.0.0")])
    (tmp_path / "again").mkdir()
    assert ages(new, parts(other), tmp_path / "again", 1, "id") is None


def test_no_bucket_is_left_in_a_table_without_rows(tmp_path: Path) -> None:
    old = table("id", *HISTORY, columns=[("a", "1.0.0", "1.0.0")])
    assert ages(table("id", columns=[]), parts(old), tmp_path, 1, "id") == []
