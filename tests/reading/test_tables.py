"""Tables that passed are read as the schema says: its fields in its order, missing values null, blank rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.errors import ProjectError
from deedbook.reading.tables import read_text
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
