"""A bag holds the release byte by byte, says so in the words of BagIt, and is the same every time."""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, RefusalError, SpaceError, UsageError
from deedbook.release.bag import make_bag
from tests.release.conftest import MakeProject
from tests.release.releases import release_of


@pytest.fixture
def release(make_project: MakeProject) -> Path:
    return release_of(make_project(id="https://doi.org/10.5281/zenodo.7"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bag_holds_the_release_and_its_checksums(release: Path, tmp_path: Path) -> None:
    bag = make_bag(release, tmp_path / "bag")
    found = content(bag)
    assert {name.removeprefix("data/"): raw for name, raw in found.items() if name.startswith("data/")} == content(
        release
    )
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        lines = found[manifest].decode().splitlines()
        assert all(hashlib.sha256(found[line[66:]]).hexdigest() == line[:64] for line in lines)
    size, count = sum(len(raw) for raw in content(release).values()), len(content(release))
    assert found["bag-info.txt"].decode().splitlines()[1:] == [
        "Bagging-Date: 2026-11-22",
        "External-Identifier: https://doi.org/10.5281/zenodo.7",
        "External-Description: Deeds, version 1.0.0",
        "Rights: CC-BY-4.0",
        f"Payload-Oxum: {size}.{count}",
    ]


def test_a_zip_gives_the_same_bag(release: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "deeds"), "zip", release)
    assert content(make_bag(Path(archive), tmp_path / "one")) == content(make_bag(release, tmp_path / "two"))


@pytest.mark.parametrize("formats", [None])
def test_nothing_is_overwritten_and_nothing_damaged_is_bagged(release: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(RefusalError, match="exists already"):
        make_bag(release, tmp_path / "taken")
    (release / "events.jsonl").write_text("{}")
    with pytest.raises(RefusalError, match=r"events\.jsonl was changed"):
        make_bag(release, tmp_path / "bag")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project", "taken"]


def test_a_full_disk_leaves_no_half_bag(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("deedbook.release.bag.shutil.copyfile", fail)
    with pytest.raises(SpaceError, match="the disk is full"):
        make_bag(release, tmp_path / "bag")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]


def test_what_is_no_release_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make_bag(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="there is no release"):
        make_bag(tmp_path)
