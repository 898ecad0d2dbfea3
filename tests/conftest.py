"""The order of the tests where several processes run them: the longest first, so that none is left alone with one at the end."""

from __future__ import annotations

import itertools
import os
import tomllib
from pathlib import Path

import pytest

SECONDS: dict[str, int] = tomllib.loads(Path(__file__).with_name("durations.toml").read_text(encoding="utf-8"))
"""How long one case of a test takes, roughly, on one processor, of those that take more than some ten seconds."""


@pytest.hookimpl(
    trylast=True
)  # once it is known which tests run, and pytest has put those together that share a fixture
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deals the long tests to the processes, the longest first and always to who has least; the others stay in order.

    `--dist worksteal` gives each process an equal part of the list to begin with, and takes from the end of one when another has done its own.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    hands: list[list[pytest.Item]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for item in sorted(filter(seconds, items), key=seconds, reverse=True):
        least = loads.index(min(loads))
        hands[least].append(item)
        loads[least] += seconds(item)
    others = iter([item for item in items if not seconds(item)])
    left = len(items)
    dealt: list[pytest.Item] = []
    for number, hand in enumerate(hands):
        part = left // (processes - number)
        left -= part
        dealt += [*hand, *itertools.islice(others, max(part - len(hand), 0))]
    items[:] = [*dealt, *others]


def seconds(item: pytest.Item) -> int:
    """How long a test is known to take; 0 for one that is short."""
    return SECONDS.get(item.nodeid.partition("[")[0], 0)
