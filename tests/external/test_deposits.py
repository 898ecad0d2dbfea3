"""Deposits before other people's programs: GitHub's own description of its API, and a stand-in for Zenodo that others wrote.

zenodo-mock speaks only the deposit API that Zenodo has kept for older clients, without tokens, required metadata or immutability; it
has none of the records API that this toolkit uses. So it shows two things: that a server without that API is refused before
anything is made there, and that a reserved DOI has the form that the fake of this project gives it.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from deedbook.errors import RefusalError
from deedbook.publishing.deposit import Client
from deedbook.publishing.steps import Notice
from deedbook.publishing.targets.zenodo import Zenodo
from tests.external.conftest import SECONDS, TOOLS, tool
from tests.fakes.github import FakeGitHub
from tests.fakes.invenio import PREFIX, FakeInvenio
from tests.fakes.server import Request
from tests.publishing.deposits import deposit, make_deposit, make_target

pytestmark = [pytest.mark.external, pytest.mark.slow]
_DESCRIPTION = TOOLS / "prism/node_modules/@octokit/openapi/generated/api.github.com.json"
_RELEASES = "/repos/{owner}/{repo}/releases"


@contextmanager
def serving(command: Sequence[str | Path], port: int) -> Iterator[str]:
    """Runs a server until it is no longer needed; its address."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while not is_open(port):
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < deadline, f"{command[0]} does not start"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(SECONDS)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def prism(tmp_path: Path) -> Iterator[str]:
    """Prism with what GitHub says of its releases."""
    program = tool(TOOLS / "prism/node_modules/.bin/prism")
    description = json.loads(Path(tool(_DESCRIPTION)).read_text(encoding="utf-8"))
    description["paths"] = {path: item for path, item in description["paths"].items() if path.startswith(_RELEASES)}
    (tmp_path / "github.json").write_text(json.dumps(description))
    port = free_port()
    with serving([program, "mock", "-h", "127.0.0.1", "-p", str(port), tmp_path / "github.json"], port) as address:
        yield address


def violations(prism: str, request: Request) -> list[str]:
    """What GitHub's description has against a request.

    `Accept` is left out: GitHub's guide asks for `application/vnd.github+json`, its description knows only `application/json`.
    """
    query = "&".join(f"{name}={value}" for name, value in request.query.items())
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in {"content-type", "x-github-api-version", "authorization"}
    }
    url = f"{prism}{request.path}{f'?{query}' if query else ''}"
    answer = urllib3.request(request.method, url, body=request.body or None, headers=headers, retries=False)
    found = [one for one in json.loads(answer.headers.get("sl-violations", "[]")) if one["location"][0] == "request"]
    if "stoplight" in answer.headers.get("Content-Type", "") or b"stoplight.io/prism" in answer.data:
        return [answer.data.decode()]
    return [f"{request.method} {request.path}: {one['message']}" for one in found]


def test_prism_has_nothing_against_any_request_of_the_github_target(
    prism: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeGitHub()
    deposit(fake, make_deposit(tmp_path / "release"), tmp_path)
    for step in make_target(fake).notice(Notice("deeds", "1.0.0", "Wrong dates")):
        step.run({}, lambda _bytes: None)
    requests = [request for request in fake.log if request.path.startswith("/repos/")]
    fake.close()
    assert {request.method for request in requests} == {"GET", "POST", "PATCH"}
    assert [fault for request in requests for fault in violations(prism, request)] == []
    with capsys.disabled():
        print(f"\n  prism: {len(requests)} requests accepted")  # noqa: T201  # the count is the proof
    bad = Request("POST", "/repos/owner/data/releases", {}, {"content-type": "application/json"}, b'{"name": "x"}', 0)
    assert any("tag_name" in fault for fault in violations(prism, bad))


@pytest.fixture
def zenodo_mock(tmp_path: Path) -> Iterator[str]:
    program = tool(TOOLS / f"deposit/{'Scripts' if sys.platform == 'win32' else 'bin'}/zenodo-mock")
    port = free_port()
    folders = ["--storage-dir", str(tmp_path / "stored"), "--payload-dir", str(tmp_path / "payload")]
    with serving([program, "--port", str(port), *folders], port) as address:
        yield address


def test_a_server_without_the_records_api_is_refused_before_anything_is_made(zenodo_mock: str, tmp_path: Path) -> None:
    client = Client(f"{zenodo_mock}/api/", "token", sleep=lambda _seconds: None)
    target = Zenodo("archive", client, "", "", "Deeds")
    with pytest.raises(RefusalError, match="404"):
        target.steps(make_deposit(tmp_path / "release"))[0].run({}, lambda _bytes: None)
    assert not [path for path in (tmp_path / "stored").rglob("*") if path.is_file()]


def test_a_reserved_doi_has_the_form_that_others_saw(zenodo_mock: str) -> None:
    made = urllib3.request("POST", f"{zenodo_mock}/api/deposit/depositions", json={}).json()
    theirs = made["metadata"]["prereserve_doi"]["doi"]
    fake = FakeInvenio()
    target = make_target(fake)
    assert isinstance(target, Zenodo)
    ours = target.reserve("deeds", "1.0.0", "2026-11-22")["doi"]
    fake.close()
    assert re.sub(r"\d+$", "N", theirs) == re.sub(r"\d+$", "N", ours) == f"{PREFIX}/zenodo.N"
