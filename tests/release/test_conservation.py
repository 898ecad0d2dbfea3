"""A release holds as many rows, and as many values of each column, as validation counted."""

from __future__ import annotations

import json

import polars as pl
import pytest

from deedbook.errors import RefusalError
from deedbook.release import derived
from deedbook.release.build import build
from deedbook.release.tables import loss
from deedbook.release.verification import verify
from tests.release.conftest import MakeProject
from tests.release.releases import release_of, repair_everything

FILLED = {"a": 2, "b": 3}


def test_lost_and_added_rows_and_values_are_told_apart() -> None:
    assert loss(3, FILLED, 3, {"a": 2, "b": 3}) == ""
    assert loss(3, FILLED, 4, {}) == "has 3 rows where validation read 4"
    assert loss(3, FILLED, 3, {"a": 3}) == "has 2 values in `a` where validation counted 3"
    assert loss(3, FILLED, 3, {"c": 1}) == "has 0 values in `c` where validation counted 1"


def test_a_build_that_would_lose_a_column_is_refused(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = derived.edited_table

    def emptied(*given: object) -> object:
        outline, text = whole(*given)  # type: ignore[arg-type]
        return outline, text.with_columns([pl.lit(None, pl.String).alias("note")]) if outline.name == "events" else text

    project = make_project()
    monkeypatch.setattr(derived, "edited_table", emptied)
    with pytest.raises(RefusalError, match="it has 0 values in `note` where validation counted 2"):
        build(project)
    assert not list((project.root / "dist").glob("*/1.0.0"))


def test_verify_compares_the_tables_with_what_validation_counted(make_project: MakeProject) -> None:
    folder = release_of(make_project())
    report = json.loads((folder / "validation.json").read_text())
    entry = next(entry for entry in report["tables"] if entry["table"] == "events")
    assert (entry["rows"], entry["present"]["note"]) == (3, 2)
    entry["present"]["note"] = 3
    (folder / "validation.json").write_text(json.dumps(report))
    repair_everything(folder)
    found = [(problem.file, problem.message) for problem in verify(folder).problems if problem.rule == "format-differs"]
    assert found == [("events.csv", "has 2 values in `note` where validation counted 3 (validation.json)")]
