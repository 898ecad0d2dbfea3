"""Two publishers at once, of different versions and of the same one: never a lost version, never an overwritten byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.store import Store
from deedbook.publishing.steps import PublishableRelease
from tests.examples import STRIDE
from tests.publishing.publisher import (
    CREDENTIALS,
    bucket_target,
    finish,
    processes,
    publish_to_bucket,
    publish_together,
    start,
)
from tests.publishing.releases import demand_finished, make_release

DONE, REFUSED = 0, 4
Publish = Callable[[PublishableRelease, Path, Any], Any]


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setitem(os.environ, name, value)


def race(publish: Publish, store: Store, tmp_path: Path) -> None:
    """Two beginnings, then two drafts, then the same content twice, then two contents under one version."""
    one, other = make_release(tmp_path / "one", "1.0.0"), make_release(tmp_path / "other", "1.1.0")
    codes = together(publish, tmp_path, one, other)
    assert sorted(codes) == [DONE, REFUSED]
    first = one if codes[0] == DONE else other
    demand_finished(store, [first])
    drafts = [make_release(tmp_path / name, f"1.2.0-{name}", previous=first) for name in ("rc.1", "rc.2")]
    assert together(publish, tmp_path, *drafts) == [DONE, DONE]
    demand_finished(store, [first, *drafts])
    same = make_release(tmp_path / "same", "1.2.0", previous=first)
    assert together(publish, tmp_path, same, same) == [DONE, DONE]
    demand_finished(store, [first, *drafts, same])
    left = make_release(tmp_path / "left", "2.0.0", content="left", previous=same)
    right = make_release(tmp_path / "right", "2.0.0", content="right", previous=same)
    codes = together(publish, tmp_path, left, right)
    assert sorted(codes) == [DONE, REFUSED]
    demand_finished(store, [first, *drafts, same, left if codes[0] == DONE else right])


def together(publish: Publish, tmp_path: Path, *releases: PublishableRelease) -> list[int]:
    """The exit codes of publishers that start at the same moment, each with a journal of its own."""
    ready = processes().Event()
    started = []
    for number, release in enumerate(releases):
        home = tmp_path / f"home-{number}-{release.folder.name}"
        home.mkdir()
        started.append(publish(release, home, ready))
    ready.set()
    return [finish(process) for process in started]


def race_in_folders(tmp_path: Path, times: int) -> None:
    for number in range(times):
        root = tmp_path / str(number) / "site"
        root.parent.mkdir()
        race(
            lambda release, home, ready, root=root: start(publish_together, release, root, home, ready),  # type: ignore[misc]
            DirectoryStore(root),
            root.parent,
        )


def race_in_a_bucket(s3: str, tmp_path: Path, times: int) -> None:
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        prefix = f"{tmp_path.name}/{number}"
        race(
            lambda release, home, ready, prefix=prefix: start(publish_to_bucket, release, s3, prefix, home, ready),  # type: ignore[misc]
            bucket_target(s3, prefix).store,
            folder,
        )


@pytest.mark.sample
def test_ten_races_in_a_folder(tmp_path: Path) -> None:
    race_in_folders(tmp_path, 10)


@pytest.mark.sample
def test_three_races_in_a_bucket(s3: str, tmp_path: Path) -> None:
    race_in_a_bucket(s3, tmp_path, 3)


@pytest.mark.slow
def test_many_races_in_a_folder(tmp_path: Path) -> None:
    race_in_folders(tmp_path, 50 // STRIDE)


@pytest.mark.slow
def test_many_races_in_a_bucket(s3: str, tmp_path: Path) -> None:
    race_in_a_bucket(s3, tmp_path, 50 // STRIDE)
