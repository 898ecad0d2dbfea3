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

import base64
import datetime as dt
import json
import platform
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import deedbook
from deedbook import files
from deedbook.integrity.digests import MANIFEST, PROVENANCE, SIGNATURE, SUMS, read_sums, sha256_of, sums_text
from deedbook.integrity.signatures import PublicKey, SigningKey, sign_sums, trusted_comment
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


def read_inputs(project: Project, digest: Callable[[Path], str] = sha256_of) -> tuple[InputFile, ...]:
    """Every file that decides what is released, sorted by path, hashed by `digest`."""
    package, root = project.package, project.root.resolve()
    listed = package.raw.get("licenses")
    named = [one.get("path") for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    places = {package.root / str(name) for name in (*_BESIDE_TABLES, *filter(None, named))}  # an address is no file
    places |= {project.root / CONFIG, project.root / LOCK_FILE, package.path or package.root}
    places.update(*(resource.files for resource in package.resources))
    if project.schemas is not None:
        places.update(project.schemas.glob("*.schema.json"), project.schemas.glob("*.py"))
    found = []
    for file in filter(Path.is_file, places):
        place = file.resolve()
        path = place.relative_to(root).as_posix() if place.is_relative_to(root) else file.name
        found.append(InputFile(path, file.stat().st_size, digest(file)))
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
    return files.json_document(record)


def writer_versions() -> dict[str, str]:
    """The versions of everything that decides the bytes of a release; one of an extra that is not installed writes nothing."""
    writers = {}
    for name in _WRITERS:
        with suppress(PackageNotFoundError):
            writers[name] = version(name)
    return {
        "deedbook": deedbook.__version__,
        "python": platform.python_version(),
        **writers,
        "sqlite": sqlite3.sqlite_version,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope; `signatures` are the raw signatures by key number."""

    payload: bytes
    payload_type: str
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def signed_content(self) -> bytes:
        """DSSE's PAE, which binds the type to the payload (secure-systems-lab/dsse, protocol.md)."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether it carries a right signature of that key."""
        return key.proves(self.signed_content, self.signatures.get(key.id, b""))

    def fault(self, keys: Sequence[PublicKey]) -> str:
        """What is wrong with its signatures beside signed checksums, as the end of a sentence; nothing is proven without a key."""
        if not (keys or self.signatures):
            return "is not signed, though the checksums are"
        is_proven = not keys or any(map(self.is_signed_by, keys))
        return "" if is_proven else f"is not signed by key {' or '.join(key.id for key in keys)}"


def envelope_json(payload: bytes, payload_type: str, key: SigningKey | None) -> bytes:
    """The payload in its envelope, as one line; without a key nothing signs it."""
    signatures = []
    if key is not None:
        signature = key.sign_raw(Envelope(payload, payload_type).signed_content)
        signatures.append({"keyid": key.public.id, "sig": base64.b64encode(signature).decode()})
    record = {"payload": base64.b64encode(payload).decode(), "payloadType": payload_type, "signatures": signatures}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def read_envelope(content: bytes) -> Envelope:
    """The envelope that stands in a file.

    Raises:
        ValueError: when it is none, or more than one.
    """
    try:
        record = json.loads(content)
        return Envelope(
            base64.b64decode(record["payload"], validate=True),
            str(record["payloadType"]),
            {str(item["keyid"]): base64.b64decode(item["sig"], validate=True) for item in record["signatures"]},
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"is no DSSE envelope: {error}") from None


def write_proofs(folder: Path, inputs: tuple[InputFile, ...], key: SigningKey | None) -> None:
    """Adds to a folder that has its `release.json` what proves it: provenance, checksums and, with a key, the signature."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    digests = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    digests[MANIFEST] = sha256_of(folder / MANIFEST)
    _write(folder, statement_json(manifest, inputs, digests), digests, key)


def sign_proofs(folder: Path, key: SigningKey) -> None:
    """Signs a release that was built without a key: the bytes of a build with it. Killed anywhere, it may be done again."""
    digests, _ = read_sums((folder / SUMS).read_bytes())
    _write(folder, read_envelope((folder / PROVENANCE).read_bytes()).payload, digests, key)


def _write(folder: Path, statement: bytes, digests: Mapping[str, str], key: SigningKey | None) -> None:
    """Writes the statement in its envelope, the digests with that of the envelope, and a signature of them."""
    files.replace(folder / PROVENANCE, envelope_json(statement, PAYLOAD_TYPE, key))
    sums = sums_text({**digests, PROVENANCE: sha256_of(folder / PROVENANCE)}).encode()
    files.replace(folder / SUMS, sums)
    if key is not None:
        comment = trusted_comment(json.loads((folder / MANIFEST).read_bytes()))
        files.replace(folder / SIGNATURE, sign_sums(key, sums, comment))


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
