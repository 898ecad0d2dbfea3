"""At every write, sync and rename: the old state or the new one, exit 75, nothing left behind, and a second run that completes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook import files
from deedbook.catalogue.directory import DirectoryStore
from deedbook.errors import SpaceError
from deedbook.files import locked
from deedbook.publishing.steps import PublishableRelease, open_journal, run_steps
from tests.faults import FAULTS, HANDLES, fault, points, windows
from tests.publishing.releases import (
    demand_finished,
    demand_sound,
    directory_target,
    make_release,
    rebuild_all,
    yank_first,
)


def contents(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    file = tmp_path / "a.csv"

    def do(point: int) -> int:
        file.write_bytes(b"the old state")
        with fault(monkeypatch, kind, point) as count:
            try:
                files.replace(file, b"the new state")
            except SpaceError:
                assert kind != "short"
        done = count[0]
        assert contents(tmp_path) in ({"a.csv": b"the old state"}, {"a.csv": b"the new state"}), point
        files.replace(file, b"the new state")
        assert contents(tmp_path) == {"a.csv": b"the new state"}
        return done

    assert points(do) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", ["publish", "yank", "rebuild"])
def test_a_catalogue_is_sound_at_any_moment_and_the_second_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    first = make_release(tmp_path / "first", "1.0.0")
    second = make_release(tmp_path / "second", "1.1.0", previous=first)

    def run(root: Path, release: PublishableRelease) -> None:
        target = directory_target(root)
        journal = open_journal(root.with_name(f"home-{root.name}"), target.name, target.address, release)
        run_steps(target.steps(release), journal)

    acts: dict[str, Callable[[Path], None]] = {
        "publish": lambda root: run(root, second),
        "yank": yank_first,
        "rebuild": rebuild_all,
    }
    act = acts[name]

    def do(point: int) -> int:
        root = tmp_path / f"site{point}"
        run(root, first)
        if name != "publish":
            run(root, second)
        with fault(monkeypatch, kind, point) as count:
            try:
                act(root)
            except SpaceError:
                assert kind != "short"
        demand_sound(DirectoryStore(root), [first, second])
        done = count[0]
        act(root)
        demand_finished(DirectoryStore(root), [first, second])
        assert list(root.rglob(".*")) == [], point
        return done

    found = points(do)
    with capsys.disabled():
        print(f"\n  {name} on a {kind} disk: {found} points")  # noqa: T201  # the count is the proof
    assert found > 10


@pytest.mark.skipif(not HANDLES.is_dir(), reason="nothing says which files are open")
def test_files_locks_and_catalogues_work_where_open_files_cannot_be_renamed_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = make_release(tmp_path / "release", "1.0.0")
    root = tmp_path / "site"
    with windows(monkeypatch):
        files.replace(tmp_path / "a.csv", b"one")
        files.replace(tmp_path / "a.csv", b"two")
        with locked(tmp_path / ".lock", who="build"):
            pass
        for _ in range(2):
            for step in directory_target(root).steps(release):
                step.run({}, lambda _bytes: None)
        yank_first(root)
        rebuild_all(root)
    assert (tmp_path / "a.csv").read_bytes() == b"two"
    assert not (tmp_path / ".lock").exists()
    demand_sound(DirectoryStore(root), [release])
    assert list(root.rglob(".*")) == []
