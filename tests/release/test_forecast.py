"""The files that a plan tells are those that the build writes."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.release.build import build
from deedbook.release.documents import forecast
from deedbook.validation import Options
from deedbook.versioning.plan import plan
from tests.release.conftest import EVENTS, EVENTS_SCHEMA, TABLES, MakeProject
from tests.release.releases import OWN, release_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_the_reference_dataset_gets_the_files_that_were_told(tmp_path: Path) -> None:
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "deedbook.toml", tmp_path)
    project = load_project(tmp_path)
    told = forecast(project, environment={})
    built = build(project, Options(trust_rules=True))
    assert built.release is not None
    assert sorted(chain(*asdict(told).values())) == names(built.release.folder)


def test_a_signed_second_release_gets_its_row_changes(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_of(make_project())
    events = EVENTS.replace("12,007", "13,007")
    project = make_project({**TABLES, "events": (events, EVENTS_SCHEMA)})
    descriptor = project.package.root / "datapackage.json"
    planned = plan(project)
    assert planned.verdict is not None
    raw = json.loads(descriptor.read_text())
    raw["version"] = planned.version
    raw["deedbook"] = {"previous": {"version": "1.0.0", "sha256": planned.verdict.previous.sha256}}
    descriptor.write_text(json.dumps(raw))
    (project.package.root / "corrections.csv").write_text(
        f"version,table,key,field,old,new,reason,note,source\n{planned.version},events,E000003,amount,12,13,recount,,\n"
    )
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY", OWN.secret)
    told = forecast(load_project(project.root), planned.verdict)
    assert told.diffs == ("events.diff.csv",)
    assert sorted(chain(*asdict(told).values())) == names(release_of(load_project(project.root)))
