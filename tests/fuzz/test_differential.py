"""Ours and the installed frictionless-py give the same verdict on generated tables, but for the agreed deviations.

DEEDBOOK_FUZZ_EXAMPLES sets the number of examples, drawn anew each time; without it the same 2,000 run in the gate.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from deedbook.checking import hashes
from tests.conformance.verdict import judge_resource
from tests.fuzz.deviations import DEVIATIONS, Difference, unexplained
from tests.fuzz.generating import Example, examples
from tests.fuzz.oracle import OracleError, judge_with_frictionless

ASKED = os.environ.get("DEEDBOOK_FUZZ_EXAMPLES", "")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")  # noqa: S108  # where a file costs nothing, if there is such a place
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.slow
@settings(
    max_examples=int(ASKED or 2000),
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(example=examples(), is_long=st.booleans(), lenient=st.booleans())
def test_ours_differs_from_frictionless_by_decision_only(
    folder: Path, example: Example, *, is_long: bool, lenient: bool
) -> None:
    (folder / "table.csv").write_bytes(example.text.encode())
    with pytest.MonkeyPatch.context() as patched:
        if is_long:  # the table is read, and its keys are looked up, as a large one
            patched.setattr(hashes, "_FEW", 0)
        ours = judge_resource({"name": "table", "path": "table.csv", "schema": example.schema}, folder, lenient=lenient)
    note(f"lenient: {lenient}\n{example}\nours: {ours} {ours.refused}")
    assert not ours.refused
    assert not ours.crashed
    try:
        theirs = judge_with_frictionless(example.schema, folder, "table.csv")
    except OracleError:
        return  # it compares a moment with a zone to one without, raises on sNaN, ...: no verdict to compare with
    note(f"frictionless: {' '.join(map(str, theirs)) or 'valid'}")
    mine, yours = frozenset(ours.items), frozenset(theirs)
    left = unexplained(Difference(example, mine - yours, yours - mine, mine, yours), lenient=lenient)
    assert left == (set(), set())


def test_every_deviation_has_an_id_of_its_own_and_a_reason() -> None:
    assert len({deviation.id for deviation in DEVIATIONS}) == len(DEVIATIONS)
    assert all(len(deviation.reason) > 20 for deviation in DEVIATIONS)
