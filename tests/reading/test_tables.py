"""Tables that passed are read as the schema says: its fields in its order, missing values null, blank rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from deedbook.errors import ProjectError
from deedbook.reading.picking import pick_rows
from deedbook.reading.tables import read_each, read_text
from tests.package import as_bytes, fields, make_package

SCHEMA = fields("id", "note", "more", fieldsMatch="subset", missingValues=["", "NA"])


def _rows(root: Path, content: str, schema: dict[str, Any] | None = None, **resource: Any) -> list[tuple[Any, ...]]:
    schemas = {} if schema is None else {"data": schema}
    project = make_package(root, schemas=schemas, resources={"data": resource}, data=content)
    frames = list(read_text(project.package.resources[0], block_size=8, workers=2))
    return pl.concat(frames).rows()


def test_columns_come_in_schema_order_with_missing_values_null(tmp_path: Path) -> None:
    content = 'note,id\nNA,1\n\n"",2\n"a\nb",3\n'
    assert _rows(tmp_path, content, SCHEMA) == [("1", None, None), ("2", None, None), ("3", "a\nb", None)]


def test_without_a_schema_the_columns_of_the_file_are_read(tmp_path: Path) -> None:
    assert _rows(tmp_path, "b,a\n1,\nNA,2\n") == [("1", None), ("NA", "2")]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_bytes(as_bytes("id,note,more\n2,b,c\n"))
    rows = _rows(tmp_path, "id,note,more\n1,a,b\n", SCHEMA, path=["data.csv", "more.csv"])
    assert rows == [("1", "a", "b"), ("2", "b", "c")]


def test_a_quote_that_is_never_closed_stops_the_reading(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="never closed") as raised:
        _rows(tmp_path, 'id,note\n1,"a\n', SCHEMA)
    assert raised.value.hint == "validate the table first"


IRREGULAR = 'id,note\n0,a\n1,b"\n2,"c\nd"\n3,e\n\n4,f\n'
REGULAR = 'id,note\n0,a\n1,b\n2,"c\nd"\n3,e\n4,f\n'


@pytest.mark.parametrize("content", [REGULAR, REGULAR.rstrip("\n"), REGULAR.replace("\n", "\r\n"), IRREGULAR])
@pytest.mark.parametrize("block_size", [1, 12, 1 << 16])
def test_rows_are_picked_by_their_numbers(tmp_path: Path, content: str, block_size: int) -> None:
    project = make_package(tmp_path, schemas={"data": fields("id", "note")}, data=content.encode())
    resource = project.package.resources[0]
    heights = list(read_each(resource, lambda frame: frame.height, block_size=block_size))
    asked: list[pl.DataFrame] = []

    def is_right(rows: pl.DataFrame) -> bool:
        asked.append(rows)
        return rows["id"].to_list() == ["2", "4"]

    found = pick_rows(resource, np.array([2, 4]), heights, is_right, block_size=block_size)
    line_end = "\r\n" if "\r" in content else "\n"
    assert found.rows() == [("2", f"c{line_end}d"), ("4", "f")]
    assert bool(asked) == (content != IRREGULAR)


def test_rows_that_are_not_the_wanted_ones_are_looked_for_in_the_whole_table(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"data": fields("id", "note")}, data="id,note\n0,a\n1,b\n")
    found = pick_rows(project.package.resources[0], np.array([1]), [2], lambda _rows: False)
    assert found.rows() == [("1", "b")]
