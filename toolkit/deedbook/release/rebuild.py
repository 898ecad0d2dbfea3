"""`verify --rebuild`: builds a release again from its project and says what comes out differently.

Same inputs and same writers give the same bytes. Other writers may give other bytes of Parquet, SQLite, XLSX and the formats of
statistics programs, never another content digest: then the content is proven and the bytes are not. The signature and what
contains it are not rebuilt, since that takes the secret key; the statement inside the provenance is compared instead.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deedbook.errors import ProjectError, RefusalError
from deedbook.integrity.digests import BUILD_FILE, PROVENANCE, SIGNATURE, SUMS, sha256_of
from deedbook.integrity.problems import Outcome
from deedbook.integrity.provenance import read_inputs, writer_versions
from deedbook.integrity.signatures import read_envelope
from deedbook.project import Config, Project
from deedbook.release.build import build
from deedbook.release.manifest import read_manifest
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
    recorded = _build_record(folder)
    _name_changed_inputs(project, recorded, outcome)
    with tempfile.TemporaryDirectory(prefix="deedbook-rebuild-") as scratch:
        dist = Path(scratch) / "dist"
        _bring_previous(manifest, (home, project.dist / str(manifest.get("name"))), dist)
        config = replace(project.config or Config(), dist=str(dist))
        try:
            built = build(
                replace(project, config=config),
                Options(trust_rules=True),
                snapshot=manifest.get("state") == "snapshot",
                epoch=dt.datetime.fromtimestamp(int(recorded.get("epoch", 0)), dt.UTC),
            )
        except (ProjectError, RefusalError) as error:
            outcome.report("rebuild-differs", "", f"cannot be built again: {error.message}")
            return
        if built.release is None:
            outcome.report("rebuild-differs", "", "cannot be built again: the project has errors; validate it")
            return
        if (built.release.name, built.release.version) != (manifest.get("name"), manifest.get("version")):
            other = f"{built.release.name} {built.release.version}"
            outcome.report("rebuild-differs", "", f"the project is that of another release: {other}")
            return
        _compare(folder, built.release.folder, recorded, outcome)


def _build_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / BUILD_FILE).read_bytes())
        return record if isinstance(record, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _name_changed_inputs(project: Project, recorded: Mapping[str, Any], outcome: Outcome) -> None:
    entries = recorded.get("inputs")
    before = {entry["path"]: entry["sha256"] for entry in entries} if isinstance(entries, list) else {}
    now = {item.path: item.sha256 for item in read_inputs(project)}
    changed = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    if changed:
        outcome.notes.append(f"rebuilt from other inputs than {BUILD_FILE} lists: {', '.join(changed)}")


def _bring_previous(manifest: Mapping[str, Any], homes: tuple[Path, ...], dist: Path) -> None:
    """Lays the previous release where the build looks for it; without it the build says what is missing."""
    previous = manifest.get("previous")
    if not isinstance(previous, Mapping):
        return
    name, version = str(manifest.get("name")), str(previous.get("version"))
    for home in homes:
        if (home / version).is_dir() and Path(version).name == version:
            shutil.copytree(home / version, dist / name / version)
            return


def _compare(folder: Path, again: Path, recorded: Mapping[str, Any], outcome: Outcome) -> None:
    old, new = read_manifest(folder), read_manifest(again)
    tables = sorted(
        name for name in old.digests.keys() | new.digests.keys() if old.digests.get(name) != new.digests.get(name)
    )
    for name in tables:
        outcome.report("rebuild-differs", f"{name}.csv", "the rebuilt table has another content digest")
    differing = [name for name in _differing_files(folder, again) if name.removesuffix(".csv") not in tables]
    content = "another content digest for " + ", ".join(tables) if tables else "the same content digest for every table"
    other = _other_writers(recorded)
    if differing and other and not tables:
        outcome.notes.append(f"rebuilt with {other}: {content}, other bytes in {', '.join(differing)}")
    else:
        for name in differing:
            outcome.report("rebuild-differs", name, f"the rebuilt file has other bytes ({content})")
    total = sum(1 for file in folder.iterdir() if file.is_file() and file.name not in _UNREPRODUCED)
    same = total - len(differing) - len(tables)
    outcome.checked.append(f"rebuilt with {content}, {same} of {total} files the same to the byte")


def _differing_files(folder: Path, again: Path) -> list[str]:
    names = sorted({file.name for file in (*folder.iterdir(), *again.iterdir())} - _UNREPRODUCED)
    found = [name for name in names if _digest(folder / name) != _digest(again / name)]
    return found if _statement(folder) == _statement(again) else [*found, PROVENANCE]


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""


def _statement(folder: Path) -> bytes:
    try:
        return read_envelope((folder / PROVENANCE).read_bytes()).payload
    except (OSError, ValueError):
        return b""


def _other_writers(recorded: Mapping[str, Any]) -> str:
    """The writers whose versions are not those that built the release."""
    then, now = recorded.get("writers"), writer_versions()
    then = then if isinstance(then, Mapping) else {}
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    return ", ".join(f"{name} {now.get(name)} instead of {then.get(name)}" for name in names)
