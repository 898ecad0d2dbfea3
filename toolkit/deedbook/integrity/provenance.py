"""What a release was made from and with: `BUILD.json` for people, `provenance.intoto.jsonl` for machines that check it.

`BUILD.json` has what somebody else needs to make the same bytes. Writer versions decide the bytes of Parquet, SQLite, XLSX, Stata,
SPSS and R (never the content digests), inputs are the files of the project, and the epoch is the only time. No host, user, path
outside the project or clock is in it.

`provenance.intoto.jsonl` is one line: a DSSE envelope around an in-toto statement v1, whose subjects are all files of the release but
itself, `SHA256SUMS` and its signature, and whose predicate is https://slsa.dev/provenance/v1:

    buildDefinition.buildType               urn:deedbook:build:1
    buildDefinition.externalParameters      dataset, version, state, created, epoch, previous
    buildDefinition.resolvedDependencies    every input file with its sha256, and the previous release's release.json
    runDetails.builder                      urn:deedbook:builder, with the versions of everything that wrote bytes

With a key configured the envelope carries its Ed25519 signature. Without one it claims, and only `SHA256SUMS` binds it. There is no
start or end time in it, since no clock may reach a release.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import deedbook
from deedbook import files
from deedbook.integrity.digests import MANIFEST, PROVENANCE, SIGNATURE, SUMS, read_sums, sha256_of, sums_text
from deedbook.integrity.signatures import SigningKey, envelope_json, read_envelope, sign_sums, trusted_comment
from deedbook.project import CONFIG, Project

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
TYPES = (STATEMENT_TYPE, PREDICATE_TYPE, PAYLOAD_TYPE)
"""What the statement, its predicate and the envelope call themselves."""
BUILD_TYPE = "urn:deedbook:build:1"
BUILDER = "urn:deedbook:builder"
LOCK_FILE = "requirements.lock"
PARAMETERS = {"dataset": "name"} | {name: name for name in ("version", "state", "created", "epoch", "previous")}
"""The parameters of the statement, each with the property of `release.json` that has the same value."""
_WRITERS = ("polars", "xlsxwriter", "jinja2", "numpy", "pyreadstat")
_BESIDE_TABLES = ("waivers.csv", "corrections.csv", "CHANGES.md", "LICENSE")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the release was made from; `path` is relative to the project."""

    path: str
    bytes: int
    sha256: str


def read_inputs(project: Project) -> tuple[InputFile, ...]:
    """Every file that decides what is released, sorted by path."""
    package, root = project.package, project.root.resolve()
    files = {file for resource in package.resources for file in resource.files}
    files |= {package.root / name for name in _BESIDE_TABLES} | {project.root / CONFIG, project.root / LOCK_FILE}
    files |= {package.path} if package.path else set()
    listed = package.raw.get("licenses")
    licences = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    files |= {package.root / str(one["path"]) for one in licences if one.get("path")}  # an address is no file
    if project.schemas is not None:
        files |= {*project.schemas.glob("*.schema.json"), *project.schemas.glob("*.py")}
    found = []
    for file in filter(Path.is_file, files):
        place = file.resolve()
        path = place.relative_to(root).as_posix() if place.is_relative_to(root) else file.name
        found.append(InputFile(path, file.stat().st_size, sha256_of(file)))
    return tuple(sorted(found, key=lambda item: item.path))


def build_json(name: str, release: str, epoch: dt.datetime, inputs: tuple[InputFile, ...]) -> str:
    """The content of `BUILD.json` of a release (its version) of a dataset."""
    locks = [item.sha256 for item in inputs if item.path == LOCK_FILE]
    record = {
        "build_version": 1,
        "dataset": name,
        "version": release,
        "epoch": int(epoch.timestamp()),
        "epoch_time": epoch.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lock_sha256": locks[0] if locks else None,
        "writers": writer_versions(),
        "inputs": [asdict(item) for item in inputs],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def writer_versions() -> dict[str, str]:
    """The versions of everything that decides the bytes of a release."""
    return {
        "deedbook": deedbook.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _WRITERS},
        "sqlite": sqlite3.sqlite_version,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def write_proofs(folder: Path, inputs: tuple[InputFile, ...], key: SigningKey | None) -> None:
    """Adds to a folder that has its `release.json` what proves it: provenance, checksums and, with a key, the signature."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    digests = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    digests[MANIFEST] = sha256_of(folder / MANIFEST)
    (folder / PROVENANCE).write_bytes(envelope_json(statement_json(manifest, inputs, digests), PAYLOAD_TYPE, key))
    digests[PROVENANCE] = sha256_of(folder / PROVENANCE)
    sums = sums_text(digests).encode()
    (folder / SUMS).write_bytes(sums)
    if key is not None:
        (folder / SIGNATURE).write_bytes(sign_sums(key, sums, trusted_comment(manifest)))


def sign_proofs(folder: Path, key: SigningKey) -> None:
    """Signs a release that was built without a key: the bytes of a build with it. Killed anywhere, it may be done again."""
    manifest, envelope = json.loads((folder / MANIFEST).read_bytes()), read_envelope((folder / PROVENANCE).read_bytes())
    files.replace(folder / PROVENANCE, envelope_json(envelope.payload, envelope.payload_type, key))
    listed, _ = read_sums((folder / SUMS).read_bytes())
    sums = sums_text({**listed, PROVENANCE: sha256_of(folder / PROVENANCE)}).encode()
    files.replace(folder / SUMS, sums)
    files.replace(folder / SIGNATURE, sign_sums(key, sums, trusted_comment(manifest)))


def statement_json(manifest: Mapping[str, Any], inputs: tuple[InputFile, ...], digests: Mapping[str, str]) -> bytes:
    """The in-toto statement about the files with these digests of the release with that `release.json`."""
    dependencies = [{"name": item.path, "digest": {"sha256": item.sha256}} for item in inputs]
    if previous := manifest["previous"]:
        name = f"{manifest['name']} {previous['version']} {MANIFEST}"
        dependencies.append({"name": name, "digest": {"sha256": previous["sha256"]}})
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(digests.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {name: manifest[other] for name, other in PARAMETERS.items()},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {"builder": {"id": BUILDER, "version": writer_versions()}},
        },
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
