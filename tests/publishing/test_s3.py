"""A bucket: what it stores, what it may not do, and what its refusals become."""

from __future__ import annotations

import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from deedbook.catalogue.s3 import S3Store
from deedbook.catalogue.store import ExistsError
from deedbook.errors import DeedbookError, RefusalError, RemoteError, UsageError
from tests.catalogue.catalogues import replace_in_turn
from tests.cli.project import Outcome
from tests.publishing.conftest import ask
from tests.publishing.projects import copy_project, everything
from tests.publishing.publisher import BUCKET, CREDENTIALS, bucket_target
from tests.publishing.releases import sha256
from tests.release.releases import OWN
from tests.versioning.dataset import make_dataset

Run = Callable[..., Outcome]
Serve = Callable[[Callable[..., BaseHTTPRequestHandler]], str]


@pytest.fixture(autouse=True)
def _credentials(deedbook: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def ignore(_bytes: int) -> None:
    """Nobody watches."""


def answering(status: int, body: bytes) -> type[BaseHTTPRequestHandler]:
    """A server that gives everybody the same answer."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"0"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_PUT = do_HEAD = do_POST = do_DELETE = do_GET  # noqa: N815  # as http.server calls them

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that it has
            """Nothing."""

    return Answer


@pytest.mark.parametrize("size", [10, 20 << 20], ids=["small", "in parts"])
def test_a_file_is_put_once(s3: str, tmp_path: Path, size: int) -> None:
    store = bucket_target(s3, tmp_path.name).store
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(os.urandom(size))
    other.write_bytes(os.urandom(size))
    moved: list[int] = []
    store.put_new("deeds/1.0.0/a.parquet", file, sha256(file), moved.append)
    assert sum(moved) == size == store.size("deeds/1.0.0/a.parquet")
    with pytest.raises(ExistsError):
        store.put_new("deeds/1.0.0/a.parquet", other, sha256(other), ignore)
    assert store.digest("deeds/1.0.0/a.parquet") == sha256(file)
    assert keys(s3, tmp_path.name) == ["deeds/1.0.0/a.parquet"]
    store.replace("latest.json", b"1", None)
    assert store.sizes() == {"deeds/1.0.0/a.parquet": size}


@pytest.mark.parametrize("size", [10, 20 << 20], ids=["small", "in parts"])
def test_a_file_that_changed_since_it_was_verified_gets_no_name(s3: str, tmp_path: Path, size: int) -> None:
    store = bucket_target(s3, tmp_path.name).store
    (tmp_path / "file").write_bytes(bytes(size))
    with pytest.raises(RefusalError, match="changed while it was being published"):
        store.put_new("deeds/1.0.0/a.parquet", tmp_path / "file", "0" * 64, ignore)
    assert store.size("deeds/1.0.0/a.parquet") is None


def test_a_document_is_replaced_only_in_the_state_that_was_read(s3: str, tmp_path: Path) -> None:
    replace_in_turn(bucket_target(s3, tmp_path.name).store)


def keys(s3: str, prefix: str) -> list[str]:
    import boto3

    names = {name.lower(): value for name, value in CREDENTIALS.items()}
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1", **names)
    found = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
    return [str(item["Key"]).removeprefix(f"{prefix}/") for item in found.get("Contents", [])]


def test_a_release_in_a_bucket_is_the_one_that_was_built(s3: str, built: Path, tmp_path: Path, deedbook: Run) -> None:
    project = copy_project(built, tmp_path / "project", targets(s3, tmp_path.name))
    for version in ("1.0.0", "1.1.0"):
        outcome = deedbook("publish", version, "--to", "public")
        assert (outcome.code, outcome.err) == (0, "")
    before = int(ask(s3, "/_count"))
    assert deedbook("publish", "1.1.0", "--to", "public").code == 0
    assert int(ask(s3, "/_count")) - before < 100
    store = bucket_target(s3, tmp_path.name).store
    for version in ("1.0.0", "1.1.0"):
        for name, digest in everything(project / "dist" / "items" / version).items():
            assert store.digest(f"items/{version}/{name}") == digest
    outcome = deedbook("versions", "--to", "public")
    assert [line.split()[:2] for line in outcome.out.splitlines()[1:]] == [["1.1.0", "latest"], ["1.0.0", "superseded"]]


def targets(endpoint: str, prefix: str = "") -> str:
    return f'[targets.public]\ntype = "s3"\nbucket = "{BUCKET}"\nprefix = "{prefix}"\nendpoint = "{endpoint}"\n'


def test_without_credentials_nobody_is_asked(
    s3: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deedbook: Run
) -> None:
    copy_project(built, tmp_path / "project", targets(s3))
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = ask(s3, "/_count")
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert outcome.code == 2
    assert "there are no credentials" in outcome.err
    assert "AWS_SECRET_ACCESS_KEY" in outcome.err
    assert deedbook("publish", "1.0.0", "--to", "public", "--dry-run").code == 0
    assert ask(s3, "/_count") == before


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (403, b"<Error><Code>AccessDenied</Code></Error>", 4, "credentials do not allow"),
        (401, b"", 4, "credentials do not allow"),
        (200, b"", 4, "ignores conditions"),
        (404, b"<Error><Code>NoSuchBucket</Code></Error>", 3, "does the bucket exist"),
        (400, b"<html>no</html>", 75, "publish again"),
    ],
)
def test_what_a_store_answers_becomes_one_message(
    built: Path, tmp_path: Path, serve: Serve, deedbook: Run, status: int, body: bytes, code: int, said: str
) -> None:
    copy_project(built, tmp_path / "project", targets(serve(answering(status, body))))
    outcome = deedbook("publish", "1.0.0", "--to", "public")
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in outcome.err


def test_a_store_that_is_not_there_is_tried_and_named(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3Store(BUCKET, endpoint="http://127.0.0.1:1", environment=CREDENTIALS)
    monkeypatch.setattr("deedbook.catalogue.s3.RETRIES", 0)
    with pytest.raises(RemoteError, match="s3://releases/"):
        store.probe()


def test_an_html_page_in_place_of_a_catalogue_is_refused(serve: Serve) -> None:
    from deedbook.catalogue.store import read_catalogue

    store = S3Store(BUCKET, endpoint=serve(answering(200, b"<html>welcome</html>")), environment=CREDENTIALS)
    with pytest.raises(DeedbookError, match="is no catalogue"):
        read_catalogue(store)


def test_the_store_does_not_ask_the_network_for_credentials() -> None:
    with pytest.raises(UsageError, match="no credentials"):
        S3Store(BUCKET, environment={}).read("catalog.json")


def test_no_secret_is_left_anywhere(
    s3: str, tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, deedbook: Run
) -> None:
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY", OWN.secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-the-tests")
    echo = (
        f"<Error><Message>{CREDENTIALS['AWS_SECRET_ACCESS_KEY']} session-token-of-the-tests</Message></Error>".encode()
    )
    dataset = make_dataset(tmp_path / "project", rows=20)
    project = dataset.root
    with (project / "deedbook.toml").open("a") as file:
        file.write(targets(s3, tmp_path.name))
    dataset.release()
    said = ""
    for arguments in (("publish", "1.0.0", "--to", "public"), ("versions", "--to", "public"), ("--help",)):
        outcome = deedbook(*arguments)
        assert outcome.code == 0, outcome.err
        said += outcome.out + outcome.err
    settings = project / "deedbook.toml"
    plain = settings.read_text()
    for status in (400, 403):
        settings.write_text(plain.replace(s3, serve(answering(status, echo))))
        outcome = deedbook("publish", "1.0.0", "--to", "public")
        assert outcome.code in {4, 75}
        said += outcome.out + outcome.err
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        said += path.read_text("utf-8", "replace")
    store = bucket_target(s3, tmp_path.name).store
    for key in keys(s3, tmp_path.name):
        found = store.read(key)
        assert found is not None
        said += found.content.decode("utf-8", "replace")
    assert "items/1.0.0/SHA256SUMS.minisig" in keys(s3, tmp_path.name)
    secret = OWN.secret.strip().splitlines()[-1]
    secrets = (
        secret,
        CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        "session-token-of-the-tests",
        CREDENTIALS["AWS_ACCESS_KEY_ID"],
    )
    assert [name for name in secrets if name in said] == []
