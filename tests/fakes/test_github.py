"""The fake GitHub is strict: each rule that the real one enforces has a call that breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.fakes.github import READ_ONLY, TOKEN, FakeGitHub
from tests.fakes.server import Plan

RELEASES = "repos/owner/data/releases"


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    server = FakeGitHub()
    yield server
    server.close()


def ask(
    fake: FakeGitHub, method: str, path: str, data: object = None, *, host: int = 0, token: str = TOKEN
) -> tuple[int, Any]:
    """Status and JSON of one call."""
    headers = {"User-Agent": "deedbook/1", "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    body = data if isinstance(data, bytes) else None if data is None else json.dumps(data)
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(method, fake.addresses[host] + path, headers=headers, body=body, redirect=False)
    is_json = answer.headers.get("Content-Type") == "application/json"
    return answer.status, json.loads(answer.data) if is_json and answer.data else answer.data


def make_draft(fake: FakeGitHub) -> int:
    return int(ask(fake, "POST", RELEASES, {"tag_name": "v1", "draft": True})[1]["id"])


def upload(fake: FakeGitHub, id_: int, host: int = 1) -> tuple[int, Any]:
    return ask(fake, "POST", f"{RELEASES}/{id_}/assets?name=a.csv", b"x", host=host)


def test_a_token_is_needed_that_may_write(fake: FakeGitHub) -> None:
    assert ask(fake, "GET", RELEASES, token="guessed")[0] == 401  # noqa: S106
    assert ask(fake, "POST", RELEASES, {"tag_name": "v1"}, token=READ_ONLY)[0] == 403
    assert ask(fake, "POST", RELEASES, {})[0] == 422


def test_a_tag_does_not_find_a_draft(fake: FakeGitHub) -> None:
    id_ = make_draft(fake)
    assert ask(fake, "GET", f"{RELEASES}/tags/v1")[0] == 404
    assert ask(fake, "PATCH", f"{RELEASES}/{id_}", {"draft": False})[0] == 200
    assert ask(fake, "GET", f"{RELEASES}/tags/v1")[0] == 200


def test_files_go_to_the_upload_host_once(fake: FakeGitHub) -> None:
    id_ = make_draft(fake)
    assert upload(fake, id_, host=0)[0] == 404
    assert upload(fake, id_)[1]["state"] == "uploaded"
    status, answer = upload(fake, id_)
    assert (status, answer["errors"][0]["code"]) == (422, "already_exists")


def test_a_published_release_is_immutable(fake: FakeGitHub) -> None:
    id_ = make_draft(fake)
    asset = upload(fake, id_)[1]["id"]
    ask(fake, "PATCH", f"{RELEASES}/{id_}", {"draft": False})
    assert ask(fake, "POST", f"{RELEASES}/{id_}/assets?name=b.csv", b"x", host=1)[0] == 422
    assert ask(fake, "DELETE", f"{RELEASES}/assets/{asset}")[0] == 422
    assert ask(fake, "PATCH", f"{RELEASES}/{id_}", {"tag_name": "v2"})[0] == 422
    assert ask(fake, "PATCH", f"{RELEASES}/{id_}", {"body": "note"})[0] == 200


def test_the_second_draft_of_a_tag_cannot_be_published(fake: FakeGitHub) -> None:
    first, second = make_draft(fake), make_draft(fake)
    assert ask(fake, "PATCH", f"{RELEASES}/{first}", {"draft": False})[0] == 200
    assert ask(fake, "PATCH", f"{RELEASES}/{second}", {"draft": False})[0] == 422


def test_a_download_is_redirected_to_a_host_that_wants_no_token(fake: FakeGitHub) -> None:
    id_ = make_draft(fake)
    upload(fake, id_)
    ask(fake, "PATCH", f"{RELEASES}/{id_}", {"draft": False})
    path = "owner/data/releases/download/v1/a.csv"
    assert ask(fake, "GET", path, host=2)[0] == 400
    assert ask(fake, "GET", path, host=2, token="")[0] == 302
    stored = f"storage/{path}?signature=abc"
    assert ask(fake, "GET", stored, host=3, token="") == (200, b"x")
    assert ask(fake, "GET", stored, host=3)[0] == 400


def test_an_upload_that_broke_off_leaves_its_name(fake: FakeGitHub) -> None:
    id_ = make_draft(fake)
    fake.restart(Plan(faults={1: "reset"}))
    with pytest.raises(urllib3.exceptions.HTTPError):
        upload(fake, id_)
    assert [asset["state"] for asset in ask(fake, "GET", f"{RELEASES}/{id_}/assets")[1]] == ["starter"]
    assert upload(fake, id_)[0] == 422
