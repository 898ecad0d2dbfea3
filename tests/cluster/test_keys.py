"""Hashes are brought together bucket by bucket: what is found does not depend on how they come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.cluster import keys
from deedbook.cluster.keys import Question, repeated
from deedbook.cluster.tasks import bundled_hashes

HASHES = st.lists(st.integers(0, 6), min_size=1, max_size=12)


def pairs_of(hashes: Sequence[int], first: int = 0) -> Any:
    """Hashes that differ in their first and in their last bits, with records that rise."""
    return np.array(hashes, np.uint64) * np.uint64((1 << 60) + 1), np.arange(first, first + len(hashes), dtype=np.int64)


@given(chunks=st.lists(HASHES, max_size=5))
def test_what_is_there_more_than_once_is_told_once(chunks: list[list[int]]) -> None:
    every = [number for chunk in chunks for number in chunk]
    starts = np.cumsum([0, *map(len, chunks)]).tolist()
    found = [*repeated(pairs_of(chunk, start) for chunk, start in zip(chunks, starts, strict=False))]
    told = sorted(record for _, records in found for record in records.tolist())
    assert told == [at for at, number in enumerate(every) if Counter(every)[number] > 1]


def rows_of(batches: Sequence[pa.RecordBatch]) -> list[dict[str, Any]]:
    """Their rows."""
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("bits", [0, 2, 10])
def test_a_task_answers_for_the_buckets_that_it_is_given(bits: int) -> None:
    parents, children = pairs_of([1, 2, 3, 2]), pairs_of([1, 1, 4, 3, 5, 4])
    bundles = [*bundled_hashes([children], 7, 1, bits), *bundled_hashes([parents], 3, 0, bits)]
    question = Question(2, {0: {3: 100}, 1: {7: 200}}, {0}, {1: 0})
    answer = rows_of([*question.answer(iter(bundles))])
    assert sorted(row["record"] for row in answer if row["near"] >= 0) == [101, 103]
    counts = {key: sum(row["count"] for row in answer if row["key"] == key) for key in (0, 1)}
    assert counts == {0: 2, 1: 3}
    assert [row["record"] for row in answer if row["key"] == 1 and row["record"] >= 0] == [202, 204]


def test_values_that_came_before_are_counted_however_they_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_ROWS", 1)
    rows = [("a", 5), ("b", 2), ("a", 3), ("c", 1), ("b", 9), ("a", 4), ("a", 8)]
    batches = [
        pa.RecordBatch.from_pydict({"value": [it[0] for it in two], "record": [it[1] for it in two]})
        for two in (rows[:2], rows[2:4], rows[4:6], rows[6:])
    ]
    count, *shown = rows_of([*keys.first_repeated(2, iter(batches))])
    assert count["count"] == 4
    assert [(row["record"], row["earliest"]) for row in shown] == [(4, 3), (5, 3)]
