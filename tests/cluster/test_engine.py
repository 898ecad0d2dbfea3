"""A package has the same report on a cluster as on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deedbook.checking.hashes import Spill
from deedbook.checking.plan import plan_tables
from deedbook.cluster import Spark
from deedbook.cluster.portions import lean
from deedbook.errors import ProjectError
from deedbook.findings import Report
from deedbook.project import Project, load_project
from deedbook.validation import Options, validate
from tests.package import fields, make_package

PEOPLE = fields("id:integer", "name", primaryKey=["id"])


def report_of(project: Project, spark: Spark, **options: Any) -> Report:
    """The report of a cluster, which is that of this machine."""
    there = validate(project, Options(**options), engine=spark)
    assert there == validate(project, Options(**options))
    return there


def rows_of(count: int, **others: str) -> str:
    """A table of people, with others in place of some rows."""
    rows = [others.get(f"row{number}", f"{number},name {number}") for number in range(2, count + 2)]
    return "\n".join(["id,name", *rows]) + "\n"


def test_cells_have_the_rows_and_lines_that_they_have_in_the_file(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(100, row3='3,"two\nlines"', row50="x,y", row90="z,y")
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark)
    assert [(it.row, it.line, it.value) for it in report.findings] == [(50, 51, "x"), (90, 91, "z")]
    assert report.tables[0].rows == 100


def test_structure_is_judged_in_each_span(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(100, row30="30", row70="70,a,b", row99="")
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark)
    assert {(it.rule, it.row) for it in report.findings} >= {("missing-cell", 30), ("extra-cell", 70)}


def test_a_repeated_key_names_the_first_row_of_another_span(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(100, row90="5.0,e", row95="5,f", row99=",g").replace("5.0", "5")
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark)
    said = [(it.row, it.message) for it in report.findings if it.value == "5"]
    assert said == [(row, "the primary key `5` was already used in row 5") for row in (90, 95)]


def test_keys_of_several_fields_are_compared_part_by_part(tmp_path: Path, spark: Spark) -> None:
    schema = fields("a", "b", uniqueKeys=[["a", "b"]])
    table = "a,b\n" + "".join(f"x{number},y\n" for number in range(60)) + "1:a,b\n1,a:b\nx3,y\n"
    report = report_of(make_package(tmp_path, schemas={"t": schema}, t=table), spark)
    assert [it.row for it in report.findings] == [64]


def test_more_repeated_keys_than_are_shown_are_counted(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(100) + "7,again\n" * 100
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark, max_findings=3)
    assert [it.row for it in report.findings] == [102, 103, 104]
    assert [it.count for it in report.totals] == [100]


def test_no_finding_is_shown_where_none_is_asked_for(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(50, row9="x,y") + "7,again\n" * 50
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark, max_findings=0)
    assert not report.findings
    assert [it.count for it in report.totals] == [50, 1]


def works(parent: str = "people") -> dict[str, Any]:
    """A table whose rows refer to people."""
    reference = {"fields": ["person"], "reference": {"resource": parent, "fields": ["id"]}}
    return fields("work", "person:integer", foreignKeys=[reference])


def test_missing_parents_are_found_and_counted(tmp_path: Path, spark: Spark) -> None:
    table = "work,person\n" + "".join(f"w{number},{number}\n" for number in range(2, 200)) + "none,\n"
    schemas = {"works": works(), "people": PEOPLE}
    report = report_of(make_package(tmp_path, schemas=schemas, works=table, people=rows_of(100)), spark)
    assert [it.count for it in report.totals] == [98]
    assert [it.row for it in report.findings] == list(range(102, 112))


def test_a_table_may_refer_to_itself(tmp_path: Path, spark: Spark) -> None:
    key = {"fields": ["boss"], "reference": {"resource": "", "fields": ["id"]}}
    schema = fields("id:integer", "boss:integer", primaryKey=["id"], foreignKeys=[key])
    table = "id,boss\n" + "".join(f"{number},{number + 1}\n" for number in range(80))
    report = report_of(make_package(tmp_path, schemas={"staff": schema}, staff=table), spark)
    assert [(it.rule, it.row) for it in report.findings] == [("foreign-key", 81)]


def test_a_key_into_a_table_that_cannot_be_read_is_not_checked(tmp_path: Path, spark: Spark) -> None:
    table = "work,person\nw,1\n"
    project = make_package(tmp_path, schemas={"works": works(), "people": PEOPLE}, works=table, people="")
    report = report_of(project, spark)
    assert [it.name for it in report.not_checked] == ["foreign-key"]


def test_the_rest_of_a_file_behind_irregular_quotes_is_read_in_one_go(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(200, row100='100,6" gun', row150='150,"two\nlines"', row180="x,y") + "5,again\n"
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark)
    assert [it.row for it in report.findings] == [180, 202]


def test_a_quote_that_is_never_closed_ends_what_is_known(tmp_path: Path, spark: Spark) -> None:
    table = rows_of(200, row150='150,"never closed', row180="x,y")
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, people=table), spark)
    assert [(it.rule, it.row) for it in report.findings] == [("unclosed-quote", 150)]
    assert "from row 150 on" in report.not_checked[0].reason


def test_files_of_one_table_are_one_table(tmp_path: Path, spark: Spark) -> None:
    paths = [f"part{number}.csv" for number in range(5)]
    for number, name in enumerate(paths):
        (tmp_path / name).write_text(f"id,name\n{number},a\n" + ("x,b\r\n" if number == 3 else ""), newline="")
    (tmp_path / "part4.csv").write_text('id,name\n4,"open\n')
    (tmp_path / "part2.csv").write_text("id,name\n1,a\n")
    project = make_package(tmp_path, schemas={"people": PEOPLE}, resources={"people": {"path": paths}})
    report = report_of(project, spark)
    assert [(it.path, it.rule) for it in report.findings if it.severity == "error"] == [
        ("part2.csv", "primary-key"),
        ("part3.csv", "type-error"),
        ("part4.csv", "unclosed-quote"),
    ]


def test_files_that_disagree_are_named_one_by_one(tmp_path: Path, spark: Spark) -> None:
    headers = ["id,name", "name,id", "id,name,more", "id", "id;name"]
    paths = [f"part{number}.csv" for number in range(len(headers))]
    for number, (name, header) in enumerate(zip(paths, headers, strict=True)):
        (tmp_path / name).write_text(f"{header}\n{number},a\n")
    project = make_package(tmp_path, schemas={"people": PEOPLE}, resources={"people": {"path": paths}})
    report = report_of(project, spark)
    assert {it.path for it in report.findings if it.severity == "error"} == set(paths[1:])


def test_broken_files_among_many_of_uneven_size_are_named(tmp_path: Path, spark: Spark) -> None:
    broken = {
        17: b"\x1f\x8b packed",
        40: b"id,name\n40,\xff\n",
        41: b'id,name\n41,"never closed\n',
        77: b"<!doctype html><title>502",
        78: b"PK\x03\x04 a workbook",
        150: None,
    }
    paths = [f"part{number}.csv" for number in range(200)]
    for number, name in enumerate(paths):
        rows = "".join(f"{number * 1_000 + at},{'n' * at}\n" for at in range(number % 50))
        if (content := broken.get(number, f"id,name\n{rows}".encode())) is not None:
            (tmp_path / name).write_bytes(content)
    project = make_package(tmp_path, schemas={"people": PEOPLE}, resources={"people": {"path": paths}})
    report = report_of(project, replace(spark, span=10_000))
    assert [it.path for it in report.findings] == [paths[number] for number in broken]
    assert report.tables[0].rows > 4_500


@pytest.mark.parametrize("ending", ["csv.gz", "csv"])
def test_packed_and_recoded_files_are_read_in_one_go(tmp_path: Path, spark: Spark, ending: str) -> None:
    import gzip

    data = rows_of(100, row50="x,ä").encode("latin-1")
    (tmp_path / f"people.{ending}").write_bytes(gzip.compress(data) if ending == "csv.gz" else data)
    resources = {"people": {"path": f"people.{ending}", "encoding": "latin-1"}}
    report = report_of(make_package(tmp_path, schemas={"people": PEOPLE}, resources=resources), spark)
    assert [it.row for it in report.findings] == [50]


def test_what_is_declared_of_a_file_is_compared_with_all_spans(tmp_path: Path, spark: Spark) -> None:
    resources = {"people": {"rows": 99, "bytes": 5}}
    project = make_package(tmp_path, schemas={"people": PEOPLE}, resources=resources, people=rows_of(100))
    assert {it.rule for it in report_of(project, spark).findings} == {"row-count", "byte-count"}


def test_executors_are_told_where_the_files_are_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_package(tmp_path, people=rows_of(2))
    monkeypatch.chdir(tmp_path)
    (plan,) = plan_tables(load_project(Path()).package, Options(), Spill(0), lambda _size: None, has_project=False)
    assert lean(plan).resource.files == (tmp_path / "people.csv",)


RULES = """
import re

import polars as pl
import pandera.polars as pa
from deedbook.rules.rule import rule

schema = pa.DataFrameSchema(checks=[
    rule("name-too-short", pl.col("name").str.len_chars() > 6, at="name", message="{name} is short", severity="warning"),
    rule("name-twice", pl.len().over("name") == 1, at="name", message="{name} is used twice", group="name"),
    rule("name-with-q", pl.col("name").map_elements(lambda text: re.search("q", text) is None, return_dtype=pl.Boolean), at="name",
         message="{name} has a q"),
])
"""


def with_rules(root: Path, rules: str, table: str) -> Project:
    """A project with a rule file for its one table."""
    project = make_package(root, schemas={"people": PEOPLE}, people=table)
    (root / "people.py").write_text(rules)
    return replace(project, rule_files={"people": root / "people.py"})


def test_rules_of_one_row_run_on_executors_and_others_are_refused(tmp_path: Path, spark: Spark) -> None:
    project = with_rules(tmp_path, RULES, rows_of(100, row50="50,quite long", row60="x,quite long"))
    options = Options(trust_rules=True)
    there, here = validate(project, options, engine=spark), validate(project, options)
    assert [it for it in here.findings if it.rule != "name-twice"] == list(there.findings)
    assert {it.rule for it in there.findings} == {"name-too-short", "name-with-q", "type-error"}
    refused = [(it.name, it.reason) for it in there.not_checked]
    assert refused == [
        ("name-twice", "it looks at more than one row: validate without --engine spark to have it checked")
    ]
    assert {it.name: it.skipped for it in there.checked if it.name == "name-too-short"} == {"name-too-short": 0}


def test_a_rule_that_raises_is_named_with_its_line(tmp_path: Path, spark: Spark) -> None:
    rules = RULES.replace('re.search("q", text)', "text.no_such_thing")
    project = with_rules(tmp_path, rules, rows_of(10))
    with pytest.raises(ProjectError, match=r"people\.py:\d+: the rule `name-with-q` cannot be evaluated"):
        validate(project, Options(trust_rules=True), engine=spark)


def test_a_file_that_changes_meanwhile_is_named(tmp_path: Path, spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    from deedbook.cluster.tasks import Executors

    project = make_package(tmp_path, schemas={"people": PEOPLE}, people=rows_of(100))
    cut = Executors.cut

    def and_grow(*arguments: Any) -> Any:
        with (tmp_path / "people.csv").open("a") as file:
            file.write("500,more\n")
        return cut(*arguments)

    monkeypatch.setattr(Executors, "cut", and_grow)
    found = validate(project, engine=spark).findings
    assert [(it.rule, it.path) for it in found] == [("source-error", "people.csv")]
    assert "grew by 9 bytes while it was read" in found[0].message
