"""SIGKILL at every single thing that a publisher does to the disk, and in the middle of every write; then once more."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from tests.examples import STRIDE
from tests.publishing.publisher import act_on_folder, publish_to_folder, run
from tests.publishing.releases import demand_finished, demand_sound, make_release, rebuild_all, yank_first


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


@pytest.mark.slow
def test_killed_at_any_point_it_finishes_the_second_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed = kill_everywhere(tmp_path, STRIDE)
    with capsys.disabled():
        print(f"\n  directory: killed at {killed} points")  # noqa: T201  # the count is the proof
    assert killed > 150 // STRIDE


@pytest.mark.slow
@pytest.mark.parametrize("act", [yank_first, rebuild_all])
def test_a_yank_and_a_rebuild_that_are_killed_anywhere_finish_the_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], act: Callable[[Path], None]
) -> None:
    first = make_release(tmp_path / "first", "1.0.0")
    second = make_release(tmp_path / "second", "1.1.0", previous=first)
    site, home = tmp_path / "site", tmp_path / "home"
    home.mkdir()
    assert [run(publish_to_folder, release, site, home, 0) for release in (first, second)] == [0, 0]
    for point in itertools.count(1, STRIDE):
        root = tmp_path / f"site{point}"
        shutil.copytree(site, root)
        if (code := run(act_on_folder, act, root, point)) == 0:
            break  # it ended before it came to that point
        assert code == -signal.SIGKILL, point
        demand_sound(DirectoryStore(root), [first, second])
        assert run(act_on_folder, act, root, 0) == 0, point
        demand_finished(DirectoryStore(root), [first, second])
        assert {path.name for path in root.rglob(".*")} <= {".lock"}, (
            point
        )  # nobody's: the next who takes it removes it
        shutil.rmtree(root)
    with capsys.disabled():
        print(f"\n  {act.__name__}: killed at {point // STRIDE} points")  # noqa: T201  # the count is the proof
    assert point > 20
