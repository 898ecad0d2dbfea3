"""Projects to edit in a workbook, the workbook itself, and what it brings back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deedbook.changes.records import KEY
from deedbook.project import Project, Reading, load_project
from deedbook.workbooks.export import export_workbook
from deedbook.workbooks.reader import read_workbook
from deedbook.workbooks.returned import Import, plan_import

Change = tuple[str, ...]

ACTORS = """\
actor_id,name
A1,Kurds
A2,
A3,"Ann, ""the"" Bee"
"""
DEEDS = """\
deed_id,actor_id,code,day,amount,weight,sure,note
D1,A1,007,2024-02-29,12,0.5,true,first
D2,A1,NA,,,1.50,,"=1+1"
D3,A2,010,1899-12-31,9007199254740993,1e5,false,
D4,A3,1-2,2024-3-1,-0,.5,maybe,"two
lines"
"""
FIELDS: Mapping[str, list[dict[str, Any]]] = {
    "actors": [{"name": "actor_id", "type": "string"}, {"name": "name", "type": "string"}],
    "deeds": [
        {"name": "deed_id", "type": "string", "title": "Deed", "constraints": {"required": True}},
        {"name": "actor_id", "type": "string"},
        {
            "name": "code",
            "type": "string",
            "categories": [{"value": "007", "label": "Bond"}, {"value": "NA", "label": ""}],
        },
        {"name": "day", "type": "date"},
        {"name": "amount", "type": "integer"},
        {"name": "weight", "type": "number"},
        {"name": "sure", "type": "boolean"},
        {"name": "note", "type": "string", "description": "In own words."},
    ],
}
KEYS: Mapping[str, dict[str, Any]] = {
    "actors": {"primaryKey": "actor_id"},
    "deeds": {
        "primaryKey": "deed_id",
        "foreignKeys": [{"fields": "actor_id", "reference": {"resource": "actors", "fields": "actor_id"}}],
    },
}


def make_project(folder: Path, texts: Mapping[str, str], schemas: Mapping[str, dict[str, Any]]) -> Project:
    """A project of these tables, each with its schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    resources = [{"name": name, "path": f"{name}.csv", "schema": schemas[name]} for name in texts]
    (folder / "datapackage.json").write_text(json.dumps({"name": "deeds", "resources": resources}), encoding="utf-8")
    return load_project(folder, Reading())


def deeds(folder: Path, **texts: str) -> Project:
    """The project of actors and deeds, in canonical form but for what cannot be."""
    schemas = {name: {"fields": fields, **KEYS[name]} for name, fields in FIELDS.items()}
    return make_project(folder, {"actors": ACTORS, "deeds": DEEDS, **texts}, schemas)


def exported(project: Project) -> Path:
    """A new workbook beside the project."""
    path = project.root / "book.xlsx"
    export_workbook(project, path)
    return path


def brought_back(folder: Path, book: Path) -> Import:
    """What a workbook brings to the project in a folder."""
    project = load_project(folder, Reading())
    schemas = {resource.name: resource.described for resource in project.package.resources}
    return plan_import(project, read_workbook(book, schemas))


def changes_in(found: Import) -> set[Change]:
    """Every change, as what it is, its table, key, field, old and new text."""
    said: set[Change] = set()
    for table in found.changes.tables:
        said |= {("added", table.table, key) for key in table.added.get_column(KEY)}
        said |= {("removed", table.table, key) for key in table.removed.get_column(KEY)}
        said |= {("re-keyed", table.table, old, new) for old, new in table.rekeyed.iter_rows()}
        said |= {
            ("cell", table.table, key, name, old or "", new or "") for key, name, _, old, new in table.cells.iter_rows()
        }
    return said
