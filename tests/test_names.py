"""What a release may be called is what every system takes."""

from __future__ import annotations

import pytest

from deedbook.names import LONGEST_FILE, LONGEST_NAME, alike, file_problem, name_problem, table_problem


@pytest.mark.parametrize("name", ["events", "Events_2", "a.b-c", "0", "console", "x" * LONGEST_NAME])
def test_a_usual_name_is_taken(name: str) -> None:
    assert table_problem(name) == name_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", ".hidden", "-rf", "a b", "a/b", "..", "événement", "con", "AUX", "nul.tar", "Lpt9", "dot.", "x" * 129, "a\n"],
)
def test_a_name_that_some_system_does_not_take_is_refused(name: str) -> None:
    assert name_problem(name)
    assert table_problem(name)


def test_sqlite_keeps_some_names_of_tables_for_itself() -> None:
    assert name_problem("SQLite_stat1") == ""
    assert "SQLite" in table_problem("SQLite_stat1")


@pytest.mark.parametrize("name", ["SHA256SUMS", "events.csv", "with blank.csv", "événement.csv", "x" * LONGEST_FILE])
def test_a_usual_file_name_is_taken(name: str) -> None:
    assert file_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "a/b",
        "a\\b",
        "c:x",
        "a?",
        "a*b",
        "~x",
        "-x",
        ".x",
        "x.",
        "x ",
        "aux.csv",
        "COM1.parquet",
        "COM¹.csv",
        "nul .csv",
        "a\x1b[2J.csv",
        "a\u202ecsv",
        "x" * (LONGEST_FILE + 1),
    ],
)
def test_a_file_name_that_some_system_takes_for_something_else_is_refused(name: str) -> None:
    assert file_problem(name)


def test_names_that_a_file_system_takes_for_one_are_found() -> None:
    assert alike(["a", "b"]) is None
    assert alike(["a", "a"]) is None
    assert alike(["Events", "x", "events"]) == ("Events", "events")
    assert alike(["é.csv", "e\u0301.csv"]) == ("é.csv", "e\u0301.csv")
    assert alike(["STRASSE", "straße"]) == ("STRASSE", "straße")
