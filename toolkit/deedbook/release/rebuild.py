"""`verify --rebuild`: builds a release again from its project and says what comes out differently.

Same inputs and same writers give the same bytes. Other writers may give other bytes of Parquet, SQLite, XLSX and the formats of
statistics programs, never another content digest: then the content is proven and the bytes are not. The signature and what
contains it are not rebuilt, since that takes the secret key; the statement inside the provenance is compared instead.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.digests import BUILD_FILE, PROVENANCE, SIGNATURE, SUMS, sha256_of
from deedbook.integrity.problems import Outcome
from deedbook.integrity.proof import json_object, read_from
from deedbook.integrity.provenance import read_inputs, writer_versions
from deedbook.integrity.signatures import read_envelope
from deedbook.project import Config, Project
from deedbook.release.build import build
from deedbook.release.manifest import table_digests
from deedbook.validation import Options

_UNREPRODUCED = {SUMS, SIGNATURE, PROVENANCE}


def check_rebuild(folder: Path, home: Path, project: Project, manifest: Mapping[str, Any], outcome: Outcome) -> None:
    """Builds the release again in a temporary folder and compares it.

    Args:
        folder: The release.
        home: Where the release before it lies, as `VERSION/`, if not in the project's own `dist/`.
        project: What it was made from; its rules run.
        manifest: The release's `release.json`.
        outcome: Takes what differs.
    """
    recorded = json_object(read_from(folder)(BUILD_FILE) or b"")
    before = {entry["path"]: entry["sha256"] for entry in recorded.get("inputs", ())}
    now = {item.path: item.sha256 for item in read_inputs(project)}
    if changed := _differing(before, now):
        outcome.notes.append(f"rebuilt from other inputs than {BUILD_FILE} lists: {', '.join(changed)}")
    name, version = str(manifest.get("name")), manifest.get("version")
    with tempfile.TemporaryDirectory(prefix="deedbook-rebuild-") as scratch:
        dist = Path(scratch) / "dist"
        if isinstance(previous := manifest.get("previous"), Mapping):  # where it is missing, the build says so
            earlier = Path(str(previous.get("version"))).name
            found = [place / earlier for place in (home, project.dist / name) if (place / earlier).is_dir()]
            for place in found[:1]:
                shutil.copytree(place, dist / name / earlier)
        try:
            built = build(
                replace(project, config=replace(project.config or Config(), dist=str(dist))),
                Options(trust_rules=True),
                snapshot=manifest.get("state") == "snapshot",
                epoch=dt.datetime.fromtimestamp(int(recorded.get("epoch", 0)), dt.UTC),
            )
        except (ProjectError, RefusalError) as error:
            outcome.report("rebuild-differs", "", f"cannot be built again: {error.message}")
            return
        if built.release is None:
            outcome.report("rebuild-differs", "", "cannot be built again: the project has errors; validate it")
        elif (built.release.name, built.release.version) != (name, version):
            other = f"{built.release.name} {built.release.version}"
            outcome.report("rebuild-differs", "", f"the project is that of another release: {other}")
        else:
            _compare(folder, built.release.folder, recorded.get("writers"), outcome)


def _compare(folder: Path, again: Path, writers: object, outcome: Outcome) -> None:
    """Compares the tables, then the bytes: those may be others where other writers wrote them."""
    tables = _differing(table_digests(folder), table_digests(again))
    for name in tables:
        outcome.report("rebuild-differs", f"{name}.csv", "the rebuilt table has another content digest")
    old, new = _digests(folder), _digests(again)
    differing = [name for name in _differing(old, new) if name.removesuffix(".csv") not in tables]
    content = "another content digest for " + ", ".join(tables) if tables else "the same content digest for every table"
    then, now = writers if isinstance(writers, Mapping) else {}, writer_versions()
    other = ", ".join(f"{name} {now.get(name)} instead of {then.get(name)}" for name in _differing(then, now))
    if differing and other and not tables:
        outcome.notes.append(f"rebuilt with {other}: {content}, other bytes in {', '.join(differing)}")
    else:
        for name in differing:
            outcome.report("rebuild-differs", name, f"the rebuilt file has other bytes ({content})")
    total = len(old) - 1  # without the statement
    same = total - len(differing) - len(tables)
    outcome.checked.append(f"rebuilt with {content}, {same} of {total} files the same to the byte")


def _digests(folder: Path) -> dict[str, str]:
    """The sha256 of every file that can be built again, and under the name of the provenance its statement."""
    try:
        statement = read_envelope((folder / PROVENANCE).read_bytes()).payload.hex()
    except (OSError, ValueError):
        statement = ""
    files = (file for file in folder.iterdir() if file.is_file() and file.name not in _UNREPRODUCED)
    return {PROVENANCE: statement} | {file.name: sha256_of(file) for file in files}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
