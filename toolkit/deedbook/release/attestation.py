"""`provenance.intoto.jsonl`: what the release was made from and with, as SLSA provenance v1 that machines understand.

One line: a DSSE envelope (`payloadType` application/vnd.in-toto+json) around an in-toto statement v1, whose subjects are all files of
the release but itself, `SHA256SUMS` and its signature, and whose predicate is https://slsa.dev/provenance/v1:

    buildDefinition.buildType               urn:deedbook:build:1
    buildDefinition.externalParameters      dataset, version, state, created, epoch, previous
    buildDefinition.resolvedDependencies    every input file with its sha256, and the previous release's release.json
    runDetails.builder                      urn:deedbook:builder, with the versions of everything that wrote bytes

With a key configured the envelope carries its Ed25519 signature. Without one `signatures` is an empty list: such an envelope
claims, and only `SHA256SUMS` binds it. There is no start or end time in it, since no clock may reach a release.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import PROVENANCE as PROVENANCE
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.signing import (
    SIGNATURE,
    PublicKey,
    SigningKey,
    is_raw_signed_by,
    sign_raw,
    sign_sums,
    trusted_comment,
)
from deedbook.release.edition import MANIFEST, Edition, moment_text
from deedbook.release.manifest import SUMS, read_manifest, write_sums
from deedbook.release.provenance import InputFile, writer_versions

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:deedbook:build:1"
BUILDER = "urn:deedbook:builder"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope that was read; `signatures` are the raw signatures by key number."""

    payload: bytes
    payload_type: str
    signatures: Mapping[str, bytes]


def write_proofs(edition: Edition, inputs: tuple[InputFile, ...], folder: Path, key: SigningKey | None) -> None:
    """Adds to a folder that has its `release.json` what proves it: provenance, checksums and, with a key, the signature."""
    digests = {**read_manifest(folder).files, MANIFEST: sha256_of(folder / MANIFEST)}
    envelope = envelope_json(statement_json(edition, inputs, digests), key)
    (folder / PROVENANCE).write_bytes(envelope)
    digests[PROVENANCE] = sha256_of(folder / PROVENANCE)
    sums = write_sums(digests, folder)
    if key is not None:
        comment = trusted_comment(int(edition.epoch.timestamp()), f"{edition.name} {edition.version}")
        (folder / SIGNATURE).write_bytes(sign_sums(key, sums, comment))


def is_subject(name: str) -> bool:
    """Whether the provenance speaks of a file of this name: it cannot speak of what is written after it."""
    return name not in {PROVENANCE, SUMS, SIGNATURE}


def statement_json(edition: Edition, inputs: tuple[InputFile, ...], digests: Mapping[str, str]) -> bytes:
    """The in-toto statement about files with these digests."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(digests.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _parameters(edition),
                "resolvedDependencies": _dependencies(edition, inputs),
            },
            "runDetails": {"builder": {"id": BUILDER, "version": writer_versions()}},
        },
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()


def _parameters(edition: Edition) -> dict[str, Any]:
    previous = edition.previous
    return {
        "dataset": edition.name,
        "version": edition.version,
        "state": edition.state,
        "created": moment_text(edition.created),
        "epoch": int(edition.epoch.timestamp()),
        "previous": {"version": previous.version, "sha256": previous.sha256} if previous else None,
    }


def _dependencies(edition: Edition, inputs: tuple[InputFile, ...]) -> list[dict[str, Any]]:
    found = [{"name": item.path, "digest": {"sha256": item.sha256}} for item in inputs]
    if edition.previous is not None:
        name = f"{edition.name} {edition.previous.version} {MANIFEST}"
        found.append({"name": name, "digest": {"sha256": edition.previous.sha256}})
    return found


def envelope_json(payload: bytes, key: SigningKey | None) -> bytes:
    """The payload in its envelope, as one line."""
    signatures = []
    if key is not None:
        signature = sign_raw(key, pre_authentication(PAYLOAD_TYPE, payload))
        signatures.append({"keyid": key.id, "sig": _text(signature)})
    record = {"payload": _text(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
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


def is_envelope_signed_by(key: PublicKey, envelope: Envelope) -> bool:
    """Whether the envelope carries a right signature of that key."""
    signature = envelope.signatures.get(key.id)
    message = pre_authentication(envelope.payload_type, envelope.payload)
    return signature is not None and is_raw_signed_by(key, message, signature)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is signed: DSSE's PAE, which binds the type to the payload (secure-systems-lab/dsse, protocol.md)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
