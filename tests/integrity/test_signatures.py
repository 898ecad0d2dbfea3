"""Signatures are minisign's, the same bytes every time, and the secret key goes nowhere."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer._key import SSlibKey

from deedbook.errors import RefusalError, UsageError
from deedbook.integrity.signatures import (
    configured_key,
    generate_pair,
    is_signed_by,
    public_key,
    read_signature,
    sign_sums,
)
from deedbook.release.verification import verify
from tests.release.conftest import MakeProject
from tests.release.releases import OTHER, OWN, release_of

MINISIGN = shutil.which("minisign")
needs_minisign = pytest.mark.skipif(MINISIGN is None, reason="minisign is not installed")


@pytest.fixture
def signed(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY", OWN.secret)
    return release_of(make_project())


PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


def test_a_release_is_signed_with_the_same_bytes_again(signed: Path, make_project: MakeProject) -> None:
    again = release_of(make_project(folder="again"))
    for name in ("SHA256SUMS", "SHA256SUMS.minisig", "provenance.intoto.jsonl"):
        assert (signed / name).read_bytes() == (again / name).read_bytes()


def test_the_trusted_comment_has_the_epoch_and_the_release(signed: Path) -> None:
    epoch = json.loads((signed / "release.json").read_text())["epoch"]
    signature = read_signature((signed / "SHA256SUMS.minisig").read_bytes())
    assert signature.comment == f"timestamp:{epoch}\tfile:SHA256SUMS\thashed\trelease:deeds 1.0.0"
    assert signature.key_id == OWN.public.id


def test_the_secret_key_is_in_no_file_of_the_release(signed: Path) -> None:
    secret = OWN.secret.splitlines()[1].encode()
    assert not [path.name for path in signed.iterdir() if secret in path.read_bytes()]
    assert OWN.secret.splitlines()[1] not in repr(configured_key({"DEEDBOOK_SIGNING_KEY": OWN.secret}))


def test_the_provenance_is_an_envelope_that_another_implementation_verifies(signed: Path) -> None:
    text = (signed / "provenance.intoto.jsonl").read_text()
    assert text.count("\n") == 1
    envelope = Envelope.from_dict(json.loads(text))
    for pair, is_right in ((OWN, True), (OTHER, False)):
        key = SSlibKey(OWN.public.id, "ed25519", "ed25519", {"public": pair.public.raw.hex()})
        if is_right:
            assert envelope.verify([key], 1)
        else:
            with pytest.raises(Exception, match="do not match threshold"):
                envelope.verify([key], 1)


def test_the_statement_names_every_file_input_and_writer(signed: Path) -> None:
    envelope = Envelope.from_dict(json.loads((signed / "provenance.intoto.jsonl").read_text()))
    statement = json.loads(envelope.payload)
    assert statement["_type"] == STATEMENT_TYPE
    assert statement["predicateType"] == PREDICATE_TYPE
    names = {path.name for path in signed.iterdir()}
    assert {subject["name"] for subject in statement["subject"]} == names - {
        "SHA256SUMS",
        "SHA256SUMS.minisig",
        "provenance.intoto.jsonl",
    }
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["version"] == "1.0.0"
    inputs = {item["name"] for item in definition["resolvedDependencies"]}
    assert {"datapackage/events.csv", "schemas/events.schema.json", "deedbook.toml"} <= inputs
    assert "polars" in statement["predicate"]["runDetails"]["builder"]["version"]


def test_without_a_key_the_envelope_has_no_signature(make_project: MakeProject) -> None:
    folder = release_of(make_project())
    assert json.loads((folder / "provenance.intoto.jsonl").read_text())["signatures"] == []
    assert not (folder / "SHA256SUMS.minisig").exists()


def test_the_key_may_be_a_file_locked_by_a_password(tmp_path: Path) -> None:
    public = generate_pair(tmp_path / "own.key", tmp_path / "own.pub", "open sesame")
    environment = {
        "DEEDBOOK_SIGNING_KEY_FILE": str(tmp_path / "own.key"),
        "DEEDBOOK_SIGNING_KEY_PASSWORD": "open sesame",
    }
    key = configured_key(environment)
    assert key is not None
    assert key.public.id == public.id
    assert is_signed_by(public, b"sums", sign_sums(key, b"sums", "x"))
    assert not is_signed_by(public, b"other sums", sign_sums(key, b"sums", "x"))
    assert public == public_key(str(tmp_path / "own.pub")) == public_key(public.text)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DEEDBOOK_SIGNING_KEY": "nonsense"}, "cannot be used"),
        ({"DEEDBOOK_SIGNING_KEY": OWN.secret, "DEEDBOOK_SIGNING_KEY_FILE": "x"}, "both set"),
        ({"DEEDBOOK_SIGNING_KEY_FILE": "/no/such/file"}, "cannot be read"),
        ({"DEEDBOOK_SIGNING_KEY_FILE": "{locked}"}, "locked by a password"),
        ({"DEEDBOOK_SIGNING_KEY_FILE": "{locked}", "DEEDBOOK_SIGNING_KEY_PASSWORD": "wrong"}, "wrong password"),
    ],
)
def test_a_key_that_cannot_be_used_is_never_passed_over(
    tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    locked = tmp_path / "locked.key"
    generate_pair(locked, tmp_path / "locked.pub", "right")
    chosen = {name: value.replace("{locked}", str(locked)) for name, value in environment.items()}
    with pytest.raises(UsageError, match=message) as refusal:
        configured_key(chosen)
    assert refusal.value.hint


def test_a_build_with_an_unusable_key_writes_nothing(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY", "nonsense")
    project = make_project()
    with pytest.raises(UsageError):
        release_of(project)
    assert not project.dist.exists()


def test_no_key_is_configured_by_default() -> None:
    assert configured_key({}) is None


def test_the_secret_half_is_for_its_owner_only_and_nothing_is_overwritten(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        generate_pair(tmp_path / "own.key", tmp_path / "own.pub", "")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "own.key").stat().st_mode) == 0o600
    before = (tmp_path / "own.key").read_bytes()
    with pytest.raises(RefusalError, match="exists already"):
        generate_pair(tmp_path / "own.key", tmp_path / "other.pub", "")
    with pytest.raises(RefusalError, match="exists already"):
        generate_pair(tmp_path / "other.key", tmp_path / "own.pub", "")
    assert (tmp_path / "own.key").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.key", "own.pub"]


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a minisign public key"):
        public_key("nonsense")


def test_another_untrusted_comment_is_noticed(signed: Path) -> None:
    path = signed / "SHA256SUMS.minisig"
    path.write_bytes(path.read_bytes().replace(b"signature from", b"signature form"))
    assert [problem.file for problem in verify(signed, key=OWN.public).problems] == ["SHA256SUMS.minisig"]


@pytest.mark.external
@needs_minisign
def test_minisign_verifies_our_signature_and_refuses_another(signed: Path, tmp_path: Path) -> None:
    command = [str(MINISIGN), "-Vm", "SHA256SUMS", "-P"]
    done = subprocess.run([*command, OWN.public.text], cwd=signed, capture_output=True, text=True, check=True)
    assert "release:deeds 1.0.0" in done.stdout
    assert subprocess.run([*command, OTHER.public.text], cwd=signed, capture_output=True, check=False).returncode == 1
    with (signed / "SHA256SUMS").open("ab") as file:
        file.write(b"\n")
    assert subprocess.run([*command, OWN.public.text], cwd=signed, capture_output=True, check=False).returncode == 1


@pytest.mark.external
@needs_minisign
def test_minisign_and_we_use_each_others_keys(tmp_path: Path) -> None:
    ours = generate_pair(tmp_path / "own.key", tmp_path / "own.pub", "")
    (tmp_path / "sums").write_text("x")
    subprocess.run(
        [str(MINISIGN), "-Sm", "sums", "-s", "own.key"], cwd=tmp_path, check=True, capture_output=True, input=b"\n"
    )
    subprocess.run([str(MINISIGN), "-Vm", "sums", "-p", "own.pub"], cwd=tmp_path, check=True, capture_output=True)
    assert is_signed_by(ours, b"x", (tmp_path / "sums.minisig").read_bytes())
    theirs = [str(MINISIGN), "-GWf", "-s", "their.key", "-p", "their.pub"]
    subprocess.run(theirs, cwd=tmp_path, check=True, capture_output=True)
    key = configured_key({"DEEDBOOK_SIGNING_KEY_FILE": str(tmp_path / "their.key")})
    assert key is not None
    public = public_key(str(tmp_path / "their.pub"))
    assert key.public.id == public.id
    assert public.id.lstrip("0") in (tmp_path / "their.pub").read_text()  # minisign drops zeros at the front
