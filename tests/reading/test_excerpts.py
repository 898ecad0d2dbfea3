"""Rows by their record numbers, as validation counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.findings import Excerpt
from deedbook.reading.excerpts import read_excerpt, read_excerpts
from deedbook.validation import validate
from tests.package import fields, make_package

CONTENT = 'id,day,who\n1,2024-01-02,ann\n\n2,"1\n2",bob\r\n3,12.1.2024,"b\u2028ob"\n4,2024,x\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_rows_of_findings_are_those_that_were_validated(tmp_path: Path, encoding: str) -> None:
    schema = fields("id:integer", "day:date", "who", primaryKey=["id"])
    resources = {"a": {"encoding": encoding}}
    project = make_package(tmp_path, schemas={"a": schema}, resources=resources, a=CONTENT.encode(encoding))
    findings = validate(project).findings
    (excerpt,) = read_excerpts(project.package, findings).values()
    assert excerpt.labels == ["id", "day", "who"]
    bad = [it for it in findings if it.rule == "type-error"]
    assert [excerpt.row_of(it)[1] for it in bad] == [it.value for it in bad] == ["1\n2", "12.1.2024", "2024"]


def test_a_file_without_a_header_has_the_names_of_fields(tmp_path: Path) -> None:
    schema, dialect = fields("id", "day"), {"dialect": {"header": False}}
    project = make_package(tmp_path, schemas={"a": schema}, resources={"a": dialect}, a="1,x\n2,y\n")
    excerpt = read_excerpt(project.package.resources[0], 0, {2})
    assert (list(excerpt.labels), dict(excerpt.rows)) == (["id", "day"], {2: ["2", "y"]})


def test_a_file_that_cannot_be_read_has_no_rows(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"a": fields("id")}, a="id\n1\n")
    (tmp_path / "a.csv").unlink()
    assert read_excerpt(project.package.resources[0], 0, {2}) == Excerpt(("id",), {})
