"""Tables of many columns, packages of many tables and tables of many files: the same report however they are cut, and no more work for each."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from deedbook.findings import report_record
from deedbook.project import Project, load_project
from deedbook.validation import Options, validate
from tests.package import make_package

FORMS: list[dict[str, Any]] = [
    {"type": "integer", "constraints": {"minimum": 0}},
    {"type": "number", "constraints": {"minimum": 0}},
    {"type": "string", "constraints": {"pattern": "[a-z]+"}},
    {"type": "date", "constraints": {"required": True}},
]
SOUND = ["7", "7.5", "a", "2024-02-29"]
WIDTH, HEIGHT = 120, 400


def _wide(root: Path, planted: dict[tuple[int, int], str]) -> Project:
    """A table of many columns, with other cells than sound ones at rows and columns; the header is row 1."""
    names = [f"c{at}" for at in range(WIDTH)]
    rows = (",".join(planted.get((row, at), SOUND[at % 4]) for at in range(WIDTH)) for row in range(2, HEIGHT + 2))
    schema = {"fields": [{"name": name, **FORMS[at % 4]} for at, name in enumerate(names)]}
    return make_package(root, schemas={"wide": schema}, wide="\n".join([",".join(names), *rows, ""]))


def _report(project: Project, **options: Any) -> dict[str, Any]:
    return report_record(replace(validate(project, Options(**options)), seconds=0))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("block_size", [1 << 10, 1 << 14, 1 << 16])
def test_a_wide_table_gives_one_report_however_it_is_cut(tmp_path: Path, block_size: int, workers: int) -> None:
    planted = {(row, (row * 7) % WIDTH): "-1x" for row in range(2, HEIGHT, 9)}
    planted |= {(HEIGHT, at): "" for at in range(8)} | {(3, 0): "-1", (5, 1): "-0.5", (5, 2): "A"}
    project = _wide(tmp_path, planted)
    whole = _report(project, max_findings=1_000)
    assert _report(project, max_findings=1_000, block_size=block_size, workers=workers) == whole
    wrong = {place: text for place, text in planted.items() if text or place[1] % 4 == 3}  # dates are required
    assert {(it["row"], it["field_number"] - 1): it["value"] or "" for it in whole["findings"]} == wrong
    assert sum(total["count"] for total in whole["totals"]) == len(wrong)


def test_columns_in_which_every_cell_fails_are_all_told(tmp_path: Path) -> None:
    project = _wide(tmp_path, {(row, at): "?" for row in range(2, HEIGHT + 2) for at in range(WIDTH)})
    assert [total["count"] for total in _report(project)["totals"]] == [HEIGHT] * WIDTH


ROWS = "id,to\n1,1\n2,1\n"
PAIR = [{"name": name, **FORMS[0]} for name in ("id", "to")]


def _tables(root: Path, count: int) -> None:
    """Tables each of which refers to the next, so that the last one has to be read first."""
    schemas: dict[str, dict[str, Any]] = {
        f"t{number}": {"fields": PAIR, "primaryKey": ["id"]} for number in range(count)
    }
    for number in range(count - 1):
        reference = {"resource": f"t{number + 1}", "fields": ["id"]}
        schemas[f"t{number}"]["foreignKeys"] = [{"fields": ["to"], "reference": reference}]
    tables: dict[str, Any] = dict.fromkeys(schemas, ROWS)
    make_package(root, schemas=schemas, **tables)


def _files(root: Path, count: int) -> None:
    """One table in as many files."""
    files = [f"t{number}.csv" for number in range(count)]
    make_package(root, schemas={"t": {"fields": PAIR}}, resources={"t": {"path": files}})
    for file in files:
        (root / file).write_text(ROWS, encoding="utf-8")


def _lines_run(root: Path) -> int:
    """How many lines of the toolkit run, each as often as it does, from the descriptor to the report."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace if "deedbook" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        report = validate(load_project(root), Options(workers=1))
    finally:
        sys.settrace(before)
    assert not report.totals
    return count


@pytest.mark.parametrize("make", [_tables, _files])
def test_the_work_for_each_does_not_grow_with_their_number(tmp_path: Path, make: Any) -> None:
    counted = []
    for count in (2, 10, 40, 160):  # the first reads what is read once
        make(tmp_path / str(count), count)
        counted.append(_lines_run(tmp_path / str(count)))
    _, few, more, many = counted
    assert many - more <= 4.1 * (more - few)
