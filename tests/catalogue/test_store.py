"""Changes where a catalogue is kept: nobody's is lost, and derived documents never go back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.documents import catalog_json
from deedbook.catalogue.edits import Signers, with_release
from deedbook.catalogue.records import Catalogue
from deedbook.catalogue.store import ConflictError, read_catalogue, settle, update
from deedbook.errors import ProjectError, RefusalError, RemoteError
from tests.catalogue.catalogues import LATER, NOW, after, catalogue, release


def add(store: DirectoryStore, version: str, now: str = NOW) -> Catalogue:
    previous = None if version == "1.0.0" else after("1.0.0")
    return update(
        store,
        lambda old, at: with_release(old, release(version, previous=previous), at),
        title="Deeds",
        signers=Signers(),
        clock=lambda: now,
    )


def test_each_change_grows_the_sequence_by_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    assert [add(store, version).sequence for version in ("1.0.0", "1.1.0", "1.1.0")] == [1, 2, 2]
    found = read_catalogue(store)
    assert found is not None
    assert [entry.version for entry in found.datasets["deeds"].versions] == ["1.1.0", "1.0.0"]


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    add(store, "1.0.0", LATER)
    assert add(store, "1.1.0", NOW).updated == LATER


def test_a_change_that_met_another_is_made_again_on_top_of_it(tmp_path: Path) -> None:
    class Contended(DirectoryStore):
        """Somebody else is faster once."""

        met = False

        def replace(self, path: str, content: bytes, tag: str | None) -> str:
            if not self.met:
                self.met = True
                add(DirectoryStore(tmp_path), "1.0.0")
            return super().replace(path, content, tag)

    found = add(Contended(tmp_path), "1.1.0")
    assert found.sequence == 2
    assert {entry.version for entry in found.datasets["deeds"].versions} == {"1.0.0", "1.1.0"}


def test_whoever_always_loses_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(DirectoryStore):
        """Somebody else is always faster."""

        def replace(self, path: str, content: bytes, tag: str | None) -> str:
            raise ConflictError(f"{path} {len(content)} {tag}")

    monkeypatch.setattr("deedbook.catalogue.store._LONGEST_PAUSE", 0.0)
    with pytest.raises(RemoteError, match="all the time"):
        add(Busy(tmp_path), "1.0.0")


def test_a_document_of_a_later_catalogue_stops_an_older_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    add(store, "1.0.0")
    old = (tmp_path / "catalog.json").read_bytes()
    add(store, "1.1.0")
    settle(store, Signers())
    (tmp_path / "catalog.json").write_bytes(old)
    with pytest.raises(RefusalError, match="of a later"):
        settle(store, Signers())
    assert json.loads((tmp_path / "latest.json").read_text())["datasets"]["deeds"]["version"] == "1.1.0"


def test_documents_of_an_older_catalogue_are_mended(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    add(store, "1.0.0")
    settle(store, Signers())
    add(store, "1.1.0")
    (tmp_path / "feed.xml").unlink()
    settle(store, Signers())
    assert json.loads((tmp_path / "latest.json").read_text())["sequence"] == 2
    assert b"sequence: 2" in (tmp_path / "feed.xml").read_bytes()


def test_a_lost_catalogue_is_not_begun_anew(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    add(store, "1.0.0")
    settle(store, Signers())
    (tmp_path / "catalog.json").unlink()
    with pytest.raises(RefusalError, match=r"catalog\.json is missing"):
        add(store, "1.1.0")


def test_what_is_no_catalogue_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text('{"shop": []}')
    with pytest.raises(ProjectError, match="is no catalogue"):
        add(DirectoryStore(tmp_path), "1.0.0")
    assert (tmp_path / "catalog.json").read_text() == '{"shop": []}'


def test_a_sound_catalogue_of_somebody_else_is_added_to(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_bytes(catalog_json(catalogue("1.0.0")))
    assert {entry.version for entry in add(DirectoryStore(tmp_path), "1.1.0").datasets["deeds"].versions} == {
        "1.0.0",
        "1.1.0",
    }
