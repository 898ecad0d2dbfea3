"""An S3 and web servers on loopback, a project that was built."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.publishing.publish import prepare, publish
from deedbook.publishing.targets import read_target
from tests.cli.project import Outcome, run_in
from tests.documents import REPOSITORY
from tests.publishing.projects import build_project, copy_project
from tests.publishing.publisher import BUCKET, CREDENTIALS


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has the bucket, and ends with the tests."""
    environment = {**os.environ, **CREDENTIALS, "PYTHONPATH": os.pathsep.join(["toolkit", "."])}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publishing.s3_server"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "moto does not start"
        make_bucket(address)
        yield address
    finally:
        process.kill()
        process.communicate()


def make_bucket(address: str) -> None:
    import boto3

    keys = {f"{name.lower()}": value for name, value in CREDENTIALS.items()}
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)


def ask(address: str, path: str) -> str:
    """What the server's own pages say."""
    with urllib.request.urlopen(f"{address}{path}", timeout=30) as answer:  # noqa: S310  # loopback
        return str(answer.read().decode())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two built versions, to be copied."""
    return build_project(tmp_path_factory.mktemp("built") / "items")


@pytest.fixture(scope="session")
def published(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project and the `site` that has both versions, to be copied."""
    folder = tmp_path_factory.mktemp("published")
    project = load_project(copy_project(built, folder / "project"))
    target = read_target(project, "public")
    for version in ("1.0.0", "1.1.0"):
        publish(project, prepare(project.dist / "items" / version), target)
    return folder


@pytest.fixture
def deedbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs `deedbook` in the folder `project`, with no key and no credentials in the environment."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "DEEDBOOK_"))]:
        monkeypatch.delenv(name)
    return lambda *arguments: run_in(tmp_path / "project", arguments, monkeypatch, capfd)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[..., BaseHTTPRequestHandler]], str]]:
    """Starts web servers on loopback, given who answers a request; returns the address of each."""
    servers: list[ThreadingHTTPServer] = []

    def start(handler: Callable[..., BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
