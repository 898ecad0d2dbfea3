"""History columns, changes and reasons of many releases, counted once more with the csv module alone: no difference."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest

from deedbook.release.build import build
from deedbook.versioning.corrections import PATH, corrections_csv, read_corrections
from deedbook.versioning.plan import plan, write_drafts, write_plan
from tests.release.conftest import write_project
from tests.versioning.dataset import _cells

REASONS = ("coder_error", "new_evidence", "source_revised")
Table = dict[str, dict[str, str]]
"""The rows of a table by key, the parts of a key joined by `|`."""
TABLES: dict[str, tuple[str, ...]] = {
    "events": ("event_id", "day", "kind", "status"),
    "participants": ("event_id", "actor_id", "role"),
    "claims": ("claim_id", "event_id", "asserts", "confidence"),
}
KEYS = {"events": ("event_id",), "participants": ("event_id", "actor_id"), "claims": ("claim_id",), "items": ("id",)}
FLAT: dict[str, tuple[str, ...]] = {"items": ("id", "name", "size")}


class Releases:
    """A dataset that is edited at random and released again and again."""

    def __init__(self, root: Path, tables: dict[str, tuple[str, ...]]) -> None:
        self.root, self.tables, self.chance = root, tables, random.Random(7)  # noqa: S311  # no secret
        self.rows: dict[str, list[list[str]]] = {name: [] for name in tables}
        self.next = 0
        for name in tables:
            for _ in range(60):
                self.add(name)

    def add(self, name: str) -> None:
        self.next += 1
        keys = [f"{field[0].upper()}{self.next:05d}" for field in KEYS[name]]
        values = [f"{field} {self.next}" for field in self.tables[name][len(keys) :]]
        self.rows[name].append([*keys, *values])

    def edit(self) -> None:
        for name, rows in self.rows.items():
            for _ in range(self.chance.randrange(4)):
                row = self.chance.choice(rows)
                place = self.chance.randrange(len(KEYS[name]), len(row))
                row[place] = self.chance.choice(["", f"other {self.chance.random():.4f}"])
            for _ in range(self.chance.randrange(3)):
                self.add(name)
            if self.chance.random() < 0.3:
                rows.pop(self.chance.randrange(len(rows)))

    def release(self, number: int) -> Path:
        """Plans, gives each change one of three reasons, and builds."""
        tables = {name: (_csv(self.tables[name], rows), self.schema(name)) for name, rows in self.rows.items()}
        known = self.root / "datapackage" / "datapackage.json"
        raw = json.loads(known.read_text()) if known.exists() else {"version": "1.0.0", "deedbook": {"previous": None}}
        kept: dict[str, Any] = {name: raw[name] for name in ("version", "deedbook")}
        project = write_project(self.root, tables, formats=(), **kept)
        if number:
            planned = plan(project)
            project = write_plan(project, planned, dt.date(2026, 11, 22) + dt.timedelta(days=number))
            write_drafts(project, planned)
            rows = [
                type(row)(**{**_cells(row), "reason": row.reason or self.chance.choice(REASONS)})
                for row in read_corrections(project)
            ]
            (project.package.root / PATH).write_text(corrections_csv(rows))
        built = build(project)
        assert built.release is not None, built.report.findings
        return built.release.folder

    def schema(self, name: str) -> dict[str, Any]:
        fields = [{"name": field, "type": "string"} for field in self.tables[name]]
        return {"fields": fields, "primaryKey": list(KEYS[name])}


def _csv(header: tuple[str, ...], rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in (list(header), *rows))


def read(folder: Path, name: str) -> Table:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return {"|".join(row[key] for key in KEYS[name]): row for row in csv.DictReader(file)}


def reasons_of(root: Path, version: str) -> dict[tuple[str, str, str], str]:
    """The reason of each row (no field) and cell of a version in corrections.csv."""
    with (root / "datapackage" / PATH).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["version"] == version]
    return {(row["table"], row["key"], row["field"]): row["reason"] for row in rows}


@pytest.mark.parametrize(("count", "tables"), [(12, TABLES), (10, FLAT)], ids=["events", "flat"])
def test_what_is_told_of_a_chain_of_releases_is_what_happened(
    tmp_path: Path, count: int, tables: dict[str, tuple[str, ...]]
) -> None:
    data = Releases(tmp_path / "project", tables)
    folders: list[Path] = []
    for number in range(count):
        if number:
            data.edit()
            data.add(next(iter(tables)))
        folders.append(data.release(number))
        history: dict[tuple[str, str], tuple[str, str]] = {}
        before: dict[str, Table] = {}
        for folder in folders:  # from the first on, each time
            for name in tables:
                now, old = read(folder, name), before.get(name, {})
                for key, row in now.items():
                    first, last = history.get((name, key), (folder.name, folder.name))
                    changed = key in old and any(row[field] != old[key][field] for field in tables[name])
                    history[name, key] = first, folder.name if changed else last
                    found = row["first_release"], row["last_changed_in"]
                    assert found == history[name, key], (folder.name, name, key)
                if folder == folders[-1]:
                    check_changes(data.root, folder, name, old, now)
                before[name] = now


def check_changes(root: Path, folder: Path, name: str, old: Table, now: Table) -> None:
    told = json.loads((folder / "changes.json").read_text())
    table: dict[str, Any] = next((one for one in told.get("tables", ()) if one["table"] == name), {})
    reasons = reasons_of(root, folder.name) if old else {}
    cells = {
        (key, field, old[key][field] or None, row[field] or None, reasons.get((name, key, field)))
        for key, row in now.items()
        for field in row
        if old and key in old and field not in {"first_release", "last_changed_in"} and row[field] != old[key][field]
    }
    found = {(one["key"], one["field"], one["old"], one["new"], one["reason"]) for one in table.get("changed", ())}
    assert found == cells
    if old:
        assert {*table.get("added", ())} == now.keys() - old.keys()
        gone = {(key, reasons.get((name, key, ""))) for key in old.keys() - now.keys()}
        assert {(one["key"], one["reason"]) for one in table.get("removed", ())} == gone
        assert None not in {reason for *_, reason in (*cells, *gone)}
