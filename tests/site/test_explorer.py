"""The pages of tables: what stands in them without a script, and what the bundle is told."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deedbook.catalogue.records import CATALOG, read_catalogue_json
from deedbook.site.addresses import Kind
from deedbook.site.editions import Edition, Shelf, read_site
from deedbook.site.explorer import columns_of, explorer_pages, story_data, versions_data
from deedbook.site.pages import At
from tests.fetching.catalogues import publish
from tests.release.conftest import DESCRIPTOR, TABLES


@dataclass(frozen=True, slots=True)
class Made:
    """A catalogue and the files that its latest release's tables give."""

    root: Path
    shelf: Shelf
    edition: Edition
    files: dict[str, bytes]

    def page(self, table: str, lang: str = "en") -> str:
        return self.files[f"{lang}/{self.edition.name}/{self.edition.version}/tables/{table}.html"].decode()

    def data(self, table: str, lang: str = "en") -> dict[str, Any]:
        found = re.search(
            r'<script type="application/json" id="page">(.*?)</script>', self.page(table, lang), re.DOTALL
        )
        assert found
        loaded: dict[str, Any] = json.loads(found.group(1))
        return loaded

    def at(self) -> At:
        catalogue = read_catalogue_json((self.root / CATALOG).read_bytes(), "catalog")
        names = (self.edition.name, self.edition.version, "events")
        return At(catalogue, "en", "table", names, self.shelf, self.edition)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    project, root = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("root")
    for folder in ("datapackage", "schemas"):
        (project / folder).mkdir()
    (project / "deedbook.toml").write_text('package = "datapackage/datapackage.json"\nschemas = "schemas"\n')
    resources = []
    for name, (text, schema) in TABLES.items():
        (project / "datapackage" / f"{name}.csv").write_text(text.removeprefix("\n"), encoding="utf-8")
        (project / "schemas" / f"{name}.schema.json").write_text(json.dumps(schema), encoding="utf-8")
        resources.append({"name": name, "path": f"{name}.csv"})
    descriptor = {**DESCRIPTOR, "resources": resources}
    (project / "datapackage" / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    publish(project, root, None)
    shelf = read_site(root)[0]
    edition = shelf.latest
    assert edition is not None
    catalogue = read_catalogue_json((root / CATALOG).read_bytes(), "catalog")
    return Made(root, shelf, edition, dict(explorer_pages(catalogue, shelf, edition)))


def test_each_table_has_a_page_in_every_language_and_its_parquet_as_a_script(made: Made) -> None:
    for name, table in made.edition.tables.items():
        assert f"<h1>{table.title}</h1>" in made.page(name)
        assert 'lang="de"' in made.page(name, "de")
        data = made.data(name)
        script = made.files[data["parquet"]["script"]].decode()
        given = json.loads(script.removeprefix("deedbook.take(").removesuffix(");\n"))
        assert given["name"] == data["parquet"]["name"]
        assert b64decode(given["text"]) == table.path.read_bytes()
        assert data["parquet"]["bytes"] == table.path.stat().st_size


def test_no_page_runs_or_styles_anything_of_its_own(made: Made) -> None:
    for address, content in made.files.items():
        if address.endswith(".html"):
            text = content.decode()
            assert " style=" not in text
            assert re.findall(r"<script(?![^>]* type=\"application/json\")(?![^>]* src=)", text) == []
            assert " on" not in re.sub(r">[^<]*<", "><", text).replace(" on-", "")


def test_the_first_rows_stand_in_the_page_and_lead_to_what_they_name(made: Made) -> None:
    page, data = made.page("events"), made.data("events")
    rows = made.edition.tables["events"].frame()
    for value in rows.get_column(data["key"][0]):
        assert f">{value}</td>" in page
    leads = [field for field in data["fields"] if "leads" in field]
    assert leads
    for field in leads:
        for value in rows.get_column(field["name"]).drop_nulls():
            assert f'href="{field["leads"]}#{field["of"]}/{value}"' in page


def test_a_row_of_an_event_or_an_actor_leads_to_its_page_and_no_other_row_does(made: Made) -> None:
    kinds: tuple[tuple[str, Kind], ...] = (("events", "event"), ("actors", "actor"))
    for table, kind in kinds:
        story = made.data(table)["story"]
        assert story == {"kind": kind, "isEach": True, "way": f"../../{kind}s/"}
        assert made.at().story(kind, "E1").endswith(f"{story['way'].removeprefix('../')}E1.html")
    others = {name for name in made.edition.tables if name not in {"events", "actors"}}
    assert [made.data(name)["story"] for name in others] == [None] * len(others)


def test_where_rows_have_no_page_each_they_lead_to_the_one_that_shows_any(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deedbook.site.explorer.MOST", 1)
    pages = dict(explorer_pages(made.at().catalogue, made.shelf, made.edition))
    data = Made(made.root, made.shelf, made.edition, pages).data("events")
    assert data["story"] == {"kind": "event", "isEach": False, "way": "../../event.html#"}


def test_the_facets_are_what_the_codebook_counted(made: Made) -> None:
    rows, data = made.edition.tables["events"].frame(), made.data("events")
    facets = [(name, counts) for name, is_whole, counts in data["counts"] if is_whole]
    assert facets
    for name, counts in facets:
        expected = rows.get_column(name).value_counts()
        assert dict(counts) == dict(expected.iter_rows()), name


def test_a_column_that_a_double_does_not_hold_is_named(made: Made) -> None:
    table = made.edition.tables["actors"]
    assert columns_of(made.edition, table).inexact == ()
    path = made.edition.folder / "actors.csv"
    content = path.read_text(encoding="utf-8")
    name = next(
        one for one, kind in columns_of(made.edition, table).kinds.items() if one == "share" and kind == "number"
    )
    assert "0.25" in content
    path.write_text(content.replace("0.25", "0.2500000000000000000001"), encoding="utf-8")
    assert columns_of(made.edition, table).inexact == (name,)
    path.write_text(content, encoding="utf-8")


def test_a_comparison_knows_the_versions_newest_first_and_where_their_changes_are(made: Made) -> None:
    found = versions_data(made.shelf)
    assert [one["version"] for one in found] == [one.version for one in made.shelf.editions]
    newest = json.loads(made.files[found[0]["script"]].decode().removeprefix("deedbook.take(").removesuffix(");\n"))
    assert json.loads(newest["text"]) == made.edition.changes


def test_the_page_of_any_row_knows_the_tables_that_name_it_and_their_fields(made: Made) -> None:
    found = story_data(made.at(), made.edition, made.edition.tables["actors"], "name")
    assert [(one["table"], one["field"]) for one in found["referring"]] == [("events", "actor_id")]
    assert found["referring"][0]["data"]["parquet"]["url"].endswith("events.parquet")
    assert found["heading"] == "name"
