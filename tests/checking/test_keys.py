"""Keys: compared as values, across blocks, files and tables; a repeated key names the first row that has it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.checking.keys import hash_blocks
from deedbook.findings import Report
from deedbook.schema import Field, read_schema
from deedbook.validation import Options, validate
from tests.examples import examples
from tests.package import Schema, fields, make_package, one, places, report_of

SMALL = Options(block_size=16, workers=1)


def _foreign(names: str | list[str], resource: str, reference: str | list[str]) -> dict[str, Any]:
    return {"fields": names, "reference": {"resource": resource, "fields": reference}}


def test_a_repeated_primary_key_names_the_first_row(tmp_path: Path) -> None:
    content = "id,n\n1,a\n2,b\n1,c\n01,d\n"
    report = report_of(tmp_path, content, fields("id:integer", "n", primaryKey="id"), options=SMALL)
    assert places(report) == [(4, "id", "primary-key"), (5, "id", "primary-key")]
    assert [finding.message for finding in report.findings] == ["the primary key `1` was already used in row 2"] * 2


def test_a_composite_key_repeats_only_as_a_whole(tmp_path: Path) -> None:
    content = "a,b\nx,y\nx,z\nxy,\nx,y\n"
    report = report_of(tmp_path, content, fields("a", "b", uniqueKeys=[["a", "b"]]), options=SMALL)
    assert places(report) == [(5, None, "unique-key")]
    assert "row 2" in one(report).message


def test_the_parts_of_a_key_do_not_run_together(tmp_path: Path) -> None:
    content = 'a,b\nx,yz\nxy,z\n"x,y",z\nx,"y,z"\n'
    assert report_of(tmp_path, content, fields("a", "b", primaryKey=["a", "b"])).valid


def test_missing_values_are_never_repeated_but_no_part_of_a_primary_key(tmp_path: Path) -> None:
    schema = fields("a", "b", "c", primaryKey=["a", "b"], uniqueKeys=[["c"]])
    assert places(report_of(tmp_path, "a,b,c\n1,,\n1,,\n,,\n", schema)) == [
        (2, "b", "primary-key"),
        (3, "b", "primary-key"),
        (4, None, "blank-row"),
    ]


def test_a_bad_cell_in_a_key_is_reported_once(tmp_path: Path) -> None:
    content = "id\nx\nx\n1\n"
    assert places(report_of(tmp_path, content, fields("id:integer", primaryKey="id"))) == [
        (2, "id", "type-error"),
        (3, "id", "type-error"),
    ]


def test_a_unique_field_reports_the_later_row(tmp_path: Path) -> None:
    schema = {"fields": [{"name": "d", "type": "number", "constraints": {"unique": True}}]}
    assert places(report_of(tmp_path, "d\n3.0\n3\n3e0\n30\n", schema)) == [
        (3, "d", "unique-error"),
        (4, "d", "unique-error"),
    ]


def test_a_key_is_found_again_in_the_next_file(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id\n2\n1\n", encoding="utf-8")
    report = report_of(tmp_path, "id\n1\n", fields("id:integer", primaryKey="id"), path=["data.csv", "more.csv"])
    finding = one(report)
    assert (finding.path, finding.row, finding.message) == (
        "more.csv",
        3,
        "the primary key `1` was already used in row 2 of data.csv",
    )


def test_keys_of_the_second_file_are_checked_when_the_first_is_missing(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id\n2\n2\n", encoding="utf-8")
    report = report_of(tmp_path, "", fields("id:integer", primaryKey="id"), path=["missing.csv", "more.csv"])
    assert [(item.path, item.row, item.rule) for item in report.findings] == [
        ("missing.csv", None, "scheme-error"),
        ("more.csv", 3, "primary-key"),
    ]


def _two(tmp_path: Path, child: Schema, parent: Schema, children: str, parents: str, **options: Any) -> Report:
    project = make_package(tmp_path, schemas={"child": child, "parent": parent}, child=children, parent=parents)
    return validate(project, Options(**options))


@pytest.mark.parametrize("block_size", [4, 1 << 16])
def test_a_foreign_key_compares_values_and_skips_missing_ones(tmp_path: Path, block_size: int) -> None:
    child = fields("p:number", foreignKeys=[_foreign("p", "parent", "id")])
    report = _two(
        tmp_path, child, fields("id:integer"), 'p\n3.0\n""\n4\n3e0\n7\n', "id\n03\n4\n", block_size=block_size
    )
    assert [(item.row, item.rule, item.value) for item in report.findings] == [(6, "foreign-key", "7")]


@pytest.mark.parametrize("bad", ["", "7", "q", "3 ", "4,4"])
def test_a_foreign_key_of_few_values_is_looked_up_in_every_row_once_one_is_absent(tmp_path: Path, bad: str) -> None:
    child = fields("p:number", "n", foreignKeys=[_foreign("p", "parent", "id")])
    lines = ["p,n", *(f"{text}," for text in ("3.0", "", "4", "3e0", "04") * 2_000)]
    for row in (1_000, 9_000):
        lines[row - 1] = f"{bad},"
    report = _two(tmp_path, child, fields("id:integer"), "\n".join(lines), "id\n03\n4\n", block_size=1 << 20)
    rule = {"": None, "7": "foreign-key", "4,4": "extra-cell"}.get(bad, "type-error")
    assert [(item.row, item.rule) for item in report.findings] == [(row, rule) for row in (1_000, 9_000) if rule]


@pytest.mark.parametrize("options", [{}, {"groupChar": " "}, {"bareNumber": False}, {"decimalChar": ","}])
@pytest.mark.parametrize("text", ["1e20", "100000000000000000000", "1000", "100000000000000000000.0"])
def test_equal_numbers_are_one_key_however_they_are_declared_and_written(
    tmp_path: Path, options: dict[str, Any], text: str
) -> None:
    child = {"fields": [{"name": "p", "type": "number", **options}], "foreignKeys": [_foreign("p", "parent", "id")]}
    content = text if options.get("decimalChar") != "," else text.replace(".", ",")
    assert _two(tmp_path, child, fields("id:number"), f'p\n"{content}"\n', "id\n1000\n1e20\n").valid


def test_a_composite_foreign_key_with_a_missing_part_is_not_looked_up(tmp_path: Path) -> None:
    child = fields("a", "b", foreignKeys=[_foreign(["a", "b"], "parent", ["x", "y"])])
    report = _two(tmp_path, child, fields("x", "y"), "a,b\n1,2\n1,\n2,1\n", "x,y\n1,2\n")
    assert [(item.row, item.column, item.value) for item in report.findings] == [(4, None, "2, 1")]


def test_a_table_may_refer_to_itself_in_any_order(tmp_path: Path) -> None:
    schema = fields("id:integer", "up:integer", primaryKey="id", foreignKeys=[_foreign("up", "", "id")])
    assert places(report_of(tmp_path, "id,up\n1,2\n2,\n3,9\n", schema, options=SMALL)) == [(4, "up", "foreign-key")]


def test_tables_may_refer_to_each_other(tmp_path: Path) -> None:
    child = fields("id", "p", foreignKeys=[_foreign("p", "parent", "id")])
    parent = fields("id", "c", foreignKeys=[_foreign("c", "child", "id")])
    report = _two(tmp_path, child, parent, "id,p\nc1,p1\nc2,p9\n", "id,c\np1,c2\np2,c9\n")
    assert [(item.table, item.row, item.value) for item in report.findings] == [("child", 3, "p9"), ("parent", 3, "c9")]


def test_the_nearest_key_of_the_parent_is_proposed(tmp_path: Path) -> None:
    child = fields("p", foreignKeys=[_foreign("p", "parent", "id")])
    finding = one(_two(tmp_path, child, fields("id", "name"), "p\nA000012\nA00012\n", "id,name\nA000012,Laos\nB1,x\n"))
    assert finding.hint == "did you mean `A000012` Laos?"


@pytest.mark.parametrize("parents", [None, "", "other\n1\n", 'id\n1\n"2\n', "\n1\n"])
def test_a_parent_that_cannot_be_read_makes_no_orphans(tmp_path: Path, parents: str | None) -> None:
    child = fields("p", foreignKeys=[_foreign("p", "parent", "id")])
    project = make_package(
        tmp_path, schemas={"child": child, "parent": fields("id")}, child="p\n1\n5\n", parent=parents or ""
    )
    if parents is None:
        (tmp_path / "parent.csv").unlink()
    report = validate(project)
    assert {item.table for item in report.findings} == {"parent"}
    assert [(item.table, item.name) for item in report.not_checked if item.table == "child"] == [
        ("child", "foreign-key")
    ]


def _hashes(spec: dict[str, Any], texts: list[str | None]) -> list[int]:
    field = read_schema({"fields": [{"name": "x", **spec}]}, "schema").fields[0]
    frame = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    return [int(value) for value in hash_blocks(frame, [((field,), None)])[0].hashes]


NUMBERS = st.one_of(
    st.from_regex(r"[+-]?0{0,3}[0-9]{1,25}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        [
            "3",
            "3.0",
            "03",
            "+3",
            "-0",
            "0",
            "0.00",
            "1e20",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.0",
            "0e500",
        ]
    ),
)


@examples(300)
@given(NUMBERS, NUMBERS)
@example("1e20", "100000000000000000000")
@example("0e500", "0")
@example("9007199254740993", "9007199254740992")
@example("10e499", "1e500")
def test_numbers_have_equal_hashes_exactly_when_they_are_equal(one_text: str, other: str) -> None:
    mine, its = _hashes({"type": "number"}, [one_text, other])
    assert (mine == its) == (Decimal(one_text) == Decimal(other))


def test_hashes_leave_out_rows_without_a_whole_key() -> None:
    frame = pl.DataFrame({"a": ["1", None, "2"], "b": ["x", "y", "z"]})
    block = hash_blocks(frame, [((Field("a"), Field("b")), np.array([2], np.int64))])[0]
    assert block.row_numbers(10).tolist() == [10]
