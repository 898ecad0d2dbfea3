"""Tables in a bucket on a cluster: executors read their ranges of each object."""

from __future__ import annotations

from pathlib import Path

from deedbook.cluster import Spark
from deedbook.validation import Options, validate
from tests.package import fields, make_package
from tests.publishing.conftest import s3 as s3
from tests.reading.test_objects import Upload
from tests.reading.test_objects import upload as upload


def test_the_report_is_that_of_the_same_files(tmp_path: Path, spark: Spark, upload: Upload) -> None:
    reference = {"fields": ["boss"], "reference": {"resource": "", "fields": ["id"]}}
    schema = fields("id:integer", "name", "boss:integer", primaryKey=["id"], foreignKeys=[reference])
    rows = "".join(f'{number},"name\n{number}",{number + 1}\n' for number in range(200))
    tables = {"a": "id,name,boss\n" + rows, "b": "id,name,boss\n200,b,7\n7,again,x\n201,c,999\n"}
    urls = upload(**tables)
    for name, table in tables.items():
        (tmp_path / f"{name}.csv").write_text(table)
    there = make_package(tmp_path / "there", schemas={"staff": schema}, resources={"staff": {"path": urls}})
    paths = {"staff": {"path": [f"{name}.csv" for name in tables]}}
    here = validate(make_package(tmp_path, schemas={"staff": schema}, resources=paths))
    report = validate(there, Options(allow_network=True), engine=spark)
    assert validate(there, Options(allow_network=True)) == report
    folder = urls[0].removesuffix("a.csv")
    assert repr(report.findings).replace(folder, "") == repr(here.findings)
    assert report.totals == here.totals
    assert {it.rule for it in report.findings} == {"type-error", "primary-key", "foreign-key"}


def test_addresses_that_would_be_downloaded_are_left_out(tmp_path: Path, spark: Spark) -> None:
    resources = {"people": {"path": ["http://127.0.0.1:9/people.csv"]}}
    project = make_package(tmp_path, schemas={"people": fields("id")}, resources=resources)
    report = validate(project, Options(allow_network=True), engine=spark)
    assert [it.rule for it in report.findings] == ["scheme-error"]
