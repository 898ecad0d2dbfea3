"""What a project says is kept in every format and every description of its release, and quoted for each language."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
import yaml

from deedbook.errors import ProjectError
from deedbook.release.build import build
from deedbook.release.documents import snippets
from deedbook.release.verification import verify
from tests.release.conftest import MakeProject
from tests.release.releases import release_of, repair_everything

ID = {"name": "id", "type": "string"}


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def schema(*fields: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"fields": [ID, *fields], "primaryKey": "id", **said}


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def in_r(folder: Path, program: str) -> str:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", program], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_kinds_of_missing_that_have_labels_have_a_column_of_their_own(make_project: MakeProject) -> None:
    labels = {"-99": "refused", "-98": "not asked", ".": "", "": ""}
    missing = [{"value": value, "label": label} for value, label in labels.items()]
    field = {"name": "age", "type": "integer", "title": "Age", "missingValues": missing}
    folder = release_of(make_project({"people": ("id,age\nd,.\nb,-98\na,-99\nc,7\n", schema(field))}))
    assert [line.split(",")[:3] for line in (folder / "people.csv").read_text().splitlines()] == [
        ["id", "age", "age_missing"],
        ["a", "", "refused"],
        ["b", "", "not asked"],
        ["c", "7", ""],
        ["d", "", ""],
    ]
    assert pl.read_parquet(folder / "people.parquet")["age_missing"].to_list() == ["refused", "not asked", None, None]
    assert pyreadstat.read_dta(str(folder / "people.dta"))[0]["age_missing"][0] == "refused"
    described = load(folder, "datapackage.json")["resources"][0]["schema"]["fields"][2]
    assert (described["derived"], described["title"]) == (True, "Why Age is missing")
    assert "(.)" in (folder / "README.md").read_text()
    assert not verify(folder).problems


@pytest.fixture
def kinds(make_project: MakeProject) -> Path:
    """A release with a number, a day and a code, each missing for one of five reasons."""
    reasons = {f"-{number}": f"Reason {number}" for number in range(5, 10)}
    missing = [{"value": value, "label": label} for value, label in reasons.items()]
    codes = [{"value": "x", "label": "Ex"}]
    fields: tuple[dict[str, Any], ...] = (
        {"name": "size", "type": "integer", "categories": [{"value": 1, "label": "One"}]},
        {"name": "share", "type": "number"},
        {"name": "day", "type": "date"},
        {"name": "kind", "type": "string", "categories": codes},
    )
    text = "id,size,share,day,kind\na,1,-1234.5,2024-01-01,x\nb,-5,-6,-7,-9\nc,-9,-5,-8,-5\nd,,,,\n"
    return release_of(
        make_project({"t": (text, schema(*({**one, "missingValues": ["", *missing]} for one in fields)))})
    )


def test_kinds_of_missing_are_letters_in_stata(kinds: Path) -> None:
    frame, about = pyreadstat.read_dta(str(kinds / "t.dta"), user_missing=True, output_format="dict")
    letters = {name: list(frame[name])[1:3] for name in ("size", "share", "day", "kind_label")}
    assert letters == {"size": ["a", "e"], "share": ["b", "a"], "day": ["c", "d"], "kind_label": ["e", "a"]}
    assert about.variable_value_labels["size"] == {1: "One"} | {
        letter: f"Reason {at}" for at, letter in enumerate("abcde", 5)
    }
    assert not verify(kinds).problems


def test_kinds_of_missing_are_missing_values_of_the_user_in_spss(kinds: Path) -> None:
    frame, about = pyreadstat.read_sav(str(kinds / "t.sav"), user_missing=True)
    assert frame["size"].tolist()[:3] == [1, -99, -95]
    assert frame["share"].tolist()[:3] == [-1234.5, -9998, -9999]
    assert about.missing_ranges["share"] == [{"lo": -9999.0, "hi": -9995.0}]
    assert about.variable_value_labels["share"][-9999] == "Reason 5"
    assert about.variable_measure["share"] == "scale"
    plain, _ = pyreadstat.read_sav(str(kinds / "t.sav"))
    assert plain["size"].isna().tolist() == [False, True, True, True]


def test_another_kind_of_missing_is_found(kinds: Path) -> None:
    path = kinds / "t.dta"
    content = path.read_bytes()
    start = content.index(b"<data>")
    path.write_bytes(content[:start] + content[start:].replace(bytes([102]), bytes([103]), 1))
    repair_everything(kinds)
    assert [(problem.column, problem.found) for problem in verify(kinds).problems if problem.column] == [("size", "2")]


def test_a_field_called_like_the_kinds_of_missing_of_another_is_refused(make_project: MakeProject) -> None:
    field = {"name": "age", "type": "integer", "missingValues": [{"value": "-9", "label": "refused"}]}
    other = {"name": "age_missing", "type": "string"}
    project = make_project({"people": ("id,age,age_missing\na,-9,\n", schema(field, other))})
    with pytest.raises(ProjectError, match="there is a field of that name"):
        build(project)


def test_row_groups_are_small_enough_for_one_request(make_project: MakeProject) -> None:
    rows = "".join(f"k{number:05},{number}\n" for number in range(25_001))
    folder = release_of(make_project({"t": (f"id,n\n{rows}", schema({"name": "n", "type": "integer"}))}))
    described = pl.scan_parquet(folder / "t.parquet")
    assert described.select(pl.len()).collect().item() == 25_001
    duckdb = pytest.importorskip("duckdb")
    query = "SELECT max(row_group_num_rows) FROM parquet_metadata(?)"
    assert duckdb.execute(query, [str(folder / "t.parquet")]).fetchone() == (10_000,)


def test_r_has_labels_of_numbers_ordered_factors_and_names_the_tables(make_project: MakeProject) -> None:
    codes = [{"value": 2, "label": "High"}, {"value": 1, "label": "Low"}]
    level = {"name": "level", "type": "integer", "title": "Level", "categories": codes}
    degree = {"name": "degree", "type": "string", "categories": ["low", "mid"], "categoriesOrdered": True}
    folder = release_of(make_project({"t": ("id,level,degree\na,1,mid\nb,,low\n", schema(level, degree))}))
    assert not verify(folder).problems
    told = in_r(
        folder, 'x <- readRDS("t.rds"); print(attr(x$level, "labels")); cat(is.ordered(x$degree), levels(x$degree))'
    )
    assert re.sub(r"\s+", " ", told).strip() == "High Low 2 1 TRUE low mid"
    told = in_r(
        folder,
        'source("load.R"); x <- load_table("t", labels = TRUE); cat(as.character(x$level), attr(x$level, "label"))',
    )
    assert told == "Low NA Level"
    assert "the tables are t" in in_r(folder, 'source("load.R"); load_table("tt")')


def test_load_py_names_the_tables_and_orders_categories(make_project: MakeProject) -> None:
    degree = {"name": "degree", "type": "string", "categories": ["low", "mid"], "categoriesOrdered": True}
    folder = release_of(make_project({"t": ("id,degree\na,mid\nb,low\n", schema(degree))}))
    program = "from load import load; print(load('t')['degree'].max()); load('tt')"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout == "mid\n"
    assert "there is no table 'tt'; the tables are t" in done.stderr


def test_stata_keeps_the_names_that_it_allows(make_project: MakeProject) -> None:
    fields = [{"name": name, "type": "string"} for name in ("short", "class", "end", "if")]
    folder = release_of(make_project({"t": ("id,short,class,end,if\na,b,c,d,e\n", schema(*fields))}))
    assert list(pyreadstat.read_dta(str(folder / "t.dta"))[0])[:5] == ["id", "short", "class", "end", "if_2"]


def test_sqlite_shows_the_labels_of_codes_in_a_view(make_project: MakeProject) -> None:
    codes = [{"value": "x", "label": 'It\'s "X"'}, {"value": "y"}]
    coded: dict[str, Any] = {"name": "code", "type": "string", "categories": codes}
    level = {"name": "level", "type": "integer", "categories": [{"value": 2, "label": "Two"}]}
    tables = {
        "t": (
            "id,code,level,code_label\na,x,2,own\nb,y,,\n",
            schema(coded, level, {"name": "code_label", "type": "string"}),
        ),
        "t_labels": ("id\nq\n", schema()),
    }
    folder = release_of(make_project(tables))
    with closing(sqlite3.connect(folder / "deeds.sqlite")) as connection:
        found = connection.execute(
            'SELECT id, code, "code_label", "code_label_2", level_label FROM "t_labels_2"'
        ).fetchall()
    assert found == [("a", "x", "own", 'It\'s "X"', "Two"), ("b", "y", None, "y", None)]
    assert not verify(folder).problems


def test_sqlite_finds_who_refers_to_a_row_by_an_index(make_project: MakeProject) -> None:
    keys = [{"fields": "river", "reference": {"resource": "rivers", "fields": "id"}}]
    towns = schema({"name": "river", "type": "string"}, foreignKeys=keys)
    folder = release_of(make_project({"rivers": ("id\na\n", schema()), "towns": ("id,river\nb,a\n", towns)}))
    connection = sqlite3.connect(folder / "deeds.sqlite")
    plan = connection.execute("EXPLAIN QUERY PLAN SELECT * FROM towns WHERE river = 'a'").fetchone()[-1]
    connection.close()
    assert "towns_reference_1" in plan


def test_a_table_that_a_format_leaves_out_is_claimed_nowhere(make_project: MakeProject) -> None:
    fields = [{"name": name, "type": "string"} for name in ("a", "A")]
    folder = release_of(make_project({"t": ("id,a,A\nx,1,2\n", schema(*fields))}))
    assert "sqlite3 -header" not in (folder / "README.md").read_text() + (folder / "index.html").read_text()
    proof = verify(folder)
    assert "formats: SQLite does not hold t: field names differ only in case" in proof.not_checked
    assert not any("sqlite" in text for text in proof.checked if "table" in text)


def test_a_licence_that_is_a_file_is_in_the_release(make_project: MakeProject) -> None:
    project = make_project(licenses=[{"name": "other-at", "title": "Terms", "path": "TERMS.md"}])
    (project.package.root / "TERMS.md").write_text("Be kind.\n")
    folder = release_of(project)
    assert (folder / "TERMS.md").read_text() == "Be kind.\n"
    assert not {"license", "license-url"} & yaml.safe_load((folder / "CITATION.cff").read_text()).keys()
    assert "rightsUri" not in load(folder, "datacite.json")["rightsList"][0]
    assert not verify(folder).problems


@pytest.mark.parametrize("path", ["javascript:alert(1)", "../TERMS.md", "no-such-file"])
def test_a_licence_that_no_release_can_carry_is_refused(make_project: MakeProject, path: str) -> None:
    with pytest.raises(ProjectError, match="is no file that a release can carry"):
        build(make_project(licenses=[{"name": "CC0-1.0", "path": path}]))


def test_a_licence_called_like_a_document_is_refused(make_project: MakeProject) -> None:
    project = make_project(licenses=[{"title": "Terms", "path": "README.md"}])
    (project.package.root / "README.md").write_text("Be kind.\n")
    with pytest.raises(ProjectError, match="which a release has of its own"):
        build(project)


def test_a_licence_that_spdx_does_not_list_has_no_made_up_address(make_project: MakeProject) -> None:
    folder = release_of(make_project(licenses=[{"name": "cc-by-9999"}]))
    assert load(folder, "datacite.json")["rightsList"] == [{"rights": "cc-by-9999"}]
    assert "license" not in yaml.safe_load((folder / "CITATION.cff").read_text())
    assert "spdx.org/licenses/cc-by-9999" not in (folder / "index.html").read_text()
    assert not verify(folder).problems


def test_people_are_people_and_nobody_is_made_one(make_project: MakeProject) -> None:
    people = [
        {"title": "Ana Roe", "path": "0000-0002-1825-0097", "roles": ["author"]},
        {"title": "Ben Poe", "path": "https://orcid.org/0000-0003-1415-9260", "roles": ["author"]},
        {"organization": "River Office", "roles": ["author"]},
    ]
    folder = release_of(make_project(contributors=people, keywords=[]))
    creators = load(folder, "datacite.json")["creators"]
    assert [one.get("nameType") for one in creators] == ["Personal", "Personal", "Organizational"]
    assert [bool(one.get("nameIdentifiers")) for one in creators] == [True, False, False]
    authors = yaml.safe_load((folder / "CITATION.cff").read_text())["authors"]
    assert [one.get("orcid") for one in authors] == ["https://orcid.org/0000-0002-1825-0097", None, None]
    kinds = {one.get("name"): one["@type"] for one in load(folder, "ro-crate-metadata.json")["@graph"]}
    assert (kinds["Ana Roe"], kinds["River Office"]) == ("Person", "Organization")
    assert "keywords" not in load(folder, "datapackage.json")


def test_an_affiliation_is_described_once(make_project: MakeProject) -> None:
    people = [
        {"givenName": name, "familyName": "Roe", "organization": office}
        for name, office in (("Ana", "Office"), ("Ben", "Office"), ("Cem", "River Office"))
    ]
    publisher = {"organization": "River Office", "roles": ["publisher"]}
    crate = load(release_of(make_project(contributors=[*people, publisher])), "ro-crate-metadata.json")["@graph"]
    ids = [one["@id"] for one in crate]
    assert len(ids) == len({*ids})
    assert {one["affiliation"]["@id"] for one in crate if "affiliation" in one} <= {*ids}


@pytest.mark.parametrize("name", ["events.csv", "deeds.sqlite", "load.py", "events.diff.csv", "release.json"])
def test_a_licence_takes_the_place_of_no_file_of_the_release(make_project: MakeProject, name: str) -> None:
    project = make_project(licenses=[{"title": "Own", "path": name}])
    (project.package.root / name).touch()
    with pytest.raises(ProjectError, match="which a release has of its own"):
        build(project)


def test_a_name_alone_is_neither_a_person_nor_an_organisation(make_project: MakeProject) -> None:
    folder = release_of(make_project(contributors=[{"title": "Ben Poe"}]))
    assert load(folder, "datacite.json")["creators"] == [{"name": "Ben Poe"}]


def test_sources_are_related(make_project: MakeProject) -> None:
    sources = [
        {"title": "Gauges", "path": "https://doi.org/10.5555/rivers.7"},
        {"title": "x", "path": "https://x.example"},
    ]
    folder = release_of(make_project(sources=sources))
    related = load(folder, "datacite.json")["relatedIdentifiers"]
    assert [tuple(one.values()) for one in related] == [
        ("10.5555/rivers.7", "DOI", "IsDerivedFrom"),
        ("https://x.example", "URL", "IsDerivedFrom"),
    ]
    assert '"isBasedOn"' in (folder / "index.html").read_text()


def test_no_control_character_reaches_a_document(make_project: MakeProject) -> None:
    folder = release_of(make_project(title="Rivers \x1b]0;owned\x07 \x9b2J", description="red \x1b[31mtext"))
    for path in folder.iterdir():
        if path.suffix in {".md", ".html", ".cff", ".py", ".R", ".do", ".sql", ".ttl", ".json"}:
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", path.read_text()), path.name
    assert load(folder, "datapackage.json")["title"] == "Rivers \x1b]0;owned\x07 \x9b2J"


@pytest.mark.parametrize("name", ["n\n```\n# owned", "v` = system('id'), `w", "a\\b"])
def test_a_name_that_code_would_have_to_escape_is_in_no_snippet(name: str) -> None:
    assert snippets("t", {name: pl.Int64()}).startswith("A column has a name that code would have to quote")


def test_the_page_and_the_readme_say_how_to_fetch(make_project: MakeProject) -> None:
    folder = release_of(make_project())
    page = (folder / "index.html").read_text()
    assert "deedbook fetch deeds@1.0.0 --from" in page
    assert all('tabindex="0"' in tag for tag in re.findall("<pre[^>]*>", page))
    readme = (folder / "README.md").read_text()
    assert "deedbook fetch deeds@1.0.0 --from" in readme
    assert re.search(r'read_csv\("events\.csv",.*?trim_ws = FALSE,.*?^\)', readme, re.DOTALL | re.MULTILINE)
