"""Changes have one shape, in `diff --format json` and in the `changes.json` of a release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deedbook.changes.compare import compare
from deedbook.changes.records import changes_record, changes_schema
from deedbook.changes.sources import side_of_folder
from tests.versioning.dataset import make_dataset


def demand_shape(record: Any) -> None:
    jsonschema.validate(record, changes_schema(), jsonschema.Draft202012Validator)


def test_the_schema_is_one_and_refuses_what_is_not_of_its_shape(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(changes_schema())
    side = side_of_folder(make_dataset(tmp_path / "a", rows=2).root)
    record = changes_record(compare(side, side))
    demand_shape(record)
    for broken in (record | {"more": 1}, record | {"changes_version": 1}, record | {"tables": [{}]}):
        with pytest.raises(jsonschema.ValidationError):
            demand_shape(broken)


def test_a_release_tells_its_changes_as_a_comparison_does(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "project")
    dataset.release()
    first = json.loads((dataset.root / "dist/items/1.0.0/changes.json").read_text())
    dataset.rows[0] = ["J0000", *dataset.rows[0][1:]]
    dataset.rows[1][2] = "-1"
    dataset.rows[-1:] = [["I9999", "new", "7"]]
    version = dataset.release()
    told = json.loads((dataset.root / f"dist/items/{version}/changes.json").read_text())
    sides = [side_of_folder(dataset.root / "dist" / "items" / name) for name in ("1.0.0", version)]
    found = changes_record(compare(*sides))
    for document in (first, told, found):
        demand_shape(document)
    assert (first["equal"], first["old"], first["tables_added"]) == (False, "", {"items": 200})
    reasons = ("reason", "note", "source")
    for table in told["tables"]:
        for kind in ("removed", "rekeyed", "changed"):
            assert all(item["reason"] for item in table[kind])
            table[kind] = [{name: text for name, text in item.items() if name not in reasons} for item in table[kind]]
    assert {name: told[name] for name in ("equal", "schema", "tables")} == {
        name: found[name] for name in ("equal", "schema", "tables")
    }
