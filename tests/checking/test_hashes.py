"""Hashes are found again; those beyond the budget go to disk and come back, and no folder stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.checking import hashes
from deedbook.checking.hashes import PARTITIONS, HashSet, Partitions, open_spill, partition_of, remove_abandoned


def test_pairs_come_back_from_the_partition_of_their_hash(tmp_path: Path) -> None:
    some = np.array([0, 1 << 58, 5, (1 << 64) - 1, 1 << 58], np.uint64)
    parts = Partitions(tmp_path)
    parts.add(some[:3], np.arange(3, dtype=np.int64))
    parts.add(some[3:], np.arange(3, 5, dtype=np.int64))
    found = {
        number: [list(map(int, column)) for column in parts.read(number)]
        for number in range(PARTITIONS)
        if len(parts.read(number)[0])
    }
    assert found == {0: [[0, 5], [0, 2]], 1: [[1 << 58, 1 << 58], [1, 4]], 63: [[(1 << 64) - 1], [3]]}
    assert partition_of(some).tolist() == [0, 1, 0, 63, 1]


def test_no_more_is_reserved_than_the_budget_has() -> None:
    with open_spill(100) as spill:
        assert spill.reserve(60)
        assert not spill.reserve(41)
        assert spill.reserve(40)
        spill.release(60)
        assert spill.reserve(60)
        assert not spill.reserve(1)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_goes_even_when_the_validation_raises(temporary: Path) -> None:
    def fail() -> None:
        with open_spill(0) as spill:
            assert spill.new_log().parent.parent == temporary
            assert spill.new_log().is_dir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(temporary.iterdir()) == []


def test_only_the_folders_of_killed_processes_are_removed(temporary: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, alive = temporary / f"deedbook-keys-{int(done.stdout)}-x", temporary / f"deedbook-keys-{os.getpid()}-x"
    for folder in (dead, alive, temporary / "other"):
        folder.mkdir()
    remove_abandoned()
    assert sorted(temporary.iterdir()) == sorted([alive, temporary / "other"])


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200), st.lists(st.integers(0, 2**64 - 1), max_size=50))
@example([0, 1], [0, 1, 2])
def test_a_hash_set_holds_what_was_put_in(known: list[int], asked: list[int]) -> None:
    wanted = [*asked, *known]
    held = [value in set(known) for value in wanted]
    alike = [value in set(known) or (value in {0, 1} and bool({0, 1} & set(known))) for value in wanted]
    for few, truth in ((hashes._FEW, held), (0, alike)):  # a table of slots takes 0 for 1
        with patch.object(hashes, "_FEW", few):
            hash_set = HashSet(pl.Series(known, dtype=pl.UInt64))
        for is_known in (True, False):
            places = hash_set.places(pl.Series(wanted, dtype=pl.UInt64), known=is_known)
            expected = [at for at, value in enumerate(truth) if value is is_known]
            assert ([] if places is None else places.tolist()) == expected
