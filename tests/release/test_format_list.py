"""A format is one module and one entry of `FORMATS`: a made-up ninth one is everywhere that formats are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, UsageError
from deedbook.fetching.copies import fetch
from deedbook.fetching.releases import Asking, find_release
from deedbook.home import Home
from deedbook.integrity.digests import SUMS, sha256_of
from deedbook.project import load_project
from deedbook.publishing.steps import PublishableFile, PublishableRelease
from deedbook.publishing.targets.zenodo import files_to_pack
from deedbook.release.documents import forecast
from deedbook.release.formats import FORMATS, Format, Usage, format_named, media_type
from deedbook.release.verification import verify
from tests.fetching.catalogues import NAME, publish_two
from tests.release.conftest import MakeProject
from tests.release.releases import release_of, repair_everything

TABBED = Format(
    name="tabbed",
    suffix=".tabbed",
    media_type="text/x-tabbed",
    title="Tabbed",
    purpose="the same rows between tabulators",
    module="tests.release.tabbed",
    usage=Usage("Tabber", "sh", "tabber {table}.tabbed {dataset}"),
)


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


@pytest.fixture
def ninth() -> Iterator[Format]:
    """The list with one entry more."""
    FORMATS.append(TABBED)
    yield TABBED
    FORMATS.remove(TABBED)


@pytest.mark.usefixtures("ninth")
def test_a_ninth_format_is_built_described_and_verified(make_project: MakeProject) -> None:
    project = make_project()
    foreseen = forecast(project).tables
    folder = release_of(project)
    assert (folder / "events.tabbed").read_text().startswith("deeds 1.0.0\nevent_id\t")
    assert {"actors.tabbed", "events.tabbed"} <= set(foreseen)
    manifest = json.loads((folder / "release.json").read_text())
    entry = next(entry for entry in manifest["files"] if entry["name"] == "events.tabbed")
    assert (entry["media_type"], entry["table"]) == ("text/x-tabbed", "events")
    readme = (folder / "README.md").read_text()
    assert "| TABLE.tabbed | the same rows between tabulators |" in readme
    assert "**Tabber**\n\n```sh\ntabber events.tabbed deeds\n```" in readme
    assert "Tabbed, `events`: everything is text" in readme
    page = (folder / "index.html").read_text()
    assert ">Tabbed</th>" in page
    assert 'href="events.tabbed"' in page
    for document in ("croissant.json", "ro-crate-metadata.json", "dcat.ttl"):
        assert "events.tabbed" in (folder / document).read_text()
    for document in ("croissant.json", "ro-crate-metadata.json", "dcat.ttl", "datacite.json"):
        assert "text/x-tabbed" in (folder / document).read_text()
    verified = verify(folder)
    assert verified.problems == []
    assert any("tabbed" in line for line in verified.checked)
    (folder / "events.tabbed").write_text((folder / "events.tabbed").read_text().replace("grant", "visit"))
    repair_everything(folder)
    archive, problem = (item for item in verify(folder).problems if item.rule == "format-differs")
    assert (problem.file, problem.key, problem.found) == ("events.tabbed", "E000001", "visit")
    assert (archive.file, archive.message) == ("deeds-tabbed.zip", "has events.tabbed otherwise than the release")


@pytest.mark.usefixtures("ninth")
def test_a_ninth_format_is_chosen_by_name_and_named_where_another_is_asked_for(make_project: MakeProject) -> None:
    project = make_project()
    (project.root / "deedbook.toml").write_text('schemas = "schemas"\n[release]\nformats = ["tabbed"]\n')
    folder = release_of(load_project(project.root))
    assert {path.suffix for path in folder.iterdir() if path.stem == "events"} == {".csv", ".tabbed"}
    (project.root / "deedbook.toml").write_text('schemas = "schemas"\n[release]\nformats = ["clay"]\n')
    with pytest.raises(ProjectError, match="tabbed"):
        release_of(load_project(project.root))


@pytest.mark.usefixtures("ninth")
def test_a_ninth_format_is_published_and_fetched_by_its_name_or_suffix(tmp_path: Path) -> None:
    published = publish_two(tmp_path, None)
    home = Home(tmp_path / "config", tmp_path / "cache", tmp_path / "state")
    listing = find_release(NAME, Asking(str(published.root)), home=home)[0]
    for name in ("tabbed", "Tabbed", ".tabbed"):
        fetch(listing, tmp_path / name.strip("."), formats=[name])
        there = {path.name for path in (tmp_path / name.strip(".")).iterdir() if path.stem == "events"}
        assert there == {"events.tabbed"}
    with pytest.raises(UsageError) as caught:
        fetch(listing, tmp_path / "clay", formats=["clay"])
    assert "tabbed" in str(caught.value.hint)


@pytest.mark.usefixtures("ninth")
def test_a_ninth_format_gives_way_in_a_deposit_before_csv(make_project: MakeProject) -> None:
    folder = release_of(make_project())
    files = tuple(PublishableFile(path.name, path.stat().st_size, sha256_of(path)) for path in sorted(folder.iterdir()))
    release = PublishableRelease(
        folder=folder,
        name="deeds",
        version="1.0.0",
        release_sha256="",
        files=files,
        manifest={},
        package={},
    )
    packed = {file.name for file in files_to_pack(release, len(files) - 4)}
    assert {"actors.jsonl", "events.jsonl", "actors.tabbed", "events.tabbed"} <= packed
    assert not any(name.endswith((".rds", ".csv")) for name in packed)


def test_a_file_of_data_without_a_reader_is_named_as_not_verified(make_project: MakeProject, ninth: Format) -> None:
    folder = release_of(make_project())
    FORMATS.remove(ninth)
    verified = verify(folder)
    FORMATS.append(ninth)
    assert verified.problems == []
    assert "formats: events.tabbed is of no format that is known here" in verified.not_checked
    assert not any(SUMS in line or "diff.csv" in line for line in verified.not_checked if line.startswith("formats"))


def test_every_format_is_found_by_name_title_and_suffix_and_has_a_media_type() -> None:
    assert len({item.name for item in FORMATS}) == len({item.suffix for item in FORMATS}) == len(FORMATS) == 8
    for item in FORMATS:
        assert format_named(item.name) is format_named(item.title.upper()) is format_named(item.suffix) is item
        assert media_type(f"events{item.suffix}") == item.media_type
