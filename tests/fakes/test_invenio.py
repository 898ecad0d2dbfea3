"""The fake InvenioRDM is strict: each rule that a real one enforces has a call that breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.fakes.invenio import FORM, READ_ONLY, TOKEN, FakeInvenio
from tests.fakes.server import Plan

GOOD = {
    "resource_type": {"id": "dataset"},
    "title": "Deeds",
    "publication_date": "2026-11-22",
    "creators": [{"person_or_org": {"type": "organizational", "name": "Deeds"}}],
}


@pytest.fixture
def fake() -> Iterator[FakeInvenio]:
    server = FakeInvenio()
    yield server
    server.close()


def ask(
    fake: FakeInvenio, method: str, path: str, data: object = None, token: str = TOKEN, **more: Any
) -> tuple[int, Any]:
    """Status and JSON of one call."""
    headers = {"Accept": FORM, **({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
    body = more.get("body", None if data is None else json.dumps(data))
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(method, f"{fake.api}/{path}", headers=headers, body=body)
    is_json = answer.headers.get("Content-Type") == "application/json"
    return answer.status, json.loads(answer.data) if is_json and answer.data else answer.data


def make_draft(fake: FakeInvenio, content: bytes = b"x") -> str:
    id_ = str(ask(fake, "POST", "records", {"metadata": GOOD})[1]["id"])
    ask(fake, "POST", f"records/{id_}/draft/files", [{"key": "a.csv"}])
    put(fake, id_, content)
    ask(fake, "POST", f"records/{id_}/draft/files/a.csv/commit")
    return id_


def put(fake: FakeInvenio, id_: str, content: bytes) -> int:
    octets = {"Content-Type": "application/octet-stream"}
    return ask(fake, "PUT", f"records/{id_}/draft/files/a.csv/content", body=content, headers=octets)[0]


def publish(fake: FakeInvenio, id_: str) -> tuple[int, Any]:
    return ask(fake, "POST", f"records/{id_}/draft/actions/publish")


def test_without_or_with_a_wrong_token_there_are_no_drafts(fake: FakeInvenio) -> None:
    assert ask(fake, "POST", "records", {"metadata": GOOD}, token="")[0] == 403
    assert ask(fake, "POST", "records", {"metadata": GOOD}, token=READ_ONLY)[0] == 403
    assert ask(fake, "GET", "user/records", token="guessed")[0] == 401  # noqa: S106


def test_bad_metadata_is_kept_with_errors_and_cannot_be_published(fake: FakeInvenio) -> None:
    status, draft = ask(fake, "POST", "records", {"metadata": {"title": "x"}})
    assert status == 201
    assert {one["field"] for one in draft["errors"]} >= {"metadata.creators", "metadata.publication_date"}
    assert publish(fake, draft["id"])[0] == 400


def test_a_draft_without_files_cannot_be_published(fake: FakeInvenio) -> None:
    id_ = ask(fake, "POST", "records", {"metadata": GOOD})[1]["id"]
    assert publish(fake, id_)[0] == 400
    ask(fake, "POST", f"records/{id_}/draft/files", [{"key": "a.csv"}])
    assert publish(fake, id_)[0] == 400


def test_content_needs_a_start_and_a_commit_tells_the_md5(fake: FakeInvenio) -> None:
    id_ = str(ask(fake, "POST", "records", {"metadata": GOOD})[1]["id"])
    assert put(fake, id_, b"x") == 404
    assert ask(fake, "POST", f"records/{id_}/draft/files", {"key": "a.csv"})[0] == 400
    ask(fake, "POST", f"records/{id_}/draft/files", [{"key": "a.csv"}])
    assert ask(fake, "POST", f"records/{id_}/draft/files/a.csv/commit")[0] == 400
    assert put(fake, id_, b"x") == 200
    status, entry = ask(fake, "POST", f"records/{id_}/draft/files/a.csv/commit")
    assert (status, entry["checksum"]) == (200, f"md5:{hashlib.md5(b'x', usedforsecurity=False).hexdigest()}")
    assert ask(fake, "POST", f"records/{id_}/draft/files", [{"key": "a.csv"}])[0] == 400


def test_nothing_of_a_published_record_changes(fake: FakeInvenio) -> None:
    id_ = make_draft(fake)
    assert publish(fake, id_)[0] == 202
    assert publish(fake, id_)[0] == 404
    ask(fake, "POST", f"records/{id_}/draft")
    assert put(fake, id_, b"y") == 403
    assert ask(fake, "DELETE", f"records/{id_}/draft/files/a.csv")[0] == 403
    assert fake.versions[id_].files["a.csv"].content == b"x"


def test_an_update_that_does_not_send_the_doi_back_loses_it(fake: FakeInvenio) -> None:
    id_ = make_draft(fake)
    assert ask(fake, "POST", f"records/{id_}/draft/pids/doi")[0] == 201
    assert ask(fake, "POST", f"records/{id_}/draft/pids/doi")[0] == 400
    assert ask(fake, "PUT", f"records/{id_}/draft", {"metadata": GOOD})[1]["pids"] == {}
    publish(fake, id_)
    ask(fake, "POST", f"records/{id_}/draft")
    ask(fake, "PUT", f"records/{id_}/draft", {"metadata": GOOD})
    status, answer = publish(fake, id_)
    assert (status, answer["errors"][0]["field"]) == (400, "pids")


def test_a_concept_has_one_draft_and_no_two_versions_with_the_same_files(fake: FakeInvenio) -> None:
    id_ = make_draft(fake)
    assert ask(fake, "POST", f"records/{id_}/versions")[0] == 404
    publish(fake, id_)
    drafts = {ask(fake, "POST", f"records/{id_}/versions")[1]["id"] for _ in range(2)}
    assert len(drafts) == 1
    second = drafts.pop()
    assert "publication_date" not in ask(fake, "GET", f"records/{second}/draft")[1]["metadata"]
    ask(fake, "PUT", f"records/{second}/draft", {"metadata": GOOD})
    ask(fake, "POST", f"records/{second}/draft/files", [{"key": "a.csv"}])
    put(fake, second, b"x")
    ask(fake, "POST", f"records/{second}/draft/files/a.csv/commit")
    assert publish(fake, second)[0] == 400


def test_who_does_not_ask_for_its_form_gets_that_of_before(fake: FakeInvenio) -> None:
    id_ = make_draft(fake)
    assert "pids" not in ask(fake, "GET", f"records/{id_}/draft", headers={"Accept": "application/json"})[1]


def test_faults_come_where_they_are_planned(fake: FakeInvenio) -> None:
    fake.restart(Plan(faults={1: "html", 2: "busy", 3: "lost", 4: "page", 5: "reset"}))
    assert [ask(fake, "POST", "records", {"metadata": GOOD})[0] for _ in range(4)] == [502, 429, 504, 200]
    with pytest.raises(urllib3.exceptions.HTTPError):
        ask(fake, "POST", "records", {"metadata": GOOD})
    assert len(fake.versions) == 1
