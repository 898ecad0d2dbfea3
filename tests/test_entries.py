"""Entries of any project: the next id, rows by name, and a form of its own; what knows events is tested with its model."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from deedbook import entries
from deedbook.cli.main import run
from deedbook.errors import UsageError
from deedbook.project import load_project
from tests.package import fields, make_package

RULES = """
    import pandera.polars as pa
    from deedbook.rules.form import Form, Names

    def rows(form, tables, new, today):
        ships = Names("ship", tables["ships"].select("ship_id", "name").iter_rows())
        return {"calls": [{"call_id": new("calls"), "ship_id": ships.find(form["ship"]), "day": today}]}

    def like(id_, tables):
        return tables["calls"].filter(call_id=id_).row(0, named=True)

    def schemas(tables, created):
        return {}

    forms = {"call": Form(rows, like)}
    """
SHIPS = "ship_id,name\nV01,Адмирал Кузнецов\nV02,Gorch Fock\n"
CALLS = "call_id,ship_id,day\nT007,V02,2024-01-01\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project about ships in a harbour."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\n')
    ships = fields("ship_id", "name", primaryKey="ship_id")
    calls = fields("call_id", "ship_id", "day:date", primaryKey="call_id")
    calls["foreignKeys"] = [{"fields": "ship_id", "reference": {"resource": "ships", "fields": "ship_id"}}]
    for name, schema, text in (("ships", ships, SHIPS), ("calls", calls, CALLS)):
        (tmp_path / f"schemas/{name}.schema.json").write_text(json.dumps(schema))
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    resources = [{"name": name, "path": f"{name}.csv"} for name in ("ships", "calls")]
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "harbour", "resources": resources}))
    (tmp_path / "schemas/dataset.py").write_text(textwrap.dedent(RULES))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_has_forms_of_its_own(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "form.yaml").write_text("ship: Admiral Kuznetsov\n")
    assert run(["add", "call", "form.yaml", "--on", "2024-02-01"]) == 0
    said = "calls:\n  call_id T008, ship_id V01, day 2024-02-01\n1 row of 1 table written\n"
    assert capfd.readouterr().out == said
    assert (folder / "calls.csv").read_text() == CALLS + "T008,V01,2024-02-01\n"


@pytest.mark.parametrize(
    ("form", "kind", "message"),
    [
        ("ship: Nobody", "call", "no ship goes by `Nobody`"),
        ("- a list", "call", "a form is names and values"),
        ("a: [", "call", "cannot be read"),
        ("ship: V01", "event", "this project has no form for `event`"),
    ],
)
def test_what_cannot_be_added_is_said(
    folder: Path, capfd: pytest.CaptureFixture[str], form: str, kind: str, message: str
) -> None:
    (folder / "form.yaml").write_text(form)
    assert run(["add", kind, "form.yaml"]) == UsageError.exit_code
    assert message in capfd.readouterr().err
    assert (folder / "calls.csv").read_text() == CALLS


def test_errors_elsewhere_are_counted_and_stop_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = CALLS + "T008,V99,2024-01-02\n"
    (folder / "calls.csv").write_text(wrong)
    (folder / "form.yaml").write_text("ship: V01\n")
    assert run(["add", "call", "form.yaml", "--on", "2024-02-01"]) == 0
    said = capfd.readouterr().out.splitlines()
    assert said[-2] == "1 error elsewhere in the project stood there before: `deedbook validate` names them"
    assert (folder / "calls.csv").read_text() == wrong + "T009,V01,2024-02-01\n"
    assert run(["add", "call", "form.yaml", "--on", "no day"]) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "1 row of 1 table not written, because of errors"
    assert (folder / "calls.csv").read_text() == wrong + "T009,V01,2024-02-01\n"


def test_the_next_id_keeps_its_letters_and_its_width(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["next", "calls"]) == 0
    assert capfd.readouterr().out == "T008\n"
    released = folder / "dist/harbour/1.0.0"
    released.mkdir(parents=True)
    (released / "calls.csv").write_text("call_id\nT041\n")
    assert entries.next_id(load_project(folder), "calls") == "T042"
    assert run(["next", "call"]) == UsageError.exit_code
    assert "did you mean `calls`?" in capfd.readouterr().err


def test_ids_that_are_no_letters_and_a_number_are_left_to_people(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"a": fields("id", primaryKey="id")}, a="id\nx-y\n")
    with pytest.raises(UsageError, match="not letters and a number"):
        entries.next_id(project, "a")


def test_rows_are_found_by_name_and_explained(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["find", "kusnezow"]) == 0
    assert capfd.readouterr().out == "V01 (ships.name): Адмирал Кузнецов\n"
    assert run(["find", "Titanic"]) == 1
    assert capfd.readouterr().err.startswith("nothing goes by `Titanic` or nearly\n  try a part of the name")
    assert run(["explain", "T007", "-p", str(folder)]) == 0
    assert capfd.readouterr().out == "T007 of calls\n  ship_id: V02\n  day: 2024-01-01\n"
    assert run(["explain", "T999"]) == UsageError.exit_code


@pytest.mark.parametrize("command", [["next", "ships"], ["find", "Ann"], ["explain", "S01"]])
def test_two_columns_of_one_name_are_one_clear_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    schema = {
        "primaryKey": ["ship_id"],
        "fields": [{"name": "ship_id"}, {"name": "name", "type": "string"}],
        "fieldsMatch": ["subset"],
    }
    resource = {"name": "ships", "path": "ships.csv", "schema": schema}
    (tmp_path / "ships.csv").write_text("ship_id,name,note,note\nS01,Ann,,\n", encoding="utf-8")
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "port", "resources": [resource]}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(command) == 3
    assert "two columns are named `note`, so they cannot be told apart" in capfd.readouterr().err
