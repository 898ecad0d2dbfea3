"""A build leaves nothing or all of a version, never rewrites one, and gives the same bytes again."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.proof import demand_whole
from deedbook.project import Project, load_project
from deedbook.release.build import Built, build
from tests.release.conftest import ACTORS, ACTORS_SCHEMA, EVENTS, EVENTS_SCHEMA, TABLES, MakeProject


def folder_of(built: Built) -> Path:
    assert built.release is not None, built.report.findings
    return built.release.folder


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def in_dist(project: Project) -> list[str]:
    home = project.dist / "deeds"
    return sorted(path.name for path in home.iterdir()) if home.is_dir() else []


@pytest.mark.parametrize("formats", [None])
def test_a_release_has_every_file_and_its_checksums_agree(make_project: MakeProject) -> None:
    project = make_project(files={"datapackage/LICENSE": "CC BY", "datapackage/CHANGES.md": "# First\n"})
    folder = folder_of(build(project))
    assert folder == project.dist / "deeds" / "1.0.0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "BUILD.json",
        "CHANGELOG.md",
        "CHANGES.md",
        "CITATION.cff",
        "CODEBOOK.html",
        "CODEBOOK.md",
        "LICENSE",
        "README.md",
        "SHA256SUMS",
        "actors.csv",
        "actors.dta",
        "actors.jsonl",
        "actors.parquet",
        "actors.rds",
        "actors.sav",
        "changes.json",
        "codebook.json",
        "croissant.json",
        "csv-metadata.json",
        "datacite.json",
        "datapackage.json",
        "dcat.ttl",
        *(f"deeds-{name}.zip" for name in ("csv", "jsonl", "parquet", "rds", "spss", "stata")),
        "deeds.sqlite",
        "deeds.xlsx",
        "events.csv",
        "events.dta",
        "events.jsonl",
        "events.parquet",
        "events.rds",
        "events.sav",
        "index.html",
        "load.R",
        "load.do",
        "load.py",
        "load.sql",
        "provenance.intoto.jsonl",
        "release.json",
        "ro-crate-metadata.json",
        "validation.json",
    ]
    subprocess.run(
        [shutil.which("sha256sum") or "sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=True
    )
    assert in_dist(project) == ["1.0.0"]
    manifest = json.loads((folder / "release.json").read_text())
    assert manifest["previous"] is None
    assert [(table["name"], table["rows"], table["primary_key"]) for table in manifest["tables"]] == [
        ("actors", 3, ["actor_id"]),
        ("events", 3, ["event_id"]),
    ]
    assert manifest["tables"][0]["sha256"] == digests(folder)["actors.csv"]
    assert {entry["name"] for entry in manifest["files"]} == set(digests(folder)) - {
        "provenance.intoto.jsonl",
        "release.json",
        "SHA256SUMS",
    }


def test_errors_refuse_the_release_and_write_nothing(make_project: MakeProject) -> None:
    project = make_project({**TABLES, "events": (EVENTS.replace("A000010", "A000099"), EVENTS_SCHEMA)})
    built = build(project)
    assert built.release is None
    assert [finding.rule for finding in built.report.findings if finding.severity == "error"] == ["foreign-key"]
    assert not project.dist.exists()


def test_the_same_content_again_is_unchanged(make_project: MakeProject) -> None:
    project = make_project()
    first = folder_of(build(project))
    before = digests(first)
    again = build(project)
    assert again.unchanged
    assert folder_of(again) == first
    assert digests(first) == before
    assert in_dist(project) == ["1.0.0"]


def test_another_order_of_rows_and_other_spellings_are_the_same_content(make_project: MakeProject) -> None:
    project = make_project()
    build(project)
    header, *rows = ACTORS.strip().split("\nA")
    shuffled = "\nA".join([header, rows[1], rows[2], rows[0].replace("1.50", "1.5")]) + "\n"
    (project.package.root / "actors.csv").write_text(shuffled)
    assert build(load_project(project.root)).unchanged


def test_other_content_under_the_same_version_is_refused_and_named(make_project: MakeProject) -> None:
    project = make_project()
    folder = folder_of(build(project))
    before = digests(folder)
    (project.package.root / "events.csv").write_text(EVENTS.strip().replace("12,007", "13,007") + "\n")
    with pytest.raises(RefusalError, match=r"table events$") as refusal:
        build(load_project(project.root))
    assert refusal.value.exit_code == 4
    assert digests(folder) == before
    assert in_dist(project) == ["1.0.0"]


def test_other_metadata_under_the_same_version_is_refused(make_project: MakeProject) -> None:
    build(make_project())
    with pytest.raises(RefusalError, match=r"datapackage\.json"):
        build(make_project(title="Other deeds"))


@pytest.mark.parametrize("formats", [None])
def test_a_damaged_release_is_never_called_unchanged(make_project: MakeProject) -> None:
    project = make_project()
    folder = folder_of(build(project))
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b" ")
    with pytest.raises(RefusalError, match=r"events\.jsonl was changed"):
        build(project)


def test_a_table_named_in_no_schema_is_refused(make_project: MakeProject) -> None:
    project = make_project()
    (project.root / "schemas" / "actors.schema.json").unlink()
    with pytest.raises(ProjectError, match="`actors` has no schema"):
        build(load_project(project.root))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": ...}, "no `version` is planned"),
        ({"version": "1.0"}, "is not SemVer"),
        ({"version": "../1.0.0"}, "is not SemVer"),
        ({"created": ...}, "`created`, the release date, is missing"),
        ({"created": "yesterday"}, "no ISO 8601 time"),
        ({"deedbook": ...}, "not said which release came before"),
        ({"deedbook": {"previous": {"version": "0.9.0", "sha256": "0" * 64}}}, "the previous release 0.9.0 is not in"),
        ({"name": "../deeds"}, "a release needs a name"),
    ],
)
def test_an_unplanned_release_is_refused_with_a_next_step(
    make_project: MakeProject, changes: dict[str, object], message: str
) -> None:
    project = make_project(**changes)
    with pytest.raises(ProjectError, match=message) as refusal:
        build(project)
    assert refusal.value.exit_code == 3
    assert refusal.value.hint
    assert not project.dist.exists()


def test_two_builds_give_the_same_bytes_whatever_surrounds_them(make_project: MakeProject) -> None:
    found = []
    for number, surroundings in enumerate(
        ({"TZ": "UTC", "PYTHONHASHSEED": "1"}, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"})
    ):
        project = make_project(folder=f"p{number}")
        run_build(project, LC_ALL="C.UTF-8", POLARS_MAX_THREADS=str(number + 1), **surroundings)
        found.append(digests(project.dist / "deeds" / "1.0.0"))
        time.sleep(1.1 * (1 - number))
    assert found[0] == found[1]


def test_source_date_epoch_stamps_the_files_but_not_the_release_date(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    manifest = json.loads((folder_of(build(make_project())) / "release.json").read_text())
    assert (manifest["epoch"], manifest["created"]) == (1000000000, "2026-11-22T00:00:00Z")


BUILD = """
import os
import signal
import sys
from pathlib import Path
from deedbook.project import load_project
from deedbook.release.build import build

TOUCHING = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
touched, last = 0, int(sys.argv[2]) if len(sys.argv) > 2 else 0

def note(event, arguments):
    global touched
    if event in TOUCHING:
        touched += 1
        if touched == last:
            os.kill(os.getpid(), signal.SIGKILL)

project = load_project(Path(sys.argv[1]))
sys.addaudithook(note)
build(project)
print(touched)
"""
"""Builds the project, and is killed when it touches the disk for the n-th time; says how often it did."""


def run_build(project: Project, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", BUILD, str(project.root)], env={**os.environ, **environment}, check=True)


@pytest.mark.slow
def test_a_killed_build_leaves_nothing_or_all_of_the_version(make_project: MakeProject) -> None:
    rows = "".join(f"E{place:06},A000001,visit,2025-07-01,note,1,007\n" for place in range(4000))
    header = EVENTS.strip().splitlines()[0]
    project = make_project({"actors": (ACTORS, ACTORS_SCHEMA), "events": (f"{header}\n{rows}", EVENTS_SCHEMA)})
    folder = folder_of(build(project))
    whole = digests(folder)
    shutil.rmtree(project.dist)
    command = [sys.executable, "-c", BUILD, str(project.root)]
    touched = int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    seed = random.randrange(2**32)  # noqa: S311
    moments = [touched // 2, touched - 1, touched, *random.Random(seed).sample(range(1, touched), 7)]  # noqa: S311
    for moment in moments:
        shutil.rmtree(project.dist, ignore_errors=True)
        killed = subprocess.run([*command, str(moment)], stdout=subprocess.DEVNULL, check=False)
        assert killed.returncode == -signal.SIGKILL, f"seed {seed}"
        versions = [name for name in in_dist(project) if not name.startswith(".")]
        assert versions in ([], ["1.0.0"]), f"seed {seed}"
        if versions:
            assert digests(folder) == whole, f"seed {seed}"
    again = build(project)
    assert digests(folder_of(again)) == whole
    assert in_dist(project) == ["1.0.0"]


def test_what_a_killed_build_left_is_removed_by_the_next(make_project: MakeProject) -> None:
    project = make_project()
    stale = project.dist / "deeds" / ".staging-0.9.0"
    stale.mkdir(parents=True)
    (stale / "events.csv").write_text("half")
    (project.dist / "deeds" / ".lock").write_text("999999\n")
    build(project)
    assert in_dist(project) == ["1.0.0"]


LOCK = """
import sys, time
from pathlib import Path
from deedbook.project import load_project
from deedbook.release.edition import read_edition
from deedbook.release.folders import staging
project = load_project(Path(sys.argv[1]))
with staging(read_edition(project.package, project.dist), project.dist):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_build_at_once_is_refused(make_project: MakeProject) -> None:
    project = make_project()
    with subprocess.Popen([sys.executable, "-c", LOCK, str(project.root)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(RefusalError, match=rf"another build \(process {process.pid}\)"):
            build(project)
        process.kill()
    assert not build(project).unchanged


def test_a_snapshot_needs_no_plan_and_replaces_its_own_folder_only(make_project: MakeProject) -> None:
    build(make_project())
    first = folder_of(build(make_project(deedbook=...), snapshot=True))
    project = make_project({**TABLES, "events": (EVENTS.replace("12,007", "13,007"), EVENTS_SCHEMA)}, deedbook=...)
    second = folder_of(build(project, snapshot=True))
    assert first == second
    assert "13" in (second / "events.csv").read_text()
    assert json.loads((second / "release.json").read_text())["state"] == "snapshot"
    assert in_dist(project) == ["1.0.0", "1.0.0-snapshot"]
    demand_whole(second)


def test_rows_remember_the_release_in_which_they_came_and_last_changed(make_project: MakeProject) -> None:
    first = folder_of(build(make_project()))
    digest = hashlib.sha256((first / "release.json").read_bytes()).hexdigest()
    events = EVENTS.replace("12,007", "13,007") + "E000004,A000001,visit,2025-08-01,,,\n"
    reason = "version,table,key,field,old,new,reason,note,source\n2.0.0,events,E000003,amount,12,13,recount,,\n"
    project = make_project(
        {**TABLES, "events": (events, EVENTS_SCHEMA)},
        files={"datapackage/corrections.csv": reason},
        version="2.0.0",
        deedbook={"previous": {"version": "1.0.0", "sha256": digest}},
    )
    folder = folder_of(build(project))
    rows = (
        pl.read_csv(folder / "events.csv", infer_schema=False)
        .select("event_id", "first_release", "last_changed_in")
        .rows()
    )
    assert rows == [
        ("E000001", "1.0.0", "1.0.0"),
        ("E000002", "1.0.0", "1.0.0"),
        ("E000003", "1.0.0", "2.0.0"),
        ("E000004", "2.0.0", "2.0.0"),
    ]
    assert json.loads((folder / "release.json").read_text())["previous"] == {"version": "1.0.0", "sha256": digest}


def test_a_previous_release_that_is_another_one_is_refused(make_project: MakeProject) -> None:
    build(make_project())
    project = make_project(version="1.1.0", deedbook={"previous": {"version": "1.0.0", "sha256": "0" * 64}})
    with pytest.raises(ProjectError, match="is not the previous release"):
        build(project)


DERIVE = '''
"""What the releases of the test derive."""
import polars as pl

def schemas(tables, created):
    return {}

def derive(tables, created):
    events = tables["events"]
    counts = events.group_by("kind").agg(pl.len().alias("n"), pl.col("day").max().alias("last"))
    return {
        "events": events.select("event_id", (pl.col("amount") / 8).alias("eighth"), pl.col("note").is_null().alias("bare")),
        "kinds": counts,
    }
'''
KINDS = {
    "title": "Kinds",
    "fields": [{"name": "kind", "type": "string"}, {"name": "n", "type": "integer"}, {"name": "last", "type": "date"}],
    "primaryKey": "kind",
}


@pytest.mark.parametrize("formats", [None])
def test_derived_columns_and_views_are_released(make_project: MakeProject) -> None:
    derived = [{"name": "eighth", "type": "number", "title": "Eighth"}, {"name": "bare", "type": "boolean"}]
    project = make_project(
        {**TABLES, "events": (EVENTS, {**EVENTS_SCHEMA, "derivedFields": derived})},
        files={"schemas/dataset.py": DERIVE, "schemas/kinds.schema.json": json.dumps(KINDS)},
    )
    folder = folder_of(build(project))
    events = pl.read_parquet(folder / "events.parquet")
    assert events.columns[-4:] == ["eighth", "bare", "first_release", "last_changed_in"]
    assert events["eighth"].to_list() == [None, 9007199254740993 / 8, 1.5]
    assert events["bare"].to_list() == [False, True, False]
    assert (folder / "kinds.csv").read_text() == "kind,n,last\ngrant,1,1820-05-09\nvisit,2,2025-07-01\n"
    names = [resource["name"] for resource in json.loads((folder / "datapackage.json").read_text())["resources"]]
    assert names == ["actors", "events", "kinds"]


def test_derived_columns_that_no_schema_declares_are_refused(make_project: MakeProject) -> None:
    project = make_project(files={"schemas/dataset.py": DERIVE, "schemas/kinds.schema.json": json.dumps(KINDS)})
    with pytest.raises(ProjectError, match="has the undeclared eighth, bare"):
        build(project)
    assert in_dist(project) == []
