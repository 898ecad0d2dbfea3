"""`deedbook diff`."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.project import GOOD, UNUSUAL, Outcome, write_project

Run = Callable[..., Outcome]
CHANGED = """\
    id,start,end
    a,2024-01-01,2024-01-05
    c,2024-02-01,
"""


@pytest.fixture
def sides(project: Path, tmp_path: Path) -> tuple[str, str]:
    return str(write_project(tmp_path / "old")), str(write_project(project, CHANGED))


def test_equal_sides_are_equal(project: Path, deedbook: Run, tmp_path: Path) -> None:
    write_project(project)
    outcome = deedbook("diff", str(write_project(tmp_path / "old")), ".")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("equal: 1 table, 2 rows\n")
    assert deedbook("diff", "--quiet", ".", ".") == Outcome(0, "", "")


def test_the_text_names_rows_and_cells(sides: tuple[str, str], deedbook: Run) -> None:
    outcome = deedbook("diff", *sides)
    assert outcome.code == 1
    assert outcome.out.splitlines()[2:] == [
        "events: 2 -> 2 rows; 1 added, 1 withdrawn, 1 revised",
        "  end: 1 value",
        "  + c: 2024-02-01",
        "  - b: 2024-01-03",
        '  ~ a end: "2024-01-02" -> "2024-01-05"',
        "",
        "different: 1 table with other rows",
    ]


def test_a_built_version_can_be_named(project: Path, deedbook: Run) -> None:
    write_project(project)
    assert deedbook("build").code == 0
    assert deedbook("diff", "1.0.0", ".").code == 0
    write_project(project, CHANGED)
    outcome = deedbook("diff", "small@1.0.0", ".", "--format", "json")
    assert outcome.code == 1
    record = json.loads(outcome.out)
    assert (record["old"], record["equal"], record["tables"][0]["counts"]["revised"]) == ("small 1.0.0", False, 1)


def test_markdown_escapes_what_people_wrote(project: Path, deedbook: Run, tmp_path: Path) -> None:
    write_project(project, "id,start,end\n<b>@you|x</b>,,\n")
    outcome = deedbook("diff", str(write_project(tmp_path / "old")), ".", "--format", "markdown")
    assert "| events | 2 → 1 | 1 | 2 | 0 | 0 | 0 |" in outcome.out
    assert "<b>" not in outcome.out


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_the_page_stands_alone_and_runs_nothing(project: Path, deedbook: Run, tmp_path: Path) -> None:
    write_project(project, "id,start,end\n<script>alert(1)</script>,,\n")
    page = tmp_path / "page.html"
    assert deedbook("diff", str(write_project(tmp_path / "old")), ".", "--format", "html", "-o", str(page)).code == 1
    assert "the working folder</h1>" in page.read_text()
    assert 'role="img" aria-label="to"' in page.read_text()
    parsed = _Page()
    parsed.feed(page.read_text(encoding="utf-8"))
    assert parsed.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert all(link.startswith("#") for link in parsed.links)
    assert "&lt;script&gt;" in page.read_text(encoding="utf-8")


def test_a_patch_is_of_one_table(sides: tuple[str, str], deedbook: Run) -> None:
    outcome = deedbook("diff", *sides, "--format", "daff", "--table", "events")
    assert (
        outcome.out == "@@,id,start,end\n->,a,2024-01-01,2024-01-02->2024-01-05\n---,b,2024-01-03,\n+++,c,2024-02-01,\n"
    )


def test_what_does_not_exist_is_a_usage_error(sides: tuple[str, str], deedbook: Run) -> None:
    assert deedbook("diff", "nowhere", sides[1]).code == 2
    outcome = deedbook("diff", *sides, "--table", "actors")
    assert (outcome.code, "the tables are events" in outcome.err) == (2, True)


def test_a_plan_shows_and_writes_the_next_release(project: Path, deedbook: Run) -> None:
    write_project(project)
    assert "small 1.0.0: the first release" in deedbook("plan").out
    assert deedbook("build").code == 0
    assert "nothing to release" in deedbook("plan").out
    write_project(project, CHANGED)
    outcome = deedbook("plan", "--write", "--write-corrections", "--date", "2026-02-03")
    assert outcome.code == 1
    assert "minor rows-withdrawn" in outcome.out
    assert "2 rows still need a reason" in outcome.err
    raw = json.loads((project / "data" / "datapackage.json").read_text(encoding="utf-8"))
    assert (raw["version"], raw["created"], raw["deedbook"]["previous"]["version"]) == (
        "1.1.0",
        "2026-02-03T00:00:00Z",
        "1.0.0",
    )
    refused = deedbook("build")
    assert (refused.code, "correction-without-reason" in refused.out) == (1, True)
    file = project / "data" / "corrections.csv"
    filled = file.read_text(encoding="utf-8").replace(",,,\n", ",scope,,\n")
    file.write_text(filled + "1.1.0,events,*,,,,scope,,\n", encoding="utf-8")
    assert deedbook("build").code == 0
    assert (project / "dist" / "small" / "1.1.0" / "events.diff.csv").is_file()
    plan = json.loads(deedbook("plan", "--format", "json").out)
    assert (plan["nothing_to_release"], plan["ready"]) == (True, True)


@pytest.mark.parametrize("wanted", [("--version", "1.0.1"), ("--version", "0.9.0"), ("--date", "2025-12-31")])
def test_a_plan_that_cannot_stand_writes_nothing(project: Path, deedbook: Run, wanted: tuple[str, str]) -> None:
    write_project(project)
    assert deedbook("build").code == 0
    write_project(project, f"{GOOD}    c,2024-02-01,\n")
    file = project / "data" / "datapackage.json"
    before = file.read_bytes()
    assert deedbook("plan", "--write", "--write-corrections", *wanted).code == 1
    assert file.read_bytes() == before
    assert not (project / "data" / "corrections.csv").exists()


def test_a_day_years_ahead_is_a_usage_error(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("plan", "--write", "--date", "9000-01-01")
    assert (outcome.code, "more than a year ahead" in outcome.err) == (2, True)


def test_a_version_that_is_none_is_a_usage_error(project: Path, deedbook: Run) -> None:
    write_project(project, UNUSUAL)
    deedbook("build")
    assert deedbook("plan", "--version", "soon").code == 2


def test_diff_and_plan_make_one_summary(project: Path, deedbook: Run, tmp_path: Path) -> None:
    write_project(project)
    assert deedbook("plan", "-f", "markdown").out == "### Next release: small 1.0.0, the first\n\nReady.\n"
    deedbook("build")
    assert deedbook("plan", "--format", "markdown").out.startswith("### Next release: none, content and metadata")
    write_project(project, "id,start,end\na,2024-01-01,2024-01-05\nc<b>,2024-02-01,\n")
    diff, plan = (deedbook(*verb, "--format", "markdown").out for verb in (("diff", "1.0.0", "."), ("plan",)))
    assert "Added: <code>c&#60;b&#62;</code>" in diff
    assert "Withdrawn: <code>b</code>" in diff
    assert "| <code>a</code> | end | <code>2024-01-02</code> | <code>2024-01-05</code> |" in diff
    assert plan.startswith("### Next release: small 1.0.0 → 1.1.0 (minor changes)")
    assert "| error | correction-without-reason | events |" in plan
    assert plan.endswith("\n\nNot ready: 3 errors.\n")


def test_a_table_of_a_thousand_columns_is_compared(project: Path, deedbook: Run, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(1_000)]
    schema = {"fields": [{"name": name, "type": "integer"} for name in names], "primaryKey": "c0"}
    for side, value in (("old", "5"), ("new", "6")):
        (tmp_path / side).mkdir()
        rows = [",".join([str(number), *[value] * 999]) for number in range(20)]
        (tmp_path / side / "t.csv").write_text("\n".join([",".join(names), *rows, ""]))
        package = {"name": "wide", "resources": [{"name": "t", "path": "t.csv", "schema": schema}]}
        (tmp_path / side / "datapackage.json").write_text(json.dumps(package))
    project.mkdir(exist_ok=True)
    outcome = deedbook("diff", str(tmp_path / "old"), str(tmp_path / "new"), "--format", "json")
    assert json.loads(outcome.out)["tables"][0]["counts"]["revised"] == 20


def test_the_page_shows_fewer_rows_of_a_wide_table(project: Path, deedbook: Run, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(1_000)]
    schema = {"fields": [{"name": name} for name in names], "primaryKey": "c0"}
    for side, value in (("old", "a"), ("new", "b")):
        (tmp_path / side).mkdir()
        rows = [",".join([str(number), *[value] * 999]) for number in range(24)]
        (tmp_path / side / "t.csv").write_text("\n".join([",".join(names), *rows, ""]))
        package = {"name": "wide", "resources": [{"name": "t", "path": "t.csv", "schema": schema}]}
        (tmp_path / side / "datapackage.json").write_text(json.dumps(package))
    project.mkdir(exist_ok=True)
    outcome = deedbook("diff", str(tmp_path / "old"), str(tmp_path / "new"), "--format", "html")
    assert outcome.out.count('<th scope="rowgroup"') == 20
    assert '<p class="more">and 4 more</p>' in outcome.out
