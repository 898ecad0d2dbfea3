from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.digests import sha256_of
from deedbook.site import build_site
from tests.site.catalogues import ROWS, release


def state(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_two_builds_have_the_same_bytes_and_the_second_writes_nothing(published: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy", ignore=shutil.ignore_patterns("site")))
    build_site(copy)
    assert state(copy) == state(published)
    before = {path: path.stat().st_mtime_ns for path in (copy / "site").rglob("*")}
    built = build_site(copy)
    assert (built.written, built.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in (copy / "site").rglob("*")} == before


def test_the_catalogue_itself_is_not_touched(published: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy", ignore=shutil.ignore_patterns("site")))
    before = state(copy)
    build_site(copy)
    shutil.rmtree(copy / "site")
    assert state(copy) == before


def test_what_belongs_to_the_site_no_more_goes(root: Path) -> None:
    stale = root / "site" / "en" / "gone" / "index.html"
    stale.parent.mkdir()
    stale.write_text("old")
    built = build_site(root)
    assert (built.written, built.removed) == (0, 1)
    assert not stale.parent.exists()


def test_a_page_that_was_meddled_with_is_mended_alone(root: Path) -> None:
    (root / "site" / "en" / "index.html").write_text("meddled")
    assert build_site(root).written == 1


def test_a_copy_needs_nothing_else(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(root, out)
    shutil.rmtree(root)
    assert (out / "deeds" / "1.1.0" / "events.csv").is_file()
    assert build_site(out).written == 0
    with pytest.raises(ProjectError):
        build_site(root, out)


def test_a_folder_with_something_else_in_it_is_left_alone(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="there is something else in it"):
        build_site(root, tmp_path / "mine")
    shutil.rmtree(root / "site")
    (root / "site").mkdir()
    (root / "site" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="there is something else in it"):
        build_site(root)
    assert [path.name for path in (root / "site").iterdir()] == ["thesis.txt"]


def test_a_dataset_that_is_called_like_the_folder_of_the_pages_is_refused(tmp_path: Path) -> None:
    root = release(tmp_path, name="site")
    with pytest.raises(UsageError, match="a dataset has that name"):
        build_site(root)


def test_a_new_version_changes_the_pages_that_it_concerns(tmp_path: Path) -> None:
    root = release(tmp_path)
    build_site(root)
    first = state(root / "site" / "en" / "deeds" / "1.0.0")
    release(tmp_path, "1.1.0", {**ROWS, "actors": ROWS["actors"] + "A3,Chad\n"})
    built = build_site(root)
    assert built.removed == 0
    then = state(root / "site" / "en" / "deeds" / "1.0.0")
    assert {name for name in first if first[name] != then[name]} <= {"index.html", "changes.html"}


def test_the_licences_of_script_and_maps_lie_beside_them(published: Path) -> None:
    text = (published / "site" / "assets" / "LICENSES.txt").read_text(encoding="utf-8")
    for title in ("hyparquet", "minisearch", "Natural Earth", "world-atlas", "Unicode CLDR"):
        assert title in text
