"""A catalogue in a folder: nothing is overwritten, nothing leaves the folder, nothing is followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.records import LARGEST
from deedbook.catalogue.store import ExistsError
from deedbook.errors import ProjectError, RefusalError
from deedbook.files import try_lock
from tests.catalogue.catalogues import replace_in_turn
from tests.publishing.releases import sha256


def ignore(_bytes: int) -> None:
    """Nobody watches."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"some bytes" * 300_000)
    return path


def test_a_file_is_put_once(tmp_path: Path, file: Path) -> None:
    store = DirectoryStore(tmp_path / "site")
    moved: list[int] = []
    store.put_new("deeds/1.0.0/a.csv", file, sha256(file), moved.append)
    assert sum(moved) == file.stat().st_size == store.size("deeds/1.0.0/a.csv")
    assert store.digest("deeds/1.0.0/a.csv") == sha256(file)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with pytest.raises(ExistsError):
        store.put_new("deeds/1.0.0/a.csv", other, sha256(other), ignore)
    assert store.digest("deeds/1.0.0/a.csv") == sha256(file)
    assert [path.name for path in store.root.iterdir()] == ["deeds"]


def test_a_copy_that_who_was_faster_tidied_away_is_there_already(tmp_path: Path, file: Path) -> None:
    store = DirectoryStore(tmp_path / "site")
    folder = store.root / "deeds/1.0.0"

    def overtake(_bytes: int) -> None:
        for part in folder.glob(".*.part"):
            part.unlink()
        (folder / "a.csv").write_bytes(file.read_bytes())

    with pytest.raises(ExistsError):
        store.put_new("deeds/1.0.0/a.csv", file, sha256(file), overtake)
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


def test_a_file_that_changed_since_it_was_verified_is_not_put(tmp_path: Path, file: Path) -> None:
    store = DirectoryStore(tmp_path / "site")
    with pytest.raises(RefusalError, match="changed while it was being published"):
        store.put_new("deeds/1.0.0/a.csv", file, "0" * 64, ignore)
    assert store.size("deeds/1.0.0/a.csv") is None


def test_a_document_is_replaced_only_in_the_state_that_was_read(tmp_path: Path) -> None:
    replace_in_turn(DirectoryStore(tmp_path / "site"))


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a\\..\\b", "c:/x", "a\0b"])
def test_no_path_leaves_the_folder(tmp_path: Path, file: Path, path: str) -> None:
    store = DirectoryStore(tmp_path / "site")
    for act in (
        lambda: store.read(path),
        lambda: store.size(path),
        lambda: store.put_new(path, file, sha256(file), ignore),
        lambda: store.replace(path, b"", None),
    ):
        with pytest.raises(RefusalError, match="no path inside"):
            act()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("link", ["deeds", "deeds/1.0.0", "deeds/1.0.0/a.csv"])
def test_no_link_is_followed(tmp_path: Path, file: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("a")
    root = tmp_path / "site"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside / "a.csv" if link.endswith("csv") else outside)
    store = DirectoryStore(root)
    for act in (
        lambda: store.size("deeds/1.0.0/a.csv"),
        lambda: store.digest("deeds/1.0.0/a.csv"),
        lambda: store.put_new("deeds/1.0.0/a.csv", file, sha256(file), ignore),
        lambda: (
            store.put_new("deeds/1.0.0/b.csv", file, sha256(file), ignore) if "a.csv" not in link else store.read(link)
        ),
    ):
        with pytest.raises(RefusalError, match="symbolic link"):
            act()
    assert [(item.name, item.read_text()) for item in outside.iterdir()] == [("a.csv", "a")]


def test_a_catalogue_document_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "catalog.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusalError, match="symbolic link"):
        DirectoryStore(tmp_path / "site").replace("catalog.json", b"{}", None)
    assert not (tmp_path / "elsewhere").exists()


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    DirectoryStore(tmp_path / "site").replace("latest.json", b"{}", None)
    assert (tmp_path / "real" / "latest.json").read_bytes() == b"{}"


def test_a_huge_document_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "catalog.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ProjectError, match="larger than"):
        DirectoryStore(tmp_path).read("catalog.json")


def test_what_a_dead_writer_left_is_removed_and_a_living_one_is_left_alone(tmp_path: Path, file: Path) -> None:
    store = DirectoryStore(tmp_path / "site")
    version = store.root / "deeds" / "1.0.0"
    version.mkdir(parents=True)
    (version / ".a.csv.0123456789abcdef.part").write_text("half")
    (store.root / ".catalog.json.0123456789abcdef.part").write_text("half")
    living = os.open(version / ".b.csv.fedcba9876543210.part", os.O_RDWR | os.O_CREAT)
    assert try_lock(living)
    store.put_new("deeds/1.0.0/a.csv", file, sha256(file), ignore)
    assert sorted(path.name for path in version.iterdir()) == [".b.csv.fedcba9876543210.part", "a.csv"]
    os.close(living)
    store.tidy([])
    assert [path.name for path in version.iterdir()] == ["a.csv"]
    assert [path.name for path in store.root.iterdir()] == ["deeds"]


def test_something_in_the_way_of_a_folder_is_named(tmp_path: Path, file: Path) -> None:
    (tmp_path / "site").write_text("a file")
    with pytest.raises(RefusalError, match="site"):
        DirectoryStore(tmp_path / "site").put_new("deeds/1.0.0/a.csv", file, sha256(file), ignore)
