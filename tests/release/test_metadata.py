"""Every standard says the same of a release: identifier, version, licence, people, files with their checksums."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import rdflib
import yaml

from deedbook.errors import ProjectError
from deedbook.release.build import build
from deedbook.release.verification import verify
from tests.release.conftest import ACTORS, ACTORS_SCHEMA, EVENTS, EVENTS_SCHEMA, MakeProject
from tests.release.releases import release_of, repair_everything

DOI = "10.5281/zenodo.123"
ADDRESS = f"https://doi.org/{DOI}"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
ORCID = "https://orcid.org/0000-0002-1825-0097"
PEOPLE = [
    {
        "title": "Ada Lovelace",
        "givenName": "Ada",
        "familyName": "Lovelace",
        "organization": "Engine <Works> & Co",
        "path": ORCID,
        "roles": ["creator"],
    },
    {"title": "Deeds Institute", "path": "https://deeds.example", "roles": ["publisher"]},
]
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")


@pytest.fixture
def folder(make_project: MakeProject) -> Path:
    """The release of a dataset with a DOI, a person, a publisher and a title full of markup."""
    built = build(make_project(id=ADDRESS, contributors=PEOPLE, title='Deeds "1" </script> & <b>more</b>'))
    assert built.release is not None, built.report.findings
    return built.release.folder


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def page_record(folder: Path) -> Any:
    found = re.search(
        r'<script type="application/ld\+json">(.*?)</script>', (folder / "index.html").read_text(), re.DOTALL
    )
    assert found is not None
    return json.loads(found.group(1))


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def catalogue(folder: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(folder / "dcat.ttl", format="turtle")


def test_all_name_the_same_identifier_and_version(folder: Path) -> None:
    graph = catalogue(folder)
    crate = load(folder, "ro-crate-metadata.json")["@graph"][1]
    assert {
        load(folder, "croissant.json")["identifier"],
        crate["identifier"],
        page_record(folder)["@id"],
        load(folder, "csv-metadata.json")["dc:identifier"],
        str(next(graph.subjects(rdflib.RDF.type, DCAT.Dataset))),
        f"https://doi.org/{load(folder, 'datacite.json')['doi']}",
    } == {ADDRESS}
    assert {
        load(folder, "croissant.json")["version"],
        crate["version"],
        page_record(folder)["version"],
        load(folder, "datacite.json")["version"],
        str(next(graph.objects(None, DCAT.version))),
    } == {"1.0.0"}


def test_all_name_the_same_licence_and_people(folder: Path) -> None:
    graph = catalogue(folder)
    crate = {entity["@id"]: entity for entity in load(folder, "ro-crate-metadata.json")["@graph"]}
    assert {
        load(folder, "croissant.json")["license"],
        page_record(folder)["license"],
        crate["./"]["license"][0]["@id"],
        load(folder, "csv-metadata.json")["dc:license"],
        load(folder, "datacite.json")["rightsList"][0]["rightsUri"],
        *(str(value) for value in graph.objects(None, DCT.license)),
    } == {LICENCE}
    author = crate[crate["./"]["author"][0]["@id"]]
    assert (author["@id"], author["name"]) == (ORCID, "Ada Lovelace")
    assert page_record(folder)["creator"][0]["@id"] == ORCID
    assert load(folder, "croissant.json")["creator"][0]["name"] == "Ada Lovelace"
    creator = load(folder, "datacite.json")["creators"][0]
    assert (creator["name"], creator["nameIdentifiers"][0]["nameIdentifier"]) == ("Lovelace, Ada", ORCID)
    assert {str(value) for value in graph.objects(None, DCT.creator)} == {ORCID}
    assert load(folder, "datacite.json")["publisher"]["name"] == "Deeds Institute"
    assert page_record(folder)["publisher"]["name"] == "Deeds Institute"


@pytest.mark.parametrize("formats", [None])
def test_every_checksum_is_that_of_the_file(folder: Path) -> None:
    sums = checksums(folder)
    found = [(entry["name"], entry["sha256"]) for entry in load(folder, "croissant.json")["distribution"]]
    found += [(entry["contentUrl"], entry["sha256"]) for entry in page_record(folder)["distribution"]]
    found += [
        (entity["@id"], entity["sha256"])
        for entity in load(folder, "ro-crate-metadata.json")["@graph"]
        if entity["@type"] == "File"
    ]
    found += [(table["url"], table["schema:sha256"]) for table in load(folder, "csv-metadata.json")["tables"]]
    graph = catalogue(folder)
    for entry in graph.subjects(rdflib.RDF.type, DCAT.Distribution):
        name = str(next(graph.objects(entry, DCAT.downloadURL))).rsplit("/", 1)[-1]
        checksum = next(graph.objects(entry, SPDX.checksum))
        found.append((name, str(next(graph.objects(checksum, SPDX.checksumValue)))))
    assert {name for name, _ in found} >= {"actors.csv", "actors.dta", "events.rds", "events.sav", "deeds.sqlite"}
    assert [(name, digest) for name, digest in found if sums[name] != digest] == []


class Links(HTMLParser):
    """The addresses of a page, and the text in its code elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if name == "href" and value:
                self.links.append(value)
            if name == "src" and value:
                self.outside.append(value)


def test_the_page_links_every_file_with_its_checksum_and_loads_nothing(folder: Path) -> None:
    html = (folder / "index.html").read_text()
    page = Links()
    page.feed(html)
    assert page.outside == []
    written_later = {"index.html", "release.json", "SHA256SUMS", "provenance.intoto.jsonl", "SHA256SUMS.minisig"}
    sums = {name: digest for name, digest in checksums(folder).items() if name not in written_later}
    assert sums.keys() <= set(page.links)
    assert all(digest in html for digest in sums.values())
    assert "<b>more" not in html
    assert html.count("</script>") == 2  # the JSON-LD, and what tells the address of the catalogue


def test_a_dataset_without_doi_and_people_is_described_too(make_project: MakeProject) -> None:
    built = build(make_project(contributors=..., licenses=..., keywords=...))
    assert built.release is not None
    folder = built.release.folder
    assert "doi" not in load(folder, "datacite.json")
    identifier = load(folder, "croissant.json")["identifier"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", identifier)
    assert page_record(folder)["creator"] == [{"@type": "Organization", "name": "The contributors to Deeds"}]
    assert (rdflib.URIRef(identifier), DCT.title, rdflib.Literal("Deeds", lang="en")) in catalogue(folder)


CONCEPT = "10.5281/zenodo.6"


def test_the_doi_of_all_versions_is_never_that_of_one(make_project: MakeProject) -> None:
    folder = release_of(
        make_project(id=ADDRESS, deedbook={"previous": None, "concept_doi": f"https://doi.org/{CONCEPT}"})
    )
    cited = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert f"https://doi.org/{cited['doi']}" == ADDRESS
    assert cited["identifiers"] == [{"type": "doi", "value": CONCEPT, "description": "All versions of the dataset"}]
    related = load(folder, "datacite.json")["relatedIdentifiers"]
    assert [(one["relationType"], one["relatedIdentifier"]) for one in related] == [("IsVersionOf", CONCEPT)]
    all_versions = [str(one) for one in catalogue(folder).objects(None, DCAT.isVersionOf)]
    assert all_versions == [ADDRESS.replace(DOI, CONCEPT)]
    assert f'All versions: <a href="https://doi.org/{CONCEPT}">' in (folder / "index.html").read_text()
    assert verify(folder).is_intact
    text = (folder / "CITATION.cff").read_text().replace(CONCEPT, "10.5281/zenodo.5")
    (folder / "CITATION.cff").write_text(text)
    repair_everything(folder)
    said = [
        item.message
        for item in verify(folder).problems
        if item.rule == "metadata-differs" and item.file == "CITATION.cff"
    ]
    assert "says concept doi '10.5281/zenodo.5', datacite.json says '10.5281/zenodo.6'" in said


@pytest.mark.parametrize(("concept", "message"), [(ADDRESS, "are the same DOI"), ("zenodo", "is no DOI")])
def test_a_wrong_doi_of_all_versions_stops_the_build(make_project: MakeProject, concept: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        build(make_project(id=ADDRESS, deedbook={"previous": None, "concept_doi": concept}))


def test_a_doi_in_one_file_of_a_release_without_one_is_named(make_project: MakeProject) -> None:
    folder = release_of(make_project())
    file = folder / "CITATION.cff"
    file.write_text(f'{file.read_text()}doi: "10.5281/zenodo.9"\n')
    repair_everything(folder)
    said = [(item.file, item.message) for item in verify(folder).problems if "doi" in item.message]
    assert said == [("CITATION.cff", "says doi '10.5281/zenodo.9', datapackage.json says nothing of it")]


def test_croissant_refers_to_other_tables_but_never_in_a_circle(make_project: MakeProject) -> None:
    actors = {
        **ACTORS_SCHEMA,
        "fields": [*ACTORS_SCHEMA["fields"], {"name": "of", "type": "string", "constraints": {"required": True}}],
        "foreignKeys": [
            {"fields": "of", "reference": {"fields": "actor_id"}},
            {"fields": "of", "reference": {"resource": "events", "fields": "actor_id"}},
        ],
    }
    events = {
        **EVENTS_SCHEMA,
        "fields": [
            {**field, "constraints": {"required": True}} if field["name"] == "actor_id" else field
            for field in EVENTS_SCHEMA["fields"]
        ],
    }
    head, *rows = ACTORS.replace('"The ""Legion""\nof two lines"', "Legion").strip().splitlines()
    of = "\n".join([f"{head},of", *(f"{row},A000001" for row in rows)]) + "\n"
    built = build(make_project({"actors": (of, actors), "events": (EVENTS, events)}))
    assert built.release is not None, built.report.findings
    found = {
        field["@id"]: field["references"]["field"]["@id"]
        for records in load(built.release.folder, "croissant.json")["recordSet"]
        for field in records["field"]
        if "references" in field
    }
    assert found == {"actors/of": "events/actor_id"}


def test_csvw_declares_only_references_that_are_always_there(folder: Path) -> None:
    tables = load(folder, "csv-metadata.json")["tables"]
    assert tables[1]["tableSchema"]["primaryKey"] == ["event_id"]
    assert "foreignKeys" not in tables[1]["tableSchema"]


def test_croissant_has_ids_without_spaces_each_once(make_project: MakeProject) -> None:
    fields = [{"name": name, "type": "string"} for name in ("a b", "a_b", "a\u00a0b")]
    folder = release_of(make_project({"t": ("a b,a_b,a\u00a0b\n1,2,3\n", {"fields": fields, "primaryKey": "a b"})}))
    (records,) = load(folder, "croissant.json")["recordSet"]
    found = {field["@id"]: field["source"]["extract"]["column"] for field in records["field"][:3]}
    assert found == {"t/a_b_2": "a b", "t/a_b": "a_b", "t/a_b_3": "a\u00a0b"}
    assert records["key"] == {"@id": "t/a_b_2"}


def test_croissant_counts_rows_and_bounds_numbers_and_days(make_project: MakeProject) -> None:
    fields = [{"name": name, "type": kind} for name, kind in (("id", "string"), ("n", "number"), ("day", "date"))]
    rows = "id,n,day\na,2.5,2026-03-01\nb,,2025-12-31\nc,-10,\n"
    folder = release_of(make_project({"t": (rows, {"fields": fields, "primaryKey": "id"})}))
    croissant = load(folder, "croissant.json")
    (records,) = croissant["recordSet"]
    assert [item["value"] for item in records["cr:annotation"]] == [3]
    said = {it["@id"]: it["value"] for field in records["field"] for it in field.get("cr:annotation", ())}
    days = {"t/day/minimum": "2025-12-31", "t/day/maximum": "2026-03-01"}
    assert {name: value for name, value in said.items() if name.startswith(("t/id", "t/n/", "t/day"))} == {
        "t/n/minimum": -10,
        "t/n/maximum": 2.5,
        **days,
    }
    activity = croissant["http://www.w3.org/ns/prov#wasGeneratedBy"]
    assert activity["http://www.w3.org/ns/prov#endedAtTime"].startswith(croissant["datePublished"])
