"""What is no sound catalogue is refused, and says where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deedbook.catalogue.documents import catalog_json, latest_json
from deedbook.catalogue.records import LARGEST, read_catalogue_json, read_latest_json
from deedbook.errors import ProjectError
from tests.catalogue.catalogues import catalogue, spoiled


def entries(raw: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = raw["datasets"]["deeds"]["versions"]
    return found


def test_what_was_written_is_read_back() -> None:
    written = catalogue("1.0.0", "1.1.0", "2.0.0-rc.1")
    assert read_catalogue_json(catalog_json(written), "here") == written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><title>404</title>", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b"[]", "is no catalogue"),
        (b"{}", "is no catalogue"),
        (b'{"catalogue_version": 2}', "this deedbook reads 1"),
        (b'{"catalogue_version": 1}', "required property"),
        (b" " * (LARGEST + 1), "larger than"),
    ],
    ids=["html", "bytes", "nested", "list", "empty", "newer", "bare", "huge"],
)
def test_other_documents_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(ProjectError, match=said) as caught:
        read_catalogue_json(content, "the/catalog.json")
    assert caught.value.message.startswith("the/catalog.json: ")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: entries(raw)[0].update(path="../../etc/"), "where none can stand"),
        (lambda raw: entries(raw)[0].update(path="/etc/passwd/"), "where none can stand"),
        (lambda raw: entries(raw)[0].update(path="deeds/1.0.0/"), "where none can stand"),
        (lambda raw: entries(raw)[0].update(path="https://elsewhere.example/"), "where none can stand"),
        (lambda raw: entries(raw)[0].update(version="../1.1.0"), "versions/0/version"),
        (lambda raw: raw["datasets"].update({"../deeds": raw["datasets"].pop("deeds")}), "datasets"),
        (lambda raw: entries(raw)[0].update(release_sha256="abc"), "release_sha256"),
        (lambda raw: entries(raw)[0].update(bytes=-1), "bytes"),
        (lambda raw: entries(raw)[0].update(state="gone"), "state"),
        (lambda raw: entries(raw)[0].update(mirrors=["javascript:alert(1)/"]), "mirrors"),
        (lambda raw: entries(raw)[0].update(state="yanked"), "1.1.0, is yanked"),
        (lambda raw: raw["datasets"]["deeds"].update(latest="9.0.0"), "not among its versions"),
        (lambda raw: entries(raw).append(entries(raw)[0]), "twice"),
        (lambda raw: raw.update(sequence=True), "sequence"),
        (lambda raw: raw.update(keys=[{"id": "x"}]), "keys/0"),
    ],
)
def test_what_cannot_be_is_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        read_catalogue_json(spoiled(change), "here")


def test_members_of_a_later_shape_do_no_harm() -> None:
    content = spoiled(lambda raw: (raw.update(more=1), entries(raw)[0].update(more=1)))
    assert read_catalogue_json(content, "here") == catalogue("1.0.0", "1.1.0")


def test_the_sequence_of_latest_is_read_back() -> None:
    assert read_latest_json(latest_json(catalogue("1.0.0", "1.1.0")), "here") == 1


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"catalogue_version": 1, "sequence": 1, "datasets": {"a": {}}}'])
def test_other_lists_of_latest_versions_are_refused(content: bytes) -> None:
    with pytest.raises(ProjectError, match="no list of latest versions"):
        read_latest_json(content, "here")


def test_latest_cannot_point_outside() -> None:
    content = latest_json(catalogue("1.0.0")).replace(b"deeds/1.0.0/", b"deeds/../../x/")
    with pytest.raises(ProjectError, match="where none can stand"):
        read_latest_json(content, "here")
