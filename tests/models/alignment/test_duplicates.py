"""Events, actors and names of the reference dataset that may stand twice: found when it is asked for, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.models.alignment.cases import actor, event
from tests.models.alignment.dataset import Change, put, write_project, write_tables

ASKED = Options(trust_rules=True, select=("likely-duplicate-*",))
TOLD = {
    "title": "Ministers visit the port of Southport",
    "summary": "Three ministers visited the port and spoke with its workers.",
}
TOLD_AGAIN = {
    "title": "Ministers visit the port in Southport",
    "summary": "Three ministers visited the port and talked to its workers.",
}


def found(folder: Path, *changes: Change, options: Options = ASKED) -> set[tuple[str, str | None]]:
    write_project(folder)
    write_tables(folder, put("actors", "A000004", name="Cabinet of the South"), *changes)
    report = validate(load_project(folder), options)
    return {(item.rule, item.key) for item in report.findings}


@pytest.mark.parametrize(
    ("again", "is_found"),
    [
        ({}, True),
        ({"date_edtf": "2025-03"}, True),
        ({"date_edtf": "2025-03-09"}, False),
        ({"recipients": ("A000003",)}, False),
        ({"event_type": "visit.state"}, False),
        ({"title": "Sailors strike", "summary": "Nobody worked in any harbour of the whole country for a day."}, False),
    ],
    ids=str,
)
def test_an_act_of_the_same_actors_is_told_twice(again: dict[str, object], is_found: bool, tmp_path: Path) -> None:
    second: dict[str, object] = {**TOLD_AGAIN, **again}
    changes = (*event(3, **TOLD), *event(4, **second))  # type: ignore[arg-type]  # the cells of a row
    assert found(tmp_path, *changes) == ({("likely-duplicate-event", "E000004")} if is_found else set())


def test_names_of_two_actors_are_alike_and_those_of_one_may_be(tmp_path: Path) -> None:
    own = {"lang": "ru", "name_type": "official", "is_preferred": "false"}
    changes = (
        actor("A000008", "person", name="Evgeny Prigozhin"),
        actor("A000009", "person", name="Yevgeny Prigozhin"),
        put("actor_names", "N000008", actor_id="A000008", name="Евгений Пригожин", **own),
        put("actor_names", "N000009", actor_id="A000008", name="Yevgeniy Prigozhin", **own),
        put("actor_names", "N000010", actor_id="A000009", name="Prigozhin, Yevgeny", **own),
    )
    expected = {("likely-duplicate-actor", "A000009"), ("likely-duplicate-name", "N000010")}
    assert found(tmp_path, *changes) == expected


def test_nobody_is_bothered_with_it_unasked(tmp_path: Path) -> None:
    changes = (*event(3, **TOLD), *event(4, **TOLD_AGAIN))  # type: ignore[arg-type]
    assert found(tmp_path, *changes, options=Options(trust_rules=True)) == set()
