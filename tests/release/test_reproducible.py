"""Clock, time zone, locale, hash seed, umask and threads reach no byte; a full disk and a second build leave nothing."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import DeedbookError
from deedbook.project import load_project
from deedbook.release import rows
from deedbook.release.build import build
from deedbook.release.formats import rds, spss, sqlite, stata, xdr, xlsx
from deedbook.release.verification import verify
from deedbook.validation import Options
from tests.external.conftest import run, tool
from tests.release.conftest import EVENTS, EVENTS_SCHEMA, TABLES, MakeProject
from tests.release.test_build import digests, in_dist

BUILD = """
import sys
from pathlib import Path
from deedbook.project import load_project
from deedbook.release.build import build
from deedbook.validation import Options
build(load_project(Path(sys.argv[1])), Options(workers=int(sys.argv[2])))
"""
SURROUNDINGS = (
    ("2026-01-05 13:14:15", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "POLARS_MAX_THREADS": "1"}, 0o022),
    (
        "2027-06-05 03:04:05",
        {"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "2"},
        0o077,
    ),
)


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


@pytest.mark.external
@pytest.mark.slow
def test_two_builds_17_months_apart_are_the_same_bytes(make_project: MakeProject) -> None:
    found, folders = [], []
    faketime = tool("faketime")
    for number, (clock, environment, umask) in enumerate(SURROUNDINGS):
        project = make_project(folder=f"p{number}", files={"datapackage/LICENSE": "CC BY"})
        command = [faketime, clock, sys.executable, "-c", BUILD, str(project.root), str(1 + 3 * number)]
        subprocess.run(command, env={**os.environ, **environment}, umask=umask, check=True)
        folders.append(project.dist / "deeds" / "1.0.0")
        found.append(digests(folders[-1]))
    assert found[0] == found[1]
    told = run(tool("diffoscope"), "--exclude-directory-metadata=yes", *folders, folder=folders[0])
    assert (told.returncode, told.stdout) == (0, ""), told.stdout[:2000]
    with (folders[1] / "events.csv").open("a", encoding="utf-8") as file:
        file.write("x")
    assert (
        "events.csv" in run(tool("diffoscope"), "--exclude-directory-metadata=yes", *folders, folder=folders[0]).stdout
    )


def test_two_builds_are_the_same_bytes(make_project: MakeProject) -> None:
    folders = []
    for name in ("one", "two"):
        built = build(make_project(folder=name))
        assert built.release is not None
        folders.append(digests(built.release.folder))
    assert folders[0] == folders[1]


def many_events(count: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """The tables with so many events, in no order."""
    numbers = [(number * 7919) % count for number in range(count)]
    lines = (
        f"E{number:06},A000001,visit,2025-07-{1 + number % 28:02},note {number},{number},007" for number in numbers
    )
    return {**TABLES, "events": ("\n".join([EVENTS.strip().splitlines()[0], *lines]) + "\n", EVENTS_SCHEMA)}


SPREAD = (
    Options(memory=1 << 14, block_size=64, workers=1),
    Options(memory=1 << 16, block_size=1000, workers=2),
    Options(workers=4),
)


def test_rows_are_the_same_bytes_however_many_are_held_or_written_at_a_time(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the smallest memory a table becomes a hundred parts on disk, which are dealt to ranges of the key."""
    found = []
    for size, kept, options in zip((3, 100, 1000), (0, 0, 4 << 20), SPREAD, strict=True):
        for module in (sqlite, stata, xlsx):
            monkeypatch.setattr(module, "_SLICE", size)
        for module in (rds, xdr):
            monkeypatch.setattr(module, "SLICE", size)
        monkeypatch.setattr(spss, "_BYTES", 100 * size)
        monkeypatch.setattr(rows, "_KEPT", kept)
        built = build(make_project(many_events(250), folder=f"p{size}"), options)
        assert built.release is not None
        assert verify(built.release.folder, memory=options.memory).problems == []
        found.append(digests(built.release.folder))
    assert found[0] == found[1] == found[2]


@pytest.mark.slow
def test_rows_are_the_same_bytes_on_any_number_of_threads(make_project: MakeProject) -> None:
    found = []
    for threads in ("1", "2", "4"):
        project = make_project(folder=f"p{threads}")
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        subprocess.run([sys.executable, "-c", BUILD, str(project.root), threads], env=environment, check=True)
        found.append(digests(project.dist / "deeds" / "1.0.0"))
    assert found[0] == found[1] == found[2]


KILLED = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
from deedbook.project import load_project
from deedbook.release import rows
from deedbook.release.build import build
from deedbook.validation import Options
project, module, name, left = sys.argv[1:]
module, left, rows._KEPT = import_module(f"deedbook.{module}"), int(left), 0
real = getattr(module, name)
def dies(*args, **kinds):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kinds)
setattr(module, name, dies)
build(load_project(Path(project)), Options(memory=1 << 14))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize(
    ("module", "name", "left"),
    [
        pytest.param("release.rows", "_put", 20, id="while parts are read"),
        pytest.param("release.rows", "_add", 10, id="while parts are dealt"),
        pytest.param("release.rows", "_taken", 1, id="while parts are sorted", marks=pytest.mark.slow),
        pytest.param("release.contents", "copy_csv", 1, id="before the CSV", marks=pytest.mark.slow),
        pytest.param("release.formats.rds", "write", 1, id="while formats are written", marks=pytest.mark.slow),
        pytest.param("release.folders", "demand_whole", 0, id="before it is proven", marks=pytest.mark.slow),
        pytest.param("files", "sync", 3, id="while it is put on the disk for good", marks=pytest.mark.slow),
    ],
)
def test_a_build_that_is_killed_leaves_nothing_after_the_next(
    make_project: MakeProject, module: str, name: str, left: int
) -> None:
    project = make_project(many_events(200))
    command = [sys.executable, "-c", KILLED, str(project.root), module, name, str(left)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left_behind = in_dist(project)
    assert any(held.startswith(".staging-1.0.0") for held in left_behind)
    assert "1.0.0" not in left_behind
    built = build(project)
    assert built.release is not None
    assert in_dist(project) == ["1.0.0"]
    assert verify(built.release.folder).problems == []


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("formats.parquet.write", OSError(errno.ENOSPC, "No space left on device")),
        ("folders.write_manifest", OSError(errno.EDQUOT, "Disk quota exceeded")),
        ("build.provenance.write_proofs", OSError(errno.ENOSPC, "No space left on device")),
        ("formats.sqlite.Database.close", sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_a_full_disk_is_said_and_leaves_nothing(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    project = make_project()
    monkeypatch.setattr(f"deedbook.release.{place}", fail)
    with pytest.raises(DeedbookError, match="the disk is full") as refusal:
        build(project)
    assert refusal.value.exit_code == 75
    assert in_dist(project) == []
    monkeypatch.undo()
    assert build(project).release is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(
    "largest",
    [500, pytest.param(5_000, marks=pytest.mark.slow), 30_000, pytest.param(100_000, marks=pytest.mark.slow)],
)
def test_a_file_that_may_not_grow_is_said_and_leaves_nothing(make_project: MakeProject, largest: int) -> None:
    import resource

    lines = "".join(f"E{place:06},A000001,visit,2025-07-01,note {place * 7919},1,007\n" for place in range(3000))
    project = make_project({**TABLES, "events": (f"{EVENTS.strip().splitlines()[0]}\n{lines}", EVENTS_SCHEMA)})
    done = subprocess.run(
        [sys.executable, "-m", "deedbook", "build", str(project.root)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python keeps what it compiled of a module cut short
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )
    assert done.returncode == 75, done.stderr
    assert "cannot take the release" in done.stderr
    assert "Traceback" not in done.stderr
    assert in_dist(project) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 KB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.external
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_disk_that_is_really_full_leaves_nothing(make_project: MakeProject, small_disk: Path) -> None:
    lines = "".join(f"E{place:06},A000001,visit,2025-07-01,note {place * 7919},1,007\n" for place in range(3000))
    header = EVENTS.strip().splitlines()[0]
    project = make_project({**TABLES, "events": (f"{header}\n{lines}", EVENTS_SCHEMA)})
    config = project.root / "deedbook.toml"
    config.write_text(f'{config.read_text()}dist = "{small_disk}"\n')
    with pytest.raises(DeedbookError, match="cannot take the release"):
        build(load_project(project.root))
    assert list((small_disk / "deeds").iterdir()) == []


def test_space_is_foretold_before_anything_is_written(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage, project = shutil.disk_usage(Path.cwd()), make_project(many_events(3000))
    monkeypatch.setattr("deedbook.release.folders.shutil.disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(DeedbookError, match=r"some [\d.]+ MB are needed while it is written, and 0.1 MB are free"):
        build(project)
    assert in_dist(project) == []
