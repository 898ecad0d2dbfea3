"""Hashes are found again; those beyond the spill go to disk and come back, and no folder stays behind."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.checking import keys
from deedbook.checking.keys import PARTITIONS, HashedBlock, HashLog, HashSet, Partitions, Spill


def test_pairs_come_back_from_the_partition_of_their_hash() -> None:
    some = np.array([0, 1 << 58, 5, (1 << 64) - 1, 1 << 58], np.uint64)
    parts = Partitions(io.BytesIO())
    parts.add(some[:3], np.arange(3, dtype=np.int64))
    parts.add(some[3:], np.arange(3, 5, dtype=np.int64))
    found = {
        number: [list(map(int, column)) for column in parts.read(number)]
        for number in range(PARTITIONS)
        if len(parts.read(number)[0])
    }
    assert found == {0: [[0, 5], [0, 2]], 1: [[1 << 58, 1 << 58], [1, 4]], 63: [[(1 << 64) - 1], [3]]}


def test_no_more_is_reserved_than_the_budget_has() -> None:
    spill = Spill(100)
    assert spill.reserve(60)
    assert not spill.reserve(41)
    assert spill.reserve(40)
    spill.used -= 60
    assert spill.reserve(60)
    assert not spill.reserve(1)


@pytest.mark.parametrize("sizes", [(1 << 20, 1 << 20), (0, 1 << 20), (1 << 20, 0), (0, 0)])
def test_absent_and_repeated_rows_are_the_same_in_memory_and_on_disk(sizes: tuple[int, int]) -> None:
    mine, parent = (HashLog(Spill(size)) for size in sizes)
    for log, values in ((mine, [7, 1 << 63, 9, 7]), (parent, [9, 1 << 63])):
        for first in (0, 2):
            block = pl.Series(values[first : first + 2], dtype=pl.UInt64)
            log.add(2 + first, HashedBlock(block, None, len(block)))
    repeated = mine.repeated_rows()
    absent = mine.rows_absent_from(parent)
    assert repeated is not None
    assert absent is not None
    assert (repeated.tolist(), absent.tolist()) == ([2, 5], [2, 5])
    assert parent.rows_absent_from(mine) is None


def test_what_went_to_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with tempfile.SpooledTemporaryFile(1) as file:
        Partitions(file).add(np.array([1], np.uint64), np.array([1], np.int64))
        assert file.name is not None
        assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200), st.lists(st.integers(0, 2**64 - 1), max_size=50))
@example([0, 1], [0, 1, 2])
def test_a_hash_set_holds_what_was_put_in(known: list[int], asked: list[int]) -> None:
    wanted = [*asked, *known]
    held = [value in set(known) for value in wanted]
    alike = [value in set(known) or (value in {0, 1} and bool({0, 1} & set(known))) for value in wanted]
    for few, truth in ((keys._FEW, held), (0, alike)):  # a table of slots takes 0 for 1
        with patch.object(keys, "_FEW", few):
            hash_set = HashSet(pl.Series(known, dtype=pl.UInt64))
        for is_known in (True, False):
            places = hash_set.places(pl.Series(wanted, dtype=pl.UInt64), known=is_known)
            expected = [at for at, value in enumerate(truth) if value is is_known]
            assert ([] if places is None else places.tolist()) == expected
