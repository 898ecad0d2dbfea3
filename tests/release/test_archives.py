"""An archive for each format: the release's own files in one download, named where it is left out, and proven member by member."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from frictionless import Package

from deedbook.errors import RefusalError
from deedbook.fetching.copies import fetch
from deedbook.fetching.releases import Asking, find_release
from deedbook.home import Home
from deedbook.project import load_project
from deedbook.publishing.publish import prepare
from deedbook.release import formats as listed
from deedbook.release.documents import forecast
from deedbook.release.formats import FORMATS, every_format, format_of
from deedbook.release.verification import verify
from tests.fetching.catalogues import NAME, publish_two
from tests.release.conftest import ACTORS, ACTORS_SCHEMA, MakeProject
from tests.release.releases import problems, release_of, repair_everything

SETTINGS = 'package = "datapackage/datapackage.json"\nschemas = "schemas"\n[release]\nformats = '
NAMES = ["csv", "parquet", "jsonl", "stata", "spss", "rds"]


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def test_each_holds_the_files_of_its_format_byte_by_byte(small_release: Path) -> None:
    assert sorted(path.name for path in small_release.glob("*.zip")) == sorted(f"deeds-{name}.zip" for name in NAMES)
    for item in FORMATS:
        if item.is_per_table:
            with zipfile.ZipFile(small_release / f"deeds-{item.name}.zip") as archive:
                names = archive.namelist()
                assert {f"actors{item.suffix}", f"events{item.suffix}", "README.md", "CODEBOOK.html"} <= {*names}
                assert not item.loader or item.loader in names
                for member in archive.infolist():
                    assert archive.read(member) == (small_release / member.filename).read_bytes()
                    assert member.date_time == (2026, 11, 22, 0, 0, 0)


def test_each_is_described_and_offered(small_release: Path) -> None:
    entries = {entry["name"]: entry for entry in json.loads((small_release / "release.json").read_text())["files"]}
    assert (entries["deeds-csv.zip"]["media_type"], entries["deeds-csv.zip"]["table"]) == ("application/zip", None)
    for name in ("SHA256SUMS", "index.html", "README.md", "croissant.json", "ro-crate-metadata.json", "dcat.ttl"):
        assert "deeds-stata.zip" in (small_release / name).read_text()
    assert "| deeds-FORMAT.zip |" in (small_release / "README.md").read_text()


def test_that_of_csv_is_a_data_package(small_release: Path) -> None:
    package = Package(str(small_release / "deeds-csv.zip"))
    rows = {name: len(package.get_table_resource(name).read_rows()) for name in ("actors", "events")}
    assert rows == {"actors": 3, "events": 3}


def test_one_table_needs_none(make_project: MakeProject) -> None:
    project = make_project({"actors": (ACTORS, ACTORS_SCHEMA)})
    assert not any(name.endswith(".zip") for name in forecast(project).whole)
    assert not [*release_of(project).glob("*.zip")]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes are large."""
    monkeypatch.setattr(listed, "FORMATS", [replace(item, large=300) for item in FORMATS])


@pytest.mark.usefixtures("small_limits")
def test_a_large_one_is_left_out_and_named(make_project: MakeProject) -> None:
    project = make_project()
    folder = release_of(project)
    assert not (folder / "deeds-jsonl.zip").exists()
    readme, page = (folder / "README.md").read_text(), (folder / "index.html").read_text()
    told = "* JSON Lines (zip): left out: its files have "
    assert told in readme
    assert "more than 300 B; `formats` under [release] can ask for jsonl.zip." in readme
    assert "Too large for a zip: " in page
    assert problems(folder) == []


@pytest.mark.usefixtures("small_limits")
def test_a_large_one_that_is_asked_for_by_name_is_written(make_project: MakeProject) -> None:
    project = make_project()
    (project.root / "deedbook.toml").write_text(f'{SETTINGS}["parquet", "parquet.zip"]\n')
    project = load_project(project.root)
    assert forecast(project).whole == ("deeds-parquet.zip",)


@pytest.mark.usefixtures("small_limits")
def test_nothing_is_said_of_an_archive_of_one_large_table(make_project: MakeProject) -> None:
    folder = release_of(make_project({"actors": (ACTORS, ACTORS_SCHEMA)}))
    assert "(zip)" not in (folder / "README.md").read_text()


def test_formats_that_are_listed_come_without_archives(make_project: MakeProject) -> None:
    project = make_project()
    (project.root / "deedbook.toml").write_text(f'{SETTINGS}["parquet", "csv.zip"]\n')
    folder = release_of(load_project(project.root))
    assert [path.name for path in folder.glob("*.zip")] == ["deeds-csv.zip"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"events.csv": b"event_id\n"}, "has events.csv otherwise than the release"),
        ({"events.csv": None}, "has no events.csv"),
        ({"more.csv": b"1"}, "has more.csv otherwise than the release"),
        ({"../up.csv": b"1"}, "leaves the archive"),
        ({"zeros": bytes(40 << 20)}, "too much for its size"),
    ],
)
def test_what_an_archive_holds_otherwise_is_found(
    small_release: Path, members: dict[str, bytes | None], message: str
) -> None:
    path = small_release / "deeds-csv.zip"
    with zipfile.ZipFile(path) as archive:
        held: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (held | members).items():
            if content is not None:
                archive.writestr(name, content)
    repair_everything(small_release)
    (found,) = [one for one in verify(small_release).problems if one.file == "deeds-csv.zip"]
    assert message in found.message


def test_archives_are_fetched_only_by_name(tmp_path: Path) -> None:
    published = publish_two(tmp_path, None)
    listing = find_release(NAME, Asking(str(published.root)), home=Home(*(tmp_path / one for one in "abc")))[0]
    fetch(listing, tmp_path / "all")
    assert not [*(tmp_path / "all").glob("*.zip")]
    proven = verify(tmp_path / "all")
    assert proven.problems == []
    assert f"archives: {', '.join(f'{NAME}-{name}.zip' for name in sorted(NAMES))} are not here" in proven.not_checked
    with pytest.raises(RefusalError, match=r"lacks deeds-csv\.zip, "):
        prepare(tmp_path / "all")
    fetch(listing, tmp_path / "one", formats=["stata.zip"], tables=["events"])
    assert [path.name for path in (tmp_path / "one").glob("*.zip")] == [f"{NAME}-stata.zip"]


def test_a_file_of_an_archive_s_name_is_known_by_the_dataset() -> None:
    assert (found := format_of("deeds-csv.zip", frozenset(), "deeds")) is not None
    assert found.name == "csv.zip"
    assert format_of("deeds-csv.zip", frozenset(), "other") is None
    assert len(every_format()) == len(FORMATS) + len(NAMES)
