"""`verify`: proves a release by itself: checksums, signature, provenance, chain, equal data in every format, agreeing metadata.

What each step stands on:

    checksums    every file against SHA256SUMS, release.json and the provenance, which all list it
    signature    SHA256SUMS.minisig against a key that the reader has from elsewhere; a key beside the release proves nothing
    provenance   the statement against release.json and BUILD.json; its signature against the same key
    chain        the sha256 that `previous` names against the release.json in the folder of that version, back to the first
    formats      every table in every format against its CSV (equality)
    metadata     what the documents say about the release, against release.json (agreement)
    rebuild      with a project: the same bytes again (rebuilding)

A damaged file is named once, for that: what it holds is then not looked at. Only where `SHA256SUMS` was made to fit is the
difference looked for in the data itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.archive import ArchiveError, opened
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.signing import SIGNATURE, PublicKey, is_signed_by, read_signature, trusted_comment
from deedbook.integrity.verification import Ledger, Problem, Verification
from deedbook.project import Project
from deedbook.release.agreement import check_agreement
from deedbook.release.attestation import (
    BUILD_TYPE,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    PROVENANCE,
    STATEMENT_TYPE,
    Envelope,
    is_envelope_signed_by,
    is_subject,
    read_envelope,
)
from deedbook.release.edition import MANIFEST
from deedbook.release.equality import check_formats
from deedbook.release.manifest import SUMS, sums_text
from deedbook.release.provenance import BUILD_FILE
from deedbook.release.rebuilding import check_rebuild

Progress = Callable[[str, float], None]
_LONGEST_CHAIN = 10_000


def verify(
    path: Path, *, key: PublicKey | None = None, project: Project | None = None, progress: Progress | None = None
) -> Verification:
    """What is wrong with a release, and what was verified.

    Args:
        path: Its folder, or a `.zip` of it.
        key: The publisher's key, from anywhere but the release itself; without one a signature is not proven.
        project: The project that it was made from, to build it again; its rule files run.
        progress: Told what is being done, and which share of that is behind it.

    Raises:
        UsageError: when the path does not exist.
        ProjectError: when it is no release at all.
    """
    if not path.exists():
        raise UsageError(
            f"{path}: no such file or folder", "name the folder of a release, dist/NAME/VERSION, or its .zip"
        )
    if path.is_file() and path.suffix.lower() != ".zip":
        raise UsageError(f"{path}: is neither a folder nor a .zip", "name the folder of a release, dist/NAME/VERSION")
    say = progress or (lambda _what, _share: None)
    ledger = Ledger()
    try:
        with opened(path) as folder:
            if not any((folder / name).is_file() for name in (SUMS, MANIFEST)):
                raise ProjectError(f"{path}: has neither {SUMS} nor {MANIFEST}, so it is no release")
            manifest = _check_folder(folder, path.absolute().parent, key, project, ledger, say)
    except ArchiveError as error:
        ledger.blame("archive-unreadable", path.name, str(error))
        manifest = {}
    return Verification(
        str(path),
        str(manifest.get("name", "")),
        str(manifest.get("version", "")),
        tuple(sorted(ledger.problems, key=_order)),
        tuple(ledger.checked),
        tuple(ledger.not_checked),
        tuple(ledger.notes),
    )


def _check_folder(
    folder: Path, home: Path, key: PublicKey | None, project: Project | None, ledger: Ledger, say: Progress
) -> Mapping[str, Any]:
    manifest = _read_manifest(folder, ledger)
    envelope = _read_provenance(folder, ledger)
    statement = _statement(envelope, ledger)
    sound = _check_files(folder, manifest, statement, ledger, say)
    _check_signature(folder, manifest, key, ledger)
    if envelope is not None and statement:
        _check_provenance(folder, manifest, statement, sound, ledger)
        _check_envelope(envelope, key, folder, ledger)
    if manifest:
        _check_chain(manifest, home, ledger)
        check_formats(folder, str(manifest.get("name")), sound, ledger, say)
        check_agreement(folder, manifest, sound, ledger)
        if project is not None:
            say("building it again", 0.0)
            check_rebuild(folder, home, project, manifest, ledger)
    return manifest


def _order(problem: Problem) -> tuple[bool, str, str, int]:
    return bool(problem.file), problem.file, problem.table or "", problem.row or 0


def _read_manifest(folder: Path, ledger: Ledger) -> Mapping[str, Any]:
    """The content of `release.json`; empty when there is none to rely on."""
    try:
        record = json.loads((folder / MANIFEST).read_bytes())
        if isinstance(record, dict) and all(isinstance(record.get(name), list) for name in ("files", "tables")):
            return record
        ledger.blame("manifest-wrong", MANIFEST, "has no lists of files and tables")
    except FileNotFoundError:
        pass  # told with the other files that are missing
    except (OSError, ValueError, RecursionError) as error:
        ledger.blame("manifest-wrong", MANIFEST, f"is no JSON: {error}")
    return {}


def _check_files(
    folder: Path, manifest: Mapping[str, Any], statement: Mapping[str, Any], ledger: Ledger, say: Progress
) -> frozenset[str]:
    """Compares every file with all that list it; returns those that are there and agree with `SHA256SUMS`."""
    present = _present(folder, ledger)
    records = {
        SUMS: _read_sums(folder, present, ledger),
        MANIFEST: _listed(manifest.get("files"), lambda entry: entry.get("sha256")),
        PROVENANCE: _listed(statement.get("subject"), lambda entry: _mapping(entry.get("digest")).get("sha256")),
    }
    listed = {name for record in records.values() for name in record}
    for name in (SUMS, MANIFEST, PROVENANCE):
        if name not in present | listed:
            ledger.blame("file-missing", name, "is missing")
    for name in sorted(listed - present):
        who = " and ".join(source for source, record in records.items() if name in record)
        ledger.blame("file-missing", name, f"is missing; {who} {'list' if ' and ' in who else 'lists'} it")
    for name in sorted(present - listed - {SUMS, SIGNATURE}):
        ledger.blame("file-extra", name, "is no part of the release: nothing lists it")
    sound = set()
    for number, name in enumerate(sorted(present & listed)):
        say("reading checksums", number / len(present))
        digest = sha256_of(folder / name)
        wrong = [
            source
            for source, record in records.items()
            if _must_list(source, name, records) and record.get(name) != digest
        ]
        if wrong:
            ledger.blame(
                "file-changed",
                name,
                f"was changed: its sha256 is {digest}, not what {' and '.join(wrong)} say{'s' * (len(wrong) == 1)}",
            )
        if SUMS not in wrong:
            sound.add(name)
    ledger.checked.append(f"{len(present & listed)} checksums")
    return frozenset(sound)


def _must_list(source: str, name: str, records: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a record has to list a file: it cannot list what is written after it, and an absent one lists nothing."""
    if not records[source]:
        return False
    if source == MANIFEST:
        return is_subject(name) and name != MANIFEST
    return source == SUMS or is_subject(name)


def _present(folder: Path, ledger: Ledger) -> set[str]:
    """The plain files of the folder; anything else in it is a problem."""
    present = set()
    for path in folder.iterdir():
        if path.name == "__pycache__" and path.is_dir() and not path.is_symlink():
            message = "is what Python left when load.py ran, and no part of the release: delete it"
            ledger.blame("file-extra", path.name, message)
        elif path.is_symlink() or not path.is_file():
            ledger.blame("file-extra", path.name, "is no plain file; a release has nothing else")
        else:
            present.add(path.name)
    return present


def _read_sums(folder: Path, present: set[str], ledger: Ledger) -> dict[str, str]:
    if SUMS not in present:
        return {}
    content = (folder / SUMS).read_bytes().decode("utf-8", "replace")
    sums = {name: digest for digest, mark, name in (line.partition("  ") for line in content.split("\n")) if mark}
    if sums_text(sums) != content:
        ledger.blame("sums-malformed", SUMS, "is not the sorted list of `DIGEST  NAME` that a release has")
    return sums


def _listed(entries: object, digest_of: Callable[[Mapping[str, Any]], object]) -> dict[str, str]:
    if not isinstance(entries, list):
        return {}
    return {str(entry.get("name")): str(digest_of(entry)) for entry in entries if isinstance(entry, Mapping)}


def _check_signature(folder: Path, manifest: Mapping[str, Any], key: PublicKey | None, ledger: Ledger) -> None:
    file = folder / SIGNATURE
    if not file.is_file():
        if key is None:
            ledger.not_checked.append("signature: the release has none")
        else:
            ledger.blame("signature-missing", SIGNATURE, "is missing, so that the key proves nothing")
        return
    content = file.read_bytes()
    signature = read_signature(content)
    if signature.problem:
        ledger.blame("signature-wrong", SIGNATURE, signature.problem)
        return
    if key is None:
        ledger.not_checked.append(f"signature of key {signature.key_id}: no --key to prove it with")
    elif signature.key_id != key.id:
        ledger.blame("signature-wrong", SIGNATURE, f"is of key {signature.key_id}, not of {key.id}")
    elif not is_signed_by(key, (folder / SUMS).read_bytes() if (folder / SUMS).is_file() else b"", content):
        ledger.blame("signature-wrong", SIGNATURE, f"is not what key {key.id} signed")
    else:
        ledger.checked.append(f"signature of key {key.id}")
    release = f"{manifest.get('name')} {manifest.get('version')}"
    if manifest and signature.comment != trusted_comment(int(manifest.get("epoch") or 0), release):
        ledger.blame("signature-wrong", SIGNATURE, f"was made for something else: {signature.comment!r}")


def _read_provenance(folder: Path, ledger: Ledger) -> Envelope | None:
    try:
        return read_envelope((folder / PROVENANCE).read_bytes())
    except FileNotFoundError:
        return None  # told with the other files that are missing
    except (OSError, ValueError) as error:
        ledger.blame("provenance-wrong", PROVENANCE, str(error))
        return None


def _statement(envelope: Envelope | None, ledger: Ledger) -> Mapping[str, Any]:
    if envelope is None:
        return {}
    try:
        statement = json.loads(envelope.payload)
    except (ValueError, RecursionError):
        statement = None
    types = (_mapping(statement).get("_type"), _mapping(statement).get("predicateType"), envelope.payload_type)
    if types != (STATEMENT_TYPE, PREDICATE_TYPE, PAYLOAD_TYPE):
        ledger.blame("provenance-wrong", PROVENANCE, "is no in-toto statement with SLSA provenance v1")
        return {}
    return _mapping(statement)


def _check_provenance(
    folder: Path, manifest: Mapping[str, Any], statement: Mapping[str, Any], sound: frozenset[str], ledger: Ledger
) -> None:
    """Compares what the statement says about the build with `release.json` and `BUILD.json`."""
    definition = _mapping(_mapping(statement.get("predicate")).get("buildDefinition"))
    if definition.get("buildType") != BUILD_TYPE:
        ledger.blame("provenance-wrong", PROVENANCE, f"describes a build of the type {definition.get('buildType')!r}")
    parameters = _mapping(definition.get("externalParameters"))
    names = {
        "dataset": "name",
        "version": "version",
        "state": "state",
        "created": "created",
        "epoch": "epoch",
        "previous": "previous",
    }
    for name, other in names.items():
        if manifest and parameters.get(name) != manifest.get(other):
            said, wanted = parameters.get(name), manifest.get(other)
            ledger.blame("provenance-wrong", PROVENANCE, f"says {name} {said!r}, {MANIFEST} says {wanted!r}")
    dependencies = _listed(
        definition.get("resolvedDependencies"), lambda entry: _mapping(entry.get("digest")).get("sha256")
    )
    inputs = _inputs(folder) if BUILD_FILE in sound else {}
    for name in sorted(inputs):
        if dependencies.get(name) != inputs[name]:
            ledger.blame("provenance-wrong", PROVENANCE, f"has another sha256 of the input {name} than {BUILD_FILE}")
    ledger.checked.append(f"provenance of {len(dependencies)} inputs")


def _inputs(folder: Path) -> dict[str, str]:
    try:
        entries = json.loads((folder / BUILD_FILE).read_bytes()).get("inputs")
        return {str(entry["path"]): str(entry["sha256"]) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # told where the metadata are compared


def _check_envelope(envelope: Envelope, key: PublicKey | None, folder: Path, ledger: Ledger) -> None:
    is_signed = (folder / SIGNATURE).is_file()
    if key is not None and is_signed and not is_envelope_signed_by(key, envelope):
        ledger.blame("provenance-wrong", PROVENANCE, f"is not signed by key {key.id}")
    elif not is_signed and envelope.signatures:
        ledger.blame("signature-missing", SIGNATURE, f"is missing, though {PROVENANCE} is signed")
    elif is_signed and not envelope.signatures:
        ledger.blame("provenance-wrong", PROVENANCE, "is not signed, though the checksums are")


def _check_chain(manifest: Mapping[str, Any], home: Path, ledger: Ledger) -> None:
    """Walks back from release to release, each named by its successor's `previous`."""
    name, record, seen = manifest.get("name"), manifest, [str(manifest.get("version"))]
    while (previous := record.get("previous")) is not None:
        version, digest = str(_mapping(previous).get("version")), str(_mapping(previous).get("sha256"))
        if version in seen or len(seen) > _LONGEST_CHAIN:
            ledger.blame("chain-broken", MANIFEST, f"the chain of releases comes back to {version}")
            return
        file = home / version / MANIFEST
        if Path(version).name != version or not file.is_file():
            ledger.not_checked.append(f"chain before {seen[-1]}: {version} is not beside it")
            break
        if (found := sha256_of(file)) != digest:
            message = f"{seen[-1]} names {version} with the sha256 {digest}; the {version} beside it has {found}"
            ledger.blame("chain-broken", MANIFEST, message)
            return
        record = _read_record(file)
        if (record.get("name"), record.get("version")) != (name, version):
            said = f"{record.get('name')} {record.get('version')}"
            ledger.blame("chain-broken", MANIFEST, f"the release before {seen[-1]} calls itself {said}")
            return
        seen.append(version)
    links = len(seen) - 1
    if links:
        ledger.checked.append(f"chain back to {seen[-1]}")
    elif manifest.get("previous") is None:
        ledger.checked.append("first of its chain")


def _read_record(file: Path) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
