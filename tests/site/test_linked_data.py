from __future__ import annotations

from pathlib import Path
from typing import Any

from deedbook.site import build_site
from tests.site.catalogues import release
from tests.site.pages import Page


def record(root: Path, page: str) -> dict[str, Any]:
    found: dict[str, Any] = Page(root / "site" / page).json["application/ld+json"]
    return found


def test_a_release_is_a_dataset_with_its_files(published: Path) -> None:
    data = record(published, "en/deeds/1.1.0/index.html")
    assert (data["@type"], data["name"], data["version"], data["temporalCoverage"]) == (
        "Dataset",
        "Deeds",
        "1.1.0",
        "1990-03-22/2025-01-01",
    )
    names = {one["name"]: one for one in data["distribution"]}
    assert names["events.csv"]["contentUrl"] == "../../../../deeds/1.1.0/events.csv"
    assert len(names["events.csv"]["sha256"]) == 64
    assert data["includedInDataCatalog"]["url"] == "../../index.html"


def test_a_release_is_named_as_its_own_files_name_it(published: Path) -> None:
    shown = record(published, "de/deeds/index.html")
    own = Page(published / "deeds" / "1.1.0" / "index.html").json["application/ld+json"]
    assert shown["@id"] == own["@id"]
    assert shown["@id"].startswith("urn:uuid:")
    assert shown["sameAs"] == "../../../deeds/1.1.0/index.html"
    assert shown["url"] == "index.html"


def test_a_doi_names_a_release_and_without_keywords_its_tables_do(tmp_path: Path) -> None:
    root = release(tmp_path, id="https://doi.org/10.5281/zenodo.1")
    build_site(root)
    data = record(root, "en/deeds/index.html")
    assert data["@id"] == "https://doi.org/10.5281/zenodo.1"
    assert data["identifier"] == ["https://doi.org/10.5281/zenodo.1", "doi:10.5281/zenodo.1"]
    assert {"Events", "Actors"} <= set(data["keywords"])


def test_the_home_is_a_catalogue_of_the_latest_releases(published: Path) -> None:
    data = record(published, "de/index.html")
    assert (data["@type"], data["inLanguage"]) == ("DataCatalog", "de")
    (dataset,) = data["dataset"]
    assert (dataset["version"], dataset["url"]) == ("1.1.0", "deeds/index.html")
    assert dataset["@id"] == record(published, "en/deeds/index.html")["@id"]
