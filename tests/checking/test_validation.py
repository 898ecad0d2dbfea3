"""The report is the same however the tables are cut and whoever works on them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.errors import UsageError
from deedbook.findings import report_record
from deedbook.project import Project
from deedbook.reading.tables import read_text
from deedbook.validation import Options, validate
from tests.examples import examples
from tests.package import fields, make_package, report_of

WAYS = st.tuples(st.sampled_from([1, 16, 64, 200, 1 << 10, 1 << 16]), st.sampled_from([1, 1, 2, 3]))

EVENTS_SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True, "maximum": 60}},
        {"name": "parent", "type": "integer"},
        {
            "name": "actor",
            "type": "string",
            "constraints": {"pattern": "[A-C][0-9]*", "maxLength": 2, "enum": ["A", "B", "C", "A1"]},
        },
        {"name": "day", "type": "date"},
        {"name": "note", "type": "string", "constraints": {"unique": True}},
    ],
    "primaryKey": "id",
    "foreignKeys": [
        {"fields": "parent", "reference": {"resource": "", "fields": "id"}},
        {"fields": "actor", "reference": {"resource": "actors", "fields": "name"}},
    ],
}
ACTORS_SCHEMA = fields(
    "name",
    "first:integer",
    primaryKey="name",
    foreignKeys=[{"fields": "first", "reference": {"resource": "events", "fields": "id"}}],
)

IDS = st.one_of(st.integers(0, 40).map(str), st.sampled_from(["", "x", "07", "99", '"5"', "+3"]))
ACTORS = st.sampled_from(["A", "B", "C", "", "D", "A1", "A12", '"B"', "a\tb"])
DAYS = st.sampled_from(["2024-02-29", "2023-02-29", "", "2024-1-1", "1999-12-31"])
NOTES = st.sampled_from(
    ["", "x", "y", '"a,b"', '"a\nb"', '"a\r\nb"', 'a"b', "\x00", "\udcff", "é\udcc3", '"\udcfe,\udcfe"', '"a\rb"', '""']
)
ROWS = st.one_of(
    st.tuples(IDS, IDS, ACTORS, DAYS, NOTES).map(",".join),
    st.tuples(IDS, IDS, ACTORS, DAYS, NOTES).map(",".join),
    st.sampled_from(["", "1", "1,2", ",,,,", "1,,A,2024-01-01,z,extra", '"', "1,2,\udcff", "\udcff,1,A,,,\udcfe"]),
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    rows = draw(st.lists(ROWS, max_size=40))
    text = end.join(["id,parent,actor,day,note", *rows]) + draw(st.sampled_from(["", end]))
    return text.encode("utf-8", "surrogateescape")


def _project(root: Path, content: bytes) -> Project:
    return make_package(
        root,
        schemas={"events": EVENTS_SCHEMA, "actors": ACTORS_SCHEMA},
        events=content,
        actors="name,first\nA,1\nB,2\nC,77\nA1,\n",
    )


@examples(100, report_multiple_bugs=False)
@given(events(), st.sampled_from([1, 3, 100]), st.lists(WAYS, min_size=2, max_size=3, unique=True))
def test_the_report_does_not_depend_on_block_size_or_workers(
    content: bytes, limit: int, ways: list[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), content)
        whole = validate(project, Options(max_findings=limit))
        for size, workers in ways:
            assert validate(project, Options(max_findings=limit, workers=workers, block_size=size)) == whole


@examples(60)
@given(events())
def test_spilled_keys_give_the_same_report(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), content)
        assert validate(project, Options(memory=0, workers=1, block_size=64)) == validate(project)


@examples(60)
@given(events())
def test_totals_are_exact_however_few_findings_are_shown(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), content)
        every = validate(project, Options(max_findings=1_000_000))
        few = validate(project, Options(max_findings=2))
        assert few.totals == every.totals
        assert sum(total.count for total in every.totals) == len(every.findings)
        shown: dict[tuple[str, str, str | None], int] = {}
        kept = []
        for finding in every.findings:
            place = (finding.table, finding.rule, finding.column)
            shown[place] = shown.get(place, 0) + 1
            if shown[place] <= 2:
                kept.append(finding)
        assert list(few.findings) == kept


@examples(40)
@given(events())
def test_the_findings_file_holds_what_the_totals_count(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), content)
        for ending, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
            file = Path(folder) / f"findings.{ending}"
            report = validate(project, Options(findings_file=file, max_findings=1, block_size=64))
            frame = read(file)
            assert frame.height == sum(total.count for total in report.totals)
            counted = {(t.table, t.rule, t.column, t.severity): t.count for t in report.totals}
            keys = ("table", "rule", "column", "severity")
            assert {tuple(row[:4]): row[4] for row in frame.group_by(keys).len().rows()} == counted
        assert sorted(path.name for path in Path(folder).iterdir() if "findings" in path.name) == [
            "findings.csv",
            "findings.parquet",
        ]


def test_findings_stand_in_the_order_of_tables_files_rows_and_fields(tmp_path: Path) -> None:
    (tmp_path / "b2.csv").write_text("id,n\n1,x\n", encoding="utf-8")
    project = make_package(
        tmp_path,
        schemas={"b": fields("id:integer", "n:integer"), "a": fields("id:integer", "m:integer")},
        resources={"b": {"path": ["b.csv", "b2.csv"]}},
        b="id,n\nx,y\n1,2\n3,z\n",
        a="id,n\nq,1\n",
    )
    report = validate(project)
    assert [(item.table, item.path, item.row, item.column) for item in report.findings] == [
        ("b", "b.csv", 2, "id"),
        ("b", "b.csv", 2, "n"),
        ("b", "b.csv", 4, "n"),
        ("b", "b2.csv", 2, "n"),
        ("a", "a.csv", None, "m"),
        ("a", "a.csv", 2, "id"),
    ]


def test_only_the_tables_asked_for_are_reported(tmp_path: Path) -> None:
    schemas = {"a": fields("n:integer"), "b": fields("n:integer")}
    project = make_package(tmp_path, schemas=schemas, a="n\nx\n", b="n\ny\n")
    report = validate(project, Options(tables=("b",)))
    assert [table.table for table in report.tables] == ["b"]
    assert {finding.table for finding in report.findings} == {"b"}
    with pytest.raises(UsageError, match="no table `c`"):
        validate(project, Options(tables=("c",)))


def test_the_size_of_a_table_is_counted_in_rows_cells_and_bytes(tmp_path: Path) -> None:
    report = report_of(tmp_path, b"a,b\n1,2\n\n3,4\n")
    assert [(table.rows, table.cells, table.bytes) for table in report.tables] == [(2, 4, 9)]


@pytest.mark.parametrize("size", [16, 1 << 20])
@pytest.mark.parametrize(
    ("content", "schema", "dialect"),
    [
        ('id,a\n1,x\n2,-\n3,""\n4,\n\n5,y\n', fields("id", "a", missingValues=["-", ""]), {}),
        ("id,a\n1,\n2,-\n", fields("id", "a", missingValues=["-"]), {}),
        ("id,a\n#1,x\n1,x\n\n2,\n", fields("id", "a"), {"commentChar": "#"}),
        ("id,a,more\n1,,x\n", fields("id", "a", fieldsMatch="subset"), {}),
        ('id,a\n1,""\n2,x\n', None, {}),
        ("1,\n2,x\n", fields("id", "a"), {"header": False}),
    ],
)
def test_the_values_of_each_column_are_counted_as_a_release_holds_them(
    tmp_path: Path, content: str, schema: dict[str, Any] | None, dialect: dict[str, Any], size: int
) -> None:
    resource = {"path": ["data.csv", "more.csv"], "dialect": dialect}
    (tmp_path / "more.csv").write_text(content)
    schemas = {} if schema is None else {"data": schema}
    project = make_package(tmp_path, schemas=schemas, resources={"data": resource}, data=content)
    counted = validate(project, Options(block_size=size)).tables[0].present
    held = pl.concat(read_text(project.package.resources[0]))
    assert counted == {name: held[name].count() for name in held.columns}
    assert sum(counted.values()) > 0


def test_progress_ends_at_the_whole_size(tmp_path: Path) -> None:
    project = make_package(tmp_path, a="a\n" + "1\n" * 5000, b="b\n1\n")
    seen: list[float] = []
    validate(project, Options(block_size=512), progress=lambda _what, share: seen.append(share))
    assert seen == sorted(seen)
    assert all(share <= 1 for share in seen)


def test_a_report_is_json(tmp_path: Path) -> None:
    record = report_record(report_of(tmp_path, b"a\n\xff\n1\n"))
    assert json.loads(json.dumps(record))["stats"]["errors"] == 1
