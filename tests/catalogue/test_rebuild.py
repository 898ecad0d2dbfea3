"""A catalogue is made anew from its version folders, whatever became of its documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.edits import Signers, with_yank
from deedbook.catalogue.records import BEFORE, CATALOG, Catalogue
from deedbook.catalogue.store import Rebuilt, read_catalogue, rebuild, update
from deedbook.errors import RefusalError
from deedbook.integrity.signatures import SigningKey, configured_key
from tests.publishing.releases import NOW, demand_sound, directory_target, make_release
from tests.release.releases import OWN

LATER = "2026-12-24T00:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """A catalogue with two versions, the second of which was yanked."""
    first = make_release(tmp_path / "first", "1.0.0")
    target = directory_target(tmp_path / "site")
    for release in (first, make_release(tmp_path / "second", "1.1.0", previous=first)):
        for step in target.steps(release):
            step.run({}, lambda _bytes: None)

    def change(old: Catalogue, now: str) -> Catalogue:
        return with_yank(old, first.name, "1.1.0", reason="wrong", replaced_by="1.0.0", now=now)

    store = DirectoryStore(tmp_path / "site")
    update(store, change, title="Deeds", signers=Signers(), clock=lambda: NOW)
    return store


def rebuilt(store: DirectoryStore, key: SigningKey | None = None) -> Rebuilt:
    return rebuild(store, title="Deeds", signers=Signers(key), clock=lambda: LATER)


def test_every_document_is_made_anew(store: DirectoryStore) -> None:
    old = read_catalogue(store)
    assert old is not None
    for file in store.root.iterdir():
        if file.is_file() and file.name != CATALOG:
            file.unlink()
    done = rebuilt(store)
    assert done.notes == ()
    assert done.catalogue.datasets == old.datasets
    assert done.catalogue.sequence == old.sequence + 1
    assert {"latest.json", "feed.xml", "catalog.dcat.ttl", "index.html", BEFORE} <= {
        file.name for file in store.root.iterdir()
    }


def test_a_torn_catalogue_is_mended_from_the_one_before(store: DirectoryStore) -> None:
    content = (store.root / CATALOG).read_bytes()
    (store.root / CATALOG).write_bytes(content[:100])
    done = rebuilt(store)
    assert "is no JSON" in done.notes[0]
    (dataset,) = done.catalogue.datasets.values()
    assert [entry.version for entry in dataset.versions] == ["1.1.0", "1.0.0"]
    assert read_catalogue(store) == done.catalogue
    assert done.catalogue.sequence > json.loads(content)["sequence"]


def test_a_catalogue_that_is_lost_is_made_from_the_releases_and_what_is_lost_is_said(store: DirectoryStore) -> None:
    for file in store.root.iterdir():
        if file.is_file():
            file.unlink()
    done = rebuilt(store)
    (dataset,) = done.catalogue.datasets.values()
    assert dataset.latest == "1.1.0"
    assert len(done.notes) == 2
    assert all("when it was published is not known" in note for note in done.notes)


def test_a_damaged_release_is_named_and_nothing_is_written(store: DirectoryStore) -> None:
    before = {file: file.read_bytes() for file in store.root.iterdir() if file.is_file()}
    damaged = next(file for file in store.root.glob("*/1.0.0/*.csv"))
    damaged.write_bytes(damaged.read_bytes() + b"\n")
    with pytest.raises(RefusalError, match=rf"1\.0\.0 is damaged: {damaged.name} was changed"):
        rebuilt(store)
    assert {file: file.read_bytes() for file in store.root.iterdir() if file.is_file()} == before


def test_a_version_that_is_being_uploaded_is_left_out(store: DirectoryStore) -> None:
    folder = next(store.root.glob("*/1.1.0"))
    (folder / "SHA256SUMS").unlink()
    done = rebuilt(store)
    (dataset,) = done.catalogue.datasets.values()
    assert [entry.version for entry in dataset.versions] == ["1.0.0"]
    assert "is not whole yet" in done.notes[0]


def test_a_signed_catalogue_does_not_lose_its_signature(store: DirectoryStore) -> None:
    key = configured_key({"DEEDBOOK_SIGNING_KEY": OWN.secret})
    assert key is not None
    signed = rebuilt(store, key)
    assert signed.catalogue.key is not None
    assert signed.catalogue.key.id == OWN.public.id
    (store.root / CATALOG).write_bytes(b"{")
    (store.root / BEFORE).write_bytes(b"{")
    with pytest.raises(RefusalError, match="was signed"):
        rebuilt(store)
    assert rebuilt(store, key).catalogue.key == signed.catalogue.key.__class__(OWN.public.id, OWN.public.text, LATER)


def test_the_one_before_is_kept_at_every_change(store: DirectoryStore) -> None:
    now, before = (json.loads((store.root / name).read_bytes())["sequence"] for name in (CATALOG, BEFORE))
    assert before == now - 1


def test_what_was_rebuilt_is_sound(store: DirectoryStore, tmp_path: Path) -> None:
    rebuilt(store)
    first = make_release(tmp_path / "first again", "1.0.0")
    demand_sound(store, [first, make_release(tmp_path / "second again", "1.1.0", previous=first)])
