"""The printed matrix says which reader finds something else."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from deedbook.release.build import build
from tests.external.matrix import HEADER, matrix, table
from tests.external.test_readers import HARD, READERS
from tests.release.conftest import MakeProject

pytestmark = [pytest.mark.external, pytest.mark.slow]


def test_the_matrix_shows_every_reader_and_who_differs(make_project: MakeProject, tmp_path: Path) -> None:
    built = build(make_project(HARD))
    assert built.release is not None, built.report.findings
    lines = list(matrix(built.release.folder))
    assert len(lines) == 1 + len(READERS) + 1 + 6 + 1
    assert {line[-1] for line in lines} == {"the same"}
    printed = list(table(lines))
    assert printed[0].split("  ")[0] == HEADER[0]
    assert any("dta by R" in line and "1820-05-09  2024-02-29" in line and " 4 " in line for line in printed)
    spoiled = tmp_path / "spoiled"
    shutil.copytree(built.release.folder, spoiled)
    pl.read_ndjson(spoiled / "hard.jsonl").head(2).write_ndjson(spoiled / "hard.jsonl")
    verdicts = {line[0]: line[-1] for line in matrix(spoiled)}
    assert [reader for reader, verdict in verdicts.items() if verdict != "the same"] == ["jsonl by duckdb"]
    assert verdicts["jsonl by duckdb"] == "differs: hard.id: rows is 2, not 3"
