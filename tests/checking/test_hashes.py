"""Hashes are found again; those beyond the spill go to disk and come back, and no folder stays behind."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.checking import hashes
from deedbook.checking.hashes import PARTITIONS, HashedBlock, HashLog, HashSet, Partitions, Spill


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
    slots: dict[str, Any] = {"_FEW": 0, "_LISTED": -1}  # a table of slots takes 0 for 1
    most: dict[str, Any] = {"_SORTED": 1}
    for limits, truth in ((most, held), (slots, alike), ({**slots, "_SORTED": 8}, alike)):
        with patch.multiple(hashes, **limits):
            hash_set = HashSet(pl.Series(known, dtype=pl.UInt64))
            for is_known in (True, False):
                places = hash_set.places(pl.Series(wanted, dtype=pl.UInt64), known=is_known)
                expected = [at for at, value in enumerate(truth) if value is is_known]
                assert ([] if places is None else places.tolist()) == expected


@pytest.mark.parametrize("at_once", [1 << 22, 500, 7])
def test_repeated_hashes_are_found_whatever_is_sorted_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_SORTED", at_once)
    values = np.random.default_rng(1).permutation(
        np.append(np.arange(1, 4_097, dtype=np.uint64) << np.uint64(51), [1 << 63, 5])
    )
    log = HashLog(Spill(1 << 20))
    for first in range(0, len(values), 1_000):
        block = pl.Series(values[first : first + 1_000], dtype=pl.UInt64)
        log.add(first, HashedBlock(block, None, len(block)))
    repeated = log.repeated_rows()
    assert repeated is not None
    assert repeated.tolist() == np.flatnonzero(values == 1 << 63).tolist()


def test_a_set_for_which_there_is_no_memory_is_looked_up_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_FEW", 0)
    logs = [HashLog(Spill(200)) for _ in range(3)]
    for log, values in zip(logs, ([1, 2], [1, 2, 3], list(range(9))), strict=True):
        log.add(2, HashedBlock(pl.Series(values, dtype=pl.UInt64), None, len(values)))
    known = logs[0].as_set()
    assert known is not None
    assert logs[0].spill.used == 16 + known.nbytes
    assert logs[2].as_set() is None
    assert logs[2].partitions is not None
    assert logs[1].rows_absent_from(logs[2]) is None
    absent = logs[2].rows_absent_from(logs[1])
    assert absent is not None
    assert absent.tolist() == [2, *range(6, 11)]


def test_what_nobody_asks_for_any_more_counts_no_longer() -> None:
    spill = Spill(100)
    log = HashLog(spill)
    log.add(2, HashedBlock(pl.Series([1, 2], dtype=pl.UInt64), None, 2))
    assert spill.used == 16
    log.clear()
    assert spill.used == 0


_MANY = """
import resource
import numpy as np
import polars as pl
from deedbook.checking.hashes import HashedBlock, HashLog, Spill

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

random, log = np.random.default_rng(1), HashLog(Spill(1 << 30))
for first in range(0, 24 << 20, 1 << 16):
    hashes = pl.Series(random.integers(0, 2**64, 1 << 16, np.uint64))
    log.add(first, HashedBlock(hashes, None, len(hashes)))
before = peak()
assert log.repeated_rows() is None
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak counts in kilobytes there")
def test_looking_for_repeated_keys_takes_less_memory_than_their_hashes() -> None:
    """Of 24 million rows, whose hashes take 192 MB; a sorted copy of all would take as much again."""
    done = subprocess.run([sys.executable, "-c", _MANY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 140
