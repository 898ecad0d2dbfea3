"""Schemas and rules of a project run without the engine: on typed tables in pandera, and in frictionless."""

from __future__ import annotations

import datetime as dt
import json
import re
import runpy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pandera.errors import SchemaError, SchemaErrors

import deedbook
from deedbook.errors import ProjectError, UsageError
from tests.documents import REPOSITORY
from tests.package import fields, make_package

PAGE = REPOSITORY / "docs" / "how-to" / "check-with-other-tools.md"
SCHEMAS = REPOSITORY / "schemas"


@pytest.mark.filterwarnings("ignore")
def test_the_page_about_other_tools_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(code, names)  # noqa: S102  # a page of ours
    assert names["report"].valid
    assert set(names["across"]) <= set(names["tables"])


def test_the_descriptor_says_why_it_names_no_schema() -> None:
    raw = json.loads((REPOSITORY / "datapackage" / "datapackage.json").read_text(encoding="utf-8"))
    assert not any("schema" in resource for resource in raw["resources"])
    assert "schemas/TABLE.schema.json" in raw["deedbook"]["schemas"]


def test_tables_have_the_types_of_their_schemas(tmp_path: Path) -> None:
    schema = fields("id", "n:integer", "x:number", "day:date", "sure:boolean")
    make_package(
        tmp_path, schemas={"t": schema}, t="id,n,x,day,sure\n007,1,2.5,2024-02-29,true\nNA,,,,\n", notes="a\n1\n"
    )
    tables = deedbook.read_tables(str(tmp_path))
    assert list(tables) == ["t", "notes"]
    assert tables["t"].rows() == [("007", 1, 2.5, dt.date(2024, 2, 29), True), ("NA", None, None, None, None)]
    assert tables["notes"].rows() == [("1",)]
    assert list(deedbook.read_tables(tmp_path / "t.csv")) == ["t"]


@pytest.mark.parametrize("cell", ["x", "1.5", "99999999999999999999"])
def test_a_text_that_is_no_value_is_refused(tmp_path: Path, cell: str) -> None:
    make_package(tmp_path, schemas={"t": fields("n:integer")}, t=f"n\n1\n{cell}\n")
    with pytest.raises(ProjectError, match=r"t: a text in `n` is not a whole number, or does not fit into 64 bits"):
        deedbook.read_tables(tmp_path)


def test_what_is_not_there_has_no_tables(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        deedbook.read_tables(tmp_path / "no")


def test_a_table_without_rows_has_its_types(tmp_path: Path) -> None:
    make_package(tmp_path, schemas={"t": fields("n:integer", "day:date")}, t="n,day\n")
    assert deedbook.read_tables(tmp_path)["t"].schema == {"n": pl.Int64, "day": pl.Date}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return deedbook.read_tables(REPOSITORY)


@pytest.fixture(scope="module")
def untyped() -> dict[str, pl.DataFrame]:
    return {file.stem: pl.read_csv(file, infer_schema=False) for file in (REPOSITORY / "datapackage").glob("*.csv")}


@pytest.mark.filterwarnings("ignore::pandera.errors.SchemaWarning")  # which pandera makes of a warning
@pytest.mark.parametrize("name", sorted(file.stem for file in SCHEMAS.glob("*.py") if file.stem != "dataset"))
def test_every_rule_file_runs_on_typed_tables(name: str, tables: dict[str, pl.DataFrame]) -> None:
    runpy.run_path(str(SCHEMAS / f"{name}.py"))["schema"].validate(tables[name], lazy=True)


@pytest.mark.parametrize("name", ["claims", "events", "places", "sources"])
def test_an_untyped_table_is_to_be_cast_first(name: str, untyped: dict[str, pl.DataFrame]) -> None:
    schema = runpy.run_path(str(SCHEMAS / f"{name}.py"))["schema"]
    with pytest.raises(SchemaErrors, match="cast first"):
        schema.validate(untyped[name], lazy=True)


def test_rules_across_tables_know_the_types_of_all(tmp_path: Path) -> None:
    (tmp_path / "t.schema.json").write_text(json.dumps(fields("n:integer", "name")))
    (tmp_path / "dataset.py").write_text(
        "import pandera.polars as pa\nimport polars as pl\nfrom deedbook.rules.rule import rule\n"
        "checks = [rule('positive', pl.col('n') > '0', at='n', message='is not'),\n"
        "          rule('named', pl.col('name') != '', at='name', message='is not')]\n"
        "schemas = [pa.DataFrameSchema(checks=[check]) for check in checks]\n"
    )
    numbered, named = runpy.run_path(str(tmp_path / "dataset.py"))["schemas"]
    frame = pl.DataFrame({"n": ["1"], "name": ["a"]})
    named.validate(frame)
    with pytest.raises(SchemaError, match="cast first: `n` is text"):
        numbered.validate(frame)


def test_pandera_says_what_a_rule_says(tables: dict[str, pl.DataFrame]) -> None:
    schema = runpy.run_path(str(SCHEMAS / "events.py"))["schema"]
    wrong = tables["events"].with_columns(reviewed_on=pl.date(1990, 1, 1))
    with pytest.raises(
        SchemaError, match=r"was reviewed on {reviewed_on}, before it was coded on {coded_on}; correct one"
    ):
        schema.validate(wrong)
