"""The peers of the diff benchmark count the same changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.diff import PEERS

OLD = 'event_id,status,headline\na,new,"x, y"\nb,new,\nc,old,z\n'
NEW = 'event_id,status,headline\na,old,"x, y"\nb,new,w\nd,old,z\ne,,\n'


@pytest.mark.parametrize("name", ["polars", "duckdb"])
def test_a_peer_counts_rows_and_cells(tmp_path: Path, name: str) -> None:
    for file, text in (("old.csv", OLD), ("new.csv", NEW)):
        (tmp_path / file).write_text(text, encoding="utf-8")
    counts = PEERS[name](tmp_path / "old.csv", tmp_path / "new.csv")
    assert counts == {"added": 2, "removed": 1, "headline": 1, "status": 1}
