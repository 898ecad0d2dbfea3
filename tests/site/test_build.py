from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deedbook.catalogue.records import Catalogue
from deedbook.errors import ProjectError, UsageError
from deedbook.integrity.digests import sha256_of
from deedbook.site import build, build_site
from deedbook.site.editions import Shelf
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


def test_pages_that_cannot_differ_are_not_made_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(root)

    def never(*_: object) -> None:
        raise AssertionError("a page was made")

    monkeypatch.setattr("deedbook.site.build.release_pages", never)
    built = build_site(root)
    assert (built.written, built.removed) == (0, 0)
    assert built.pages == sum(name.startswith("site/") for name in before)
    assert state(root) == before


@pytest.mark.parametrize("fault", ["changed", "left over", "lost", "no record", "another toolkit"])
def test_pages_are_made_again_where_anything_differs(root: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(root)
    own = root / "site" / "en" / "deeds"
    match fault:
        case "changed":
            (own / "index.html").write_text("something else")
        case "left over":
            (own / "stale.html").write_text("old")
        case "lost":
            (own / "index.html").unlink()
        case "no record":
            (root / "site" / "data" / "~made.json").write_text('{"deeds": 1}')
        case "another toolkit":
            monkeypatch.setattr("deedbook.site.digests._toolkit", lambda: "another")
    build_site(root)
    after = state(root)
    if fault == "another toolkit":
        assert after.pop("site/data/~made.json") != before.pop("site/data/~made.json")
    assert after == before


def test_only_the_dataset_that_has_a_new_version_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release(tmp_path, name="acts")
    root = release(tmp_path)
    build_site(root)
    release(tmp_path, "1.1.0", {**ROWS, "events": ROWS["events"] + "        E9,They talk,2024-05-05,talks,A1,\n"})
    made: list[str] = []

    def noted(catalogue: Catalogue, shelf: Shelf) -> build.Pages:
        made.append(shelf.name)
        return pages(catalogue, shelf)

    pages = build._pages
    monkeypatch.setattr(build, "_pages", noted)
    build_site(root)
    assert made == ["deeds"]
    twin = Path(shutil.copytree(root, tmp_path / "twin", ignore=shutil.ignore_patterns("site")))
    build_site(twin)
    assert state(twin) == state(root)
