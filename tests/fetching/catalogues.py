"""Signed releases of a small dataset, and the catalogue that they are published in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.signatures import KEY_VARIABLE
from deedbook.project import load_project
from deedbook.publishing.publish import give_notice, prepare
from deedbook.publishing.steps import Notice
from deedbook.publishing.targets.hosted import HostedCatalogue
from deedbook.release.build import build
from tests.release.releases import OWN, Pair

NAME = "deeds"
ACTORS = "actor_id,name,country\nA1,Laos,LA\nA2,Namibia,NA\nA3,Legion,\n"
EVENTS = "event_id,actor_id,day,amount\nE1,A1,1990-03-21,7\nE2,A2,2024-02-29,\nE3,A3,,9007199254740993\n"
SECOND = (
    "event_id,actor_id,day,amount\nE1,A1,1990-03-22,7\nE2,A2,2024-02-29,\nE3,A3,,9007199254740993\nE4,A1,2025-01-01,1\n"
)
ACTORS_SCHEMA = {
    "fields": [
        {"name": "actor_id", "type": "string"},
        {"name": "name", "type": "string"},
        {
            "name": "country",
            "type": "string",
            "categories": [{"value": "NA", "label": "Namibia"}, {"value": "LA", "label": "Laos"}],
        },
    ],
    "primaryKey": "actor_id",
}
EVENTS_SCHEMA = {
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "actor_id", "type": "string"},
        {"name": "day", "type": "date"},
        {"name": "amount", "type": "integer"},
    ],
    "primaryKey": "event_id",
}
CORRECTIONS = "version,table,key,field,old,new,reason,note,source\n1.1.0,events,E1,day,1990-03-21,1990-03-22,date,,\n"


@dataclass(frozen=True, slots=True)
class Published:
    """A catalogue and the project that it comes from."""

    root: Path
    project: Path


def asked_for(folder: Path) -> list[Path]:
    """What a fetch takes that names nothing: everything but the archives of other files."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".zip")


def publish_two(folder: Path, pair: Pair | None = OWN) -> Published:
    """1.0.0 and 1.1.0 in a catalogue; signed unless there is no key."""
    project, root = folder / "project", folder / "root"
    write_project(project, "1.0.0", EVENTS)
    publish(project, root, pair)
    first = project / "dist" / NAME / "1.0.0" / "release.json"
    write_project(project, "1.1.0", SECOND, previous={"version": "1.0.0", "sha256": sha256_of(first)})
    (project / "datapackage" / "corrections.csv").write_text(CORRECTIONS)
    publish(project, root, pair)
    return Published(root, project)


def write_project(project: Path, version: str, events: str, previous: dict[str, str] | None = None) -> None:
    """The project as it is before that version is built."""
    package = project / "datapackage"
    package.mkdir(parents=True, exist_ok=True)
    (project / "schemas").mkdir(exist_ok=True)
    (project / "deedbook.toml").write_text(
        'package = "datapackage/datapackage.json"\nschemas = "schemas"\n[thresholds]\nrevised = 0.9\nwithdrawn = 0.9\n'
    )
    (package / "actors.csv").write_text(ACTORS)
    (package / "events.csv").write_text(events)
    for table, schema in (("actors", ACTORS_SCHEMA), ("events", EVENTS_SCHEMA)):
        (project / "schemas" / f"{table}.schema.json").write_text(json.dumps(schema))
    descriptor = {
        "name": NAME,
        "title": "Deeds & {Days}",
        "version": version,
        "created": "2026-11-22T00:00:00Z",
        "licenses": [{"name": "CC-BY-4.0"}],
        "contributors": [
            {"title": "Ada Lovelace", "givenName": "Ada", "familyName": "Lovelace", "roles": ["creator"]},
            {"title": "Bureau of Deeds", "roles": ["creator"]},
        ],
        "deedbook": {"previous": previous},
        "resources": [{"name": name, "path": f"{name}.csv"} for name in ("actors", "events")],
    }
    (package / "datapackage.json").write_text(json.dumps(descriptor))


def publish(project: Path, root: Path, pair: Pair | None, *, rotate_from: Pair | None = None) -> None:
    """Builds what the project plans, and publishes it."""
    variables = {KEY_VARIABLE: pair.secret} if pair else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(KEY_VARIABLE, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        built = build(load_project(project))
    assert built.release is not None, built.report.findings
    if rotate_from is not None:
        variables["DEEDBOOK_PREVIOUS_SIGNING_KEY"] = rotate_from.secret
    facts: dict[str, str] = {}
    for step in target(root, variables).steps(prepare(built.release.folder)):
        facts |= step.run(facts, lambda _bytes: None) or {}


def yank(root: Path, version: str, reason: str, pair: Pair | None = OWN) -> None:
    """Withdraws a version in the catalogue."""
    give_notice(target(root, {KEY_VARIABLE: pair.secret} if pair else {}), Notice(NAME, version, reason, None))


def target(root: Path, variables: dict[str, str]) -> HostedCatalogue:
    """The catalogue, with a clock that stands still."""
    clock = "2026-11-22T12:00:00Z"
    return HostedCatalogue(
        "public",
        "directory",
        str(root),
        DirectoryStore(root),
        title="Deeds",
        clock=lambda: clock,
        environment=variables,
    )
