"""A release that is built on a cluster has the bytes of one that is built on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deedbook.cli.main import cli
from deedbook.cluster import Spark
from deedbook.cluster.releases import named_when_whole
from deedbook.cluster.tasks import Executors
from deedbook.errors import ProjectError
from tests.cluster.parity import NUMBERS, differing_files, numbers, release_bytes
from tests.package import fields
from tests.release.conftest import write_project

ROOT = Path(__file__).parents[2]
SPAN = 4_000
"""Bytes: tables of some thousand rows are read in tens of spans."""


def project(root: Path, tables: Mapping[str, tuple[str, Any]], **changes: Any) -> Path:
    """The folder of a project that releases CSV and Parquet."""
    write_project(root, tables, formats=("parquet",), **changes)
    return root


def assert_same(root: Path, spark: Spark, span: int = SPAN) -> None:
    """A project has the same release, down to the byte, by a cluster."""
    assert differing_files(root, replace(spark, span=span)) == []


def test_rows_in_no_order_are_sorted_by_executors(
    tmp_path: Path, spark: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, each = dict[str, int](), Executors.each

    def counted(executors: Executors, items: Sequence[Any], work: partial[Any], together: int = 1) -> list[Any]:
        counts[work.func.__name__] = max(counts.get(work.func.__name__, 0), len(items))
        return each(executors, items, work, together)

    monkeypatch.setattr(Executors, "each", counted)
    root = project(tmp_path / "a", {"numbers": (numbers(2_000), NUMBERS)})
    assert_same(root, spark)
    assert min(counts["_deal"], counts["_sort"], counts["_copy"]) > 10  # spans, ranges of the key, parts
    (csv,) = root.glob("dist/*/*/numbers.csv")
    assert csv.read_text().splitlines()[1].startswith("0,")


def test_what_is_done_twice_changes_nothing(tmp_path: Path, spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("each", "worth"):
        once = getattr(Executors, name)
        monkeypatch.setattr(Executors, name, lambda *arguments, once=once: (once(*arguments), once(*arguments))[1])
    assert_same(project(tmp_path / "a", {"numbers": (numbers(1_000), NUMBERS)}), spark)


def test_rows_that_stand_in_order_are_left_so(tmp_path: Path, spark: Spark) -> None:
    table = "id,name\n" + "".join(f"{number},n{number}\n" for number in range(2_000))
    assert_same(project(tmp_path / "a", {"t": (table, fields("id:integer", "name", primaryKey=["id"]))}), spark)


def test_tables_without_a_key_or_without_rows_keep_their_order(tmp_path: Path, spark: Spark) -> None:
    table = "name\n" + "".join(f"{(number * 7) % 1_000}\n" for number in range(1_000))
    tables = {"t": (table, fields("name")), "none": ("a,b\n", fields("a", "b", primaryKey=["a"]))}
    assert_same(project(tmp_path / "a", tables), spark)


def test_what_is_irregular_is_read_in_one_go(tmp_path: Path, spark: Spark) -> None:
    rows = [f"{number},name {number}\n" for number in reversed(range(1_000))]
    rows[400] = '2000,6" gun\n'
    table = "id,name\n" + "".join(rows)
    assert_same(project(tmp_path / "a", {"t": (table, fields("id:integer", "name", primaryKey=["id"]))}), spark)


def test_files_of_one_table_are_one_table(tmp_path: Path, spark: Spark) -> None:
    schema = fields("id:integer", "name", primaryKey=["id"])
    root = project(tmp_path / "a", {"t": ("id,name\n5,five\n", schema)})
    (root / "datapackage/more.csv").write_text("id,name\n" + "".join(f"{9_000 - n},n\n" for n in range(1_000)))
    (root / "datapackage/rest.csv").write_text("".join(f"{-n},r\n" for n in range(1_000)))
    descriptor = json.loads((root / "datapackage/datapackage.json").read_text())
    descriptor["resources"][0]["path"] = ["t.csv", "more.csv", "rest.csv"]
    (root / "datapackage/datapackage.json").write_text(json.dumps(descriptor))
    assert_same(root, spark)


def test_the_next_version_is_compared_with_the_one_before(tmp_path: Path, spark: Spark) -> None:
    root = project(tmp_path / "a", {"numbers": (numbers(1_000), NUMBERS)})
    manifest = release_bytes(root, None)["release.json"]
    previous = {"version": "1.0.0", "sha256": hashlib.sha256(manifest).hexdigest()}
    reason = "version,table,key,field,old,new,reason,note,source\n2.0.0,numbers,7,share,1,1.5,recount,,\n"
    project(
        root,
        {"numbers": (numbers(1_000).replace(",1.000,", ",1.500,") + "5000,new,,,NA,\n", NUMBERS)},
        files={"datapackage/corrections.csv": reason},
        version="2.0.0",
        deedbook={"previous": previous},
    )
    assert_same(root, spark)


def test_the_reference_dataset(tmp_path: Path, spark: Spark) -> None:
    root = tmp_path / "reference"
    root.mkdir()
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, root / name)
    settings = (ROOT / "deedbook.toml").read_text()
    (root / "deedbook.toml").write_text(f'{settings}\n[release]\nformats = ["parquet"]\n')
    assert_same(root, spark, span=20_000)


def test_the_command_builds_what_it_builds_here(tmp_path: Path, address: str) -> None:
    table = "id,name\n2,b\n1,a\n", fields("id:integer", "name", primaryKey=["id"])
    here, there = (project(tmp_path / name, {"t": table}) for name in ("here", "there"))
    command = ["build", str(there), "--engine", "spark", "--master", address]
    result = CliRunner().invoke(cli, command)
    assert (result.exit_code, "built" in result.stdout) == (0, True), result.output
    (built,) = (there / "dist").glob("*/*")
    assert {path.name: path.read_bytes() for path in built.iterdir()} == release_bytes(here, None)


def test_an_executor_without_the_folder_of_the_release_says_so(tmp_path: Path) -> None:
    refused = pytest.raises(ProjectError, match=r"an executor on .* has no folder .*nowhere")
    with refused, named_when_whole(tmp_path / "nowhere/part.arrow"):
        pass
