"""Small releases that are made to be published and interrupted; their files only look like data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from deedbook.catalogue.directory import DirectoryStore
from deedbook.catalogue.edits import Signers, with_yank
from deedbook.catalogue.records import Catalogue
from deedbook.catalogue.store import Store, read_catalogue, rebuild, settle, update
from deedbook.integrity.provenance import write_proofs
from deedbook.publishing.steps import PublishableFile, PublishableRelease
from deedbook.publishing.targets.hosted import HostedCatalogue

NAME = "deeds"
NOW = "2026-11-22T12:00:00Z"


def make_release(
    folder: Path,
    version: str = "1.0.0",
    *,
    content: str = "",
    large: int = 0,
    previous: PublishableRelease | None = None,
) -> PublishableRelease:
    """A release of a few files, one of them of `large` bytes."""
    folder.mkdir(parents=True)
    package = {"title": "Deeds", "description": "Who did what.", "licenses": [{"name": "CC0-1.0"}]}
    (folder / "events.csv").write_text(f"id,what\n1,{version} {content}\n")
    (folder / "CODEBOOK.md").write_text(f"# {version}\n")
    (folder / "datapackage.json").write_text(json.dumps(package))
    if large:
        (folder / "events.parquet").write_bytes(hashlib.sha256(version.encode()).digest() * (large // 32 + 1))
    manifest = {
        "name": NAME,
        "version": version,
        "state": "released",
        "created": "2026-11-22T00:00:00Z",
        "epoch": 0,
        "previous": {"version": previous.version, "sha256": previous.release_sha256} if previous else None,
        "tables": [],
        "files": [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(folder.iterdir())
        ],
    }
    (folder / "release.json").write_text(json.dumps(manifest))
    write_proofs(folder, (), None)
    names = sorted(path.name for path in folder.iterdir() if path.name not in {"release.json", "SHA256SUMS"})
    order = ["release.json", *names, "SHA256SUMS"]
    files = tuple(PublishableFile(name, (folder / name).stat().st_size, sha256(folder / name)) for name in order)
    return PublishableRelease(
        folder=folder,
        name=NAME,
        version=version,
        release_sha256=sha256(folder / "release.json"),
        files=files,
        manifest=manifest,
        package=package,
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def directory_target(root: Path) -> HostedCatalogue:
    """A target in a folder, with a clock that stands still."""
    return HostedCatalogue(
        "public", "directory", str(root), DirectoryStore(root), title="Deeds", clock=lambda: NOW, environment={}
    )


def read_latest(store: Store) -> dict[str, str]:
    """Versions in `latest.json` by dataset."""
    found = store.read("latest.json")
    return {name: item["version"] for name, item in json.loads(found.content)["datasets"].items()} if found else {}


def demand_sound(store: Store, releases: list[PublishableRelease]) -> Catalogue | None:
    """What must hold at any moment: what is named is whole, nothing has other bytes than were published."""
    catalogue = read_catalogue(store)
    by_version = {release.version: release for release in releases}
    for release in releases:
        for file in release.files:
            assert store.digest(f"{NAME}/{release.version}/{file.name}") in {None, file.sha256}
    dataset = catalogue.datasets.get(NAME) if catalogue else None
    for entry in dataset.versions if dataset else ():
        release = by_version[entry.version]
        assert entry.release_sha256 == release.release_sha256
        for file in release.files:
            assert store.size(f"{entry.path}{file.name}") == file.size, (entry.version, file.name)
    for version in read_latest(store).values():
        assert dataset is not None
        named = dataset.entry(version)
        assert named is not None
        assert not named.is_yanked
    return catalogue


def demand_finished(store: Store, releases: list[PublishableRelease]) -> None:
    """What must hold at the end: every version is there, and every document is that of the present catalogue."""
    from deedbook.catalogue.documents import derived_documents

    catalogue = demand_sound(store, releases)
    assert catalogue is not None
    assert {entry.version for entry in catalogue.datasets[NAME].versions} == {release.version for release in releases}
    assert read_latest(store) == {NAME: catalogue.datasets[NAME].latest}
    for name, content in derived_documents(catalogue, Signers()):
        found = store.read(name)
        assert found is not None, name
        assert found.content == content, name


def yank_first(root: Path) -> None:
    """Withdraws 1.0.0 in the catalogue of a folder."""

    def change(old: Catalogue, now: str) -> Catalogue:
        return with_yank(old, "deeds", "1.0.0", reason="wrong", replaced_by=None, now=now)

    update(DirectoryStore(root), change, title="", signers=Signers(), clock=lambda: NOW)
    settle(DirectoryStore(root), Signers())


def rebuild_all(root: Path) -> None:
    """Makes every document of the catalogue of a folder anew."""
    rebuild(DirectoryStore(root), title="", signers=Signers(), clock=lambda: NOW)
