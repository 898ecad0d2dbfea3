"""Two states are compared on a cluster as on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deedbook.cli.main import cli
from deedbook.cluster import Spark
from deedbook.errors import ProjectError
from tests.cluster.parity import differences
from tests.package import fields, make_package

SPAN = 2_000
KEYED = fields("id:integer", "name", "share:number", primaryKey=["id"])


def rows(count: int, **others: str) -> str:
    """A table with others in place of some rows; an empty one leaves the row out."""
    lines = (others.get(f"row{number}", f'{number},"name\n{number}",{number}.5\n') for number in range(count))
    return "id,name,share\n" + "".join(lines)


def assert_same(root: Path, spark: Spark, old: str, new: str, schema: Any = KEYED, **how: Any) -> str:
    """What differs between two states of a table, found by a cluster, which is what this machine finds."""
    for name, table in (("old", old), ("new", new)):
        make_package(root / name, schemas={"t": schema}, t=table)
    here, there = (differences(root / "old", root / "new", one, **how) for one in (None, replace(spark, span=SPAN)))
    assert here == there
    return there


def test_rows_that_were_added_changed_moved_and_removed(tmp_path: Path, spark: Spark) -> None:
    moved = {"row3": "", "row900": '900,"name\n900",900.5\n3,"name\n3",3.5\n'}
    new = rows(1_000, row500="500,other,500.50\n", row700="", row999="999,x,1\n1000,y,\n", **moved)
    said = assert_same(tmp_path, spark, rows(1_000), new)
    assert "1000" in said


@pytest.mark.parametrize("how", [{"literal": False}, {"everything": True}])
def test_rows_that_are_only_written_otherwise(tmp_path: Path, spark: Spark, how: dict[str, Any]) -> None:
    new = rows(500, row7='7,"name\n7",7.50\n', row8="8,changed,8.5\n", row400="")
    assert_same(tmp_path, spark, rows(500), new, **how)


def test_of_equal_rows_without_a_key_the_last_ones_have_no_equal(tmp_path: Path, spark: Spark) -> None:
    schema = fields("name", "share:number")
    old = "name,share\n" + "a,1\n" * 300 + "b,2\n" + "c,3\n" * 300
    new = "name,share\n" + "a,1\n" * 298 + "b,2\n" * 3 + "c,3\n" * 300
    assert_same(tmp_path, spark, old, new, schema)


def test_a_key_that_stands_twice_is_compared_as_here(tmp_path: Path, spark: Spark) -> None:
    old, new = rows(200, row9='8,"name\n8",8.5\n'), rows(200, row8='9,"name\n9",9.5\n')
    assert_same(tmp_path, spark, old, new)


def test_equal_tables_and_those_without_rows(tmp_path: Path, spark: Spark) -> None:
    assert_same(tmp_path / "equal", spark, rows(300), rows(300))
    assert_same(tmp_path / "empty", spark, rows(0), rows(300))


def test_irregular_quotes_are_read_in_one_go(tmp_path: Path, spark: Spark) -> None:
    old = rows(400, row200='200,6" gun,1\n')
    assert_same(tmp_path, spark, old, old.replace("name\n300", "name 300"))


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path, spark: Spark) -> None:
    with pytest.raises(ProjectError, match="a row has more cells than the header"):
        assert_same(tmp_path, spark, rows(200), rows(200, row100="100,a,1,more\n"))


def test_the_command_says_what_it_says_here(tmp_path: Path, address: str) -> None:
    for name, table in (("old", rows(50)), ("new", rows(50, row7="7,x,7.5\n"))):
        make_package(tmp_path / name, schemas={"t": KEYED}, t=table)
    sides = str(tmp_path / "old"), str(tmp_path / "new")
    here = CliRunner().invoke(cli, ["diff", *sides, "--quiet"])
    there = CliRunner().invoke(cli, ["diff", *sides, "--quiet", "--engine", "spark", "--master", address])
    assert here.exit_code == there.exit_code == 1
    assert here.stdout == there.stdout
