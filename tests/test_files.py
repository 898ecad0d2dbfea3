"""A file is replaced whole or not at all, with the mode and the links that it had."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deedbook import files
from deedbook.errors import RefusalError, SpaceError


def write_half(file: Path, error: Exception) -> None:
    with files.replacement(file) as handle:
        handle.write(b"half")
        raise error


def test_a_file_gets_its_content_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    files.replace(file, b"one")
    files.replace(file, b"two")
    assert file.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_mode_and_link_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "a.csv", tmp_path / "link.csv"
    file.write_bytes(b"one")
    file.chmod(0o640)
    link.symlink_to(file)
    files.replace(link, b"two")
    assert link.is_symlink()
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.replace(tmp_path / "a.csv", b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o640


def test_what_somebody_else_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"theirs")
    with pytest.raises(RefusalError, match="somebody changed it"):
        files.replace(file, b"ours", before=b"what was read")
    with pytest.raises(RefusalError, match="somebody changed it"):
        files.replace(file, b"ours", before=None)
    assert file.read_bytes() == b"theirs"
    files.replace(file, b"ours", before=b"theirs")
    assert file.read_bytes() == b"ours"


def test_a_file_that_is_not_proven_does_not_take_the_place(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")

    def refuse(staged: Path) -> None:
        assert staged.read_bytes() == b"two"
        raise RefusalError("not this one")

    with pytest.raises(RefusalError, match="not this one"):
        files.replace(file, b"two", prove=refuse)
    assert file.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")
    with pytest.raises(KeyError):
        write_half(file, KeyError())
    assert file.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")
    with pytest.raises(SpaceError, match=r"disk is full.*a\.csv stays as it was"):
        write_half(file, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert file.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    dead, living, mine = (
        tmp_path / f".{name}.part" for name in ("a.csv.0123456789abcdef", "a.csv.fedcba9876543210", "notes")
    )
    for path in (dead, mine):
        path.write_bytes(b"half")
    handle = os.open(living, os.O_RDWR | os.O_CREAT)
    assert files.try_lock(handle)
    files.replace(tmp_path / "a.csv", b"one")
    os.close(handle)
    assert sorted(path.name for path in tmp_path.iterdir()) == [living.name, mine.name, "a.csv"]


def test_two_writers_do_not_sweep_each_other_away(tmp_path: Path) -> None:
    with files.replacement(tmp_path / "a.csv") as first, files.replacement(tmp_path / "a.csv") as second:
        first.write(b"one")
        second.write(b"two")
    assert (tmp_path / "a.csv").read_bytes() == b"one"


def test_a_file_that_came_meanwhile_keeps_its_place_where_that_is_demanded(tmp_path: Path) -> None:
    file = tmp_path / "b.csv"
    with pytest.raises(FileExistsError):
        race(file)
    assert file.read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]


def race(file: Path) -> None:
    def demand_free(_staged: Path) -> None:
        if file.exists():
            raise FileExistsError(file)

    with files.replacement(file, prove=demand_free) as handle:
        handle.write(b"ours")
        file.write_bytes(b"theirs")


def test_a_long_name_fits(tmp_path: Path) -> None:
    file = tmp_path / ("ü" * 125 + ".csv")
    files.replace(file, b"one")
    assert file.read_bytes() == b"one"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "x"), "disk is full"),
        (OSError(errno.EDQUOT, "x"), "disk is full"),
        (OSError(errno.EFBIG, "x"), "ulimit"),
        (OSError(errno.EIO, "x"), "does not take"),
        (RuntimeError("polars: No space left on device (os error 28)"), "disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full"),
        (sqlite3.OperationalError("disk I/O error"), "does not take"),
    ],
)
def test_a_disk_that_refuses_is_named(error: Exception, words: str) -> None:
    assert words in files.disk_refusal(error)
    with pytest.raises(SpaceError, match=words), files.explained_disk("the bag is not written"):
        raise error


def test_another_error_is_not_the_disk() -> None:
    assert not files.disk_refusal(OSError(errno.EACCES, "x"))
    with pytest.raises(PermissionError), files.explained_disk("the bag is not written"):
        raise PermissionError(errno.EACCES, "x")


def test_two_folders_are_swapped_in_one_step_where_the_system_can(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    swapped = files.exchange(tmp_path / "old", tmp_path / "new")
    there = {name: [item.name for item in (tmp_path / name).iterdir()] for name in ("old", "new")}
    assert there == ({"old": ["new"], "new": ["old"]} if swapped else {"old": ["old"], "new": ["new"]})
    assert not files.exchange(tmp_path / "old", tmp_path / "nothing")


def test_a_new_folder_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync", synced.append)
    with files.new_folder(tmp_path / "bag", tmp_path / ".bag.part") as staged:
        (staged / "data").mkdir()
        (staged / "data" / "a.csv").write_text("a")
    assert {path.name for path in synced[:-1]} == {"data", "a.csv", ".bag.part"}
    assert (tmp_path / "bag" / "data" / "a.csv").read_text() == "a"


def test_what_a_killed_run_left_in_temporary_folders_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = "from deedbook import files; import os; own = files.scratch('test'); print(own.__enter__()); os._exit(9)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    killed = Path(done.stdout.strip())
    (killed / "rows").mkdir()
    stranger = tmp_path / "deedbook-test-of-a-stranger"
    stranger.mkdir()
    with files.scratch("other"):
        assert killed.is_dir()
    with files.scratch("test") as first, files.scratch("test") as second:
        assert first.is_dir()
        assert second.is_dir()
        assert not killed.exists()
    assert [*tmp_path.iterdir()] == [stranger]
