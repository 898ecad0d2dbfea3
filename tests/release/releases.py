"""Releases to be proven and damaged, and keys to sign them with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import minisign

from deedbook.integrity.digests import PROVENANCE, SIGNATURE, SUMS, sha256_of, sums_text
from deedbook.integrity.proof import Problem
from deedbook.integrity.provenance import PAYLOAD_TYPE, envelope_json, read_envelope
from deedbook.integrity.signatures import PublicKey, public_key
from deedbook.project import Project
from deedbook.release.build import build
from deedbook.release.verification import verify


@dataclass(frozen=True, slots=True)
class Pair:
    """A key for tests: the text of the secret half, and the public one."""

    secret: str
    public: PublicKey


def make_pair() -> Pair:
    """A new pair without a password."""
    pair = minisign.KeyPair.generate()
    return Pair(bytes(pair.secret_key).decode(), public_key(pair.public_key.to_base64().decode()))


OWN = make_pair()
OTHER = make_pair()


def release_of(project: Project) -> Path:
    """The folder of the project's release, built now."""
    built = build(project)
    assert built.release is not None, built.report.findings
    return built.release.folder


def problems(path: Path, key: PublicKey | None = None) -> list[tuple[str, str]]:
    """What verification finds, as (rule, file)."""
    return [(problem.rule, problem.file) for problem in verify(path, key=key).problems]


def only(path: Path, key: PublicKey | None = None) -> Problem:
    """The one problem of a release."""
    found = verify(path, key=key).problems
    assert len(found) == 1, found
    return found[0]


def copied(folder: Path, to: Path) -> Path:
    """A copy of a release to be damaged."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    return to


def repair_sums(folder: Path) -> None:
    """Makes the list of checksums fit whatever stands there, as somebody would who hides a change."""
    names = [path.name for path in folder.iterdir() if path.name not in {SUMS, SIGNATURE}]
    (folder / SUMS).write_text(sums_text({name: sha256_of(folder / name) for name in names}))


def repair_everything(folder: Path) -> None:
    """The same for release.json and a provenance that nobody signs."""
    manifest = json.loads((folder / "release.json").read_text())
    for entry in manifest["files"]:
        entry["sha256"] = sha256_of(folder / entry["name"])
        entry["bytes"] = (folder / entry["name"]).stat().st_size
    (folder / "release.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    statement = json.loads(read_envelope((folder / PROVENANCE).read_bytes()).payload)
    for entry in statement["subject"]:
        entry["digest"]["sha256"] = sha256_of(folder / entry["name"])
    (folder / PROVENANCE).write_bytes(envelope_json(json.dumps(statement).encode(), PAYLOAD_TYPE, None))
    repair_sums(folder)
