"""A dataset that is released again and again: edit its tables, plan, give reasons, build."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.project import Project, load_project
from deedbook.release.build import Built, build
from deedbook.versioning.corrections import PATH, corrections_csv, read_corrections
from deedbook.versioning.plan import Plan, plan, write_drafts, write_plan

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "size", "type": "integer"},
]


class NotBuiltError(AssertionError):
    """The data has findings that stop a release."""


@dataclass
class Dataset:
    """A project folder with one table; `rows`, `fields` and its name are what the next write puts there."""

    root: Path
    rows: list[list[str]]
    fields: list[dict[str, Any]]
    key: tuple[str, ...] = ("id",)
    day: int = 1
    table: str = "items"
    released: str = "items"

    @property
    def descriptor(self) -> Path:
        return self.root / "datapackage.json"

    def load(self) -> Project:
        return load_project(self.root)

    def write(self) -> Project:
        """Puts rows and schema on disk, and leaves version and previous release as they are."""
        with (self.root / "items.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([item["name"] for item in self.fields])
            writer.writerows(self.rows)
        raw = json.loads(self.descriptor.read_text(encoding="utf-8"))
        raw["resources"][0]["schema"] = {"fields": self.fields, "primaryKey": list(self.key)}
        if self.table != self.released:
            raw["resources"][0]["name"] = self.table
            raw["deedbook"]["renamed_tables"] = {self.table: self.released}
        self.descriptor.write_text(json.dumps(raw, indent=2), encoding="utf-8")
        return self.load()

    def describe(self, **metadata: Any) -> None:
        raw = json.loads(self.descriptor.read_text(encoding="utf-8"))
        self.descriptor.write_text(json.dumps({**raw, **metadata}, indent=2), encoding="utf-8")

    def plan(self, **how: Any) -> Plan:
        """Plans, writes the plan, and drafts what has no reason yet."""
        planned = plan(self.write(), **how)
        if not planned.is_nothing:
            self.day += 1
            project = write_plan(self.load(), planned, dt.date(2026, 1, self.day))
            write_drafts(project, planned)
        return planned

    def explain(self, reason: str = "coder_error", note: str = "") -> None:
        """Fills in every missing reason."""
        rows = read_corrections(self.load())
        filled = [row if row.reason else type(row)(**{**_cells(row), "reason": reason, "note": note}) for row in rows]
        (self.root / PATH).write_text(corrections_csv(filled), encoding="utf-8")

    def acknowledge(self, version: str) -> None:
        """Accepts that many rows go."""
        with (self.root / PATH).open("a", encoding="utf-8") as file:
            file.write(f"{version},{self.table},*,,,,scope,,\n")

    def build(self) -> Built:
        return build(self.load())

    def release(self, **how: Any) -> str:
        """The version that comes of planning, explaining and building; empty when there is nothing to release."""
        planned = self.plan(**how)
        if planned.is_nothing:
            return ""
        self.explain()
        if planned.verdict and any(item.rule == "table-shrank" for item in planned.findings):
            self.acknowledge(planned.version)
        built = self.build()
        if built.release is None:
            raise NotBuiltError(built.report.findings)
        return built.release.version


def _cells(row: Any) -> dict[str, Any]:
    return {
        name: getattr(row, name) for name in ("version", "table", "key", "field", "old", "new", "note", "source", "row")
    }


def make_dataset(root: Path, version: str = "1.0.0", rows: int = 200) -> Dataset:
    """The dataset before its first release."""
    root.mkdir(parents=True)
    (root / "deedbook.toml").write_text('package = "datapackage.json"\n[release]\nformats = []\n', encoding="utf-8")
    descriptor = {
        "name": "items",
        "title": "Items",
        "version": version,
        "created": "2026-01-01T00:00:00Z",
        "licenses": [{"name": "CC-BY-4.0"}],
        "contributors": [{"title": "A. Maintainer"}],
        "deedbook": {"previous": None},
        "resources": [{"name": "items", "path": "items.csv"}],
    }
    (root / "datapackage.json").write_text(json.dumps(descriptor, indent=2), encoding="utf-8")
    table = [[f"I{number:04d}", f"item {number}", str(number)] for number in range(rows)]
    dataset = Dataset(root, table, [dict(item) for item in FIELDS])
    dataset.write()
    return dataset
