"""The generator plants what its manifest says, and nothing else."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import generate as module
from benchmarks.generate import COLUMNS, EXTRA_KINDS, KINDS, event_id, generate

ROWS = 3_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "WORK", tmp_path)
    monkeypatch.setattr(module, "ACTORS", 500)
    monkeypatch.setattr(module, "SOURCES", 500)
    monkeypatch.setattr(module, "CHUNK", 700)


def records(folder: Path) -> list[list[str]]:
    text = (folder / "events.csv").read_bytes().decode(errors="replace")
    return list(csv.reader(text.splitlines(keepends=True)))


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_clean_package_has_every_row_whole_and_some_cells_on_two_lines() -> None:
    folder = generate(ROWS)
    rows = records(folder)
    assert rows[0] == list(COLUMNS)
    assert len(rows) == ROWS + 1
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len({row[0] for row in rows}) == ROWS + 1
    broken = sum("\n" in row[-1] for row in rows)
    assert 0.01 < broken / ROWS < 0.03
    assert manifest(folder) == []


def test_all_36_kinds_are_planted_at_least_once_and_the_manifest_names_their_places() -> None:
    folder = generate(ROWS, "dirtyx")
    rows, planted = records(folder), manifest(folder)
    assert len({item["kind"] for item in planted}) == len(KINDS) + len(EXTRA_KINDS) == 36
    clean = records(generate(ROWS))
    changed = {number for number, (new, old) in enumerate(zip(rows, clean, strict=True), start=1) if new != old}
    assert changed == {int(item["row"]) for item in planted}
    lengths = Counter(len(row) for row in rows)
    assert lengths[len(COLUMNS) + 1] == sum(item["type"] == "extra-cell" for item in planted)
    first = next(item for item in planted if item["kind"] == "duplicate-key")
    row = int(first["row"])
    assert rows[row - 1][0] == event_id((row - 2) // 2)


def test_the_same_arguments_give_the_same_bytes() -> None:
    folder = generate(ROWS, "dirty")
    before = {file.name: file.read_bytes() for file in folder.glob("*.*")}
    folder.rename(folder.with_name("moved"))
    after = {file.name: file.read_bytes() for file in generate(ROWS, "dirty").glob("*.*")}
    assert after == before


def test_every_row_of_the_all_bad_variant_is_bad() -> None:
    rows = records(generate(ROWS, "all-bad"))
    assert {row[COLUMNS.index("precision")] for row in rows[1:]} == {"x"}
