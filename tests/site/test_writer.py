from __future__ import annotations

from pathlib import Path

import pytest

from deedbook import files
from deedbook.site.writer import Writer, writing


def write(folder: Path, **content: str) -> Writer:
    with writing(folder) as writer:
        for name, text in content.items():
            writer.put(f"{name}.html", text.encode())
    return writer


def state(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_files_are_there_at_the_end_and_nothing_else(tmp_path: Path) -> None:
    done = write(tmp_path / "site", a="1", b="2")
    assert (done.written, done.kept, done.removed) == (2, 0, 0)
    assert state(tmp_path) == {"site/a.html": "1", "site/b.html": "2"}


def test_what_stays_keeps_its_time_what_differs_is_written_what_is_left_over_goes(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder, a="1", b="2", c="3")
    before = (folder / "a.html").stat().st_mtime_ns
    done = write(folder, a="1", b="two")
    assert (done.written, done.kept, done.removed) == (1, 1, 1)
    assert state(tmp_path) == {"site/a.html": "1", "site/b.html": "two"}
    assert (folder / "a.html").stat().st_mtime_ns == before


def test_where_nothing_differs_the_folder_itself_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder, a="1")
    before = folder.stat().st_ino
    write(folder, a="1")
    assert folder.stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_writer_that_fails_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder, a="1")
    with pytest.raises(TypeError), writing(folder) as writer:
        writer.put("a.html", None)  # type: ignore[arg-type]
    assert state(tmp_path) == {"site/a.html": "1"}


def test_what_a_killed_writer_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".site.new" / "en").mkdir(parents=True)
    (tmp_path / ".site.new" / "en" / "half.html").write_text("<!doc")
    write(tmp_path / "site", a="1")
    assert state(tmp_path) == {"site/a.html": "1"}


def test_a_disk_that_neither_swaps_nor_links_gets_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(files, "exchange", lambda *_folders: False)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write(tmp_path / "site", a="1", b="2")
    write(tmp_path / "site", a="1", b="3")
    assert state(tmp_path) == {"site/a.html": "1", "site/b.html": "3"}
