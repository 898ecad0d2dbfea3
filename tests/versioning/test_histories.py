"""Invented histories of a dataset give the versions that they deserve."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.release.build import build
from tests.versioning.dataset import Dataset, make_dataset

Step = Callable[[Dataset], None]


def add(count: int = 1) -> Step:
    def step(data: Dataset) -> None:
        first = max(int(row[0][1:]) for row in data.rows) + 1
        data.rows += [
            [f"I{number:04d}", f"item {number}", str(number), *[""] * (len(data.fields) - 3)]
            for number in range(first, first + count)
        ]

    return step


def withdraw(count: int) -> Step:
    def step(data: Dataset) -> None:
        del data.rows[:count]

    return step


def correct(count: int) -> Step:
    def step(data: Dataset) -> None:
        for row in data.rows[:count]:
            row[1] += "!"

    return step


def title(data: Dataset) -> None:
    data.describe(title=f"Items {data.day}")


def everything(data: Dataset) -> None:
    for step in (add(), correct(2), title):
        step(data)


def licence(name: str) -> Step:
    return lambda data: data.describe(licenses=[{"name": name}])


def append_field(data: Dataset) -> None:
    data.fields.append({"name": f"extra{len(data.fields)}", "type": "string"})
    for row in data.rows:
        row.append("")


def drop_field(data: Dataset) -> None:
    data.fields.pop()
    for row in data.rows:
        row.pop()


def rename(data: Dataset) -> None:
    data.fields[2]["name"] = "amount"


def tighten(data: Dataset) -> None:
    data.fields[1]["constraints"] = {"required": True}


def relax(data: Dataset) -> None:
    data.fields[1].pop("constraints", None)


def rekey(data: Dataset) -> None:
    data.rows[5][0] = "I9999"


def rewrite(data: Dataset) -> None:
    data.rows.reverse()


HISTORIES: dict[str, tuple[str, list[Step], list[str]]] = {
    "a dataset that only grows": ("1.0.0", [add(), add(3), add(50)], ["1.1.0", "1.2.0", "1.3.0"]),
    "corrections, then a mass revision": ("1.0.0", [correct(1), correct(10), correct(11)], ["1.0.1", "1.0.2", "2.0.0"]),
    "few rows go, then many": ("1.0.0", [withdraw(2), withdraw(3)], ["1.1.0", "2.0.0"]),
    "columns come and go": ("1.0.0", [append_field, drop_field, rename], ["1.1.0", "2.0.0", "3.0.0"]),
    "a constraint is tightened and relaxed": ("2.3.4", [tighten, relax], ["3.0.0", "3.1.0"]),
    "the licence moves": ("1.0.0", [licence("CC-BY-NC-4.0"), licence("CC0-1.0")], ["2.0.0", "2.1.0"]),
    "before 1.0.0 all is milder": (
        "0.1.0",
        [add(), correct(1), drop_field, title],
        ["0.1.1", "0.1.2", "0.2.0", "0.2.1"],
    ),
    "nothing happens in between": ("1.0.0", [rewrite, title, rewrite, add()], ["", "1.0.1", "", "1.1.0"]),
    "a row gets another id": ("1.0.0", [rekey, correct(1)], ["1.1.0", "1.1.1"]),
    "everything at once": ("1.4.9", [everything, add()], ["1.5.0", "1.6.0"]),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_gives_its_versions(history: str, tmp_path: Path) -> None:
    first, steps, expected = HISTORIES[history]
    dataset = make_dataset(tmp_path / "p", first)
    assert build(dataset.load()).release is not None
    versions = []
    for step in steps:
        step(dataset)
        versions.append(dataset.release())
    assert versions == expected
    released = [first, *(version for version in expected if version)]
    last = tmp_path / "p" / "dist" / "items" / released[-1]
    history_of = json.loads((last / "changes.json").read_text())["history"]
    assert [entry["version"] for entry in history_of] == released[::-1]
    changelog = (last / "CHANGELOG.md").read_text()
    assert [line.split()[1] for line in changelog.splitlines() if line.startswith("## ")] == released[::-1]
