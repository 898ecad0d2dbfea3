"""A report that is put together from what an earlier validation found is the report that a whole validation gives."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.checking import cache as module
from deedbook.checking import table
from deedbook.checking.batch import SmallFiles
from deedbook.checking.findings import FindingsSoFar
from deedbook.checking.plan import TablePlan
from deedbook.checking.table import TableOutcome
from deedbook.errors import DeedbookError
from deedbook.findings import report_record
from deedbook.home import HOME_VARIABLE, find_home
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.examples import STRIDE
from tests.package import fields


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


STEPS = 5
SCHEMAS = {
    "countries": fields("code", "name", primaryKey="code"),
    "actors": fields(
        "id",
        "name",
        "country",
        primaryKey="id",
        foreignKeys=[{"fields": "country", "reference": {"resource": "countries", "fields": "code"}}],
    ),
    "events": fields(
        "id:integer",
        "parent:integer",
        "actor",
        "low:integer",
        "high:integer",
        primaryKey="id",
        foreignKeys=[
            {"fields": "parent", "reference": {"resource": "", "fields": "id"}},
            {"fields": "actor", "reference": {"resource": "actors", "fields": "id"}},
        ],
    ),
}
TABLES = {
    "countries": ["code,name", "LAO,Laos", "RUS,Russia", "VNM,Vietnam"],
    "actors": ["id,name,country", "A1,Army,LAO", "A2,Navy,RUS", "A3,Police,VNM"],
    "events": ["id,parent,actor,low,high", "1,,A1,1,2", "2,1,A2,0,0", "3,1,A1,5,9", "4,3,A3,2,1"],
}
CELLS = ["", "1", "2", "3", "9", "x", "A1", "A2", "a2", "LAO", "RUS", "Lao", "Laos", "12.5", '"', "\udcff", "Ärmee"]
TOML = """
[low-above-high]
severity = "{severity}"
at = "low"
passes = "low <= high"
message = "low {{low}} is above high {{high}}"
"""
ACROSS = """
import pandera.polars as pa
import polars as pl
from deedbook.rules.rule import rule

def schemas(tables, created):
    known = tables["events"]["actor"].unique()
    quiet = rule("actor-of-no-event", tables["actors"]["id"].is_in(known.to_list()), at="id", severity="{severity}",
                 message="{{id}} is in no event", reads=("events",))
    return {{"actors": pa.DataFrameSchema(checks=[quiet])}}
"""


def make_project(root: Path) -> None:
    (root / "schemas").mkdir(parents=True)
    (root / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "schemas"\n')
    resources = [{"name": name, "path": f"{name}.csv", "schema": schema} for name, schema in SCHEMAS.items()]
    descriptor = {"name": "package", "created": "2026-01-01", "resources": resources}
    (root / "datapackage.json").write_text(json.dumps(descriptor))
    for name, lines in TABLES.items():
        (root / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (root / "waivers.csv").write_text("rule,table,key,field,reason,by,expires\n")


def said(root: Path, **options: object) -> object:
    """The report, or why there is none."""
    try:
        return report_record(validate(load_project(root), Options(trust_rules=True, **options)))  # type: ignore[arg-type]
    except DeedbookError as error:
        return error.message


def change_a_cell(root: Path, draw: random.Random) -> None:
    file = root / f"{draw.choice([*TABLES])}.csv"
    lines = file.read_text(errors="surrogateescape").split("\n")
    at = draw.randrange(max(len(lines) - 1, 1))
    cells = lines[at].split(",")
    cells[draw.randrange(len(cells))] = draw.choice(CELLS)
    file.write_text("\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]), errors="surrogateescape")


def move_rows(root: Path, draw: random.Random) -> None:
    file = root / f"{draw.choice([*TABLES])}.csv"
    header, *rows = file.read_text(errors="surrogateescape").splitlines()
    rows = draw.sample(rows, draw.randint(0, len(rows))) + draw.choices([*rows, ""], k=draw.randint(0, 2))
    file.write_text("\n".join([header, *rows]) + "\n", errors="surrogateescape")


def change_the_descriptor(root: Path, draw: random.Random) -> None:
    file = root / "datapackage.json"
    descriptor = json.loads(file.read_text())
    schema = descriptor["resources"][draw.randrange(3)]["schema"]
    ways: list[Callable[[], object]] = [
        lambda: schema["fields"][-1].update(type=draw.choice(["string", "any", "integer"])),
        lambda: schema["fields"][-1].update(constraints=draw.choice([{}, {"required": True}, {"unique": True}])),
        lambda: schema.update(missingValues=draw.choice([[""], ["", "x"], ["9"]])),
        lambda: schema.update(foreignKeys=[]),
        lambda: descriptor.update(created=draw.choice(["2026-01-01", "2026-06-01"])),
        lambda: draw.shuffle(descriptor["resources"]),
    ]
    draw.choice(ways)()
    file.write_text(json.dumps(descriptor))


def change_the_rules(root: Path, draw: random.Random) -> None:
    name, text = draw.choice([("events.rules.toml", TOML), ("dataset.py", ACROSS)])
    file = root / "schemas" / name
    if draw.random() < 0.3:
        file.unlink(missing_ok=True)
    else:
        file.write_text(text.format(severity=draw.choice(["error", "warning"])))


def change_the_waivers(root: Path, draw: random.Random) -> None:
    with (root / "waivers.csv").open("a") as file:
        rule, table = draw.choice([("low-above-high", "events"), ("actor-of-no-event", "actors"), ("*", "*")])
        file.write(f"{rule},{table},{draw.choice(['4', 'A2', '*'])},,known,ann,{draw.choice(['', '2026-03-01'])}\n")


def harm_the_cache(root: Path, draw: random.Random) -> None:
    kept = find_home().cache / module.FOLDER
    files = [file for file in kept.rglob("*") if file.is_file() and file.stat().st_size]
    if files:
        file = draw.choice(files)
        content = bytearray(file.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(draw.choice([bytes(content), b""]))
        if draw.random() < 0.3:
            file.unlink()


EDITS = [change_a_cell] * 4 + [move_rows, change_the_descriptor, change_the_rules, change_the_waivers, harm_the_cache]


@pytest.mark.parametrize(
    "sequences", [pytest.param(20, marks=pytest.mark.sample), pytest.param(1_000 // STRIDE, marks=pytest.mark.slow)]
)
def test_edits_at_random_give_the_same_report_with_and_without(
    sequences: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw, used = random.Random(7), [0, 0]  # noqa: S311  # any will do
    find = module.Cache.find

    def counted(cache: module.Cache, plan: TablePlan) -> module.Part | None:
        part = find(cache, plan)
        used[part is not None] += 1
        return part

    monkeypatch.setattr(module.Cache, "find", counted)
    root = tmp_path / "project"
    for sequence in range(sequences):
        make_project(root)
        for step in range(STEPS):
            options = {"max_findings": draw.choice([10, 10, 10, 2]), "lenient": draw.random() < 0.1}
            assert said(root, **options, cache=True) == said(root, **options), (sequence, step)
            draw.choice(EDITS)(root, draw)
        shutil.rmtree(root)
    with capsys.disabled():
        print(f"\n  cache: {used[1]} tables were found unchanged, {used[0]} were not")  # noqa: T201  # the count is the proof
    assert min(used) > sequences


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tables that were read since it was last cleared."""
    names: list[str] = []
    check = table.check_table

    def noted(plan: TablePlan, found: FindingsSoFar, small: SmallFiles) -> TableOutcome:
        names.append(plan.resource.name)
        return check(plan, found, small)

    monkeypatch.setattr("deedbook.validation.check_table", noted)
    return names


def read_after(project: Path, read: list[str], edit: Callable[[str], str], name: str) -> list[str]:
    """The tables that a second validation reads, after the file of one was edited."""
    said(project, cache=True)
    read.clear()
    file = project / f"{name}.csv"
    file.write_text(edit(file.read_text()))
    said(project, cache=True)
    return read


def test_nothing_is_read_twice(project: Path, read: list[str]) -> None:
    assert read_after(project, read, str, "events") == []


def test_a_value_that_nobody_refers_to_costs_its_own_table(project: Path, read: list[str]) -> None:
    assert read_after(project, read, lambda text: text.replace("Navy", "Fleet"), "actors") == ["actors"]


def test_a_new_key_costs_the_tables_that_refer_to_it(project: Path, read: list[str]) -> None:
    assert read_after(project, read, lambda text: text + "A4,Guard,LAO\n", "actors") == ["actors", "events"]


def test_a_table_that_refers_to_another_costs_itself(project: Path, read: list[str]) -> None:
    assert read_after(project, read, lambda text: text.replace("1,,A1", "1,,A9"), "events") == ["events"]


def test_rules_across_tables_read_all_or_none(project: Path, read: list[str]) -> None:
    (project / "schemas" / "dataset.py").write_text(ACROSS.format(severity="error"))
    assert read_after(project, read, str, "events") == []
    assert read_after(project, read, lambda text: text.replace("Laos", "Lao"), "countries") == [*TABLES]


def test_a_hint_that_was_looked_up_in_another_table_is_looked_up_again(project: Path) -> None:
    file = project / "events.csv"
    file.write_text(file.read_text().replace("2,1,A2", "2,1,a2"))
    said(project, cache=True)
    file = project / "actors.csv"
    file.write_text(file.read_text().replace("Navy", "Fleet"))
    assert said(project, cache=True) == said(project)
    assert "did you mean `A2` Fleet?" in json.dumps(said(project))


def test_a_large_file_is_known_by_its_times_once_they_are_old_enough(
    project: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HASHED", 0)
    assert read_after(project, read, str, "events") == [*TABLES]  # all of them changed just now
    monkeypatch.setattr(module, "_SETTLED", 20_000_000)
    time.sleep(0.05)
    said(project, cache=True)
    read.clear()
    said(project, cache=True)
    assert read == []
    state = (project / "events.csv").stat()
    (project / "events.csv").write_text((project / "events.csv").read_text().replace("5,9", "6,9"))
    os.utime(project / "events.csv", ns=(state.st_atime_ns, state.st_mtime_ns))  # as a tool does that hides its work
    time.sleep(0.05)
    assert said(project, cache=True) == said(project)
    assert "events" in read


def test_another_state_of_the_toolkit_reads_everything(
    project: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(project, cache=True)
    read.clear()
    monkeypatch.setattr("deedbook.__version__", "0.0.0")
    said(project, cache=True)
    assert read == [*TABLES]


def test_a_folder_that_cannot_be_written_changes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(project / "waivers.csv"))
    assert said(project, cache=True) == said(project)


def test_a_project_brings_no_verdict_along(project: Path, read: list[str], tmp_path: Path) -> None:
    said(project, cache=True)
    assert not (project / ".deedbook").exists()
    shutil.copytree(project, tmp_path / "sent")
    read.clear()
    said(tmp_path / "sent", cache=True)
    assert read == [*TABLES]
