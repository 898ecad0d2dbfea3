"""The release before, where it was only published, not kept in `dist`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.changes.sources import find_release, open_sides
from deedbook.errors import UsageError
from tests.versioning.dataset import Dataset, make_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A dataset whose 1.0.0 stands in a published folder, and not in `dist`."""
    found = make_dataset(tmp_path / "project", rows=20)
    with (found.root / "deedbook.toml").open("a") as file:
        file.write(
            '[targets.public]\ntype = "directory"\npath = "../site"\n[targets.bucket]\ntype = "s3"\nbucket = "b"\n'
        )
    found.release()
    (tmp_path / "site").mkdir()
    shutil.move(found.root / "dist" / "items", tmp_path / "site" / "items")
    found.rows.append(["I9999", "nine", "9"])
    return found


def test_the_next_release_follows_a_published_one(dataset: Dataset) -> None:
    assert dataset.release() == "1.1.0"


def test_a_published_version_is_a_side_of_a_comparison(dataset: Dataset) -> None:
    dataset.write()
    for text in ("1.0.0", "items@1.0.0"):
        with open_sides(text, ".", here=dataset.root) as (old, _new):
            assert old.label == "items 1.0.0"


def test_a_version_that_is_still_being_published_is_none_yet(dataset: Dataset) -> None:
    published = dataset.root.parent / "site" / "items" / "1.0.0"
    (published / "SHA256SUMS").unlink()
    assert find_release(dataset.load().release_folders, "items", "1.0.0") is None
    with pytest.raises(UsageError, match=r"no version 1\.0\.0"), open_sides("1.0.0", ".", here=dataset.root):
        pass
