"""Long tests start first, each process has its share of them, and the list of them names tests that there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests import conftest
from tests.documents import REPOSITORY


@dataclass(frozen=True, slots=True)
class Item:
    nodeid: str


def dealt(monkeypatch: pytest.MonkeyPatch, processes: int, *names: str) -> list[str]:
    monkeypatch.setattr(conftest, "SECONDS", {"a": 9, "b": 8, "c": 7, "d": 6})
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", str(processes))
    items: list[Any] = [Item(name) for name in names]
    conftest.pytest_collection_modifyitems(items)
    return [item.nodeid for item in items]


def test_each_process_begins_with_its_share_of_the_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    shuffled = ("1", "c", "2", "a[x]", "3", "4", "d", "5", "b", "6")
    assert dealt(monkeypatch, 2, *shuffled) == ["a[x]", "d", "1", "2", "3", "b", "c", "4", "5", "6"]
    assert dealt(monkeypatch, 1, *shuffled)[:4] == ["a[x]", "b", "c", "d"]


@pytest.mark.parametrize("names", [(), ("a",), ("1",), ("a", "b", "c"), ("a", "a", "1", "2", "3")])
def test_no_test_is_lost_or_run_twice(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    assert sorted(dealt(monkeypatch, 4, *names)) == sorted(names)


@pytest.mark.parametrize("name", conftest.SECONDS)
def test_a_test_that_is_said_to_be_long_exists(name: str) -> None:
    file, _, function = name.partition("::")
    assert re.search(rf"^def {function}\(", (REPOSITORY / file).read_text(encoding="utf-8"), re.MULTILINE)
