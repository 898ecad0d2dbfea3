"""Other people's models: a project that works, an error of each rule found at its row, and nothing on what is right."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deedbook import models
from deedbook.checking.rules import load_rules
from deedbook.descriptor import Resource
from deedbook.project import Reading, load_project
from deedbook.scaffold import create
from deedbook.validation import Options, validate
from tests.cli.project import Outcome
from tests.conformance import SHARED
from tests.models.plants import KEYS, PLANTS, TWICE

Run = Callable[..., Outcome]
ALL = Options(trust_rules=True, max_findings=1_000)
CLEAN = 4
REALDATA = SHARED / "realdata"
GED = REALDATA / "ucdp-ged-syria" / "ucdp_syria_df.csv"


def fields_of(model: str, table: str) -> list[str]:
    schema = json.loads((models.folder_of(model) / "schemas" / f"{table}.schema.json").read_text(encoding="utf-8"))
    return [field["name"] for field in schema["fields"]]


def dialect_of(model: str) -> tuple[str, bool]:
    raw = json.loads((models.folder_of(model) / "datapackage.json").read_text(encoding="utf-8"))
    dialect = raw["resources"][0].get("dialect", {})
    return dialect.get("delimiter", ","), dialect.get("header", True)


def write_table(path: Path, model: str, table: str) -> dict[str, int]:
    """A table of the model's layout with clean rows, then a row for each planted error; returns the row of each rule."""
    plants = PLANTS[model][table]
    write_rows(path, model, table, [*({} for _ in range(CLEAN)), *plants.values()])
    _, header = dialect_of(model)
    return {rule: CLEAN + number + (2 if header else 1) for number, rule in enumerate(plants)}


def write_rows(path: Path, model: str, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    """A table of the model's layout: its first sample row once for each of these, with a key of its own and those cells."""
    names, (delimiter, header) = fields_of(model, table), dialect_of(model)
    with path.open(encoding="utf-8", newline="") as file:
        sample = list(csv.reader(file, delimiter=delimiter))
    base = dict(zip(names, sample[1 if header else 0], strict=True))
    key, form = KEYS[model][table]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter, lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerows({**base, key: form.format(1 + number), **cells} for number, cells in enumerate(rows))


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_a_project_of_the_model_has_nothing_to_complain_of(model: str, tmp_path: Path) -> None:
    made = create(tmp_path / "new", model=model).folder
    report = validate(load_project(made), ALL)
    assert (report.errors, report.warnings, report.not_checked) == (0, 0, ())
    assert (made / "CODEBOOK.md").read_text(encoding="utf-8").startswith("# Codebook: ")
    assert "@" not in (made / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_an_error_of_each_rule_is_found_at_its_row(model: str, tmp_path: Path) -> None:
    made = create(tmp_path / "new", model=model).folder
    expected = {
        (table, rule, row)
        for table in PLANTS[model]
        for rule, row in write_table(made / "datapackage" / f"{table}.csv", model, table).items()
    }
    report = validate(load_project(made), ALL)
    found = {(item.table, item.rule, item.row) for item in report.findings}
    assert expected - found == set()
    assert {(table, row) for table, _, row in found} == {(table, row) for table, _, row in expected}


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_every_rule_of_the_model_is_planted(model: str, tmp_path: Path) -> None:
    book = load_rules(load_project(create(tmp_path / "new", model=model).folder).rule_files)
    rules = {table: {rule.id for rule in found.rules if not rule.on_request} for table, found in book.tables.items()}
    assert rules == {table: set(plants) for table, plants in PLANTS[model].items()}


@pytest.mark.parametrize(("model", "table"), [(model, table) for model in TWICE for table in TWICE[model]])
def test_what_stands_twice_is_found_where_it_is_asked_for(model: str, table: str, tmp_path: Path) -> None:
    made = create(tmp_path / "new", model=model).folder
    write_rows(made / "datapackage" / f"{table}.csv", model, table, [{}, *TWICE[model][table]])
    report = validate(load_project(made), replace(ALL, select=("likely-duplicate-*",)))
    assert [(item.table, item.row) for item in report.findings if item.severity == "info"] == [(table, 4)]


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_every_rule_on_request_of_the_model_has_rows_that_it_finds(model: str, tmp_path: Path) -> None:
    book = load_rules(load_project(create(tmp_path / "new", model=model).folder).rule_files)
    asked = {table for table, found in book.tables.items() if any(rule.on_request for rule in found.rules)}
    assert asked == TWICE.get(model, {}).keys()


def test_a_file_needs_no_project_of_the_model(project: Path, deedbook: Run) -> None:
    folder = models.folder_of("gdelt")
    assert deedbook("validate", str(folder / "mentions.csv"), "--model", "gdelt").code == 0
    (project / "20240307.CSV").write_bytes((folder / "events.csv").read_bytes())
    assert deedbook("validate", "20240307.CSV", "--model", "gdelt").code == 0
    wrong = deedbook("validate", "20240307.CSV", "--model", "gdelt", "--table", "mention")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "deedbook: the model has no table `mention`")


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_a_file_of_another_layout_is_one_finding_that_names_the_right_model(model: str, tmp_path: Path) -> None:
    for table in models.tables_of(model):
        file = tmp_path / f"{table.name}.csv"
        file.write_bytes((models.folder_of(model) / file.name).read_bytes())
        assert models.misfit(read_as(file, model, table.name), model) is None
        for other in {*models.LAYOUTS} - {model}:
            wrong = models.misfit(read_as(file, other), other)
            assert wrong is not None
            assert (wrong.rule, wrong.path) == ("other-layout", file.name)
            assert wrong.hint.endswith(f"`--model {model} --table {table.name}`")


def read_as(file: Path, model: str, table: str = "") -> Resource:
    """The file as a table of a model."""
    return load_project(file, Reading(name=table, model=models.folder_of(model))).package.resources[0]


@pytest.mark.parametrize(
    ("content", "is_other"),
    [
        (b"town,mayor\nRiga,Ann\n", True),
        (b"", False),
        (b"<html><body>not found</body></html>", False),
        (b"PK\x03\x04\x00\x00", False),
        (b"event_id;date_start;event_type;source_actor_id\nE0001;2024-03-07;talks;A0001\n", False),
        (b"\xef\xbb\xbfevent_id,date_start,note\n", False),
    ],
)
def test_what_the_engine_says_better_is_left_to_it(content: bytes, is_other: bool, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(content)
    wrong = models.misfit(read_as(tmp_path / "events.csv", "flat"), "flat")
    assert (wrong is not None) == is_other
    assert wrong is None or wrong.hint.startswith("no shipped model has that layout")


def test_another_layout_is_the_whole_report(project: Path, deedbook: Run) -> None:
    (project / "events.csv").write_bytes((models.folder_of("acled") / "events.csv").read_bytes())
    done = deedbook("validate", "events.csv", "--model", "gdelt")
    assert done.code == 1
    assert "events (events.csv): 1 error" in done.out or "events: 1 error" in done.out
    assert "it looks like the table `events` of another model: `--model acled --table events`" in done.out


@pytest.mark.slow
@pytest.mark.parametrize("model", models.LAYOUTS)
def test_a_project_of_the_model_builds(model: str, project: Path, deedbook: Run) -> None:
    assert deedbook("init", "new", "--model", model).code == 0
    assert deedbook("build", "new", "--trust-rules").code == 0


@pytest.mark.skipif(not GED.is_file(), reason="../shared/realdata is absent")
def test_101_events_of_syria_break_a_rule_and_nothing_else_is_an_error(project: Path, deedbook: Run) -> None:
    done = deedbook("validate", str(GED), "--model", "ucdp-ged", "--format", "json")
    totals = json.loads(done.out)["totals"]
    errors = {(item["rule"], item["column"]): item["count"] for item in totals if item["severity"] == "error"}
    assert errors == {("estimates-out-of-order", "best"): 101}


@pytest.mark.skipif(not GED.is_file(), reason="../shared/realdata is absent")
def test_of_two_releases_of_conflicts_six_lists_have_two_spaces(project: Path, deedbook: Run) -> None:
    folder = REALDATA / "ucdp-prio-acd"
    for name, expected in (("ucdp-prio-acd-191.csv", {}), ("UcdpPrioConflict_v25_1.csv", {"gwno_a": 4, "gwno_b": 2})):
        done = deedbook("validate", str(folder / name), "--model", "ucdp-prio-acd", "--format", "json")
        assert {item["column"]: item["count"] for item in json.loads(done.out)["totals"]} == expected
