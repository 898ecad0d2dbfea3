"""The report of a cluster is that of this machine, for every package and table of ../shared, cut into spans as small as they go.

One in eight, or with DEEDBOOK_STRIDE=1 every one, which takes minutes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deedbook.cluster import Spark
from tests.conformance import SHARED

if not (SHARED / "conformance").is_dir() or not (SHARED / "cases").is_dir():
    pytest.skip(f"{SHARED} is absent", allow_module_level=True)

from tests.cluster.parity import read_all_projects, reports

STRIDE = int(os.environ.get("DEEDBOOK_STRIDE", "8"))
PROJECTS = read_all_projects()


@pytest.mark.parametrize("name", sorted(PROJECTS)[::STRIDE])
def test_the_report_is_that_of_this_machine(
    name: str, spark: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some rule files write where they run
    there, here = reports(PROJECTS[name], spark)
    assert there == here


def test_there_are_cases_of_all_kinds() -> None:
    kinds = {Path(name).parts[:2] for name in PROJECTS}
    assert {("cases", "rules"), ("cases", "structure")} <= kinds
