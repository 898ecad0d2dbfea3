"""The rows of a table in parts are those of one frame, in any order and of any slice."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from deedbook.release import rows
from deedbook.release.rows import Order, Rows, parts_of

FRAME = pl.DataFrame({"id": range(20), "text": [f"text {number}" * (number % 3) or None for number in range(20)]})


@pytest.fixture(params=[0, 1 << 20], ids=["on disk", "in memory"])
def parts(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setattr(rows, "_KEPT", request.param)
    return Rows.spilled([FRAME.head(0), *FRAME.iter_slices(7)], tmp_path / "rows")


def test_a_slice_is_that_of_the_whole(parts: Rows) -> None:
    assert (parts.heights, parts.height, parts.columns) == ((7, 7, 6), 20, ["id", "text"])
    for start in range(22):
        for height in (0, 1, 6, 7, 8, 15, 30):
            assert parts.slice(start, height).equals(FRAME.slice(start, height)), (start, height)


@pytest.mark.parametrize("most", [1, 3, 7, 50, None])
def test_slices_are_all_rows_in_their_order(parts: Rows, most: int | None) -> None:
    assert pl.concat(parts.slices(most)).equals(FRAME)
    assert pl.concat(parts.slices(most, ["text"])).equals(FRAME.select("text"))
    assert max(part.height for part in parts.slices(most)) <= (most or 7)


@pytest.mark.parametrize("kept", [0, 1 << 20], ids=["on disk", "in memory"])
@pytest.mark.parametrize("height", [3, 40, 500, 2000])
@pytest.mark.parametrize("keys", [["id"], ["text"], ["group", "id"], ["group"]])
def test_rows_are_sorted_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], height: int, kept: int
) -> None:
    monkeypatch.setattr(rows, "_KEPT", kept)
    numbers = pl.Series("id", range(2000)).shuffle(7)
    frame = pl.DataFrame([numbers, (numbers % 3).alias("group"), numbers.cast(pl.String).alias("text")])
    frame = frame.with_columns(pl.when(pl.col("group") > 0).then("group"))
    order = Order(lambda part: part.select(keys))
    for part in (head := [frame.head(0), *frame.iter_slices(height)]):
        order.add(part)
    assert not order.is_kept
    found = Rows.spilled(
        Rows.spilled(head, tmp_path / "read").sorted_parts(order, tmp_path / "dealt"), tmp_path / "sorted"
    )
    assert found.lazy.collect().equals(frame.sort(keys, maintain_order=True))
    assert [folder.name for folder in tmp_path.iterdir()] == ["sorted"]


def test_rows_that_are_sorted_are_known_as_such() -> None:
    order, one_off = Order(lambda part: part.select("id")), Order(lambda part: part.select("id"))
    for part in FRAME.iter_slices(7):
        order.add(part)
        one_off.add(part)
    one_off.add(FRAME.head(1))
    assert (order.is_kept, one_off.is_kept) == (True, False)


def test_a_part_knows_where_it_starts_and_is_let_go_of(parts: Rows, tmp_path: Path) -> None:
    made = parts.mapped(lambda part, start: part.select(pl.col("id") - start), tmp_path / "made")
    assert made.column("id").to_list() == [*range(7), *range(7), *range(6)]
    assert not (tmp_path / "rows").exists()


def test_columns_are_made_when_they_are_read(parts: Rows) -> None:
    double = parts.with_columns([pl.col("id").cast(pl.Float64)])
    assert double.schema == {"id": pl.Float64, "text": pl.String}
    assert double.slice(6, 2)["id"].to_list() == [6.0, 7.0]
    assert double.filled == {"id": 20, "text": 13}


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    empty = Rows.spilled([FRAME.head(0), FRAME.head(0)], tmp_path / "rows")
    assert (empty.height, empty.columns, [*empty.slices()]) == (0, ["id", "text"], [])
    assert empty.slice(0, 5).schema == FRAME.schema


def test_a_frame_is_cut_by_its_bytes() -> None:
    cut = [*parts_of(FRAME, int(FRAME.estimated_size()) // 4)]
    assert pl.concat(cut).equals(FRAME)
    assert 4 <= len(cut) <= 5
    assert [part.height for part in parts_of(FRAME.head(0), 1)] == [0]
