"""`deedbook history` and `deedbook log`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.project import Outcome
from tests.versioning.dataset import make_dataset

Run = Callable[..., Outcome]


def test_the_versions_and_the_way_of_a_row_are_told(project: Path, deedbook: Run, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "p", rows=50)
    dataset.release()
    dataset.rows[3][1] = "another"
    dataset.plan()
    dataset.explain("source_correction", "the book says so")
    dataset.build()
    home = str(dataset.root / "dist" / "items")
    project.mkdir(exist_ok=True)
    assert deedbook("log", home).out == (
        "items: 2 versions, newest first\n"
        "  1.0.1  2026-01-03  patch  values-corrected (1)\n"
        "  1.0.0  2026-01-02  first  50 rows in 1 table\n"
    )
    told = deedbook("history", "items", "I0003", home)
    assert told.out == (
        "items I0003, newest first\n"
        '  1.0.1  2026-01-03  name: "item 3" -> "another" (source_correction: the book says so)\n'
        "  1.0.0  2026-01-02  came with its table\n"
    )
    events = json.loads(deedbook("history", "items", "I0004", home, "-f", "json").out)["events"]
    assert [(item["version"], item["what"]) for item in events] == [("1.0.0", "came with its table")]
    versions = json.loads(deedbook("log", home, "-f", "json").out)["versions"]
    assert [(item["version"], item["level"], item["yanked"]) for item in versions] == [
        ("1.0.1", "patch", None),
        ("1.0.0", "first", None),
    ]
    for row, table in (("I9999", "items"), ("I0003", "other")):
        assert deedbook("history", table, row, home).code == 2
    diff = deedbook("diff", f"{home}/1.0.0", f"{home}/1.0.1").out
    assert '~ I0003 name: "item 3" -> "another" (source_correction: the book says so)' in diff
    assert diff.endswith("the releases on the way give 1 reason\n")
