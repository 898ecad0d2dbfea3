"""The cells of csv-spectrum's files, read as text, equal the JSON beside them.

Two files do not agree with their JSON upstream: newlines_crlf.csv lost its carriage returns on the way (git stored LF), so line
breaks in cells compare as LF; the JSON of location_coordinates has another phone number than the CSV.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from deedbook.descriptor import read_resource
from deedbook.reading.tables import read_text
from tests.conformance import CONFORMANCE

SPECTRUM = CONFORMANCE / "csv-spectrum"
if not SPECTRUM.is_dir():
    pytest.skip(f"{SPECTRUM} is absent", allow_module_level=True)
OTHER_IN_JSON = {"location_coordinates": {"Contact Phone Number": "2095257564"}}
FILES = sorted((SPECTRUM / "csvs").glob("*.csv"))


def test_all_twelve_files_are_there() -> None:
    assert len(FILES) == 12


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_cells_equal_the_expected_json(file: Path) -> None:
    resource = read_resource({"name": "table", "path": f"csvs/{file.name}"}, SPECTRUM, where=file.name)
    frames = list(read_text(resource))
    assert all(kind == pl.String for frame in frames for kind in frame.dtypes)
    rows = [{name: _with_lf(text or "") for name, text in row.items()} for frame in frames for row in frame.to_dicts()]
    expected = json.loads((SPECTRUM / "json" / f"{file.stem}.json").read_text(encoding="utf-8"))
    records = expected if isinstance(expected, list) else [expected]  # one file holds a single record
    other = OTHER_IN_JSON.get(file.stem, {})
    assert rows == [{name: _with_lf(text) for name, text in record.items()} | other for record in records]


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n")
