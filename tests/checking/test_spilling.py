"""Hashes beyond the budget go to disk and come back, and no folder stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from deedbook.checking.spilling import PARTITIONS, Partitions, open_shelf, partition_of, remove_abandoned


def test_pairs_come_back_from_the_partition_of_their_hash(tmp_path: Path) -> None:
    hashes = np.array([0, 1 << 58, 5, (1 << 64) - 1, 1 << 58], np.uint64)
    parts = Partitions(tmp_path)
    parts.add(hashes[:3], np.arange(3, dtype=np.int64))
    parts.add(hashes[3:], np.arange(3, 5, dtype=np.int64))
    found = {
        number: [list(map(int, column)) for column in parts.read(number)]
        for number in range(PARTITIONS)
        if len(parts.read(number)[0])
    }
    assert found == {0: [[0, 5], [0, 2]], 1: [[1 << 58, 1 << 58], [1, 4]], 63: [[(1 << 64) - 1], [3]]}
    assert parts.count == 5
    assert partition_of(hashes).tolist() == [0, 1, 0, 63, 1]


def test_a_shelf_is_full_when_its_budget_is_used() -> None:
    with open_shelf(100) as shelf:
        assert not shelf.is_full(60)
        assert shelf.is_full(41)
        assert not shelf.is_full(40)
        shelf.release(60)
        assert not shelf.is_full(60)
        assert shelf.is_full(1)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_goes_even_when_the_validation_raises(temporary: Path) -> None:
    def fail() -> None:
        with open_shelf(0) as shelf:
            assert shelf.new_log().parent.parent == temporary
            assert shelf.new_log().is_dir()
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
