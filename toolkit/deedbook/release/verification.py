"""`verify`: proves a release by itself: its documents and files (integrity.proof), equal data in every format, agreeing metadata.

    formats      every table in every format against its CSV (equality), what archives hold against the files (archives)
    metadata     what the documents say about the release, against release.json (agreement)
    rebuild      with a project: the same bytes again

Only what agrees with `SHA256SUMS` is looked into: a damaged file is named once, for that.

Same inputs and same writers give the same bytes. Other writers may give other bytes of Parquet, SQLite, XLSX and the formats of
statistics programs, never another content digest: then the content is proven and the bytes are not. The signature and what
contains it are not rebuilt, since that takes the secret key; the statement inside the provenance is compared instead.
"""

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from deedbook.changes.row_hashes import MEMORY
from deedbook.errors import ProjectError, RefusalError
from deedbook.files import scratch
from deedbook.integrity import proof, provenance
from deedbook.integrity.containers import ArchiveError, excess, opened_release
from deedbook.integrity.digests import BUILD_FILE, MANIFEST, PROVENANCE, SIGNATURE, SUMS, sha256_of
from deedbook.integrity.signatures import PublicKey
from deedbook.project import Config, Project
from deedbook.release.agreement import check_agreement
from deedbook.release.archives import check_archives
from deedbook.release.build import build
from deedbook.release.equality import check_formats
from deedbook.release.folders import table_digests
from deedbook.validation import Options
from deedbook.versioning.previous import CHANGES


def verify(
    path: Path,
    *,
    key: PublicKey | None = None,
    project: Project | None = None,
    memory: int = MEMORY,
    progress: proof.Progress | None = None,
) -> proof.Outcome:
    """What is wrong with a release, and what was verified.

    Args:
        path: Its folder, or a `.zip` of it.
        key: The publisher's key, from anywhere but the release itself; without one a signature is not proven.
        project: The project that it was made from, to build it again; its rule files run.
        memory: Bytes; with less of it, less of a table is in memory at a time.
        progress: Told what is being done, and which share of that is behind it.

    Raises:
        UsageError: when the path does not exist.
        ProjectError: when it is no release at all.
    """
    say = progress or (lambda _what, _share: None)
    home, outcome = path.absolute().parent, proof.Outcome(str(path))
    try:
        with opened_release(path) as folder:
            read, earlier = proof.read_from(folder), proof.earlier_in(proof.read_from(home))
            if not ((folder / SUMS).is_file() or (folder / MANIFEST).is_file()):
                raise ProjectError(f"{path}: has neither {SUMS} nor {MANIFEST}, so it is no release")
            files, keys = proof.files_of(folder, outcome), (key,) if key else ()
            proven = proof.prove_release(
                read, outcome, files=files, keys=keys, earlier=earlier, is_download=True, progress=say
            )
            if manifest := proven.manifest:
                outcome.name, outcome.version = (str(manifest.get(about, "")) for about in ("name", "version"))
                sound = _readable(folder, proven.sound, outcome)
                check_formats(folder, outcome.name, sound, outcome, say, memory)
                check_archives(folder, outcome.name, proven.files, sound, outcome)
                check_agreement(folder, manifest, sound, outcome)
                if project is not None:
                    say("building it again", 0.0)
                    _rebuild(folder, home, project, manifest, outcome, memory)
    except ArchiveError as error:
        outcome.report("archive-unreadable", path.name, str(error))
    outcome.problems.sort(key=attrgetter("place"))
    return outcome


def _readable(folder: Path, sound: Iterable[str], outcome: proof.Outcome) -> set[str]:
    """The files that can be looked into; what is said of changes may honestly be longer than what is read."""
    found = set()
    for name in sorted(sound):
        problem = "" if name.endswith(".diff.csv") else excess(folder / name)
        if not problem:
            found.add(name)
        elif name == CHANGES:
            outcome.not_checked.append(f"metadata: {name} {problem}")
        else:
            outcome.report("format-unreadable", name, problem)
    return found


def _rebuild(
    folder: Path, home: Path, project: Project, manifest: Mapping[str, Any], outcome: proof.Outcome, memory: int
) -> None:
    """Builds the release again in a temporary folder and compares it.

    Args:
        folder: The release.
        home: Where the release before it lies, as `VERSION/`, if not in the project's own `dist/`.
        project: What it was made from; its rules run.
        manifest: The release's `release.json`.
        outcome: Takes what differs.
        memory: Bytes for the build.
    """
    recorded = proof.json_object(proof.read_from(folder)(BUILD_FILE) or b"")
    before = {entry["path"]: entry["sha256"] for entry in recorded.get("inputs", ())}
    now = {item.path: item.sha256 for item in provenance.read_inputs(project)}
    if changed := _differing(before, now):
        outcome.notes.append(f"rebuilt from other inputs than {BUILD_FILE} lists: {', '.join(changed)}")
    with scratch("rebuild") as place:
        dist = place / "dist"
        earlier = Path(str(proof.mapping(manifest.get("previous")).get("version"))).name
        places = (home / earlier, project.dist / outcome.name / earlier)
        if found := next(filter(Path.is_dir, places), None):  # where it is missing, the build says so
            shutil.copytree(found, dist / outcome.name / earlier)
        try:
            release = build(
                replace(project, config=replace(project.config or Config(), dist=str(dist))),
                Options(trust_rules=True, memory=memory),
                snapshot=manifest.get("state") == "snapshot",
                epoch=dt.datetime.fromtimestamp(int(recorded.get("epoch", 0)), dt.UTC),
            ).release
        except (ProjectError, RefusalError) as error:
            outcome.report("rebuild-differs", "", f"cannot be built again: {error.message}")
            return
        if release is None:
            outcome.report("rebuild-differs", "", "cannot be built again: the project has errors; validate it")
        elif (release.name, release.version) != (outcome.name, manifest.get("version")):
            problem = f"the project is that of another release: {release.name} {release.version}"
            outcome.report("rebuild-differs", "", problem)
        else:
            _compare(folder, release.folder, recorded.get("writers"), outcome)


def _compare(folder: Path, again: Path, writers: object, outcome: proof.Outcome) -> None:
    """Compares the tables, then the bytes: those may be others where other writers wrote them."""
    tables = _differing(table_digests(folder), table_digests(again))
    for name in tables:
        outcome.report("rebuild-differs", f"{name}.csv", "the rebuilt table has another content digest")
    old, new = _digests(folder), _digests(again)
    differing = [name for name in _differing(old, new) if name.removesuffix(".csv") not in tables]
    content = "another content digest for " + ", ".join(tables) if tables else "the same content digest for every table"
    then, now = proof.mapping(writers), provenance.writer_versions()
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
        statement = provenance.read_envelope((folder / PROVENANCE).read_bytes()).payload.hex()
    except (OSError, ValueError):
        statement = ""
    files = [file for file in folder.iterdir() if file.is_file() and file.name not in {SUMS, SIGNATURE, PROVENANCE}]
    return {PROVENANCE: statement} | {file.name: sha256_of(file) for file in files}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
