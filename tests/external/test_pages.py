"""The pages of a release, of its catalogue, of a comparison and of a validation, before axe in a real browser and the Nu HTML checker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.external.conftest import ROOT, SECONDS, TOOLS, run, tool

pytestmark = pytest.mark.external

PAGES = ("catalogue.html", "changes.html", "codebook.html", "release.html", "report.html")


@pytest.fixture(scope="module")
def pages(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with each kind of page, as the command line writes it."""
    project = tmp_path_factory.mktemp("pages")
    for name in ("deedbook.toml", "datapackage", "schemas"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, project / name)
    with (project / "deedbook.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[targets.public]\ntype = "directory"\npath = "public"\n')

    def deedbook(*arguments: str | Path) -> str:
        done = run(sys.executable, "-m", "deedbook", *arguments, folder=project)
        assert done.returncode == (1 if arguments[0] in {"diff", "validate"} else 0), done.stderr
        return done.stdout

    shutil.copytree(good, project / "dist" / good.parent.name / good.name)
    deedbook("publish", "--to", "public")
    events = project / "datapackage" / "events.csv"
    events.write_text(events.read_text(encoding="utf-8").replace("region", "part of the world"), encoding="utf-8")
    folder = tmp_path_factory.mktemp("looked-at")
    (folder / "changes.html").write_text(deedbook("diff", good, ".", "--format", "html"), encoding="utf-8")
    events.write_text(events.read_text(encoding="utf-8").replace("P000001", "P00001"), encoding="utf-8")
    deedbook("validate", "--format", "json", "-o", "earlier.json")
    shown = ("--by", "coder", "--earlier", "earlier.json", "--max-findings", "1000")
    deedbook("validate", "--format", "html", *shown, "-o", folder / "report.html")
    shutil.copy(good / "index.html", folder / "release.html")
    shutil.copy(good / "CODEBOOK.html", folder / "codebook.html")
    shutil.copy(project / "public" / "index.html", folder / "catalogue.html")
    return folder


def browse(script: str, *arguments: str | Path) -> str:
    """What a script of this folder prints that looks at pages in a real browser."""
    modules = tool(TOOLS / "axe" / "node_modules")
    command = [tool("node"), str(Path(__file__).with_name(script)), tool("chromium"), *map(str, arguments)]
    environment = {**os.environ, "NODE_PATH": modules}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=3 * SECONDS)
    return done.stdout


def axe(*pages: Path | str) -> list[dict[str, object]]:
    """What axe finds wrong at 360 and 1440 pixels, light and dark."""
    found: list[dict[str, object]] = json.loads(browse("axe.js", *pages))
    return found


def test_axe_finds_nothing_in_any_page(pages: Path) -> None:
    looked_at = sorted(pages.glob("*.html"))
    assert [page.name for page in looked_at] == list(PAGES)
    assert axe(*looked_at) == []


def test_axe_finds_nothing_in_a_report_of_ten_thousand_findings(tmp_path: Path) -> None:
    fields = ("id", "day", "coder", "place", "note", "deaths")
    schema = {
        "fields": [{"name": name, "type": {"day": "date", "deaths": "integer"}.get(name, "string")} for name in fields]
    }
    (tmp_path / "t.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    rows = (f"E{number},2024-13-01,c{number % 5},P{number % 40},text {number},some" for number in range(5000))
    (tmp_path / "t.csv").write_text("\n".join([",".join(fields), *rows]) + "\n", encoding="utf-8")
    told = ("--format", "html", "--max-findings", "5000", "--by", "coder", "-o", "report.html")
    command = (sys.executable, "-m", "deedbook", "validate", "t.csv", "--schema", "t.schema.json", *told)
    assert run(*command, folder=tmp_path).returncode == 1
    page = tmp_path / "report.html"
    assert page.read_text(encoding="utf-8").count("is not a") >= 10_000
    assert axe("--once", page) == []


def test_axe_finds_what_is_wrong_and_what_is_too_wide(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<!doctype html><html lang="en"><title>A page</title><meta name="viewport" content="width=device-width">'
        '<main><h1>A page</h1><img src="map.png"><p style="width: 600px">A long line</p></main></html>',
        encoding="utf-8",
    )
    found = {(each["id"], each["width"]) for each in axe(page)}
    assert found == {("image-alt", 360), ("image-alt", 1440), ("wider-than-the-window", 360)}


def test_the_html_checker_accepts_every_page(pages: Path) -> None:
    checker = tool(TOOLS / "html" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar")
    checked = run(tool("java"), "-jar", checker, *sorted(page.name for page in pages.glob("*.html")), folder=pages)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Paramilitary", ["actors", "actors.sector"]),
        ("ACTORS sector paramil", ["actors", "actors.sector"]),
        ("zzz", []),
    ],
)
def test_a_search_of_the_codebook_leaves_what_has_all_words(pages: Path, text: str, ids: list[str]) -> None:
    shown = browse("type.js", pages / "codebook.html", "#search", text, "article, section")
    assert json.loads(shown) == {"ids": ids, "errors": []}
