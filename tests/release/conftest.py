"""A small project on disk, its tables written out in the test, and its release."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deedbook.project import Project, load_project
from deedbook.release.build import build

ACTORS = """
actor_id,name,country,since,is_state,share
A000002,"Laos, Lao PDR",LA,1953-10-22,true,1.50
A000001,Namibia,NA,1990-03-21,true,0.25
A000010,"The ""Legion""
of two lines",,,false,
"""
EVENTS = """
event_id,actor_id,kind,day,note,amount,code
E000003,A000002,visit,2025-07-01,=1+1,12,007
E000001,A000001,grant,1820-05-09,NA,,1-2
E000002,A000010,visit,2024-02-29,,9007199254740993,+49
"""
ACTORS_SCHEMA: dict[str, Any] = {
    "title": "Actors",
    "fields": [
        {
            "name": "actor_id",
            "type": "string",
            "title": "Id",
            "constraints": {"required": True, "pattern": "A[0-9]{6}"},
        },
        {"name": "name", "type": "string", "title": "Name <b>", "description": "What it is called | and more."},
        {"name": "country", "type": "string", "example": "NA"},
        {"name": "since", "type": "date"},
        {"name": "is_state", "type": "boolean"},
        {"name": "share", "type": "number", "constraints": {"minimum": 0, "maximum": 2}},
    ],
    "primaryKey": "actor_id",
}
EVENTS_SCHEMA: dict[str, Any] = {
    "title": "Events",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "actor_id", "type": "string"},
        {
            "name": "kind",
            "type": "string",
            "categories": [{"value": "visit", "label": "Visit"}, {"value": "grant", "label": "Grant"}],
        },
        {"name": "day", "type": "date"},
        {"name": "note", "type": "string"},
        {"name": "amount", "type": "integer"},
        {"name": "code", "type": "string"},
    ],
    "primaryKey": "event_id",
    "foreignKeys": [{"fields": "actor_id", "reference": {"resource": "actors", "fields": "actor_id"}}],
}
TABLES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "actors": (ACTORS, ACTORS_SCHEMA),
    "events": (EVENTS, EVENTS_SCHEMA),
}
DESCRIPTOR: dict[str, Any] = {
    "name": "deeds",
    "title": "Deeds",
    "description": "Who did what.",
    "version": "1.0.0",
    "created": "2026-11-22T00:00:00Z",
    "licenses": [{"name": "CC-BY-4.0", "title": "CC BY 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    "contributors": [{"title": "Ada Lovelace", "givenName": "Ada", "familyName": "Lovelace", "roles": ["creator"]}],
    "keywords": ["deeds"],
    "deedbook": {"previous": None},
}

MakeProject = Callable[..., Project]


def write_project(
    root: Path,
    tables: Mapping[str, tuple[str, dict[str, Any]]] = TABLES,
    files: Mapping[str, str] | None = None,
    formats: Sequence[str] | None = None,
    **changes: Any,
) -> Project:
    """Writes a project folder; tables are CSV text with their schema, other arguments change the descriptor.

    Args:
        root: The folder.
        tables: The tables by name.
        files: More files, by path and text.
        formats: What is built beside CSV; everything when None.
        changes: What is otherwise in the descriptor; `...` takes something out.
    """
    package = root / "datapackage"
    package.mkdir(parents=True, exist_ok=True)
    (root / "schemas").mkdir(exist_ok=True)
    settings = 'package = "datapackage/datapackage.json"\nschemas = "schemas"\n'
    settings += "" if formats is None else f"[release]\nformats = {json.dumps([*formats])}\n"
    (root / "deedbook.toml").write_text(settings)
    resources = []
    for name, (text, schema) in tables.items():
        (package / f"{name}.csv").write_bytes(textwrap.dedent(text).lstrip("\n").encode())
        (root / "schemas" / f"{name}.schema.json").write_text(json.dumps(schema))
        resources.append({"name": name, "path": f"{name}.csv"})
    descriptor = {**DESCRIPTOR, "resources": resources, **changes}
    (package / "datapackage.json").write_text(
        json.dumps({key: value for key, value in descriptor.items() if value is not ...})
    )
    for path, text in (files or {}).items():
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"))
    return load_project(root)


@pytest.fixture
def formats() -> Sequence[str] | None:
    """What is built beside CSV: nothing, unless a module or a test looks at more; everything when None."""
    return ()


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str] | None], Path]:
    """Gives the folder of the small project with its release, built once for each choice of formats; never written to."""

    @cache
    def project(formats: tuple[str, ...] | None) -> Path:
        root = tmp_path_factory.mktemp("built") / "project"
        built = build(write_project(root, formats=formats))
        assert built.release is not None, built.report.findings
        return root

    return lambda formats: project(None if formats is None else tuple(formats))


@pytest.fixture
def small_release(
    built_once: Callable[[Sequence[str] | None], Path], tmp_path: Path, formats: Sequence[str] | None
) -> Path:
    """The release of the small project, in a copy of it for this test alone: what `make_project` writes, built."""
    root = shutil.copytree(built_once(formats), tmp_path / "project")
    return root / f"dist/{DESCRIPTOR['name']}/{DESCRIPTOR['version']}"


@pytest.fixture
def make_project(tmp_path: Path, formats: Sequence[str] | None) -> MakeProject:
    """Writes a project into a folder of the test, as `write_project` does."""

    def make(
        tables: Mapping[str, tuple[str, dict[str, Any]]] = TABLES,
        *,
        files: Mapping[str, str] | None = None,
        folder: str = "project",
        **changes: Any,
    ) -> Project:
        return write_project(tmp_path / folder, tables, files, formats, **changes)

    return make
