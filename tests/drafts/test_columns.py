"""What rests on few cells is asked, or not drafted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deedbook import drafts


def field(folder: Path, name: str, *texts: str) -> tuple[dict[str, Any], str]:
    """What is drafted of a column beside a key, and what is asked about it."""
    lines = [f"{name},key", *(f"{text},K{at:04}x{at % 7}" for at, text in enumerate(texts))]
    (folder / "table.csv").write_text("\n".join([*lines, ""]), "utf-8")
    (table,) = drafts.describe([folder / "table.csv"]).tables
    return table.schema["fields"][0], "; ".join(guess.todo for guess in table.todos if guess.field == name)


@pytest.mark.parametrize(
    ("times", "is_drafted", "asked"),
    [(10, False, ""), (30, True, "are these all its values? 60 cells"), (60, True, "")],
)
def test_a_list_of_values_rests_on_many_cells_or_is_asked_about(
    tmp_path: Path, times: int, is_drafted: bool, asked: str
) -> None:
    found, todo = field(tmp_path, "kind", *["riot", "protest"] * times)
    assert ("enum" in found.get("constraints", {})) is is_drafted
    assert todo.startswith(asked)
    assert bool(todo) is bool(asked)


def test_a_value_that_stands_there_once_is_asked_about(tmp_path: Path) -> None:
    _, todo = field(tmp_path, "kind", *["riot", "protest"] * 60, "strike")
    assert todo == "are these all its values, and right? strike stands there once"


def test_small_counts_are_no_list_without_a_question(tmp_path: Path) -> None:
    found, todo = field(tmp_path, "deaths", *["0", "1", "2", "3"] * 40)
    assert found["constraints"]["enum"] == [0, 1, 2, 3]
    assert "are these codes, of which there are no others?" in todo


@pytest.mark.parametrize(("count", "least"), [(2, None), (99, None), (100, 0)])
def test_the_least_value_of_numbers_rests_on_many_cells(tmp_path: Path, count: int, least: int | None) -> None:
    found, _ = field(tmp_path, "size", *map(str, range(1, count + 1)))
    assert found.get("constraints", {}).get("minimum") == least


def test_required_and_patterns_rest_on_many_cells(tmp_path: Path) -> None:
    few, _ = field(tmp_path, "code", *(f"A{at:02}" for at in range(20)))
    many, _ = field(tmp_path, "code", *(f"A{at:02}" for at in range(40)))
    assert set(few.get("constraints", {})) <= {"unique"}
    assert {"required", "pattern"} <= set(many["constraints"])


def test_one_cell_that_does_not_fit_among_twenty_is_an_exception(tmp_path: Path) -> None:
    found, todo = field(tmp_path, "deaths", *["0", "1", "2", "3"] * 6, "about 5")
    assert (found["type"], todo[:34]) == ("string", "all but 1 cell are of the type int")
