"""Every verdict that frictionless-py recorded is ours too, but for the named decisions."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import CONFORMANCE
from tests.conformance.decisions import Decision, read_counts, read_decisions
from tests.conformance.recorded import Case, compare, compare_all, read_calls, read_cells, read_packages

if not CONFORMANCE.is_dir():
    pytest.skip(f"{CONFORMANCE} is absent", allow_module_level=True)


STATUSES = ("agree", "deviation", "out-of-scope")


@pytest.fixture(scope="module")
def decisions() -> tuple[Decision, ...]:
    return read_decisions()


@pytest.fixture(scope="module")
def cells() -> Iterator[dict[str, Case]]:
    with tempfile.TemporaryDirectory() as folder:
        yield {case.id: case for case in read_cells(Path(folder))}


def _cell_ids() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return [case.id for case in read_cells(Path(folder))]


@pytest.mark.parametrize("case", [*read_calls(), *read_packages()], ids=lambda case: case.id)
def test_the_recorded_verdict_is_ours(case: Case, decisions: tuple[Decision, ...]) -> None:
    outcome = compare(case, decisions)
    assert outcome.status != "unexplained", str(outcome)
    if outcome.status == "out-of-scope":
        pytest.skip(f"out of scope: {outcome.reason}")


@pytest.mark.parametrize("name", _cell_ids())
def test_the_recorded_verdict_on_a_cell_is_ours(
    name: str, cells: dict[str, Case], decisions: tuple[Decision, ...]
) -> None:
    outcome = compare(cells[name], decisions)
    assert outcome.status != "unexplained", str(outcome)


def test_every_case_that_a_decision_names_exists(cells: dict[str, Case], decisions: tuple[Decision, ...]) -> None:
    known = {case.id for case in (*read_calls(), *read_packages())} | set(cells)
    named = {name for decision in decisions for name in (*decision.cases, *decision.ours)}
    assert {name for name in named if not name.startswith("case:")} <= known


def test_the_counts_are_what_the_page_says(decisions: tuple[Decision, ...]) -> None:
    found: dict[str, Counter[str]] = {}
    for outcome in compare_all(decisions):
        found.setdefault(outcome.case.id.partition(":")[0], Counter())[outcome.status] += 1
    assert {kind: {status: count[status] for status in STATUSES} for kind, count in found.items()} == read_counts()


def test_every_decision_has_an_id_of_its_own_and_a_reason(decisions: tuple[Decision, ...]) -> None:
    assert len({decision.id for decision in decisions}) == len(decisions)
    assert all(len(decision.reason) > 20 for decision in decisions)
    assert all(bool(decision.ours) == (decision.kind == "deviation") for decision in decisions)
