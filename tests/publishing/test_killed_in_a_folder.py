"""SIGKILL at every single thing that a publisher does to the disk, and in the middle of every write; then once more."""

from __future__ import annotations

import itertools
import shutil
import signal
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from tests.publishing.publisher import publish_to_folder, run
from tests.publishing.releases import demand_finished, demand_sound, make_release


def kill_everywhere(tmp_path: Path, step: int) -> int:
    """The number of points at which the publisher was killed."""
    first = make_release(tmp_path / "first", "1.0.0")
    second = make_release(tmp_path / "second", "1.1.0", large=3 << 20, previous=first)
    site, home = tmp_path / "site", tmp_path / "home"
    home.mkdir()
    assert run(publish_to_folder, first, site, home, 0) == 0
    for turn, point in enumerate(itertools.count(1, step)):
        root, own = tmp_path / f"site{point}", tmp_path / f"home{point}"
        shutil.copytree(site, root)
        own.mkdir()
        if (code := run(publish_to_folder, second, root, own, point)) == 0:
            return turn  # it ended before it came to that point
        assert code == -signal.SIGKILL, point
        demand_sound(DirectoryStore(root), [first, second])
        if point % 2:
            shutil.rmtree(own / ".deedbook", ignore_errors=True)  # the journal may be lost too
        assert run(publish_to_folder, second, root, own, 0) == 0, (own / "error").read_text()
        demand_finished(DirectoryStore(root), [first, second])
        assert [path.name for path in root.iterdir() if path.name.startswith(".")] == [], point
        shutil.rmtree(root)
    raise AssertionError


def test_killed_at_any_fifth_point_it_finishes_the_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = kill_everywhere(tmp_path, 5)
    with capsys.disabled():
        print(f"\n  directory: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 25
