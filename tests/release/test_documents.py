"""What a release says about itself agrees with its rows, escapes what it shows, and names no machine."""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import platform
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from deedbook.release.build import build
from deedbook.release.edition import read_edition
from deedbook.release.rows import Rows
from deedbook.release.statistics import Bin, describe_columns
from deedbook.release.tables import Outline, Table
from deedbook.schema import read_schema
from deedbook.validation import Options
from tests.release.conftest import MakeProject


@pytest.fixture
def folder(small_release: Path) -> Path:
    return small_release


def statistics(values: pl.Series, kind: str, **field: Any) -> Any:
    schema = read_schema({"fields": [{"name": "v", "type": kind, **field}]}, "test")
    return describe_columns(Table(Outline("t", schema), Rows.of(values.to_frame("v"))))["v"]


def test_codes_are_counted_with_their_labels() -> None:
    found = statistics(pl.Series(["b", "a", None, "b"]), "string", categories=[{"value": "a", "label": "A"}, "b", "c"])
    assert (found.shape, found.rows, found.missing, found.distinct) == ("codes", 4, 1, 2)
    assert [(entry.value, entry.label, entry.count) for entry in found.top] == [("b", "", 2), ("a", "A", 1)]


def test_whole_numbers_fall_into_whole_bins_that_hold_every_row() -> None:
    found = statistics(pl.Series([*range(41), 40, None]), "integer")
    assert (found.minimum, found.median, found.maximum) == ("0", "20", "40")
    assert found.bins[0] == Bin("0", "2", 3)
    assert sum(entry.count for entry in found.bins) == 42


def test_decimals_with_nan_and_infinity_still_have_a_histogram() -> None:
    found = statistics(pl.Series([0.5, 1.0, float("inf"), float("nan"), 2.0]), "number")
    assert sum(entry.count for entry in found.bins) == 3


def test_days_fall_into_bins_of_days() -> None:
    days = pl.Series(["1820-05-09", "2024-02-29", "2025-07-01"]).str.to_date()
    found = statistics(days, "date")
    assert (found.minimum, found.median, found.maximum) == ("1820-05-09", "2024-02-29", "2025-07-01")
    assert found.bins[0].low == "1820-05-09"
    assert [entry.count for entry in found.bins if entry.count] == [1, 2]


@pytest.mark.parametrize("kind", ["string", "integer", "number", "date", "boolean"])
def test_a_column_without_values_is_empty(kind: str) -> None:
    dtype = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "boolean": pl.Boolean}[
        kind
    ]
    assert statistics(pl.Series([None, None], dtype=dtype), kind).shape == "empty"
    assert statistics(pl.Series([], dtype=dtype), kind).rows == 0


class Balance(HTMLParser):
    """Counts open elements and remembers ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "rect", "link", "br", "img", "input"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name == "href" and value:
                (self.links if value.startswith("#") else self.outside).append(value.removeprefix("#"))
            if name == "src" and value:
                self.outside.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_the_html_codebook_is_well_formed_self_contained_and_escaped(folder: Path) -> None:
    html = (folder / "CODEBOOK.html").read_text()
    assert "Name &lt;b&gt;" in html
    assert "<b>" not in html
    page = Balance()
    page.feed(html)
    assert page.open == []
    assert page.outside == ["index.html"], "nothing but the way back to the release"
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)


def test_the_markdown_codebook_escapes_what_would_break_its_tables(folder: Path) -> None:
    assert r"What it is called \| and more." in (folder / "CODEBOOK.md").read_text()


def test_the_three_codebooks_count_the_same(folder: Path) -> None:
    record = json.loads((folder / "codebook.json").read_text())
    kind = record["tables"][1]["fields"][2]
    assert [(code["value"], code["label"], code["count"]) for code in kind["codes"]] == [
        ("visit", "Visit", 2),
        ("grant", "Grant", 1),
    ]
    assert "| `visit` | Visit |  | 2 |" in (folder / "CODEBOOK.md").read_text()


RULES = """
    import pandera.polars as pa
    import polars as pl
    from deedbook.rules.rule import rule

    schema = pa.DataFrameSchema(checks=[
        rule("note-is-formula", ~pl.col("note").str.starts_with("="), at="note", severity="warning", ref="R-1",
             message="{note} looks like a formula", hint="write it as text"),
        rule("visit-without-day", (pl.col("kind") != "visit") | pl.col("day").is_not_null(), at="day",
             message="{event_id} has no day"),
        pa.Check(lambda data: data.lazyframe.select(pl.lit(True)), name="any rows"),
    ])
"""


def test_the_codebook_lists_every_rule_with_what_it_found(make_project: MakeProject) -> None:
    built = build(make_project(files={"schemas/events.py": RULES}), Options(trust_rules=True))
    assert built.release is not None
    rules = json.loads((built.release.folder / "codebook.json").read_text())["rules"]
    own = [rule for rule in rules if rule["scope"] != "between releases"]
    assert [(rule["id"], rule["severity"], rule["places"], rule["findings"]) for rule in own] == [
        ("any-rows", "error", ["events"], 0),
        ("visit-without-day", "error", ["events.day"], 0),
        ("note-is-formula", "warning", ["events.note"], 1),
    ]
    assert all(rule["is_checked"] for rule in own)
    between = {rule["id"] for rule in rules} - {rule["id"] for rule in own}
    assert {"version-below-floor", "correction-without-reason", "table-shrank"} <= between
    assert between.isdisjoint({"published-id-vanished", "event-changed-identity", "status-fell-without-reason"})
    page, text = ((built.release.folder / f"CODEBOOK.{kind}").read_text() for kind in ("html", "md"))
    for rule in rules:
        assert f"<code>{rule['id']}</code>" in page
        assert f"| `{rule['id']}`" in text


def test_text_and_keys_that_repeat_show_how_they_are_distributed(folder: Path) -> None:
    record = json.loads((folder / "codebook.json").read_text())
    fields = {
        f"{table['name']}.{field['name']}": field["statistics"]
        for table in record["tables"]
        for field in table["fields"]
    }
    name = fields["actors.name"]
    assert sum(entry["count"] for entry in name["lengths"]) == name["rows"] - name["missing"]
    assert (name["lengths"][0]["low"], name["lengths"][-1]["high"] >= str(name["longest"])) == (
        str(name["shortest"]),
        True,
    )
    assert [(entry["value"], entry["count"]) for entry in fields["events.actor_id"]["top"]] == []  # each once
    page = (folder / "CODEBOOK.html").read_text()
    assert f"Histogram from {name['shortest']} to" in page
    assert "each value once" in page
    assert "Distribution of lengths: `" in (folder / "CODEBOOK.md").read_text()


def test_the_citation_is_yaml_with_author_version_and_licence(folder: Path) -> None:
    record = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert record["authors"] == [{"family-names": "Lovelace", "given-names": "Ada"}]
    assert (record["cff-version"], record["type"], record["version"]) == ("1.2.0", "dataset", "1.0.0")
    assert record["license"] == "CC-BY-4.0"


def test_page_and_readme_say_where_to_start_and_how_to_cite(folder: Path) -> None:
    page, readme = (folder / "index.html").read_text(), (folder / "README.md").read_text()
    assert "## Start here" in readme
    assert "`events`" in readme.partition("## Tables")[0]
    assert "@misc{deeds-1-0-0," in page
    assert "TY  - DATA" in page
    assert 'fetch("../../catalog.json"' in page
    assert '<p id="notice" class="notice" role="status" hidden></p>' in page


def test_the_readme_shows_how_dates_and_codes_lie(folder: Path) -> None:
    glance = (folder / "README.md").read_text().partition("## At a glance")[2].partition("\n## ")[0]
    assert re.search(r"^day: `1820-05-09` `[·▁▂▃▄▅▆▇]+█` `2025-07-01`, median `2024-02-29`\.$", glance, re.MULTILINE)
    assert f"| kind | rows | |\n|---|---:|---|\n| Visit | 2 | {'█' * 20} |\n| Grant | 1 | {'█' * 10} |\n" in glance


def test_a_readme_without_dates_and_codes_goes_without_a_glance(make_project: MakeProject) -> None:
    schema = {"fields": [{"name": "name", "type": "string"}], "primaryKey": "name"}
    built = build(make_project({"things": ("name\na\nb\n", schema)}))
    assert built.release is not None
    assert "At a glance" not in (built.release.folder / "README.md").read_text()


@pytest.mark.parametrize("name", ["index.html", "CODEBOOK.html"])
def test_a_page_runs_its_own_script_and_forbids_every_other(folder: Path, name: str) -> None:
    page = (folder / name).read_text()
    policies = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert [policy.split("; ")[:2] for policy in policies] == [["default-src 'none'", f"script-src 'sha256-{digest}'"]]


def test_a_doi_stands_in_the_citation(make_project: MakeProject) -> None:
    project = make_project(id="https://doi.org/10.5281/zenodo.123", contributors=[{"title": 'A "quoted": group'}])
    edition = read_edition(project.package, project.dist)
    expected = 'A "quoted": group (2026). Deeds (version 1.0.0) [Data set]. https://doi.org/10.5281/zenodo.123'
    assert str(edition.citation) == expected


def test_nothing_names_the_machine_or_the_folder(folder: Path) -> None:
    text = b"\n".join(path.read_bytes() for path in folder.iterdir())
    assert str(folder).encode() not in text
    assert str(folder.parents[2]).encode() not in text
    if len(platform.node()) > 5:
        assert platform.node().encode() not in text
    if len(getpass.getuser()) > 5:
        assert getpass.getuser().encode() not in text


def test_build_json_lists_every_input_relative_to_the_project(folder: Path) -> None:
    record = json.loads((folder / "BUILD.json").read_text())
    assert [entry["path"] for entry in record["inputs"]] == [
        "datapackage/actors.csv",
        "datapackage/datapackage.json",
        "datapackage/events.csv",
        "deedbook.toml",
        "schemas/actors.schema.json",
        "schemas/events.schema.json",
    ]
    assert {"deedbook", "polars", "xlsxwriter", "sqlite"} <= record["writers"].keys()


def test_the_report_of_the_validation_is_in_the_release(folder: Path) -> None:
    record = json.loads((folder / "validation.json").read_text())
    assert (record["valid"], record["stats"]["rows"]) == (True, 6)
    assert [finding["rule"] for finding in record["findings"]] == ["formula-in-text"]  # `=1+1`, a warning
    assert "seconds" not in record["stats"]
