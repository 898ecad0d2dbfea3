"""What a catalogue may not go back on once it was seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, RefusalError
from deedbook.fetching.catalogues import open_catalogue
from deedbook.fetching.locations import read_location
from deedbook.fetching.releases import Asking, find_release
from deedbook.home import Home
from deedbook.integrity.signatures import KEY_VARIABLE, PublicKey
from deedbook.publishing.steps import Notice
from tests.fakes.web import Web
from tests.fetching.catalogues import NAME, publish, publish_two, target, write_project
from tests.release.releases import OTHER, OWN


def find(web: Web, home: Home, name: str = NAME, key: PublicKey | None = None) -> tuple[str, ...]:
    return find_release(name, Asking(web.url, key.text if key else None), home=home)[1]


def test_the_first_key_is_pinned_and_said(web: Web, home: Home) -> None:
    assert f"key {OWN.public.id} is now trusted" in find(web, home)[0]
    assert find(web, home) == ()


def test_a_key_from_elsewhere_must_be_the_one_of_the_catalogue(web: Web, home: Home) -> None:
    with pytest.raises(RefusalError, match=f"the known key {OTHER.public.id} did not hand over"):
        find(web, home, key=OTHER.public)
    find(web, home, key=OWN.public)


def test_another_key_is_refused_without_a_hand_over_and_accepted_with_one(home: Home, tmp_path: Path) -> None:
    published = publish_two(tmp_path)
    with Web(published.root).serving() as web:
        find(web, home)
        forged = publish_two(tmp_path / "forged", OTHER)
        shutil.copytree(published.root, tmp_path / "kept")
        shutil.copytree(forged.root, published.root, dirs_exist_ok=True)
        with pytest.raises(RefusalError, match=f"{OWN.public.id} did not hand over to it"):
            find(web, home)
        shutil.copytree(tmp_path / "kept", published.root, dirs_exist_ok=True)
        find(web, home)
        release = published.project / "dist" / NAME / "1.1.0" / "release.json"
        from deedbook.integrity.digests import sha256_of

        write_project(
            published.project,
            "1.2.0",
            (published.project / "datapackage" / "events.csv").read_text() + "E9,A1,,\n",
            previous={"version": "1.1.0", "sha256": sha256_of(release)},
        )
        publish(published.project, published.root, OTHER, rotate_from=OWN)
        assert find(web, home) == ()
        old, _ = find_release(f"{NAME}@1.0.0", Asking(web.url), home=home)
        new, _ = find_release(f"{NAME}@1.2.0", Asking(web.url), home=home)
        assert f"signature of key {OWN.public.id}" in old.checked
        assert f"signature of key {OTHER.public.id}" in new.checked


@pytest.mark.parametrize("name", ["catalog.json", "latest.json"])
def test_a_catalogue_that_goes_back_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    published = publish_two(tmp_path / "a", None)
    with Web(published.root).serving() as web:
        find(web, home)
        known = json.loads((published.root / name).read_text())
        known["sequence"] -= 1
        if name == "catalog.json":
            versions = known["datasets"][NAME]["versions"]
            del versions[0]
            known["datasets"][NAME]["latest"] = "1.0.0"
            versions[0]["state"] = "released"
        (published.root / name).write_text(json.dumps(known))
        with pytest.raises(RefusalError, match="went back"):
            find(web, home)


def test_a_latest_that_is_ahead_of_its_catalogue_is_refused_at_first_sight(home: Home, tmp_path: Path) -> None:
    published = publish_two(tmp_path / "a", None)
    latest = json.loads((published.root / "latest.json").read_text())
    latest["sequence"] += 1
    (published.root / "latest.json").write_text(json.dumps(latest))
    with Web(published.root).serving() as web, pytest.raises(RefusalError, match="it went back, or an old copy"):
        find(web, home)


@pytest.mark.parametrize("what", ["gone", "other", "same-sequence"])
def test_a_release_that_was_seen_stays_what_it_was(home: Home, tmp_path: Path, what: str) -> None:
    published = publish_two(tmp_path / "a", None)
    with Web(published.root).serving() as web:
        find(web, home)
        known = json.loads((published.root / "catalog.json").read_text())
        if what != "same-sequence":
            known["sequence"] += 1
        versions = known["datasets"][NAME]["versions"]
        if what == "gone":
            del versions[1]
        else:
            versions[1]["release_sha256"] = "0" * 64
        (published.root / "catalog.json").write_text(json.dumps(known))
        said = {"gone": "is gone", "other": "another release than before", "same-sequence": "another catalogue with"}
        with pytest.raises(RefusalError, match=said[what]):
            find(web, home)


def test_a_signature_that_is_missing_or_wrong_is_refused(web: Web, home: Home) -> None:
    catalog = web.root / "catalog.json"
    catalog.write_bytes(catalog.read_bytes() + b"\n")
    with pytest.raises(RefusalError, match="is not what key"):
        find(web, home)
    (web.root / "catalog.json.minisig").unlink()
    with pytest.raises(RefusalError, match="is missing, though the catalogue names the key"):
        find(web, home)


def test_a_catalogue_whose_publisher_was_killed_before_its_signature_is_read(web: Web, home: Home) -> None:
    publisher = target(web.root, {KEY_VARIABLE: OWN.secret})
    behind = (web.root / "catalog.json.minisig").read_bytes()
    enter = publisher.notice(Notice(NAME, "1.1.0", "wrong rows", None))[0]
    enter.run({}, lambda _bytes: None)  # catalog.json is new; the publisher never gets to what follows
    assert (web.root / "catalog.json.minisig").read_bytes() == behind
    opened = open_catalogue(read_location(web.url), home)
    assert opened.catalogue.datasets[NAME].latest == "1.0.0"
    assert open_catalogue(read_location(web.url), home, is_offline=True).keys == opened.keys
    (web.root / "catalog.json.minisig").unlink()  # as after the first publish of all
    assert open_catalogue(read_location(web.url), home).catalogue == opened.catalogue
    (web.root / "catalog.json.next.minisig").write_bytes(behind)
    with pytest.raises(RefusalError, match="is missing, though the catalogue names the key"):
        find(web, home)
    (web.root / "catalog.json.minisig").write_bytes(behind)
    with pytest.raises(RefusalError, match="is not what key"):
        find(web, home)


def test_a_release_without_the_signature_that_it_must_have_is_refused(web: Web, home: Home) -> None:
    (web.root / NAME / "1.1.0" / "SHA256SUMS.minisig").unlink()
    with pytest.raises(RefusalError, match="minisig is missing"):
        find(web, home)


def test_a_memory_that_cannot_be_read_is_not_taken_for_none(web: Web, home: Home) -> None:
    find(web, home)
    file = next(home.state.glob("*.json"))
    file.write_text("{")
    with pytest.raises(ProjectError, match="cannot be read"):
        open_catalogue(read_location(web.url), home)
