"""Catalogues on disk, written out in the test that needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import sha256_of
from tests.fetching.catalogues import publish
from tests.package import as_bytes

HOSTILE = "</script><script>alert(1)</script>"


def field(name: str, type_: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


EVENTS: dict[str, Any] = {
    "title": "Events",
    "fields": [
        field("event_id", title="Event"),
        field("title", description="What was done."),
        field("day", "date"),
        field("event_type", categories=[{"value": "talks", "label": "Talks"}, {"value": "aid", "label": "Aid"}]),
        field("actor_id"),
        field("place"),
    ],
    "primaryKey": ["event_id"],
    "foreignKeys": [{"fields": ["actor_id"], "reference": {"resource": "actors", "fields": ["actor_id"]}}],
}
ACTORS: dict[str, Any] = {
    "title": "Actors",
    "fields": [field("actor_id"), field("name")],
    "primaryKey": ["actor_id"],
}
SCHEMAS = {"events": EVENTS, "actors": ACTORS}
ROWS = {
    "events": """
        event_id,title,day,event_type,actor_id,place
        E1,They meet,1990-03-21,talks,A1,Vientiane
        E2,They help,2024-02-29,aid,A2,
        E3,They meet again,2024-03-01,talks,A1,Vientiane
        """,
    "actors": "actor_id,name\nA1,Laos\nA2,Namibia\n",
}
LATER = {
    "events": """
        event_id,title,day,event_type,actor_id,place
        E1,They meet,1990-03-22,talks,A1,Vientiane
        E2,They help,2024-02-29,aid,A2,
        E4,They talk,2025-01-01,talks,A2,Windhoek
        """,
    "actors": ROWS["actors"],
}
CORRECTIONS = """
    version,table,key,field,old,new,reason,note,source
    1.1.0,events,E1,day,1990-03-21,1990-03-22,date,the paper says so,
    1.1.0,events,E3,,,,duplicate,,
    1.1.0,events,*,,,,duplicate,,
    """


def release(
    folder: Path,
    version: str = "1.0.0",
    rows: Mapping[str, str] = ROWS,
    *,
    schemas: Mapping[str, Any] = SCHEMAS,
    name: str = "deeds",
    corrections: str = "",
    **more: Any,
) -> Path:
    """Builds a version of a dataset and publishes it; returns the catalogue, `FOLDER/root`.

    Args:
        folder: Its project is `FOLDER/NAME`.
        version: Its version.
        rows: The CSV by table.
        schemas: The schema by table.
        name: The dataset.
        corrections: The content of corrections.csv.
        more: Properties of the descriptor; None takes one away.
    """
    project, root = folder / name, folder / "root"
    package = project / "datapackage"
    package.mkdir(parents=True, exist_ok=True)
    (project / "schemas").mkdir(exist_ok=True)
    settings = (
        'package = "datapackage/datapackage.json"\nschemas = "schemas"\n[thresholds]\nrevised = 0.9\nwithdrawn = 0.9\n'
    )
    target = '[targets.public]\ntype = "directory"\npath = "../root"\n'
    (project / "deedbook.toml").write_text(settings + target)
    for table, content in rows.items():
        (package / f"{table}.csv").write_bytes(as_bytes(content))
        (project / "schemas" / f"{table}.schema.json").write_text(json.dumps(schemas[table]))
    if corrections:
        (package / "corrections.csv").write_bytes(as_bytes(corrections))
    built = sorted((project / "dist" / name).glob("*/release.json"))
    previous = {"version": built[-1].parent.name, "sha256": sha256_of(built[-1])} if built else None
    descriptor = {
        "name": name,
        "title": "Deeds",
        "description": "Who did what.",
        "version": version,
        "created": "2026-11-22T00:00:00Z",
        "licenses": [{"name": "CC-BY-4.0"}],
        "contributors": [{"title": "Bureau of Deeds", "roles": ["creator"]}],
        "deedbook": {"previous": previous},
        "resources": [{"name": table, "path": f"{table}.csv"} for table in rows],
        **more,
    }
    said = {name: value for name, value in descriptor.items() if value is not None}
    (package / "datapackage.json").write_text(json.dumps(said))
    publish(project, root, None)
    return root


def two_versions(folder: Path) -> Path:
    """1.0.0, and 1.1.0 in which a day was corrected, a row withdrawn and a row added."""
    release(folder)
    return release(folder, "1.1.0", LATER, corrections=CORRECTIONS)
