"""A row of corrections.csv explains what it names, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.errors import ProjectError
from deedbook.versioning.corrections import COLUMNS, PATH, Correction, match_corrections, read_corrections
from tests.versioning.dataset import make_dataset

NEEDED = [
    Correction("1.0.1", "items", "I1", "kind", "treaty", "talks"),
    Correction("1.0.1", "items", "I2", "kind", "protest", "attack"),
]


def said_of(tmp_path: Path, *rows: str) -> tuple[list[str], list[str]]:
    """The keys whose reason is given, and the rules of what is wrong."""
    dataset = make_dataset(tmp_path, rows=2)
    (dataset.root / PATH).write_text("\n".join([",".join(COLUMNS), *rows, ""]))
    found = match_corrections(dataset.load(), NEEDED, "1.0.1", read_corrections(dataset.load()))
    return [item.key for item in found.given], [item.rule for item in found.findings]


def test_a_row_for_all_explains_what_it_names_alone(tmp_path: Path) -> None:
    given, wrong = said_of(tmp_path / "1", "1.0.1,items,*,kind,treaty,,scope,,")
    assert (given, wrong) == (["I1"], ["correction-without-reason"])
    given, wrong = said_of(tmp_path / "2", "1.0.1,items,*,kind,,,scope,,")
    assert (given, wrong) == (["I1", "I2"], [])


def test_a_second_reason_for_a_cell_is_told_as_that(tmp_path: Path) -> None:
    rows = [f"1.0.1,items,I{n},kind,{item.old},{item.new},scope,," for n, item in enumerate(NEEDED, start=1)]
    assert said_of(tmp_path / "1", *rows, rows[0]) == (["I1", "I2"], ["correction-given-twice"])


def test_a_reason_of_blanks_is_none_and_a_merge_that_is_not_resolved_is_called_so(tmp_path: Path) -> None:
    assert said_of(tmp_path / "1", "1.0.1,items,*,kind,,,  ,,")[0] == []
    with pytest.raises(ProjectError, match="unresolved merge"):
        said_of(tmp_path / "2", "<<<<<<< HEAD", "1.0.1,items,I1,kind,treaty,talks,scope,,")
