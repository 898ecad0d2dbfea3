"""A file is the old one or the new one, and commands work where open files can be neither renamed nor removed.

What whole commands leave on a disk that fails is tested by `benchmarks/faults.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import NAME, make_project
from deedbook import files
from deedbook.catalogue.directory import DirectoryStore
from deedbook.cli.main import run
from deedbook.errors import SpaceError
from deedbook.files import locked
from tests.faults import FAULTS, HANDLES, fault, points, windows
from tests.publishing.releases import (
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


@pytest.mark.skipif(not HANDLES.is_dir(), reason="nothing says which files are open")
def test_commands_work_where_open_files_cannot_be_renamed_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, catalogue, got = tmp_path / "project", str(tmp_path / "catalogue"), str(tmp_path / "got")
    make_project(project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("DEEDBOOK_HOME", str(tmp_path / "home"))
    release = f"dist/{NAME}/1.0.0"
    with windows(monkeypatch):
        for arguments in (
            ("fmt",),
            ("validate",),
            ("plan", "--write", "--date", "2026-11-22"),
            ("build",),
            ("verify", release),
            ("publish", "--to", "public"),
            ("versions", NAME, "--from", catalogue),
            ("fetch", NAME, "--from", catalogue, "-o", got, "--lock"),
            ("fetch", NAME, "--from", catalogue, "-o", got, "--lock"),
            ("diff", release, got),
            ("bag", release),
            ("yank", "1.0.0", "--to", "public", "--reason", "wrong"),
            ("catalogue", "rebuild", "--to", "public"),
        ):
            assert run(arguments) == 0, (arguments, capsys.readouterr().err)
    assert (tmp_path / "got" / "events.csv").read_bytes() == (project / release / "events.csv").read_bytes()
