"""What changed between UCDP/PRIO 19.1 and 25.1, by conflict and year."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from deedbook.changes.compare import compare
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.descriptor import Resource
from deedbook.project import Project
from deedbook.schema import Field
from tests.realdata import REALDATA, load_real_project

if not REALDATA.is_dir():
    pytest.skip(f"{REALDATA} is absent", allow_module_level=True)

PACKED = (
    "side_a_id",
    "side_a_2nd",
    "side_b_id",
    "side_b_2nd",
    "gwno_a",
    "gwno_a_2nd",
    "gwno_b",
    "gwno_b_2nd",
    "gwno_loc",
)
KEY = ["conflict_id", "year"]


def sides(*, packed: bool, folder: Path | None = None) -> tuple[Side, Side]:
    project = load_real_project("ucdp-prio-acd")

    def side(name: str) -> Side:
        resource = project.package.resource(name)
        if folder is not None:  # as releases are: sorted by key
            file = folder / f"{name}.csv"
            pl.read_csv(resource.files[0], infer_schema=False).sort(KEY).write_csv(file)
            resource = replace(resource, files=(file,))
        return Side(name, Project(project.root, replace(project.package, resources=(_named(resource, packed=packed),))))

    return side("conflicts_19"), side("conflicts_25")


def _named(resource: Resource, *, packed: bool) -> Resource:
    assert resource.schema is not None
    fields = tuple(_packed(item) if packed and item.name in PACKED else item for item in resource.schema.fields)
    return replace(resource, name="conflicts", schema=replace(resource.schema, fields=fields))


def _packed(item: Field) -> Field:
    return replace(item, raw={**item.raw, "packed": "set", "delimiter": ","})


def test_vanished_and_added_rows_and_reordered_lists_are_told_apart() -> None:
    table = compare(*sides(packed=True)).tables[0]
    assert (table.old_rows, table.new_rows, table.added.height, table.removed.height) == (2384, 2752, 372, 4)
    covered = table.added.filter(pl.col("year").cast(pl.Int64) <= 2018)
    assert covered.height == 28
    assert set(table.removed.select(KEY).rows()) == {("442", "2011"), ("374", "2018"), ("383", "1995"), ("314", "2018")}
    changed = {name: (values, texts) for name, values, texts in table.fields_changed()}
    assert changed["side_b_id"] == (15, 256)
    assert changed["start_date"] == (68, 0)
    print(  # noqa: T201
        f"UCDP/PRIO 19.1 -> 25.1 by {', '.join(KEY)}: {table.old_rows} -> {table.new_rows} rows, {table.added.height} added "
        f"({covered.height} of them before 2019), {table.removed.height} withdrawn, {table.rekeyed.height} re-keyed, "
        f"{table.revised} revised, {table.rewritten} only written otherwise"
    )
    for name, (values, texts) in changed.items():
        print(f"  {name}: {values} values, {texts} only written otherwise")  # noqa: T201
    plain = compare(*sides(packed=False)).tables[0]
    assert {name: values for name, values, _ in plain.fields_changed()}["side_b_id"] == 271


def test_daff_makes_the_new_table_out_of_the_old_one(tmp_path: Path) -> None:
    daff = shutil.which("daff", path=str(Path(sys.executable).parent))
    if daff is None:
        pytest.skip("daff is not installed")
    old, new = sides(packed=True, folder=tmp_path)
    changes: Changes = compare(old, new, everything=True)
    (tmp_path / "diff.csv").write_text(highlighter_csv(changes, changes.tables[0]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", daff, "patch", str(tmp_path / "conflicts_19.csv"), str(tmp_path / "diff.csv")],
        capture_output=True,
        check=True,
    )
    made = sorted(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
    with (tmp_path / "conflicts_25.csv").open(encoding="utf-8", newline="") as file:
        assert made == sorted(csv.reader(file))
